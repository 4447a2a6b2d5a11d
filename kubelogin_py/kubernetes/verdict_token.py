"""Rows of the verdict about the token itself: how it is made, by whom, and for how long."""

from urllib.parse import urlsplit

from kubelogin_py.kubernetes.jwt_authenticator import FLAG_ALGORITHMS
from kubelogin_py.kubernetes.verdict_row import Case, Row, RowName, failed, passed, quoted, warned
from kubelogin_py.oidc.claims import utc
from kubelogin_py.oidc.jose import KUBERNETES_ALGORITHMS
from kubelogin_py.oidc.strict_json import kind
from kubelogin_py.oidc.urls import host_of, is_loopback

_ENCRYPTED_PARTS = 5
_SIGNED_PARTS = 3
_NOT_BEFORE_LEEWAY = 60.0
_SHORT = 60.0
_LONG = 24 * 3600.0
_LARGE = 6 << 10
# The one exception that the API server makes.
_LEGACY_GOOGLE = ("https://accounts.google.com", "accounts.google.com")
_LOCK_CLOCKS = "set the clocks of this machine, the provider and the API server (NTP)"


def form(case: Case) -> Row:
    """A signed JWT in three parts whose claims can be read (RFC 7515 section 7.1)."""
    if case.token.parts == _ENCRYPTED_PARTS:
        return failed(
            RowName.FORM, "the token is encrypted (JWE)", "turn off token encryption for this client", "encryption"
        )
    if case.token.parts != _SIGNED_PARTS:
        return failed(
            RowName.FORM,
            f"the token is no signed JWT: it has {case.token.parts} part{'' if case.token.parts == 1 else 's'}, not 3",
            "use the ID token; an opaque access token says nothing to the API server",
        )
    if not case.token.claims:
        return failed(RowName.FORM, "the claims of the token can't be read", "use the ID token of the provider")
    return passed(RowName.FORM, "a signed JWT")


def algorithm(case: Case) -> Row:
    """Signed with one of the algorithms that the API server knows."""
    name = case.token.header.get("alg")
    if isinstance(name, str) and name in KUBERNETES_ALGORITHMS:
        return passed(RowName.ALGORITHM, f"signed with {name}")
    shown = quoted(name) if isinstance(name, str) else "nothing"
    return failed(
        RowName.ALGORITHM,
        f"signed with {shown}; Kubernetes takes RS, ES and PS with 256, 384 and 512 alone",
        "let the provider sign the ID tokens of this client with RS256",
        "algorithm",
    )


def signing_algs(case: Case) -> Row | None:
    """Signed with one of the algorithms that this API server was told to take."""
    name, allowed = case.token.header.get("alg"), case.server.algorithms
    if name not in KUBERNETES_ALGORITHMS or name in allowed:
        return None
    told = " by default" if allowed == FLAG_ALGORITHMS else ""
    return failed(
        RowName.SIGNING_ALGS,
        f"signed with {name}, and the API server takes {', '.join(sorted(allowed)) or 'none'} alone{told}",
        f"start the API server with --oidc-signing-algs={name}",
    )


def key(case: Case) -> Row | None:
    """Signed with a key that the provider publishes."""
    key_set = case.published.key_set
    name, key_id = case.token.header.get("alg"), case.token.header.get("kid")
    if key_set is None or name not in KUBERNETES_ALGORITHMS:
        return None
    if any(one.fits(str(name)) and key_id in {None, one.key_id} for one in key_set.keys):
        return passed(RowName.KEY, f"the provider publishes the key{f' {quoted(key_id)}' if key_id else ''}")
    named = quoted(key_id) if isinstance(key_id, str) else "without a name"
    return failed(
        RowName.KEY,
        f"the key {named} for {name} is not among those that the provider publishes",
        "sign in again; if it stays so, the provider must publish the key it signs with",
    )


def issuer(case: Case) -> Row:
    """The issuer is, byte for byte, the one that the API server trusts, and an https URL."""
    wanted, found = case.server.issuer, case.token.claims.get("iss")
    if not isinstance(found, str):
        what = "a token without issuer" if found is None else f"the issuer is {kind(found)}"
        return failed(RowName.ISSUER, what, "use the ID token of the provider")
    if found != wanted and (wanted, found) != _LEGACY_GOOGLE:
        return failed(
            RowName.ISSUER,
            f"the token is of {quoted(found)}, the API server trusts {quoted(wanted)}{_difference(found, wanted)}",
            f"tell the API server, and --oidc-issuer-url, exactly {quoted(found)}",
            "issuer",
        )
    metadata = case.published.metadata
    if metadata is not None and metadata.issuer != wanted:
        return failed(
            RowName.ISSUER,
            f"the provider calls itself {quoted(metadata.issuer)}, the API server trusts {quoted(wanted)}",
            f"tell the API server, and --oidc-issuer-url, exactly {quoted(metadata.issuer)}",
        )
    if not wanted.startswith("https://"):
        return failed(
            RowName.ISSUER,
            f"{quoted(wanted)} is no https URL, and the API server takes no other",
            "give the provider a certificate and an https URL",
        )
    return passed(RowName.ISSUER, quoted(found))


