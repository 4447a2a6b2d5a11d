"""Which proxy leads to a URL, by the rules of Go's ``golang.org/x/net/http/httpproxy``.

kubectl and int128/kubelogin follow them, so the same environment must mean the same here. Python's own rules differ:
they know no CIDR ranges, read the lower-case variables first, and send loopback addresses to the proxy.
"""

import re
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from kubelogin_py.errors import SettingsError
from kubelogin_py.text import printable

SCHEMES = frozenset({"http", "https", "socks5", "socks5h"})
"""Schemes of proxies; one written without a scheme is http."""

_PORTS = {"http": "80", "https": "443"}
_WITH_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*://"


def proxy_for(url: str, environment: Mapping[str, str]) -> str | None:
    """Return the URL of the proxy for a URL, with its user name and password if it has them, or ``None``.

    ``localhost`` and loopback addresses are never proxied.

    :param url: an http or https URL.
    :param environment: ``HTTPS_PROXY``, ``HTTP_PROXY`` and ``NO_PROXY``, upper case first, then lower case.
        ``HTTP_PROXY`` in upper case is not believed in a CGI program (``REQUEST_METHOD`` set), where the
        remote party chooses it.
    :raises SettingsError: the variable is no proxy URL.
    """
    target = urlsplit(url)
    variables = _variables(target.scheme, environment)
    name = next((name for name in variables if environment.get(name)), None)
    if name is None or _exemption(target, environment):
        return None
    return checked(environment[name], name)


def checked(proxy: str, name: str) -> str:
    """Return the URL of a proxy, with its scheme.

    :param name: of the variable or setting that it is from.
    :raises SettingsError: it is no proxy URL.
    """
    # Nothing of the value but its scheme is shown: the rest may be a password.
    proxy = proxy if re.match(_WITH_SCHEME, proxy) else f"http://{proxy}"
    scheme = proxy.partition("://")[0].lower()
    if scheme not in SCHEMES:
        raise SettingsError(
            f"{name}: a proxy is reached by http, https or socks5, not by {printable(scheme, 20)}",
            hint=f"set {name} to something like http://proxy.example.com:3128",
        )
    try:
        # Reading the port checks it.
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not proxy.isprintable() or " " in proxy:
        raise SettingsError(
            f"{name} is not the URL of a proxy", hint=f"set {name} to something like http://proxy.example.com:3128"
        )
    return proxy


def variable_for(url: str, environment: Mapping[str, str]) -> str:
    """Return the name of the variable that holds the proxy for URLs of this scheme; empty when none is set."""
    variables = _variables(urlsplit(url).scheme, environment)
    return next((name for name in variables if environment.get(name)), "")


def exemption(url: str, environment: Mapping[str, str]) -> str:
    """Return what exempts a URL from the proxy, an entry of ``NO_PROXY`` or this machine; empty when nothing does."""
    return _exemption(urlsplit(url), environment)


def without_password(proxy: str) -> str:
    """Return ``host:port`` of a proxy for a message, without its user name and password."""
    return printable(proxy.rpartition("://")[2].rpartition("@")[2].partition("/")[0])


def _variables(scheme: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    if scheme == "https":
        return ("HTTPS_PROXY", "https_proxy")
    if scheme != "http":
        return ()
    return ("http_proxy",) if environment.get("REQUEST_METHOD") else ("HTTP_PROXY", "http_proxy")


def _exemption(target: SplitResult, environment: Mapping[str, str]) -> str:
    """Return what exempts a target from the proxy: an entry of ``NO_PROXY``, or that it is this machine."""
    host = _ascii(target.hostname or "")
    port = str(target.port or _PORTS[target.scheme])
    address = _address(host)
    if host == "localhost" or (address is not None and address.is_loopback):
        return "this machine"
    entries = environment.get("NO_PROXY") or environment.get("no_proxy") or ""
    found = (entry.strip() for entry in entries.split(",") if _exempts(entry.strip().lower(), host, port, address))
    return next(found, "")


def _exempts(entry: str, host: str, port: str, address: IPv4Address | IPv6Address | None) -> bool:
    if entry == "*":
        return True
    network = _network(entry)
    if network is not None:
        return address is not None and address in network
    name, wanted_port = _split_port(entry)
    if wanted_port not in {"", port}:
        return False
    exempt_address = _address(name)
    if exempt_address is not None:
        return exempt_address == address
    return _exempts_name(name, host)


def _exempts_name(name: str, host: str) -> bool:
    """``example.com`` exempts itself and what is below it, ``.example.com`` and ``*.example.com`` only the latter."""
    if not name:
        return False
    suffix = _ascii(name[1:] if name.startswith("*.") else name)
    if suffix.startswith("."):
        return host.endswith(suffix)
    return host == suffix or host.endswith(f".{suffix}")


def _split_port(entry: str) -> tuple[str, str]:
    """Split ``host:port`` and ``[address]:port``; anything else is all host."""
    bracketed = re.fullmatch(r"\[([^\[\]]*)\]:([^:\[\]]*)", entry)
    if bracketed:
        return bracketed[1], bracketed[2]
    if entry.count(":") == 1:
        name, _, port = entry.partition(":")
        return name, port
    return entry, ""


def _network(entry: str) -> IPv4Network | IPv6Network | None:
    # A mask written out, as in 10.0.0.0/255.0.0.0, is no CIDR notation.
    if not re.fullmatch(r"[0-9a-f:.]+/[0-9]{1,3}", entry):
        return None
    try:
        return ip_network(entry, strict=False)
    except ValueError:
        return None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """Return the address a host is written as; an IPv4 address in IPv6 clothes counts as IPv4."""
    try:
        address = ip_address(host)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return None if address.scope_id else address.ipv4_mapped or address


def _ascii(host: str) -> str:
    try:
        return host if host.isascii() else host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
