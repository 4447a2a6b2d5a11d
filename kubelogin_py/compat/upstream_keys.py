"""The names under which int128/kubelogin keeps the session for given options.

A name is the SHA-256 of Go's gob encoding of the options (kubelogin v1.36). Gob writes a map in the random order
of Go's iteration, so with two or more request headers or extra parameters there are several names for one choice.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, permutations
from typing import Self

from kubelogin_py.compat import gob
from kubelogin_py.secret import Secret
from kubelogin_py.settings import GrantType, PkceMethod, Renegotiation, Settings

MOST_KEYS = 720
"""Names tried at most: every order of six map entries. Of more entries the likelier orders are tried."""

_STRINGS = gob.SliceOf("[]string", gob.STRING)
_MAP = gob.MapOf("map[string]string", gob.STRING, gob.STRING)
_PROVIDER = gob.StructOf(
    "Provider",
    (
        ("IssuerURL", gob.STRING),
        ("ClientID", gob.STRING),
        ("ClientSecret", gob.STRING),
        ("ExtraScopes", _STRINGS),
        ("RedirectURL", gob.STRING),
        ("PKCEMethod", gob.INT),
        ("UseAccessToken", gob.BOOL),
        ("RequestHeaders", _MAP),
    ),
)
_TLS = gob.StructOf(
    "Config",
    (
        ("CACertFilename", _STRINGS),
        ("CACertData", _STRINGS),
        ("SkipTLSVerify", gob.BOOL),
        ("Renegotiation", gob.INT),
    ),
)
KEY = gob.StructOf(
    "Key",
    (
        ("Provider", _PROVIDER),
        ("TLSClientConfig", _TLS),
        ("Username", gob.STRING),
        ("AuthRequestExtraParams", _MAP),
    ),
)
"""The Go struct that is hashed; its names are part of the encoding."""

_PKCE = {PkceMethod.AUTO: 0, PkceMethod.NO: 1, PkceMethod.S256: 2}

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class UpstreamOptions:
    """What the name of a session is made of, each as kubelogin's own command line holds it.

    :param issuer: issuer URL.
    :param client_id: client identifier.
    :param client_secret: ``None`` and empty are the same.
    :param scopes: extra scopes as the user gave them: in order, not split on blanks, duplicates and ``openid`` kept.
    :param redirect_url: ``None`` and empty are the same.
    :param pkce: the option, not what was negotiated.
    :param use_access_token: access-token mode.
    :param request_headers: in the order given; of equal names the last counts.
    :param certificate_authorities: PEM files, a leading ``~`` replaced.
    :param certificate_authority_data: base64 as given.
    :param insecure_skip_tls_verify: as given.
    :param renegotiation: as given.
    :param username: only with the password grant, and only when given, not when prompted for.
    :param extra_params: in the order given; ``None`` for no map and empty for an empty one, which is another name.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    scopes: tuple[str, ...] = ()
    redirect_url: str | None = None
    pkce: PkceMethod = PkceMethod.AUTO
    use_access_token: bool = False
    request_headers: Pairs = ()
    certificate_authorities: tuple[str, ...] = ()
    certificate_authority_data: tuple[str, ...] = ()
    insecure_skip_tls_verify: bool = False
    renegotiation: Renegotiation = Renegotiation.NEVER
    username: str = ""
    extra_params: Pairs | None = None

    @classmethod
    def from_settings(cls, settings: Settings, *, scopes: Sequence[str]) -> Self:
        """Return the options these settings stand for.

        :param settings: what the user chose; its certificate paths with ``~`` already replaced.
        :param scopes: the extra scopes as the user gave them; ``settings`` holds them normalised.
        """
        provider, tls, login = settings.provider, settings.tls, settings.login
        return cls(
            issuer=provider.issuer,
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            scopes=tuple(scopes),
            redirect_url=provider.redirect_url,
            pkce=provider.pkce,
            use_access_token=provider.use_access_token,
            request_headers=provider.request_headers,
            certificate_authorities=tls.certificate_authorities,
            certificate_authority_data=tls.certificate_authority_data,
            insecure_skip_tls_verify=tls.insecure_skip_tls_verify,
            renegotiation=tls.renegotiation,
            username=(login.username or "") if login.chosen_grant is GrantType.PASSWORD else "",
            extra_params=_params(settings),
        )


