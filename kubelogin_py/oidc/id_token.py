"""Verification of an ID token, one step per function (OpenID Connect Core section 3.1.3.7).

Form first, then the signature, and only then the claims. The signature is never skipped, though Core allows it to
a client that talks to the token endpoint itself: our cache and the API server trust this token later.
"""

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.claims import Claims, time_claim, utc
from kubelogin_py.oidc.continuity import check_continuity
from kubelogin_py.oidc.expected import Expected
from kubelogin_py.oidc.jose import ALGORITHMS, Jws, check_algorithm, left_half_hash, read_jws
from kubelogin_py.oidc.key_set import KeySet
from kubelogin_py.oidc.strict_json import kind
from kubelogin_py.oidc.token_kind import check_kind
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

__all__ = ["Claims", "Expected", "check_continuity", "read_unverified", "recheck", "verify"]

_LIFETIME_LIMIT = 10 * 365.25 * 86400
_COMFORTABLE_LENGTH = 8 << 10
_SHOWN = 200
_CHECK_CLOCK = "check this machine's clock (date -u) and the provider's"


def verify(token: Secret, key_set: KeySet, expected: Expected) -> Claims:
    """Return the claims of an ID token after every check.

    :param key_set: the keys of the expected issuer, and of nobody else.
    :raises UnknownKeyError: no key fits or made the signature; a key set fetched anew may help (Core section 10.1.1).
    :raises VerificationError: anything else that is wrong with it; ``step`` says what.
    """
    jws = _read(token)
    key_set.verify(jws, expected.algorithms)
    return _checked(jws, expected)


def recheck(token: Secret, expected: Expected) -> Claims:
    """Return the claims of an ID token that we verified before and kept, after every check but the signature.

    :raises VerificationError: as ``verify``.
    """
    jws = _read(token)
    check_algorithm(jws.algorithm, expected.algorithms)
    return _checked(jws, expected)


def read_unverified(token: Secret) -> Claims:
    """Return the claims of an ID token that we verified before and kept; form and types are checked, nothing else.

    :raises VerificationError: it is not an ID token in form.
    """
    jws = _read(token)
    check_algorithm(jws.algorithm, ALGORITHMS)
    return _claims(jws)


def _read(token: Secret) -> Jws:
    jws = read_jws(token)
    check_kind(jws)
    return jws


def _claims(jws: Jws) -> Claims:
    return Claims.read(jws.payload, warnings=_warnings(jws))


def _checked(jws: Jws, expected: Expected) -> Claims:
    claims = _claims(jws)
    _check_issuer(claims, expected)
    _check_audience(claims, expected)
    _check_authorized_party(claims, expected)
    _check_expiry(claims, expected)
    _check_issued_at(claims, expected)
    _check_not_before(claims, expected)
    _check_nonce(claims, expected)
    _check_acr(claims, expected)
    _check_auth_time(claims, expected)
    _check_hash("at_hash", "access token", expected.access_token, jws)
    _check_hash("c_hash", "authorization code", expected.code, jws)
    return claims


def _check_issuer(claims: Claims, expected: Expected) -> None:
    """Step 2: the issuer, exactly."""
    if claims.issuer == expected.issuer:
        return
    hint = "set --oidc-issuer-url to the issuer exactly as the provider names itself"
    if claims.issuer.rstrip("/") == expected.issuer.rstrip("/"):
        hint = f"they differ in the slash at the end: {hint}"
    elif claims.issuer.lower() == expected.issuer.lower():
        hint = f"they differ in upper and lower case: {hint}"
    raise VerificationError(
        f"the ID token is of issuer {printable(claims.issuer, _SHOWN)}, not of {printable(expected.issuer, _SHOWN)}",
        step="issuer",
        hint=hint,
    )


def _check_audience(claims: Claims, expected: Expected) -> None:
    """Step 3: we are an audience, and every other one is trusted or the token names us as authorized party."""
    shown = printable(", ".join(claims.audience), _SHOWN)
    if expected.client_id not in claims.audience:
        raise VerificationError(
            f"the ID token is for audience {shown}, not for {printable(expected.client_id, _SHOWN)}",
            step="audience",
            hint="check --oidc-client-id and the client's audience at the provider",
        )
    strangers = set(claims.audience) - {expected.client_id} - expected.trusted_audiences
    if strangers and "azp" not in claims.raw:
        raise VerificationError(
            f"the ID token is for several audiences ({shown}) and does not say that it was issued to us (azp)",
            step="audience",
            hint="let the provider issue it for this client only, or with the claim azp",
        )


