"""Whether a refreshed ID token continues the sign-in it claims to continue (Core section 12.2)."""

import hashlib
import hmac
from collections.abc import Iterator

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.claims import Claims, utc
from kubelogin_py.text import printable

_SIGN_IN_AGAIN = "sign in again; if it comes back, the provider mixes up sessions: tell its operator"
# Seconds: the hosts of one provider do not agree on the time to the second.
_CLOCK_DIFFERENCE = 60.0


def check_continuity(new: Claims, old: Claims, *, nonce_sha256: str | None) -> tuple[str, ...]:
    """Compare a refreshed ID token, already verified, with the one before it.

    :param old: claims of the ID token that the refresh token came with, or of the last one that continued it.
    :param nonce_sha256: hex SHA-256 of the nonce of the first sign-in; ``None`` when it is not known.
    :returns: warnings: claims people depend on that the new token has lost.
    :raises VerificationError: steps ``issuer``, ``subject``, ``audience``, ``authorized_party``, ``auth_time``,
        ``issued_at`` and ``nonce``.
    """
    _check_issuer_and_subject(new, old)
    _check_audience(new, old)
    _check_authorized_party(new, old)
    _check_times(new, old)
    _check_nonce(new, old, nonce_sha256)
    return tuple(_losses(new, old))


def _check_issuer_and_subject(new: Claims, old: Claims) -> None:
    if new.issuer != old.issuer:
        raise _broken(f"names issuer {_shown(new.issuer)}, not {_shown(old.issuer)} as before", step="issuer")
    if new.subject != old.subject:
        raise _broken(f"is for subject {_shown(new.subject)}, not {_shown(old.subject)} as before", step="subject")


def _check_audience(new: Claims, old: Claims) -> None:
    lost = [name for name in old.audience if name not in new.audience]
    if lost:
        raise _broken(f"is no longer for audience {_shown(', '.join(lost))}", step="audience")


def _check_authorized_party(new: Claims, old: Claims) -> None:
    if new.raw.get("azp") != old.raw.get("azp"):
        raise _broken("names another authorized party (azp) than before", step="authorized_party")


def _check_times(new: Claims, old: Claims) -> None:
    if "auth_time" in new.raw and "auth_time" in old.raw and new.raw["auth_time"] != old.raw["auth_time"]:
        raise _broken("names another time of the sign-in (auth_time) than before", step="auth_time")
    if new.issued_at < old.issued_at - _CLOCK_DIFFERENCE:
        raise _broken(
            f"is older ({utc(new.issued_at)}) than the one it replaces ({utc(old.issued_at)})", step="issued_at"
        )


def _check_nonce(new: Claims, old: Claims, nonce_sha256: str | None) -> None:
    """Providers repeat the nonce or leave it out; another one belongs to another sign-in."""
    if "nonce" not in new.raw:
        return
    original = nonce_sha256 or _sha256(old.raw.get("nonce"))
    found = _sha256(new.raw["nonce"])
    if found is None or (original is not None and not hmac.compare_digest(found, original)):
        raise _broken("has a nonce, and it is not the one of the sign-in", step="nonce")


def _sha256(nonce: object) -> str | None:
    return hashlib.sha256(nonce.encode("utf-8", "surrogatepass")).hexdigest() if isinstance(nonce, str) else None


def _losses(new: Claims, old: Claims) -> Iterator[str]:
    for name, before, after in (("groups", old.groups, new.groups), ("email", old.email, new.email)):
        if before and not after:
            yield (
                f"the refreshed ID token has no {name}, the one before had; "
                "if access is denied, sign in again and check the provider's claims for refreshed tokens"
            )


def _broken(what: str, *, step: str) -> VerificationError:
    return VerificationError(f"the refreshed ID token {what}", step=step, hint=_SIGN_IN_AGAIN)


def _shown(text: str) -> str:
    return printable(text, 200)
