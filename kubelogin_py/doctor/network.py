"""The way to the provider: proxy, certificate authorities, and what this machine takes for the time."""

from email.utils import parsedate_to_datetime

from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, skipped, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.errors import Error
from kubelogin_py.oidc.urls import host_of
from kubelogin_py.response import Response
from kubelogin_py.text import printable

NOTABLE, INTOLERABLE = 30.0, 60.0
"""Seconds of difference: from the first somebody should know, beyond the second tokens are refused."""

_UNITS = (("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0))


def proxy(known: Known) -> Finding:
    """The proxy variables are right, and what they mean for the provider is said."""
    issuer = known.settings.provider.issuer
    host = host_of(issuer)
    try:
        route = known.surroundings.route(issuer)
    except Error as error:
        return failed_by("proxy", error, "every request to the provider fails", "correct the variable, or unset it")
    if route.proxy:
        return passed("proxy", f"{host} is reached through {route.proxy} ({route.variable})")
    if route.exempt and route.variable:
        return passed("proxy", f"{host} is reached directly: {route.exempt} is exempt from {route.variable}")
    return passed("proxy", f"{host} is reached directly: no proxy is set")


def certificate_authorities(known: Known) -> Finding:
    """The certificate authorities can be read, and which ones count is said."""
    try:
        described = known.surroundings.trust(known.settings)
    except Error as error:
        return failed_by(
            "certificate-authorities",
            error,
            "no connection to the provider can be made",
            "correct --certificate-authority",
        )
    if known.settings.tls.insecure_skip_tls_verify:
        return warned(
            "certificate-authorities",
            described,
            "whoever sits on the network path can sign in as you (--insecure-skip-tls-verify)",
            "give the provider's authority with --certificate-authority=FILE, and leave that option out",
        )
    return passed("certificate-authorities", described)


def clock(known: Known) -> Finding:
    """This machine and the provider agree on the time (RFC 9110 section 6.6.1)."""
    response = known.metadata_response
    told = response.headers if isinstance(response, Response) else {}
    try:
        provider = parsedate_to_datetime(told.get("date", "")).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return skipped("clock", "the provider does not tell the time")
    # What a cache on the way has kept since then (RFC 9111 section 5.1).
    age = told.get("age", "").strip()
    ahead = provider + (float(age) if age.isdigit() and len(age) <= len("31536000") else 0.0) - known.surroundings.now()
    if abs(ahead) < NOTABLE:
        return passed("clock", f"within {max(1.0, abs(ahead)):.0f} s of the provider's")
    direction = "behind" if ahead > 0 else "ahead of"
    found = f"the clock of this machine is {words(abs(ahead))} {direction} the provider's"
    cure = "set the clock right (timedatectl set-ntp true), or the provider's; compare with: date -u"
    if abs(ahead) <= INTOLERABLE:
        return warned("clock", found, "a little more and tokens are refused", cure)
    return failed("clock", found, "tokens look expired, or not valid yet", cure)


def words(seconds: float) -> str:
    """Return a length of time as a person says it."""
    for name, length in _UNITS:
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {name}"
    return f"{seconds:.0f} seconds"


def through(known: Known, url: str) -> str:
    """Return how a request travelled, to be added to a cause; empty when it went directly."""
    try:
        route = known.surroundings.route(url)
    except Error:
        return ""
    return f"; it went through the proxy {printable(route.proxy)} ({route.variable})" if route.proxy else ""
