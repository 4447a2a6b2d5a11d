"""How the value of an option becomes a field of the settings: small pure functions, named in the table of options."""

import re
from pathlib import Path
from typing import Final

from kubelogin_py.compat.flag_values import Pairs
from kubelogin_py.errors import SettingsError
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, PkceMethod, Renegotiation, Storage
from kubelogin_py.text import printable


class Unchanged:
    """The type of ``UNCHANGED``."""


UNCHANGED: Final = Unchanged()
"""What a conversion returns to leave the field as another option set it."""

FREE_PORT: Final = ("127.0.0.1:0",)
"""Where an empty list of listen addresses listens."""

LONGEST_TIMEOUT: Final = 366 * 24 * 3600
"""Seconds; a longer wait would overflow the system's timers and means for ever all the same."""

_SEPARATORS = r"[,\s]+"
# RFC 9110 section 5.6.2.
_FIELD_NAME = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
# A value that is visible ASCII with inner blanks and tabs (RFC 9110 section 5.5): no line end can hide in it.
_FIELD_VALUE = r"(?:[!-~](?:[ \t!-~]*[!-~])?)?"
# These say where a request goes and where its body ends; they belong to the HTTP library alone.
_FRAMING = frozenset(
    {
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def negated(value: bool) -> bool:  # noqa: FBT001 -- the option's value
    """Return the setting of an option that switches something off."""
    return not value


def optional_text(text: str) -> str | None:
    """Return the text, or ``None`` for an empty one: empty equals not given."""
    return text or None


def optional_secret(text: str) -> Secret | None:
    """Return the text as a secret, or ``None`` for an empty one."""
    return Secret(text) if text else None


def scopes(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return the scopes named, split at commas and white space, each once; ``openid`` is always sent anyway."""
    words = (word for value in values for word in re.split(_SEPARATORS, value) if word and word != "openid")
    return tuple(dict.fromkeys(words))


def request_headers(pairs: Pairs) -> Pairs:
    """Return the header fields in the order given.

    :raises SettingsError: a name or value that could change the request itself.
    """
    for name, value in pairs:
        if not re.fullmatch(_FIELD_NAME, name):
            raise SettingsError(f'--oidc-request-header: "{printable(name)}" is not the name of a header field')
        if name.lower() in _FRAMING:
            raise SettingsError(f"--oidc-request-header: {name} can't be set; it is part of how requests are sent")
        if not re.fullmatch(_FIELD_VALUE, value):
            raise SettingsError(f"--oidc-request-header: the value of {name} has characters other than visible ASCII")
    return pairs


def listen_addresses(addresses: tuple[str, ...]) -> tuple[str, ...]:
    """Return the addresses; none at all means a free port on loopback, as in int128/kubelogin."""
    return addresses or FREE_PORT


def listen_ports(ports: tuple[int, ...]) -> tuple[str, ...] | Unchanged:
    """Return the addresses that the old option's ports stand for; it wins over ``--listen-address``."""
    return tuple(f"127.0.0.1:{port}" for port in ports) or UNCHANGED


def redirect_host(host: str) -> str:
    """Return the host; an empty one is the default."""
    return host or "localhost"


def next_url(url: str) -> str | None:
    """Return the page to go on to, or ``None`` for an empty one.

    :raises SettingsError: it is not a plain https URL, or http.
    """
    if not url:
        return None
    from kubelogin_py import pages  # noqa: PLC0415 -- for the few who use it

    return pages.check_next_url(url, http=True)


def renegotiation_once(wanted: bool) -> Renegotiation | Unchanged:  # noqa: FBT001 -- the value of a bool flag
    """Return ``ONCE`` when it is wanted; it wins over ``FREELY``."""
    return Renegotiation.ONCE if wanted else UNCHANGED


def renegotiation_freely(wanted: bool) -> Renegotiation | Unchanged:  # noqa: FBT001 -- as above
    """Return ``FREELY`` when it is wanted."""
    return Renegotiation.FREELY if wanted else UNCHANGED


def timeout(seconds: int) -> float:
    """Return the seconds within what timers can do; nothing or less has passed at once."""
    return float(min(max(seconds, 0), LONGEST_TIMEOUT))


def forced_pkce(forced: bool) -> PkceMethod | Unchanged:  # noqa: FBT001 -- the value of a bool flag
    """Return S256 when the old flag is set; it wins over ``--oidc-pkce-method``."""
    return PkceMethod.S256 if forced else UNCHANGED


def cache_directory(path: str) -> Path | None:
    """Return the directory; ``None`` when it is in a home directory that nobody knows."""
    return None if path.startswith("~") else Path(path)


def former_cache_file(path: str) -> Path | Unchanged | None:
    """Return the directory that takes the place of the single cache file of old."""
    return cache_directory(f"{path}.d") if path else UNCHANGED


def grant_type(name: str) -> GrantType:
    """Return the grant of this name."""
    return GrantType(name)


def pkce_method(name: str) -> PkceMethod:
    """Return the method of this name."""
    return PkceMethod(name)


def storage(name: str) -> Storage:
    """Return the storage of this name."""
    return Storage(name)
