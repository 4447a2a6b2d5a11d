"""Provider metadata, checked against the issuer it was asked for (OpenID Connect Discovery 1.0, RFC 8414).

Every endpoint is checked here, once, so that nothing later can send a person, a code or a secret to an address that
is not safe. Endpoints need not share the issuer's host: several providers use others. What the metadata does not
mention is not taken as missing, since many providers forget members; only what a sign-in needs is required.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from kubelogin_py.errors import MetadataError
from kubelogin_py.oidc.documents import read_document
from kubelogin_py.oidc.urls import WELL_KNOWN, check_endpoint, host_of
from kubelogin_py.response import Response
from kubelogin_py.text import printable

_ENTRIES = 1000
_SHOWN = 200

OptionalEndpoint = Literal[
    "authorization_endpoint",
    "device_authorization_endpoint",
    "pushed_authorization_request_endpoint",
    "revocation_endpoint",
    "end_session_endpoint",
    "userinfo_endpoint",
]

_OFFERS = {
    "authorization_endpoint": "the authorization code flow",
    "device_authorization_endpoint": "the device flow",
}


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider says about itself; every URL has passed ``urls.check_endpoint``.

    Lists are ``None`` where the metadata has none. Sections: Discovery 3, RFC 8628 4, RFC 9126 5, RFC 9207 3.

    :param issuer: equal to the configured issuer.
    :param token_endpoint: where grants are redeemed.
    :param jwks_uri: the only source of keys.
    :param authorization_endpoint: where a person signs in; providers for machines only have none.
    :param device_authorization_endpoint: where a device sign-in starts.
    :param pushed_authorization_request_endpoint: where authorization requests may be deposited.
    :param revocation_endpoint: where refresh tokens are given back.
    :param end_session_endpoint: where a person signs out.
    :param userinfo_endpoint: claims by access token.
    :param id_token_signing_alg_values: algorithms of ID tokens.
    :param code_challenge_methods: a hint only; the challenge is sent without it too.
    :param token_endpoint_auth_methods: client authentication; absent means ``client_secret_basic``.
    :param scopes_supported: scopes the provider cares to list.
    :param grant_types: grants the provider cares to list.
    :param iss_parameter_supported: every authorization response carries ``iss``.
    :param require_pushed_authorization_requests: no authorization request is taken in a URL.
    """

    issuer: str
    token_endpoint: str
    jwks_uri: str
    authorization_endpoint: str | None = None
    device_authorization_endpoint: str | None = None
    pushed_authorization_request_endpoint: str | None = None
    revocation_endpoint: str | None = None
    end_session_endpoint: str | None = None
    userinfo_endpoint: str | None = None
    id_token_signing_alg_values: tuple[str, ...] | None = None
    code_challenge_methods: tuple[str, ...] | None = None
    token_endpoint_auth_methods: tuple[str, ...] | None = None
    scopes_supported: tuple[str, ...] | None = None
    grant_types: tuple[str, ...] | None = None
    iss_parameter_supported: bool = False
    require_pushed_authorization_requests: bool = False

    def endpoint(self, name: OptionalEndpoint) -> str:
        """Return an endpoint that the chosen grant can't do without.

        :raises MetadataError: the provider names none.
        """
        url: str | None = getattr(self, name)
        if url is None:
            offered = f": it does not offer {_OFFERS[name]}" if name in _OFFERS else ""
            raise MetadataError(
                f"provider metadata of {host_of(self.issuer)} names no {name}{offered}",
                hint="choose another --grant-type, or enable this one at the provider",
                member=name,
            )
        return url

    def algorithms(self, allowed: Collection[str]) -> frozenset[str]:
        """Return the allowed algorithms that the provider signs ID tokens with (Core section 3.1.3.7, step 7).

        :param allowed: the product's own list, which alone decides where the metadata says nothing.
        :raises MetadataError: the two have nothing in common.
        """
        if self.id_token_signing_alg_values is None:
            return frozenset(allowed)
        common = frozenset(allowed) & frozenset(self.id_token_signing_alg_values)
        if not common:
            listed = printable(", ".join(self.id_token_signing_alg_values), _SHOWN) or "none"
            raise MetadataError(
                f"provider metadata of {host_of(self.issuer)} offers no usable ID token algorithm, only: {listed}",
                hint="give the client an asymmetric signing key at the provider; RS256 suits Kubernetes best",
                member="id_token_signing_alg_values_supported",
            )
        return common


def metadata_url(issuer: str) -> str:
    """Return where the metadata of an issuer is, one terminating slash left out (Discovery section 4.1)."""
    return issuer.removesuffix("/") + WELL_KNOWN


