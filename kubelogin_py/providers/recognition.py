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
    "pocket-id": (r"/authorize", r"/api/oidc/token", r"/\.well-known/jwks\.json"),
    "zitadel": (r"/oauth/v2/authorize", r"/oauth/v2/token", r"/oauth/v2/keys"),
    "kanidm": (r"/ui/oauth2", r"/oauth2/token", r"(?:/oauth2/openid/[^/]+)?/public_key\.jwk"),
    "authentik": (r".*/application/o/authorize/", r".*/application/o/token/", r"(?:.*/application/o/[^/]+/)?jwks/"),
    "keycloak": tuple(rf".*/protocol/openid-connect/{name}" for name in ("auth", "token", "certs")),
    "dex": (r"/auth", r"/token", r"/keys"),
    "entra-id": (r".*/oauth2/v2\.0/authorize", r".*/oauth2/v2\.0/token", r".*/discovery/v2\.0/keys"),
    "okta": (r"(?:/oauth2)?/v1/authorize", r"(?:/oauth2)?/v1/token", r"(?:/oauth2)?/v1/keys"),
    "auth0": (r"/?authorize", r"/?oauth/token", r"/?\.well-known/jwks\.json"),
    "gitlab": (r"/oauth/authorize", r"/oauth/token", r"/oauth/discovery/keys"),
    "authelia": (r"/api/oidc/authorization", r"/api/oidc/token", r"/jwks\.json"),
    "rauthy": (r"oidc/authorize", r"oidc/token", r"oidc/certs"),
}
"""Where authorization endpoint, token endpoint and key set are: below the issuer if they are, else their paths."""


def by_issuer(issuer: str) -> str:
    """Return the name of the provider whose issuers look like this one; empty when none do."""
    trimmed = issuer.strip().removesuffix("/")
    return next((name for name, shape in _ISSUERS.items() if re.fullmatch(shape, trimmed, re.IGNORECASE)), "")


def by_endpoints(issuer: str, *urls: str) -> str:
    """Return the name of the provider that has its endpoints there; empty when none has.

    :param urls: authorization endpoint, token endpoint and key set.
    """
    places = [_place(url, issuer) for url in urls]
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
