"""``docs/usage.md``, written from the tables of commands and options: ``python -m kubelogin_py.cli.reference``."""

import sys
from collections.abc import Iterator

from kubelogin_py.cli.commands import COMMANDS, Command
from kubelogin_py.cli.help import VARIABLES
from kubelogin_py.cli.option import EVERY_COMMAND, Option, Topic
from kubelogin_py.cli.options import options_of
from kubelogin_py.doctor.examination import CHECKS

# The defaults in the document are those of somebody with this home directory.
_ENVIRONMENT = {"HOME": "~"}

_INTRODUCTION = """# Usage

Written from the program's own tables; `kubelogin help COMMAND` says the same.

`kubelogin` and `kubectl oidc-login` are the same program.

## Rules of the command line

- Long options have two dashes; `--option value` and `--option=value` are the same. There are no abbreviations.
- A switch takes no separate word: `--skip-open-browser` or `--skip-open-browser=false`.
- *strings* may be repeated and are split at commas, as in CSV; the first use replaces the default.
- *stringArray* may be repeated and is not split. *stringToString* is `name=value`, repeated or, with two or more
  equals signs in it, split at commas.
- Scopes are split at commas and white space; `openid` is always sent, once.

## Streams and exit codes

| | |
|---|---|
| stdout | exactly one ExecCredential, or nothing; what `status`, `token` and `doctor` show; help, version, completion |
| stderr | everything said to a person: `error: …`, then `hint: …` with the next step |
| exit 0 | success |
| exit 1 | any failure, mistyped command lines included |
| exit 130 | ended by Ctrl-C, SIGTERM or SIGHUP |

`-v1` shows the steps, `-v2` also each request: method, host, path, status and duration. No token, code, secret or
query is ever shown, at any level.

## Commands
"""


def reference() -> str:
    """Return the whole document."""
    lines = [_INTRODUCTION, "| command | |", "|---|---|"]
    lines += [f"| `{command.path}` | {command.summary} |" for command in COMMANDS]
    for command in COMMANDS:
        lines += _command(command)
    lines += [
        "",
        "## Options of every command",
        "",
        *_table(row for row in options_of("", _ENVIRONMENT) if _common(row)),
    ]
    lines += [
        "",
        "## Checks of `kubelogin doctor`",
        "",
        "Their names in `--output=json`, where each has a `status`: `pass`, ",
    ]
    lines[-1] += "`warn`, `fail` or `skip`."
    lines += ["", "| check | passes when |", "|---|---|", *_checks()]
    lines += ["", "## Environment variables", "", "| variable | |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in VARIABLES.items()]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> Iterator[str]:
    rows = [row for row in options_of(command.name, _ENVIRONMENT) if not _common(row)]
    if not rows:
        return
    yield from ("", f"## Options of `{command.path}`")
    for topic in Topic:
        of_topic = [row for row in rows if row.topic is topic]
        if of_topic:
            yield from ("", f"### {topic}", "", *_table(iter(of_topic)))


def _checks() -> Iterator[str]:
    for check in CHECKS:
        meaning = (check.run.__doc__ or "").strip().partition(". ")[0].removesuffix(".")
        yield f"| `{check.name}` | {meaning.replace('``', '`')} |"


def _common(row: Option) -> bool:
    return EVERY_COMMAND in row.commands


def _table(rows: Iterator[Option]) -> Iterator[str]:
    yield "| option | type | default | meaning |"
    yield "|---|---|---|---|"
    for row in rows:
        short = f"`-{row.shorthand}`, " if row.shorthand else ""
        cells = (f"{short}`--{row.name}`", row.kind.word or "switch", _default(row), _meaning(row))
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(row: Option) -> str:
    if row.default in ("", (), False):
        return ""
    value = ",".join(map(str, row.default)) if isinstance(row.default, tuple) else str(row.default)
    return f"`{value}`"


def _meaning(row: Option) -> str:
    choices = f"; one of {', '.join(f'`{choice}`' for choice in row.choices)}" if row.choices else ""
    deprecated = f"; deprecated, {row.deprecated}" if row.deprecated else ""
    return f"{row.help}{choices}{deprecated}"


if __name__ == "__main__":
    sys.stdout.write(reference())