def read_metadata(response: Response, issuer: str) -> Metadata:
    """Return the metadata in the answer from ``metadata_url``.

    :param issuer: the configured issuer, already through ``urls.check_issuer``.
    :raises TransientError: 429 or a 5xx.
    :raises MetadataError: not one JSON object, another issuer's, or without a safe URL where one is needed.
    """
    document = read_document(response, "provider metadata")
    _check_issuer(document.get("issuer"), issuer)
    read = _Reader(document, issuer)
    return Metadata(
        issuer=issuer,
        token_endpoint=read.required("token_endpoint"),
        jwks_uri=read.required("jwks_uri"),
        authorization_endpoint=read.wanted("authorization_endpoint"),
        device_authorization_endpoint=read.optional("device_authorization_endpoint"),
        pushed_authorization_request_endpoint=read.optional("pushed_authorization_request_endpoint"),
        revocation_endpoint=read.harmless("revocation_endpoint"),
        end_session_endpoint=read.harmless("end_session_endpoint"),
        userinfo_endpoint=read.harmless("userinfo_endpoint"),
        id_token_signing_alg_values=read.algorithms("id_token_signing_alg_values_supported"),
        code_challenge_methods=read.names("code_challenge_methods_supported"),
        token_endpoint_auth_methods=read.names("token_endpoint_auth_methods_supported"),
        scopes_supported=read.names("scopes_supported"),
        grant_types=read.names("grant_types_supported"),
        iss_parameter_supported=document.get("authorization_response_iss_parameter_supported") is True,
        require_pushed_authorization_requests=document.get("require_pushed_authorization_requests") is True,
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Members of one document, by how much a sign-in depends on them."""

    document: dict[str, Any]
    issuer: str

    def required(self, name: str) -> str:
        """Return an endpoint without which no grant works."""
        if self.document.get(name) is None:
            raise MetadataError(f"provider metadata of {host_of(self.issuer)} names no {name}")
        return self._checked(name)

    def wanted(self, name: str) -> str | None:
        """Return an endpoint that most grants need: absent is fine, wrong is not."""
        return None if self.document.get(name) is None else self._checked(name)

    def optional(self, name: str) -> str | None:
        """Return an endpoint that one grant needs: no text is as if absent, an unsafe URL is not."""
        value = self.document.get(name)
        return self._checked(name) if isinstance(value, str) and value else None

    def harmless(self, name: str) -> str | None:
        """Return an endpoint that no sign-in visits: an unsafe URL is as if absent, so that it can't be used."""
        try:
            return self.optional(name)
        except MetadataError:
            return None

    def names(self, name: str) -> tuple[str, ...] | None:
        """Return a list of names that only informs us; one that is no such list is as if absent."""
        value = self.document.get(name)
        if not isinstance(value, list) or len(value) > _ENTRIES:
            return None
        return tuple(entry for entry in value if isinstance(entry, str))

    def algorithms(self, name: str) -> tuple[str, ...] | None:
        """Return a list of names that decides: absent is fine, wrong is not."""
        if name not in self.document:
            return None
        names, value = self.names(name), self.document[name]
        if names is None or len(names) != len(value):
            raise MetadataError(f"provider metadata of {host_of(self.issuer)}: {name} is not a short list of names")
        return names

    def _checked(self, name: str) -> str:
        # Only a provider that is itself on this machine, over http, may have other parts there over http.
        http_loopback = self.issuer.lower().startswith("http:")
        what = f"{name} of {host_of(self.issuer)}"
        try:
            return check_endpoint(self.document[name], what, http_loopback=http_loopback)
        except MetadataError as error:
            error.member = name
            raise


def _check_issuer(named: object, issuer: str) -> None:
    """Compare byte for byte: tokens and the API server do the same (Discovery section 4.3)."""
    if named == issuer:
        return
    if not isinstance(named, str):
        raise MetadataError(f"provider metadata of {host_of(issuer)} names no issuer")
    raise MetadataError(
        f"provider metadata is of another issuer: it names {printable(named, _SHOWN)}, "
        f"the settings name {printable(issuer, _SHOWN)}",
        hint=_mismatch_hint(named, issuer),
        member="issuer",
    )


def _mismatch_hint(named: str, issuer: str) -> str:
    if "{tenantid}" in named.lower():
        return "an issuer for any tenant can't be verified: put your tenant ID in the place of common or organizations"
    shown = printable(named, _SHOWN)
    if named.rstrip("/") == issuer.rstrip("/"):
        return f"the trailing slash differs: use --oidc-issuer-url={shown}"
    if "https://" + named.removeprefix("http://") == issuer or "https://" + issuer.removeprefix("http://") == named:
        return "only http and https differ: correct the provider's public URL or its proxy set-up"
    if named.lower() == issuer.lower():
        return f"upper and lower case differ: use --oidc-issuer-url={shown}"
    return "use the issuer that the provider names, if it is the one you trust"
