"""Help, written from the tables of commands and options."""

import textwrap
from collections.abc import Iterable, Iterator, Mapping

from kubelogin_py.cli.commands import COMMANDS, Command, command_named
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import ROOT, Option, Topic
from kubelogin_py.cli.options import options_of

_WIDTH = 110
_LINE = 80
"""Characters of a list that stay on one line."""
_INDENT = 8

VARIABLES = {
    "KUBECACHEDIR": "Directory in which the default token cache directory oidc-login is",
    "KUBECONFIG": "List of kubeconfig files for standalone mode; the first that says something counts",
    "KUBERNETES_EXEC_INFO": "Set by kubectl: the API version of the answer, and whether it lends its terminal",
    "KUBELOGIN_CLIENT_SECRET": "Client secret, where no option gives one",
    "KUBELOGIN_DEBUG": "Set to 1 to see the traceback of an internal error",
    "NO_COLOR": "Set to anything, nothing is coloured; without it, colours are for terminals alone",
    "KUBELOGIN_NO_REFRESH_AHEAD": "Set to anything, no token is refreshed in the background",
    "KUBELOGIN_REMOTE_CALLBACK": "Set to anything, the same as --allow-remote-callback, for a container",
}
"""Environment variables and their meaning."""


def run(invocation: Invocation) -> None:
    """Show help about the command named, or about the program."""
    command = command_named(next(iter(invocation.parsed.words), ROOT)) or COMMANDS[0]
    invocation.stdout.write(help_text(command, invocation.environment).encode())


def help_text(command: Command, environment: Mapping[str, str]) -> str:
    """Return the help of a command.

    :param environment: for the defaults that hold here.
    """
    lines = [command.summary]
    if command.description:
        lines += ["", *textwrap.wrap(command.description, _WIDTH, break_long_words=False, break_on_hyphens=False)]
    lines += ["", "Usage:", f"  {command.path} {command.usage}"]
    if command.examples:
        lines += ["", "Examples:", *(f"  {line}" for line in command.examples)]
    if command.name == ROOT:
        lines += ["", "Commands:", *_commands()]
    rows = [row for row in options_of(command.name, environment) if not row.hidden]
    for topic in Topic:
        lines += _section(topic, (row for row in rows if row.topic is topic))
    lines += ["", "Environment variables:", *(f"  {name:<21} {text}" for name, text in VARIABLES.items())]
    return "\n".join(lines) + "\n"


def _commands() -> Iterator[str]:
    width = max(len(command.name) for command in COMMANDS)
    return (f"  {command.name:<{width}}   {command.summary}" for command in COMMANDS if command.name)


def _section(title: str, rows: Iterable[Option]) -> list[str]:
    lines = [line for row in rows for line in _option(row)]
    return ["", f"{title}:", *lines] if lines else []


def _option(row: Option) -> Iterator[str]:
    short = f"-{row.shorthand}, " if row.shorthand else "    "
    yield f"  {short}--{row.name} {row.kind.word}".rstrip()
    yield from textwrap.wrap(
        f"{row.help}{_choices(row)}{_default(row)}",
        _WIDTH,
        initial_indent=" " * _INDENT,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _choices(row: Option) -> str:
    if not row.choices:
        return ""
    listed = "|".join(row.choices)
    return f". One of ({listed if len(listed) < _LINE else ', '.join(row.choices)})"


def _default(row: Option) -> str:
    """Return the default as pflag shows it: not at all when it is the type's empty value."""
    # A secret may come from the environment.
    value = "" if row.secret else row.default
    if value in (False, 0, "", ()):
        return ""
    if isinstance(value, bool):
        return " (default true)"
    if isinstance(value, tuple):
        return f" (default [{','.join(str(part) for part in value)}])"
    return f' (default "{value}")' if isinstance(value, str) else f" (default {value})"
