"""Talos nodes as a server names them: words that become part of commands and connections."""

import re
from collections.abc import Sequence
from ipaddress import IPv6Address

from kubelogin_py.text import printable
from talos_cred.errors import CertificateError

_MAX_ENDPOINTS = 32
_LONGEST_NAME = 262
_PORTS = range(1, 65536)
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\.?"
_ENDPOINT = re.compile(rf"(?:\[(?P<six>[0-9A-Fa-f:.]+)\]|{_HOST})(?::(?P<port>[0-9]{{1,5}}))?")


def check_endpoints(endpoints: Sequence[str]) -> tuple[str, ...]:
    """Return the nodes unchanged: host names and addresses, each with or without a port.

    :raises CertificateError: anything else, since these words become part of commands and connections.
    """
    if len(endpoints) > _MAX_ENDPOINTS:
        raise CertificateError(f"the server names {len(endpoints)} nodes, more than {_MAX_ENDPOINTS}", step="endpoints")
    for endpoint in endpoints:
        if not _is_endpoint(endpoint):
            raise CertificateError(
                f"the server names a node that is neither a host nor host:port: {printable(endpoint, 80)}",
                step="endpoints",
                hint="correct the endpoints of the exchange server",
            )
    return tuple(dict.fromkeys(endpoints))


def _is_endpoint(endpoint: str) -> bool:
    if _is_ipv6(endpoint):
        return True
    match = _ENDPOINT.fullmatch(endpoint) if len(endpoint) <= _LONGEST_NAME else None
    if match is None or (match["six"] and not _is_ipv6(match["six"])):
        return False
    return match["port"] is None or int(match["port"]) in _PORTS


def _is_ipv6(text: str) -> bool:
    try:
        return "%" not in str(IPv6Address(text))
    except ValueError:
        return False
