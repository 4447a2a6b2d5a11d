"""What is kept of a sign-in, and how long its token serves."""

from dataclasses import dataclass

from kubelogin_py.secret import Secret

_MARGIN_SHARE = 0.10
_MARGIN_MIN = 5.0
_MARGIN_MAX = 30.0


@dataclass(frozen=True, slots=True)
class Session:
    """One person (or client) signed in at one provider.

    The issuer and client are kept with the tokens so that no other issuer is ever sent this refresh token.

    :param issuer: issuer the tokens came from.
    :param client_id: client they were issued to.
    :param account: by which name the person asked for it to be kept apart; ``None`` without one.
    :param id_token: the ID token as received; ``None`` where the provider gave none (access-token mode).
    :param access_token: kept only in access-token mode.
    :param refresh_token: newest refresh token, if any.
    :param expires_at: UTC seconds when the presented token expires; ``None`` when nobody said.
    :param lifetime: seconds from issue to expiry of the presented token; ``None`` when nobody said.
    :param scope: the scopes granted, space separated.
    :param nonce_sha256: hex SHA-256 of the nonce of the first sign-in, for continuity on refresh.
    :param refresh_sent_at: UTC seconds when this refresh token was sent and no answer was saved since;
        its fate is unknown (the response may have been lost).
    """

    issuer: str
    client_id: str
    id_token: Secret | None = None
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_at: float | None = None
    lifetime: float | None = None
    scope: str = ""
    nonce_sha256: str | None = None
    refresh_sent_at: float | None = None
    account: str | None = None

    @property
    def presented_token(self) -> Secret | None:
        """The token for the API server: the access token where one is kept, else the ID token."""
        return self.id_token if self.access_token is None else self.access_token

    @property
    def usable_until(self) -> float | None:
        """UTC seconds until when the presented token is handed out: its expiry less the margin.

        The margin is a tenth of the lifetime, at least 5 and at most 30 seconds, so that a token does not
        die on its way and a 120-second token still serves (Kubernetes has no leeway on ``exp``).
        """
        if self.expires_at is None:
            return None
        return self.expires_at - margin(self.lifetime)


def margin(lifetime: float | None) -> float:
    """Return the seconds before its expiry from which a token of this lifetime counts as expired."""
    if lifetime is None:
        return _MARGIN_MAX
    return min(max(lifetime * _MARGIN_SHARE, _MARGIN_MIN), _MARGIN_MAX)
