"""One row of the verdict on a token, and what is known when it is made."""

from dataclasses import dataclass
from enum import StrEnum

from kubelogin_py.kubernetes.jwt_authenticator import JwtAuthenticator
from kubelogin_py.kubernetes.received_token import ReceivedToken
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.text import printable

_SHOWN = 120


class State(StrEnum):
    """How a row ended."""

    PASS = "pass"  # noqa: S105 -- no password
    WARN = "warn"
    FAIL = "fail"


class RowName(StrEnum):
    """What a row is about."""

    FORM = "form"
    ALGORITHM = "algorithm"
    SIGNING_ALGS = "signing-algs"
    KEY = "key"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    TIME = "time"
    SUBJECT = "subject"
    USERNAME = "username"
    EMAIL_VERIFIED = "email-verified"
    GROUPS = "groups"
    RESERVED = "reserved-names"
    REQUIRED_CLAIMS = "required-claims"
    LIFETIME = "lifetime"
    REACH = "reach"
    REFRESH_TOKEN = "refresh-token"  # noqa: S105 -- the name of a row
    SIZE = "size"


@dataclass(frozen=True, slots=True)
class Row:
    """One row.

    :param name: what it is about.
    :param state: how it ended; a warning means the token is taken, yet something will be missed.
    :param cause: what was found, fit for a terminal.
    :param cure: what to do about it; empty when it passed.
    :param symptom: what a provider's own cure is found by; empty where the general one is exact.
    """

    name: RowName
    state: State
    cause: str
    cure: str = ""
    symptom: str = ""


@dataclass(frozen=True, slots=True)
class Published:
    """What a provider publishes, as far as it is known.

    :param metadata: about itself.
    :param key_set: its keys.
    :param private_authority: whether its certificate comes from an authority that machines do not know by themselves.
    """

    metadata: Metadata | None = None
    key_set: KeySet | None = None
    private_authority: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a verdict is made from.

    :param token: as it was received.
    :param server: what the API server is configured with.
    :param now: UTC seconds.
    :param published: what the provider publishes.
    :param refreshable: whether a refresh token came along; ``None`` when nobody knows.
    """

    token: ReceivedToken
    server: JwtAuthenticator
    now: float
    published: Published
    refreshable: bool | None


def passed(name: RowName, cause: str) -> Row:
    """Return a row of something that is as it should be."""
    return Row(name, State.PASS, cause)


def warned(name: RowName, cause: str, cure: str, symptom: str = "") -> Row:
    """Return a row of something that the API server takes, and somebody will miss."""
    return Row(name, State.WARN, cause, cure, symptom)


def failed(name: RowName, cause: str, cure: str, symptom: str = "") -> Row:
    """Return a row of something that the API server refuses."""
    return Row(name, State.FAIL, cause, cure, symptom)


def quoted(text: str) -> str:
    """Return foreign text in quotes, fit for a terminal."""
    return f'"{printable(text, _SHOWN)}"'
