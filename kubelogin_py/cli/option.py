"""What an option is: one row of the table of options."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kubelogin_py.compat.flag_values import Kind, Value


class Topic(StrEnum):
    """The headings under which help lists the options, in this order."""

    KUBECONFIG = "Kubeconfig"
    PROVIDER = "Provider"
    SIGN_IN = "Sign-in"
    SIGN_OUT = "Sign-out"
    CLUSTER = "API server, with --platform"
    CACHE = "Token cache"
    SECURITY = "Security"
    GENERAL = "General"
    COMPATIBILITY = "Accepted for compatibility, without effect"


ROOT = ""
PLUGIN = "get-token"
SETUP = "setup"
CLEAN = "clean"
COMPLETION = "completion"
LOGIN = "login"
LOGOUT = "logout"
TOKEN = "token"  # noqa: S105 -- the name of a command
STATUS = "status"
WHOAMI = "whoami"
DOCTOR = "doctor"
EVERY_COMMAND = "*"

SIGNING_IN = (PLUGIN, SETUP, ROOT)
"""Commands that may sign somebody in: how, and whom to trust on the way, is chosen in the same words."""

TOLD_THE_PROVIDER = (PLUGIN, SETUP)
"""Commands that are told the provider and the client; the program itself finds them in the kubeconfig."""


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment variable that changes the default of an option.

    :param name: of the variable; it counts when it exists, even when it is empty.
    :param default: returns the default for the variable's value.
    """

    name: str
    default: Callable[[str], Value]


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """One option of the command line.

    :param name: long name without dashes.
    :param kind: type of its value.
    :param default: value when it is not given.
    :param help: what it does, for help and documentation.
    :param topic: heading it stands under.
    :param commands: commands that have it; ``EVERY_COMMAND`` for all.
    :param shorthand: one letter, or empty.
    :param environment: variable that changes the default.
    :param choices: the only values accepted; none for any.
    :param meanings: what each of them means, in the same order, in a few words without quotes; none to say nothing.
    :param listed_by: a command that lists the values there are, for completion; empty for none.
    :param required: an empty value is an error.
    :param path: it names a file or directory; a leading ``~`` stands for the home directory where int128/kubelogin
        has that.
    :param secret: its value is never shown.
    :param hidden: left out of help.
    :param deprecated: what to use instead; implies hidden.
    :param note: said at verbosity 1 when the option is used.
    :param field: the field of the settings it sets, such as ``login.grant_type``; empty for none.
    :param convert: makes the field's value from the option's.
    """

    name: str
    kind: Kind
    default: Value
    help: str
    topic: Topic
    commands: tuple[str, ...] = (PLUGIN,)
    shorthand: str = ""
    environment: Environment | None = None
    choices: tuple[str, ...] = ()
    meanings: tuple[str, ...] = ()
    listed_by: str = ""
    required: bool = False
    path: bool = False
    secret: bool = False
    hidden: bool = False
    deprecated: str = ""
    note: str = ""
    field: str = ""
    convert: Callable[[Any], object] = lambda value: value
