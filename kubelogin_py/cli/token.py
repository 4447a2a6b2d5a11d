"""``kubelogin token``: the token itself, or what it says, for scripts."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kubelogin_py.cli import plugin_call
from kubelogin_py.cli.binding import check_choices
from kubelogin_py.cli.invocation import Credential, Invocation
from kubelogin_py.cli.terminal import is_lent
from kubelogin_py.cli.times import utc
from kubelogin_py.errors import CoolDownError, ProviderError, SignInError, VerificationError
from kubelogin_py.settings import Settings


def run(invocation: Invocation) -> None:
    """Write the token that ``get-token`` would hand to kubectl, or its claims, to standard output.

    Like there, it comes from the cache while it is good, and nobody is asked for it then.

    :raises ProviderError: the claims are wanted, and the token has none that can be read.
    """
    check_choices(invocation.rows, invocation.parsed)
    call = plugin_call.meant(invocation)
    settings = call.settings()
    login = replace(settings.login, interactive=is_lent())
    try:
        credential = invocation.sign_in(replace(settings, login=login), call.verbosity)
    except CoolDownError as error:
        raise SignInError(error.message, hint="`kubelogin login` with the same options signs in now") from None
    invocation.stdout.write(_shown(invocation, settings, credential).encode("ascii"))


def _shown(invocation: Invocation, settings: Settings, credential: Credential) -> str:
    if invocation.parsed.flag("claims"):
        return f"{json.dumps(dict(_claims(settings, credential)), indent=2)}\n"
    if invocation.parsed.text("output") == "json":
        return f"{json.dumps(_document(settings, credential), indent=2)}\n"
    return f"{credential.token.reveal()}\n"


def _claims(settings: Settings, credential: Credential) -> Mapping[str, Any]:
    from kubelogin_py.oidc import jose  # noqa: PLC0415 -- with it comes a library

    if not settings.provider.use_access_token and credential.claims is not None:
        return credential.claims.raw
    try:
        return jose.read_jws(credential.token, what="access token").payload
    except VerificationError:
        raise ProviderError(
            f"the access token of {settings.provider.issuer} has no claims: only the provider can read it",
            hint="leave --claims out for the token itself",
        ) from None


def _document(settings: Settings, credential: Credential) -> dict[str, object]:
    until = credential.usable_until
    return {
        "kind": "access_token" if settings.provider.use_access_token else "id_token",
        "token": credential.token.reveal(),
        "issuer": settings.provider.issuer,
        "client_id": settings.provider.client_id,
        "usable_until": None if until is None else utc(until),
        "usable_for": None if until is None else int(until - time.time()),
    }
