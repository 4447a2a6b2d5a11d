"""The provider's own documents: reachable, this issuer's, complete, and of use to Kubernetes."""

import re

from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, warned
from kubelogin_py.doctor.known import Known, attempted
from kubelogin_py.doctor.network import through
from kubelogin_py.errors import Error
from kubelogin_py.oidc import discovery, jose
from kubelogin_py.oidc.discovery import Metadata
from kubelogin_py.oidc.documents import read_document
from kubelogin_py.oidc.urls import host_of, without_query
from kubelogin_py.response import Response
from kubelogin_py.session import Session
from kubelogin_py.settings import GrantType
from kubelogin_py.text import printable

_CAUSES = (
    ("no such host", "the name can't be looked up: a typing error, or it is known in another network only (VPN)"),
    ("connection refused", "nothing listens there: the address or port is wrong, or the server is down"),
    ("i/o timeout", "something on the way drops the packets, or the server hangs: firewall, VPN, proxy"),
    ("proxy", "the proxy does not let the connection through"),
    ("does not speak TLS", "the port speaks another protocol"),
    ("has expired", "its certificate must be renewed, or the clock of this machine is wrong"),
    ("not for ", "the address leads to another server, or its certificate lacks this name"),
    ("certificate", "its certificate comes from an authority that is not trusted here"),
    ("redirect", "the provider answers at another address than the one that is configured"),
    ("status 404", "there is no provider at this path"),
    ("answered 5", "the provider is out of order, or what stands before it"),
    ("status 5", "the provider is out of order, or what stands before it"),
    ("expected JSON", "something else answers in the provider's place: a portal, a proxy, or the wrong path"),
)
_CONFIDENTIAL_ANYWAY = "google"
_GRANT_ENDPOINTS = {
    GrantType.AUTHCODE: "authorization_endpoint",
    GrantType.AUTHCODE_KEYBOARD: "authorization_endpoint",
    GrantType.DEVICE_CODE: "device_authorization_endpoint",
}


def cause_of(message: str) -> str:
    """Return what usually stands behind an error on the network, by its words."""
    return next((cause for words, cause in _CAUSES if words in message), "nothing could be read from there")


def provider_metadata(known: Known) -> Finding:
    """The metadata is where the issuer says it is (Discovery section 4)."""
    response = known.metadata_response
    if isinstance(response, Response):
        document = attempted(lambda: read_document(response, "provider metadata"))
        failure = document if isinstance(document, Error) else None
    else:
        failure = response
    if failure is not None or not isinstance(response, Response):
        message = failure.message if failure else ""
        wrong_path = re.search(r"status (?:404|400|403|405)|expected JSON|redirect", message)
        cure = failure.hint if failure and failure.hint else "check --oidc-issuer-url, in a browser, too"
        cure = known.hint("issuer", cure) if wrong_path else cure
        return failed("discovery", message, cause_of(message) + through(known, known.settings.provider.issuer), cure)
    asked = without_query(discovery.metadata_url(known.settings.provider.issuer))
    if response.url != asked:
        return warned(
            "discovery",
            f"{asked} redirects to {response.url}",
            "not everybody follows redirects there, and the API server must find the metadata, too",
            known.hint("issuer", "use the issuer as the provider's metadata names it"),
        )
    return passed("discovery", f"{asked} answers")


def issuer(known: Known) -> Finding:
    """The metadata names the issuer byte for byte as the settings do (Discovery section 4.3)."""
    configured, response = known.settings.provider.issuer, known.metadata_response
    document = {} if isinstance(response, Error) else read_document(response, "provider metadata")
    if document.get("issuer") == configured:
        return passed("issuer", "the provider names itself as the settings do")
    metadata = known.metadata
    named = printable(document.get("issuer"), 200)
    error = metadata if isinstance(metadata, Error) else None
    cure = (error.hint if error else None) or f"use --oidc-issuer-url={named}"
    return failed(
        "issuer",
        error.message if error else f"the provider names itself {named}",
        "tokens of another issuer are refused, by this program and by the API server",
        f"{cure}; {known.hint('issuer', 'the API server must be told the same')}",
    )


def endpoints(known: Known) -> Finding:
    """Every endpoint that a sign-in needs is there, and safe to be used."""
    metadata = known.metadata
    if isinstance(metadata, Error):
        return failed_by("endpoints", metadata, "a sign-in can't do without it", "tell the provider's operator")
    hosts = dict.fromkeys(
        host_of(url) for url in (metadata.authorization_endpoint, metadata.token_endpoint, metadata.jwks_uri) if url
    )
    return passed("endpoints", f"all are there, on {', '.join(hosts)}")


def key_set(known: Known) -> Finding:
    """The keys can be had, and one of them is usable."""
    found, metadata = known.key_set, known.metadata
    if isinstance(found, Error):
        elsewhere = isinstance(metadata, Metadata) and host_of(metadata.jwks_uri) != host_of(metadata.issuer)
        cure = found.hint or "ask the provider's operator"
        cure = known.hint("unreachable", cure) if elsewhere else cure
        cause = f"no ID token can be verified: {cause_of(found.message)}"
        where = metadata.jwks_uri if isinstance(metadata, Metadata) else known.settings.provider.issuer
        return failed("key-set", found.message, f"{cause}{through(known, where)}", cure)
    if found.warnings:
        return warned("key-set", found.warnings[0], "others can make tokens, too", "tell the provider's operator")
    left_out = f"; left out: {'; '.join(found.skipped[:3])}" if found.skipped else ""
    return passed("key-set", f"{len(found.keys)} usable key{'' if len(found.keys) == 1 else 's'}{left_out}")


