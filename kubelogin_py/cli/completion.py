"""``kubelogin completion``: the script with which a shell completes our commands and options."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import cast

from kubelogin_py.cli.commands import COMMANDS, Command, command_named
from kubelogin_py.cli.help import help_text
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.cli.option import COMPLETION, Option
from kubelogin_py.cli.options import options_of
from kubelogin_py.compat.flag_values import quoted
from kubelogin_py.errors import UsageError

PROGRAMS = ("kubelogin", "kubectl-oidc_login")
"""The names of the executable."""

SHELLS = {
    "bash": "kubelogin_py.cli.completion_bash:script",
    "zsh": "kubelogin_py.cli.completion_zsh:script",
    "fish": "kubelogin_py.cli.completion_fish:script",
    "powershell": "kubelogin_py.cli.completion_powershell:script",
}
"""Where the script of each shell is written."""


@dataclass(frozen=True, slots=True)
class Flag:
    """An option as a shell completes it.

    :param name: with its dashes.
    :param letter: with its dash; empty for none.
    :param summary: what it does; empty to show nothing.
    :param takes_value: whether a value follows.
    :param choices: the values there are; none for any.
    :param meanings: what each of them means; none to show nothing.
    :param listed_by: a command that lists the values there are; empty for none.
    :param names_file: whether the value is a file or directory.
    """

    name: str
    letter: str
    summary: str
    takes_value: bool
    choices: tuple[str, ...]
    meanings: tuple[str, ...]
    listed_by: str
    names_file: bool

    @property
    def described_choices(self) -> tuple[tuple[str, str], ...]:
        """The values there are, each with its meaning or an empty text."""
        return tuple(zip(self.choices, self.meanings or ("",) * len(self.choices), strict=True))


@dataclass(frozen=True, slots=True)
class Entry:
    """A command as a shell completes it.

    :param name: empty for the program itself.
    :param summary: what it does; empty to show nothing.
    :param flags: its options.
    :param words: the words it takes; for the program itself, its commands.
    """

    name: str
    summary: str
    flags: tuple[Flag, ...]
    words: tuple[str, ...]


def run(invocation: Invocation) -> None:
    """Write the script of the shell named to standard output; without one, the help of this command."""
    command = command_named(COMPLETION)
    words = invocation.parsed.words
    if not words and command is not None:
        invocation.stdout.write(help_text(command, invocation.environment).encode())
        return
    shell, *others = words
    if shell not in SHELLS or others:
        path = f"kubelogin {COMPLETION}" if shell not in SHELLS else f"kubelogin {COMPLETION} {shell}"
        unknown = shell if shell not in SHELLS else others[0]
        raise UsageError(f"unknown command {quoted(unknown)} for {quoted(path)}", hint=f"one of {', '.join(SHELLS)}")
    script = writer(shell)(entries(descriptions=not invocation.parsed.flag("no-descriptions")))
    invocation.stdout.write(script.encode())


def writer(shell: str) -> Callable[[Sequence[Entry]], str]:
    """Return what writes the script of a shell."""
    module, _, name = SHELLS[shell].partition(":")
    return cast("Callable[[Sequence[Entry]], str]", getattr(import_module(module), name))


def entries(*, descriptions: bool = True) -> tuple[Entry, ...]:
    """Return the program itself and its commands, from the tables of commands and options.

    :param descriptions: whether they are described.
    """
    return tuple(_entry(command, descriptions=descriptions) for command in COMMANDS)


def _entry(command: Command, *, descriptions: bool) -> Entry:
    rows = [row for row in options_of(command.name, {}) if not row.hidden]
    names = tuple(other.name for other in COMMANDS if other.name)
    words = {"": names, "help": names, COMPLETION: tuple(SHELLS)}
    return Entry(
        command.name,
        command.summary if descriptions else "",
        tuple(_flag(row, descriptions=descriptions) for row in rows),
        words.get(command.name, ()),
    )


def _flag(row: Option, *, descriptions: bool) -> Flag:
    return Flag(
        name=f"--{row.name}",
        letter=f"-{row.shorthand}" if row.shorthand else "",
        summary=row.help if descriptions else "",
        takes_value=row.kind.bare is None,
        choices=row.choices,
        meanings=row.meanings if descriptions else (),
        listed_by=row.listed_by,
        names_file=row.path,
    )