def time(case: Case) -> Row:
    """Valid now: the API server allows nothing on ``exp`` and one minute on ``nbf``."""
    expires, begins = _number(case, "exp"), _number(case, "nbf")
    odd = next(
        (name for name in ("nbf", "iat") if case.token.claims.get(name) is not None and not _is_number(case, name)), ""
    )
    if odd:
        found = kind(case.token.claims[odd])
        return failed(
            RowName.TIME, f"the claim {quoted(odd)} is {found}, not a number", "use the ID token of the provider"
        )
    if expires is None:
        return failed(RowName.TIME, "the token does not say when it expires (exp)", "use the ID token of the provider")
    if expires <= case.now:
        return failed(
            RowName.TIME, f"expired at {utc(expires)}, now is {utc(case.now)}", f"sign in again; {_LOCK_CLOCKS}"
        )
    if begins is not None and begins > case.now + _NOT_BEFORE_LEEWAY:
        return failed(RowName.TIME, f"not valid before {utc(begins)}, now is {utc(case.now)}", _LOCK_CLOCKS)
    return passed(RowName.TIME, f"valid until {utc(expires)}")


def lifetime(case: Case) -> Row | None:
    """Long enough to be of use, short enough to be lost."""
    expires, issued = _number(case, "exp"), _number(case, "iat")
    if expires is None:
        return None
    seconds = expires - (case.now if issued is None else issued)
    if seconds < _SHORT:
        return warned(
            RowName.LIFETIME,
            f"the token lives {max(0.0, seconds):.0f} seconds: it may expire on its way",
            "let the ID tokens of this client live a few minutes at least",
            "short_lifetime",
        )
    if seconds > _LONG:
        return warned(
            RowName.LIFETIME,
            f"the token lives {seconds / 3600:.0f} hours: it can't be taken back, and groups change late",
            "let the ID tokens of this client live an hour or less, and renew them with a refresh token",
        )
    minutes = round(seconds / 60)
    return passed(RowName.LIFETIME, f"lives {minutes} minute{'' if minutes == 1 else 's'}")


def reach(case: Case) -> Row | None:
    """The API server itself reads metadata and keys over https."""
    metadata = case.published.metadata
    keys = metadata.jwks_uri if metadata else ""
    for url in filter(None, (case.server.issuer, keys)):
        if is_loopback(urlsplit(url).hostname or ""):
            return warned(
                RowName.REACH,
                f"{host_of(url)} is this machine: the API server reaches it only when it runs here, too",
                "give the provider a name that the API server can reach",
            )
    if keys and not keys.startswith("https://"):
        return failed(
            RowName.REACH, f"the keys are at {quoted(keys)}, without https", "let the provider publish https URLs"
        )
    if case.published.private_authority and not case.server.certificate_authority:
        return failed(
            RowName.REACH,
            "the provider's certificate comes from a private authority, and the API server is told of none",
            "give it to the API server: --certificate-authority=FILE of setup --platform, or --oidc-ca-file of its own",
        )
    hosts = dict.fromkeys(host_of(url) for url in (case.server.issuer, keys) if url)
    return passed(RowName.REACH, f"the API server must reach {' and '.join(hosts)}") if keys else None


def refresh_token(case: Case) -> Row | None:
    """With a refresh token nobody signs in anew each time the token expires."""
    if case.refreshable is None:
        return None
    if case.refreshable:
        return passed(RowName.REFRESH_TOKEN, "there is one")
    return warned(
        RowName.REFRESH_TOKEN,
        "there is none: the browser opens each time the token expires",
        "allow the refresh token grant for this client and, where the provider asks for it, request the scope "
        "offline_access",
        "no_refresh_token",
    )


def size(case: Case) -> Row:
    """Small enough for the header fields that proxies let through."""
    if case.token.length <= _LARGE:
        return passed(RowName.SIZE, f"{case.token.length} characters")
    return warned(
        RowName.SIZE,
        f"{case.token.length} characters: proxies before the API server often stop at 8192, keyrings earlier",
        "let the provider put fewer groups into the token",
    )


def _difference(found: str, wanted: str) -> str:
    """Return where two issuers part, as far as a person may overlook it."""
    if found.rstrip("/") == wanted.rstrip("/"):
        return ": they differ in the slash at the end"
    if found.lower() == wanted.lower():
        return ": they differ in upper and lower case"
    same = next((n for n, pair in enumerate(zip(found, wanted, strict=False)) if len(set(pair)) > 1), None)
    place = min(len(found), len(wanted)) if same is None else same
    return f": they differ from {quoted(found[place:])} and {quoted(wanted[place:])} on"


def _is_number(case: Case, name: str) -> bool:
    value = case.token.claims.get(name)
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(case: Case, name: str) -> float | None:
    return float(case.token.claims[name]) if _is_number(case, name) else None
