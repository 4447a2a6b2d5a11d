"""Which provider it is, told by the issuer, or by where the metadata says the endpoints are.

A host name chosen by its owner tells nothing: only names that belong to the provider's makers, and paths that their
software prescribes. A slash too many or too few at the end is overlooked, since that is what there is advice about.
"""

import re
from urllib.parse import urlsplit

_HOST = r"https?://[^/?#]+"

_ISSUERS = {
    "google": r"https://accounts\.google\.com",
    "entra-id": (
        r"https://(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net"
        r"|[^/?#]+\.ciamlogin\.com)/[^/?#]+(?:/v2\.0)?"
    ),
    "okta": r"https://[^/?#]+\.(?:okta|oktapreview|okta-emea|okta-gov)\.com(?:/oauth2/[^/?#]+)?",
    "auth0": r"https://[^/?#]+\.auth0\.com",
    "gitlab": r"https://gitlab\.com",
    "zitadel": r"https://[^/?#]+\.zitadel\.(?:cloud|app)",
    "keycloak": _HOST + r"(?:/[^/?#]+)*/realms/[^/?#]+",
    "kanidm": _HOST + r"/oauth2/openid/[^/?#]+",
    "authentik": _HOST + r"(?:/[^/?#]+)*/application/o/[^/?#]+",
    "rauthy": _HOST + r"/auth/v1",
    "dex": _HOST + r"(?:/[^/?#]+)*/dex",
}

_ENDPOINTS = {
    "pocket-id": (r"/api/oidc/token", r"/\.well-known/jwks\.json"),
    "zitadel": (r"/oauth/v2/token", r"/oauth/v2/keys"),
    "kanidm": (r"/oauth2/token", r"(?:/oauth2/openid/[^/]+)?/public_key\.jwk"),
    "authentik": (r".*/application/o/token/", r"(?:.*/application/o/[^/]+/)?jwks/"),
    "keycloak": (r".*/protocol/openid-connect/token", r".*/protocol/openid-connect/certs"),
    "dex": (r"/token", r"/keys"),
    "entra-id": (r".*/oauth2/v2\.0/token", r".*/discovery/v2\.0/keys"),
    "okta": (r"(?:/oauth2)?/v1/token", r"(?:/oauth2)?/v1/keys"),
    "auth0": (r"/?oauth/token", r"/?\.well-known/jwks\.json"),
    "gitlab": (r"/oauth/token", r"/oauth/discovery/keys"),
    "authelia": (r"/api/oidc/token", r"/jwks\.json"),
    "rauthy": (r"oidc/token", r"oidc/certs"),
}
"""Where token endpoint and key set are, below the issuer if they are below it, else their paths; both must fit."""


def by_issuer(issuer: str) -> str:
    """Return the name of the provider whose issuers look like this one; empty when none do."""
    trimmed = issuer.strip().removesuffix("/")
    return next((name for name, shape in _ISSUERS.items() if re.fullmatch(shape, trimmed, re.IGNORECASE)), "")


def by_endpoints(issuer: str, token_endpoint: str, jwks_uri: str) -> str:
    """Return the name of the provider that has its endpoints there; empty when none has."""
    places = (_place(token_endpoint, issuer), _place(jwks_uri, issuer))
    for name, shapes in _ENDPOINTS.items():
        if all(re.fullmatch(shape, place) for shape, place in zip(shapes, places, strict=True)):
            return name
    return ""


def _place(url: str, issuer: str) -> str:
    if url.startswith(issuer):
        return url.removeprefix(issuer)
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
