"""The ``kubectl config set-credentials`` command that writes a user of this plugin into a kubeconfig.

Every argument passes three readers: the shell, kubectl, which splits ``--exec-arg`` at commas as CSV, and in the end
``get-token``. Each gets the quotes that make it hand on what the user typed.
"""

import csv
import io
import re
import shlex
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from kubelogin_py.cli.option import PLUGIN, Option
from kubelogin_py.compat.flag_values import STRING_TO_STRING, STRINGS, Pairs, Value
from kubelogin_py.compat.pflag import Parsed
from kubelogin_py.text import printable

_USER = "oidc"
_FIRST = (
    "kubectl config set-credentials " + _USER,
    "--exec-api-version=client.authentication.k8s.io/v1",
    # Never, as int128/kubelogin has it, would take the terminal away from whoever is asked for a password or a code.
    "--exec-interactive-mode=IfAvailable",
    "--exec-command=kubectl",
    "--exec-arg=oidc-login",
    "--exec-arg=get-token",
)
# Header fields and parameters of these names hold a secret; others, such as Origin, are needed as they are.
_SECRETIVE = re.compile(r"authorization|cookie|secret|passw|assertion|token|api.?key", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of ``get-token``.

    :param text: the argument.
    :param hidden: the word in it that stands for a secret; empty for none.
    """

    text: str
    hidden: str = ""


def command(arguments: Iterable[Argument]) -> list[str]:
    """Return the command in lines, as a shell takes it."""
    words = (f"--exec-arg={shlex.quote(_field(argument.text))}" for argument in arguments)
    first, *others = (*_FIRST, *words)
    lines = [first, *(f"  {word}" for word in others)]
    shown = [printable(line, len(line)) for line in lines]
    return [*(f"{line} \\" for line in shown[:-1]), shown[-1]]


def arguments_of(rows: Iterable[Option], parsed: Parsed) -> list[Argument]:
    """Return the options that were given as ``get-token`` takes them, one per value, secrets left out.

    :param rows: the options of the command line.
    :param parsed: the command line itself.
    """
    # Logging options are no part of a kubeconfig; every command has them.
    given = [row for row in rows if row.name in parsed.given and PLUGIN in row.commands]
    return [argument for row in given for argument in _arguments(row, parsed.values[row.name])]


def _arguments(row: Option, value: Value) -> Iterator[Argument]:
    if row.kind is STRING_TO_STRING:
        for name, text in cast("Pairs", value):
            hidden = _placeholder(name) if _SECRETIVE.search(name) else ""
            yield Argument(f"--{row.name}={_pair(name, hidden or text)}", hidden)
    elif isinstance(value, tuple):
        for part in value:
            yield Argument(f"--{row.name}={_field(str(part)) if row.kind is STRINGS else part}")
    else:
        hidden = _placeholder(row.name) if row.secret and value else ""
        yield Argument(f"--{row.name}={hidden or (str(value).lower() if isinstance(value, bool) else value)}", hidden)


def _placeholder(name: str) -> str:
    return "YOUR_" + re.sub("[^A-Z]+", "_", name.removeprefix("oidc-").upper())


def _pair(name: str, text: str) -> str:
    """Return one ``name=value`` that is read back as exactly this pair."""
    plain = f"{name}={text}"
    written = _field(plain) if plain.count("=") > 1 else plain
    # With a single equals sign, quotes at the ends are stripped and nothing else is; said twice, it is read as CSV.
    return written if _reads_back(written, name, text) else f"{_field(plain)},{_field(plain)}"


def _reads_back(written: str, name: str, text: str) -> bool:
    try:
        return STRING_TO_STRING.read(written, None) == ((name, text),)
    except ValueError:
        return False


def _field(text: str) -> str:
    """Return a text as one field of CSV."""
    if not text:
        return text
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text])
    return line.getvalue()