def _check_authorized_party(claims: Claims, expected: Expected) -> None:
    """Steps 4 and 5: if somebody is named as authorized party, it is us."""
    party = claims.raw.get("azp", expected.client_id)
    if party != expected.client_id:
        shown = printable(party, _SHOWN) if isinstance(party, str) else kind(party)
        raise VerificationError(
            f"the ID token was issued to {shown} (azp), not to {printable(expected.client_id, _SHOWN)}",
            step="authorized_party",
            hint="check --oidc-client-id",
        )


def _check_expiry(claims: Claims, expected: Expected) -> None:
    """Step 9: not expired, without leeway: the API server has none either."""
    if claims.expires_at <= expected.now:
        raise VerificationError(
            f"the ID token expired at {utc(claims.expires_at)}; {_clock(expected)}", step="expiry", hint=_CHECK_CLOCK
        )
    if claims.expires_at - expected.now > _LIFETIME_LIMIT:
        raise VerificationError(
            f"the ID token expires more than ten years ahead, at {utc(claims.expires_at)}; {_clock(expected)}",
            step="expiry",
            hint="the exp claim counts seconds, not milliseconds: correct the provider",
        )


def _check_issued_at(claims: Claims, expected: Expected) -> None:
    """Step 10: issued in the past, and lately when the sign-in is new."""
    if claims.issued_at > expected.now + expected.clock_skew:
        raise _early(f"was issued at {utc(claims.issued_at)}", expected, step="issued_at")
    if expected.fresh_within is not None and claims.issued_at < expected.now - expected.fresh_within:
        raise VerificationError(
            f"the ID token of this new sign-in was issued long ago, at {utc(claims.issued_at)}; {_clock(expected)}",
            step="issued_at",
            hint=_CHECK_CLOCK,
        )


def _check_not_before(claims: Claims, expected: Expected) -> None:
    """RFC 7519 section 4.1.5: already valid."""
    not_before = time_claim(claims.raw, "nbf", step="not_before")
    if not_before is not None and not_before > expected.now + expected.clock_skew:
        raise _early(f"is not valid before {utc(not_before)}", expected, step="not_before")


def _check_nonce(claims: Claims, expected: Expected) -> None:
    """Step 11: the nonce of this sign-in, compared in constant time."""
    if expected.nonce is None:
        return
    nonce = claims.raw.get("nonce")
    if not isinstance(nonce, str) or Secret(nonce) != expected.nonce:
        found = "has no nonce" if "nonce" not in claims.raw else "has a nonce that is not the one we sent"
        raise VerificationError(
            f"the ID token {found}: it belongs to another sign-in", step="nonce", hint="start the sign-in again"
        )


def _check_acr(claims: Claims, expected: Expected) -> None:
    """Step 12: one of the authentication contexts that were demanded."""
    acr = claims.raw.get("acr")
    if expected.acr_values and not (isinstance(acr, str) and acr in expected.acr_values):
        wanted = printable(" or ".join(sorted(expected.acr_values)), _SHOWN)
        raise VerificationError(f"the sign-in was not of the kind demanded (acr is not {wanted})", step="acr")


def _check_auth_time(claims: Claims, expected: Expected) -> None:
    """Step 13: when a maximum age was demanded, the time of the sign-in is told and within it."""
    if expected.max_age is None:
        return
    signed_in_at = time_claim(claims.raw, "auth_time", step="auth_time")
    if signed_in_at is None:
        raise VerificationError("the ID token has no auth_time claim, though max_age was sent", step="auth_time")
    if signed_in_at > expected.now + expected.clock_skew:
        raise _early(f"says that you signed in at {utc(signed_in_at)}", expected, step="auth_time")
    if signed_in_at < expected.now - expected.max_age - expected.clock_skew:
        raise VerificationError(
            f"you signed in at {utc(signed_in_at)}, longer ago than the {expected.max_age:.0f} s demanded (max_age)",
            step="auth_time",
            hint="sign in at the provider again",
        )


def _check_hash(name: str, what: str, value: Secret | None, jws: Jws) -> None:
    """Core sections 3.1.3.8 and 3.3.2.10: a hash that is there belongs to what came along."""
    if value is None or name not in jws.payload:
        return
    found = jws.payload[name]
    if not isinstance(found, str) or Secret(found) != Secret(left_half_hash(jws.algorithm, value)):
        raise VerificationError(f"the {what} does not belong to the ID token ({name})", step=name)


def _early(what: str, expected: Expected, *, step: str) -> VerificationError:
    return VerificationError(f"the ID token {what}, in the future; {_clock(expected)}", step=step, hint=_CHECK_CLOCK)


def _clock(expected: Expected) -> str:
    return f"this machine's clock says {utc(expected.now)}"


def _warnings(jws: Jws) -> tuple[str, ...]:
    if jws.length <= _COMFORTABLE_LENGTH:
        return ()
    large = f"the ID token has {jws.length} characters; many proxies refuse more than {_COMFORTABLE_LENGTH} in a header"
    return (f"{large}: let the provider put fewer groups into it",)
