"""What the user chose, as frozen values. Nothing here reads a file, a clock or the environment."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from kubelogin_py.settings import Settings as SignIn

DEFAULT_CONTEXT = "oidc"
DEFAULT_MAX_TOKEN_AGE = 300.0
"""Seconds since its issue after which an ID token is refreshed before it is exchanged."""

DEFAULT_MAX_LIFETIME = 24 * 3600.0
"""Seconds of validity above which a certificate is refused: Talos knows no revocation."""


class KeyKind(StrEnum):
    """Which private key is made here; ``SERVER`` leaves it to the exchange server."""

    ED25519 = "ed25519"
    P256 = "p256"
    SERVER = "server"


@dataclass(frozen=True, slots=True)
class Server:
    """The exchange server and how it is recognised.

    :param url: https URL; a path is kept, ``/exchange`` is added.
    :param certificate_authority: PEM file that replaces the system's authorities.
    :param fingerprint: SHA-256 of its public key or certificate, as the user wrote it; replaces authorities.
    :param name: host name its certificate must have instead of the URL's.
    :param insecure_http: plain http to other hosts than this one; never means unverified TLS.
    """

    url: str
    certificate_authority: str | None = None
    fingerprint: str | None = None
    name: str | None = None
    insecure_http: bool = False


@dataclass(frozen=True, slots=True)
class Policy:
    """What may be accepted from the exchange server.

    :param key: which key is made.
    :param max_roles: roles accepted; empty for those seen last time, any on a first login.
    :param max_lifetime: seconds of validity accepted.
    :param max_token_age: seconds since its issue that an ID token is exchanged without a refresh.
    :param accept_new_ca: ``True`` for any changed authority.
    :param accept_new_endpoints: ``True`` for any changed endpoints.
    """

    key: KeyKind = KeyKind.ED25519
    max_roles: tuple[str, ...] = ()
    max_lifetime: float = DEFAULT_MAX_LIFETIME
    max_token_age: float = DEFAULT_MAX_TOKEN_AGE
    accept_new_ca: bool = False
    accept_new_endpoints: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where the certificate goes.

    :param talosconfig: the file.
    :param context: name of the context in it.
    :param use: make it the current context.
    :param force: replace a context that was not made by a sign-in.
    """

    talosconfig: Path
    context: str = DEFAULT_CONTEXT
    use: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """All of it, one value for a whole run.

    :param sign_in: how an ID token is obtained, in ``kubelogin_py``'s terms.
    :param id_token_file: file with an ID token to use instead of signing in, read anew each time.
    """

    sign_in: SignIn
    server: Server
    place: Place
    policy: Policy = field(default_factory=Policy)
    id_token_file: str | None = None