def cache_keys(options: UpstreamOptions, *, first_type_id: int = gob.FIRST_TYPE_ID) -> tuple[str, ...]:
    """Return the names (64 hex digits) a session for these options may have, the likeliest first.

    At most ``MOST_KEYS``; none when an option can't be told in bytes, as then no command line ever held it.

    :param options: what was chosen.
    :param first_type_id: as the Go toolchain that built kubelogin counts; 65 for the old ones.
    """
    prefix = gob.definitions(KEY, first_type_id)
    try:
        values = [_value(options, headers, params) for headers, params in _orders(options)]
    except UnicodeEncodeError:
        return ()
    return tuple(hashlib.sha256(prefix + gob.message(first_type_id, value)).hexdigest() for value in values)


def _params(settings: Settings) -> Pairs | None:
    params = settings.provider.extra_params
    match settings.login.chosen_grant:
        case GrantType.CLIENT_CREDENTIALS:
            return params
        case GrantType.AUTHCODE | GrantType.AUTHCODE_KEYBOARD:
            return params or None
        case _:
            return None


def _orders(options: UpstreamOptions) -> list[tuple[Pairs, Pairs]]:
    """Return the orders of both maps to try, distinct, at most ``MOST_KEYS``.

    Go iterates a map of up to eight entries from a random place, and on from there in order of insertion: the
    order given and its rotations come first, then all the others.
    """
    headers = tuple(dict(options.request_headers).items())
    params = tuple(dict(options.extra_params or ()).items())
    rotated = ((first, second) for first in _rotations(headers) for second in _rotations(params))
    shuffled = ((first, second) for first in permutations(headers) for second in permutations(params))
    orders: dict[tuple[Pairs, Pairs], None] = {}
    for order in chain(rotated, shuffled):
        orders[order] = None
        if len(orders) == MOST_KEYS:
            break
    return list(orders)


def _rotations(pairs: Pairs) -> Iterator[Pairs]:
    for start in range(max(len(pairs), 1)):
        yield pairs[start:] + pairs[:start]


def _value(options: UpstreamOptions, headers: Pairs, params: Pairs) -> bytes:
    provider = gob.struct(
        _text(options.issuer),
        _text(options.client_id),
        _text(options.client_secret.reveal() if options.client_secret else None),
        _texts(options.scopes),
        _text(options.redirect_url),
        _number(_PKCE[options.pkce]),
        _flag(options.use_access_token),
        _map(headers) if headers else None,
    )
    tls = gob.struct(
        _texts(options.certificate_authorities),
        _texts(options.certificate_authority_data),
        _flag(options.insecure_skip_tls_verify),
        _number(options.renegotiation),
    )
    # An empty struct is written, an empty map too; only a nil map is left out.
    return gob.struct(provider, tls, _text(options.username), None if options.extra_params is None else _map(params))


def _text(value: str | None) -> bytes | None:
    return _string(value) if value else None


def _texts(values: Sequence[str]) -> bytes | None:
    return gob.items([_string(value) for value in values]) if values else None


def _number(value: int) -> bytes | None:
    return gob.signed(value) if value else None


def _flag(value: bool) -> bytes | None:  # noqa: FBT001 -- the value itself
    return gob.unsigned(1) if value else None


def _map(pairs: Pairs) -> bytes:
    return gob.entries([(_string(key), _string(value)) for key, value in pairs])


def _string(value: str) -> bytes:
    # The inverse of how Python decodes the command line: the very bytes that kubelogin was given.
    return gob.text(os.fsencode(value))
