"""How one setting is read: the same text stands in the environment and, as a scalar, in the YAML file."""

import ipaddress
import re
from collections.abc import Callable
from urllib.parse import urlsplit

from .settings import Network

Raw = str | list[str]
"""A scalar or a list of scalars."""

Reader = Callable[[Raw], object]

_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h)")
_ENDPOINT = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_LAST_PORT = 65535


def text(raw: Raw) -> str:
    """Return a text, without white space around it."""
    if isinstance(raw, list):
        raise ValueError("must be one text, not a list")  # noqa: TRY004 -- one kind of error for all bad input
    return raw.strip()


def integer(raw: Raw) -> int:
    """Return a whole number, 0 or greater."""
    found = text(raw)
    if not re.fullmatch(r"[0-9]{1,9}", found):
        raise ValueError("must be a whole number, 0 or greater")
    return int(found)


def boolean(raw: Raw) -> bool:
    """Return whether it says true or 1; false and 0 are the only other words."""
    found = text(raw).lower()
    if found not in {"true", "1", "false", "0"}:
        raise ValueError("must be true or false")
    return found in {"true", "1"}


def duration(raw: Raw) -> float:
    """Return the seconds of a duration as Go writes it: ``5m``, ``1h30m``, ``90s``, ``0``."""
    found = text(raw)
    if found == "0":
        return 0.0
    parts = _DURATION_PART.findall(found)
    if not parts or "".join(number + unit for number, unit in parts) != found:
        raise ValueError("must be a duration such as 5m, 1h30m or 90s")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


def written_duration(seconds: int) -> str:
    """Return a duration as Go writes it: ``5m0s``."""
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h{minutes}m{left}s"
    return f"{minutes}m{left}s" if minutes else f"{left}s"


def names(raw: Raw) -> tuple[str, ...]:
    """Return a list, or the parts of a text between commas; empty ones are left out."""
    parts = raw if isinstance(raw, list) else raw.split(",")
    return tuple(part.strip() for part in parts if part.strip())


def networks(raw: Raw) -> tuple[Network, ...]:
    """Return addresses and CIDR ranges; bits behind the prefix are forgiven, as Go does."""
    try:
        return tuple(ipaddress.ip_network(name, strict=False) for name in names(raw))
    except ValueError as error:
        raise ValueError(f"has an entry that is neither an address nor a CIDR range: {error}") from None


def endpoints(raw: Raw) -> tuple[str, ...]:
    """Return Talos nodes as hosts or addresses, each with or without a port."""
    found = names(raw)
    for name in found:
        if not _ENDPOINT.fullmatch(name) and not _is_ipv6(name):
            raise ValueError(f"{name!a} is neither a host nor host:port")
    return found


def issuer(raw: Raw) -> str:
    """Return an https URL without query and fragment; http is for loopback hosts."""
    found = text(raw)
    if not is_web_address(found) or "?" in found or "#" in found:
        raise ValueError("must be an https URL without query and fragment (http only on loopback)")
    return found


def is_web_address(url: str) -> bool:
    """Return whether it is an https URL, or an http one of a loopback host."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or parts.username is not None or not url.isascii() or not url.isprintable() or " " in url:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))


def listen_address(listen: str) -> tuple[str, int]:
    """Return host and port of ``host:port``, ``[v6]:port`` or ``:port``; the host may be empty.

    :raises ValueError: it is none of these.
    """
    host, colon, port = listen.rpartition(":")
    if not colon or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > _LAST_PORT:
        raise ValueError("must be host:port or :port")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("must have an IPv6 address in brackets: [::1]:8443")
    return host, int(port)


def _is_ipv6(name: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(name), ipaddress.IPv6Address) and "%" not in name
    except ValueError:
        return False


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