def algorithms(known: Known) -> Finding:
    """The provider signs, or can sign, with an algorithm that the API server knows."""
    metadata, keys = known.metadata, known.key_set
    if isinstance(metadata, Error) or isinstance(keys, Error):
        raise TypeError("needs the metadata and the keys")
    offered = metadata.id_token_signing_alg_values
    listed = frozenset(offered if offered is not None else jose.KUBERNETES_ALGORITHMS)
    cure = known.hint("algorithm", "let the provider sign the ID tokens of this client with RS256")
    common = listed & jose.KUBERNETES_ALGORITHMS
    if not common:
        return failed(
            "algorithms",
            f"the provider signs with {printable(', '.join(offered or ())) or 'nothing'}",
            "Kubernetes takes RS, ES and PS with 256, 384 and 512 alone",
            cure,
        )
    usable = sorted(name for name in common if any(key.fits(name) for key in keys.keys))
    if not usable:
        return failed(
            "algorithms",
            f"the provider offers {', '.join(sorted(common))}, and publishes no key for it",
            "a token signed so can't be verified by anybody",
            cure,
        )
    remark = "" if "RS256" in usable else "; an API server with flags needs --oidc-signing-algs as well"
    return passed("algorithms", f"{', '.join(usable)}{remark}")


def client(known: Known) -> Finding:
    """The client can prove to the token endpoint who it is, as far as that can be seen."""
    settings, metadata = known.settings, known.metadata
    if settings.provider.client_secret is not None:
        return passed("client", "a secret is given")
    if settings.login.chosen_grant is GrantType.CLIENT_CREDENTIALS:
        return failed(
            "client",
            "the grant client-credentials without a secret",
            "there is nothing by which the provider could know the client",
            "pass --oidc-client-secret",
        )
    profile = known.profile
    if profile is not None and profile.name == _CONFIDENTIAL_ANYWAY:
        cure = known.hint("invalid_client", "pass --oidc-client-secret")
        return warned("client", "no secret is given", "this provider wants one, although it keeps nothing secret", cure)
    methods = None if isinstance(metadata, Error) else metadata.token_endpoint_auth_methods
    silent = methods is not None and "none" not in methods
    remark = "; the provider does not say that it takes those, as many do not" if silent else ""
    return passed("client", f"a public client, which has no secret{remark}")


def scopes(known: Known) -> Finding:
    """The scopes are ones that this provider knows, and those it gives a refresh token for."""
    profile, metadata = known.profile, known.metadata
    wanted = known.settings.provider.scope.split()
    listed = None if isinstance(metadata, Error) else metadata.scopes_supported
    unlisted = [scope for scope in wanted if listed is not None and scope not in listed and scope != "openid"]
    needless = profile is not None and "offline_access" in wanted and profile.refresh.scope != "offline_access"
    if profile and needless and (profile.refuses_other_scopes or profile.hint("invalid_scope")):
        symptom = "access_denied" if profile.refuses_other_scopes else "invalid_scope"
        return failed(
            "scopes",
            f"offline_access is requested from {profile.title}",
            f"it ends the sign-in with {symptom}",
            known.hint(symptom, "leave offline_access out of --oidc-extra-scope"),
        )
    if unlisted:
        return warned(
            "scopes",
            f"the provider does not list the scope {printable(', '.join(unlisted), 200)}",
            "some providers ignore such a scope, others end the sign-in with invalid_scope or access_denied",
            known.hint("invalid_scope", "leave it out, or allow it for this client at the provider"),
        )
    lacking = profile is not None and profile.refresh.scope and profile.refresh.scope not in wanted
    # A session that has one shows that this provider gives it all the same.
    if profile and lacking and not (isinstance(known.session, Session) and known.session.refresh_token):
        return warned(
            "scopes",
            f"{profile.refresh.scope} is not requested from {profile.title}",
            "there will be no refresh token: the browser opens each time the token expires",
            known.hint("no_refresh_token", f"add --oidc-extra-scope={profile.refresh.scope}"),
        )
    return passed("scopes", " ".join(wanted))


def grant(known: Known) -> Finding:
    """The provider offers the way in which somebody is to sign in."""
    chosen, metadata = known.settings.login.chosen_grant, known.metadata
    if isinstance(metadata, Error):
        raise TypeError("needs the metadata")
    name = _GRANT_ENDPOINTS.get(chosen)
    if name and getattr(metadata, name) is None:
        device = chosen is GrantType.DEVICE_CODE
        cure = "enable it for this client at the provider, or choose another --grant-type"
        return failed(
            "grant",
            f"the provider names no {name}",
            f"it does not offer the {'device flow' if device else 'sign-in in the browser'}",
            known.hint("no_device_flow", cure) if device else cure,
        )
    if name == "authorization_endpoint" and metadata.require_pushed_authorization_requests:
        return failed(
            "grant",
            "the provider takes pushed authorization requests only",
            "those are not supported here",
            "relax that requirement for this client, or use --grant-type=device-code",
        )
    return passed("grant", f"{chosen} is offered")
