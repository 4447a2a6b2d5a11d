"""Who is asking: addresses, trusted proxies and the allowlist."""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from .settings import Network

Address = IPv4Address | IPv6Address


def client_address(peer: str, forwarded: Iterable[str], trusted: tuple[Network, ...]) -> Address | None:
    """Return who sent a request: the peer or, behind trusted proxies, the first hop that is not one of them.

    :param peer: address of the other end of the connection.
    :param forwarded: the ``X-Forwarded-For`` headers in their order.
    :param trusted: proxies whose header is believed. Each adds at the right whom it saw, so the list is read from
        there; what stands left of the first stranger, the stranger may have written.
    """
    address = read_address(peer)
    if address is None or not within(address, trusted):
        return address
    for hop in reversed(",".join(forwarded).split(",")):
        found = read_address(hop)
        if found is None:
            return address
        address = found
        if not within(address, trusted):
            return address
    return address


def read_address(text: str) -> Address | None:
    """Return an address, also of ``address:port`` and ``[v6]:port``; an IPv4 one inside an IPv6 one as IPv4."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def within(address: Address, networks: tuple[Network, ...]) -> bool:
    """Return whether one of the networks has the address."""
    return any(address in network for network in networks)
