"""What is known about one provider: facts, recommendations, and what to do there when something goes wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Symptom(StrEnum):
    """What may be seen to go wrong at a provider; those of an OAuth error are its code (RFC 6749 section 5.2)."""

    INVALID_SCOPE = "invalid_scope"
    ACCESS_DENIED = "access_denied"
    INVALID_CLIENT = "invalid_client"
    INVALID_REQUEST = "invalid_request"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    REDIRECT_URI = "redirect_uri"
    """The provider shows the person a page about it, and we hear nothing."""
    REFUSED_REFRESH = "refused_refresh"
    ISSUER = "issuer"
    UNREACHABLE = "unreachable"
    """A host that the metadata names, and not the issuer's."""
    ALGORITHM = "algorithm"
    """Kubernetes, or we, can't verify what the ID token is signed with."""
    ENCRYPTION = "encryption"
    AUDIENCE = "audience"
    NO_DEVICE_FLOW = "no_device_flow"
    NO_REFRESH_TOKEN = "no_refresh_token"  # noqa: S105 -- the name of a symptom
    NO_ID_TOKEN_ON_REFRESH = "no_id_token_on_refresh"  # noqa: S105 -- as above
    SHORT_LIFETIME = "short_lifetime"
    NO_EMAIL = "no_email"
    EMAIL_NOT_VERIFIED = "email_not_verified"
    NO_GROUPS = "no_groups"
    GROUPS_NOT_NAMES = "groups_not_names"
    """The groups claim is something else than names, such as an object."""
    GROUPS_ELSEWHERE = "groups_elsewhere"
    """The token only says where the groups are to be asked for (``_claim_names``)."""


LOCALHOST = ("http://localhost:8000", "http://localhost:18000")
"""The redirect URIs that are used unless the user says otherwise."""

EVERY_LOOPBACK = (*LOCALHOST, "http://127.0.0.1:8000", "http://127.0.0.1:18000")
"""For providers that compare every byte of a redirect URI."""

ANY_PORT = ("http://localhost", "http://127.0.0.1")
"""For providers that take any port of a redirect URI registered without one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What an administrator enters at the provider, once.

    :param client_type: what to choose, in the provider's words.
    :param grant_types: what to switch on, in the provider's words.
    :param redirect_uris: what to enter; empty where nothing has to be.
    :param redirect_rule: how the provider compares redirect URIs.
    :param scopes: what the client must be allowed, or mapped to groups; empty where nothing has to be entered.
    :param steps: what to do, in order, one line each; ``CLIENT`` stands for the client's name.
    """

    client_type: str
    grant_types: tuple[str, ...]
    redirect_uris: tuple[str, ...]
    redirect_rule: str
    scopes: tuple[str, ...] = ()
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshRules:
    """How a session is kept alive.

    :param scope: without which there is no refresh token; empty where none is needed.
    :param rotates: whether each refresh token is good for one use; ``None`` where that is a setting.
    :param grace: seconds for which a used one is taken once more; ``None`` when not known.
    :param reuse_ends_session: whether using one twice ends the session.
    :param too_early: seconds before the access token's expiry from which a refresh is allowed; an earlier one ends
        every session of the person. ``None``: any time. The refresh token itself says so, in ``nbf``.
    :param id_token: whether the answer has an ID token.
    :param lifetime: how long a session lives, in words.
    """

    scope: str = ""
    rotates: bool | None
    grace: float | None = None
    reuse_ends_session: bool = False
    too_early: float | None = None
    id_token: bool = True
    lifetime: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """What ID tokens are signed with.

    :param default: the algorithm of a client that was registered without a thought.
    :param offered: all that can be chosen.
    :param remark: what there is to know; empty for nothing.
    """

    default: str
    offered: tuple[str, ...]
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """The device authorization grant (RFC 8628).

    :param supported: whether there is one.
    :param remark: how it is switched on, and its limits; empty for nothing.
    """

    supported: bool
    remark: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a session is ended at the provider.

    :param revocation: whether refresh tokens can be given back (RFC 7009).
    :param end_session: whether there is an end-session endpoint (RP-Initiated Logout 1.0).
    :param end_session_revokes: whether visiting that also ends the refresh token.
    """

    revocation: bool
    end_session: bool
    end_session_revokes: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """One provider. Nothing in it overrides what a user says.

    :param name: as ``--provider`` takes it.
    :param title: as its makers write it.
    :param issuer: the shape of its issuer, parts to be replaced in capitals.
    :param issuer_slash: whether the issuer ends in a slash, which is part of it.
    :param issuer_per_client: whether every client has an issuer of its own.
    :param registration: what an administrator enters there.
    :param scopes: recommended besides ``openid``.
    :param refuses_other_scopes: whether one scope that is not mapped to the client ends the sign-in; such scopes are
        never requested unasked.
    :param params: of the authorization request, needed there for a refresh token.
    :param username_claim: recommended for Kubernetes.
    :param groups_claim: recommended for Kubernetes; empty where there are no groups.
    :param groups_remark: what a group is called in tokens; empty for its plain name.
    :param refresh: how sessions live.
    :param signing: what tokens are signed with.
    :param id_token_lifetime: seconds an ID token lives unless configured otherwise; ``None`` when not known.
    :param device: whether a sign-in from another device works.
    :param ending: how a session ends.
    :param hints: what to do there, by symptom.
    :param documentation: the provider's own page on registering a client.
    :param sources: what this was taken from.
    :param as_of: ISO date of the newest of these.
    """

    name: str
    title: str
    issuer: str
    issuer_slash: bool = False
    issuer_per_client: bool = False
    registration: Registration
    scopes: tuple[str, ...]
    refuses_other_scopes: bool = False
    params: tuple[tuple[str, str], ...] = ()
    username_claim: str
    groups_claim: str
    groups_remark: str = ""
    refresh: RefreshRules
    signing: Signing
    id_token_lifetime: float | None
    device: Device
    ending: Ending
    hints: Mapping[Symptom, str] = field(repr=False)
    documentation: str
    sources: tuple[str, ...]
    as_of: str

    def hint(self, symptom: str) -> str | None:
        """Return what to do there about a symptom, or ``None`` when nothing special is known.

        :param symptom: a ``Symptom``, or the code of any OAuth error.
        """
        return self.hints.get(symptom)  # type: ignore[call-overload, no-any-return]

    @property
    def unasked_scopes(self) -> tuple[str, ...]:
        """The scopes to request where the user named this provider and no scopes."""
        return () if self.refuses_other_scopes else self.scopes
