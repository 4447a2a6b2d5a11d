"""ID tokens told from their siblings, which the same keys sign for the same client (RFC 8725 section 3.11)."""

from kubelogin_py.errors import VerificationError
from kubelogin_py.oidc.jose import Jws, media_type
from kubelogin_py.text import printable

_OTHER_TYPES = frozenset({"at+jwt", "logout+jwt", "dpop+jwt"})
_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
# Claims by which providers mark tokens that are not ID tokens: Pocket-ID's ``type``, Keycloak's and Rauthy's ``typ``.
_OTHER_MARKS = {
    "type": ("access-token", "oauth-access-token", "refresh-token"),
    "typ": ("Bearer", "DPoP", "Refresh", "Offline", "Logout"),
}
_SHOWN = 60


def check_kind(jws: Jws) -> None:
    """Refuse access, refresh, logout and proof tokens in the place of an ID token.

    :raises VerificationError: step ``type``.
    """
    found = _other_kind(jws)
    if found:
        raise VerificationError(f"the provider sent another kind of token as ID token: {found}", step="type")


def _other_kind(jws: Jws) -> str | None:
    if media_type(jws.header, "typ") in _OTHER_TYPES:
        return f"its typ is {printable(jws.header['typ'], _SHOWN)}"
    # OpenID Connect Back-Channel Logout section 2.4.
    events = jws.payload.get("events")
    if isinstance(events, dict) and _LOGOUT_EVENT in events:
        return "it is a logout token"
    for name, values in _OTHER_MARKS.items():
        if jws.payload.get(name) in values:
            return f"its {name} claim is {printable(jws.payload[name], _SHOWN)}"
    return None
