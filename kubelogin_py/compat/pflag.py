"""The argument rules of Go's ``pflag``, driven by rows that say which flags there are.

Long flags take two dashes and are never abbreviated; ``--flag value`` and ``--flag=value`` are the same; a value
may start with a dash; flags and other words mix; ``--`` ends the flags. A kubeconfig that int128/kubelogin
reads one way is read the same way here, and refused in the same words.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, cast

from kubelogin_py.compat.flag_values import Kind, Pairs, Value, quoted
from kubelogin_py.errors import UsageError
from kubelogin_py.text import printable

T = TypeVar("T")


class Row(Protocol):
    """What the parser asks of an option."""

    @property
    def name(self) -> str:
        """The long name, without dashes."""
        ...

    @property
    def kind(self) -> Kind:
        """The type of its value."""
        ...

    @property
    def default(self) -> Value:
        """Its value when it is not given."""
        ...

    @property
    def shorthand(self) -> str:
        """One letter, or empty."""
        ...

    @property
    def deprecated(self) -> str:
        """What to use instead; empty when it is not deprecated."""
        ...

    @property
    def secret(self) -> bool:
        """Whether its value must not be shown in a message."""
        ...


@dataclass(frozen=True, slots=True)
class Parsed:
    """A command line as values.

    :param values: a value for every row, by name.
    :param given: the names that the command line named, in the order of their first use.
    :param words: everything that is neither a flag nor the value of one.
    :param deprecations: a line for each use of a deprecated flag, as pflag prints it.
    """

    values: Mapping[str, Value]
    given: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    deprecations: tuple[str, ...] = ()

    def flag(self, name: str) -> bool:
        """Return the value of a bool flag."""
        return self._value(name, bool)

    def number(self, name: str) -> int:
        """Return the value of an integer flag."""
        return self._value(name, int)

    def text(self, name: str) -> str:
        """Return the value of a string flag."""
        return self._value(name, str)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the values of a list flag."""
        return cast("tuple[str, ...]", self._value(name, tuple))

    def pairs(self, name: str) -> Pairs:
        """Return the pairs of a ``key=value`` flag, in the order given."""
        return cast("Pairs", self._value(name, tuple))

    def _value(self, name: str, kind: type[T]) -> T:
        value = self.values[name]
        if not isinstance(value, kind):
            raise TypeError(f"--{name} is not a {kind.__name__}")
        return value


def parse(rows: Iterable[Row], arguments: Sequence[str]) -> Parsed:
    """Return the arguments read by the rows.

    :param rows: the flags there are.
    :param arguments: the command line without the program and the command.
    :raises UsageError: in pflag's words.
    """
    reading = _Reading({row.name: row for row in rows}, list(arguments))
    reading.run()
    return Parsed(reading.values, tuple(reading.given), tuple(reading.words), tuple(reading.deprecations))


@dataclass(slots=True)
class _Reading:
    rows: Mapping[str, Row]
    rest: list[str]
    values: dict[str, Value] = field(init=False)
    given: dict[str, None] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    deprecations: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = {name: row.default for name, row in self.rows.items()}

    def run(self) -> None:
        while self.rest:
            argument = self.rest.pop(0)
            if argument == "--":
                self.words += self.rest
                return
            if argument.startswith("--"):
                self._long(argument)
            elif argument.startswith("-") and argument != "-":
                self._short(argument)
            else:
                self.words.append(argument)

    def _long(self, argument: str) -> None:
        name, equals, value = argument.removeprefix("--").partition("=")
        if not name or name.startswith("-"):
            raise UsageError(f"bad flag syntax: {self._shown(argument)}")
        row = self.rows.get(name)
        if row is None:
            raise UsageError(f"unknown flag: --{printable(name)}")
        if equals:
            self._set(row, value)
        elif row.kind.bare is not None:
            self._set(row, row.kind.bare)
        elif self.rest:
            self._set(row, self.rest.pop(0))
        else:
            raise UsageError(f"flag needs an argument: --{name}")

    def _short(self, argument: str) -> None:
        """Read ``-v2``, ``-v=2``, ``-v 2``, or several letters in one."""
        letters = argument[1:]
        while letters:
            letter, following = letters[0], letters[1:]
            row = next((row for row in self.rows.values() if row.shorthand == letter), None)
            if row is None:
                where = self._shown("-" + letters)
                raise UsageError(f"unknown shorthand flag: '{printable(letter)}' in {where}")
            # A lone `=` is a value, as in pflag.
            if following.startswith("=") and following != "=":
                self._set(row, following[1:])
            elif row.kind.bare is not None:
                self._set(row, row.kind.bare)
                letters = following
                continue
            elif following:
                self._set(row, following)
            elif self.rest:
                self._set(row, self.rest.pop(0))
            else:
                raise UsageError(f"flag needs an argument: '{letter}' in -{letters}")
            return

    def _set(self, row: Row, text: str) -> None:
        try:
            self.values[row.name] = row.kind.read(text, self.values[row.name] if row.name in self.given else None)
        except ValueError as error:
            raise UsageError(_invalid(row, text, str(error))) from None
        self.given[row.name] = None
        if row.deprecated:
            self.deprecations.append(f"Flag --{row.name} has been deprecated, {row.deprecated}")

    def _shown(self, argument: str) -> str:
        """Return a mistyped argument for a message, without the value that a secret flag would have had."""
        name, equals, _ = argument.partition("=")
        row = self.rows.get(name.lstrip("-"))
        return printable(f"{name}=***" if equals and row is not None and row.secret else argument)


def _invalid(row: Row, text: str, reason: str) -> str:
    flag = f"-{row.shorthand}, --{row.name}" if row.shorthand else f"--{row.name}"
    if row.secret:
        return f'invalid argument "***" for "{flag}" flag: the value (not shown) is malformed'
    return f'invalid argument {quoted(text)} for "{flag}" flag: {reason}'
