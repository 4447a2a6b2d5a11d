"""The names under which sessions and locks are kept.

A session may be used only by a command line that would have made the same session: same provider, same client,
same scopes, same trust, same account, same kind of principal. All of that, and nothing else, is in the key. A client
secret or password is left out: changing it changes nobody's identity, and a hash of it would be a means to guess it.
"""

import hashlib
import json

from kubelogin_py.settings import GrantType, PkceMethod, Settings

_VERSION = 1
"""Raised whenever a field is added or its meaning changes, so that old entries are never taken for new ones."""

_PEOPLE = "people"


def session_key(settings: Settings) -> str:
    """Return the key of the session for these settings: 64 hexadecimal digits.

    Ways of signing in that lead to the same person share one session: the browser, the keyboard and the device
    code.
    """
    provider, tls = settings.provider, settings.tls
    principal = _principal(settings)
    # Left out where there is none, so that sessions from before there were accounts keep their names.
    account = {"account": settings.login.account} if settings.login.account else {}
    return _digest(
        "session",
        {
            "issuer": provider.issuer,
            "client_id": provider.client_id,
            "scopes": provider.scope.split(),
            "redirect_url": provider.redirect_url,
            # `auto` and `S256` send the same requests.
            "pkce": provider.pkce is not PkceMethod.NO,
            "use_access_token": provider.use_access_token,
            # The order in which headers and parameters were given means nothing.
            "request_headers": sorted(provider.request_headers),
            "extra_params": sorted(provider.extra_params),
            "certificate_authorities": tls.certificate_authorities,
            "certificate_authority_data": tls.certificate_authority_data,
            "insecure_skip_tls_verify": tls.insecure_skip_tls_verify,
            "principal": principal,
            "username": settings.login.username if principal == GrantType.PASSWORD else None,
            **account,
        },
    )


def login_key(issuer: str, client_id: str, *, username: str = "") -> str:
    """Return the key of the lock for one sign-in at a time: ``login-`` and 64 hexadecimal digits.

    Sessions that differ in scopes or trust still lead the same person to the same page of the same provider.

    :param username: whose password was given; nobody is asked then, and what becomes of it concerns no other user.
    """
    user = {"username": username} if username else {}
    return "login-" + _digest("login", {"issuer": issuer, "client_id": client_id, **user})


def _principal(settings: Settings) -> str:
    """Return what kind of principal signs in: a person, a name with a password, or the client itself."""
    grant = settings.login.chosen_grant
    return grant if grant in (GrantType.PASSWORD, GrantType.CLIENT_CREDENTIALS) else _PEOPLE


def _digest(purpose: str, fields: dict[str, object]) -> str:
    """Return SHA-256 over JSON with named fields: no two sets of fields have the same text, unlike joined strings."""
    canonical = json.dumps({"purpose": purpose, "version": _VERSION, **fields}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()
