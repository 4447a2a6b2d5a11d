"""Who is asking."""

from ipaddress import ip_network

import pytest

from examples.exchange_server.exchange import allowed
from examples.exchange_server.networks import client_address
from examples.exchange_server.settings import Settings

PROXIES = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))

ROWS: dict[str, tuple[str, list[str], str]] = {
    # Peer, headers, who it is.
    "nobody in between": ("192.0.2.1", [], "192.0.2.1"),
    "a header from a stranger": ("192.0.2.1", ["203.0.113.5"], "192.0.2.1"),
    "a proxy without a header": ("10.0.0.1", [], "10.0.0.1"),
    "one proxy": ("10.0.0.1", ["203.0.113.5"], "203.0.113.5"),
    "what the client wrote itself": ("10.0.0.1", ["198.51.100.9, 203.0.113.5"], "203.0.113.5"),
    "two proxies": ("10.0.0.1", ["203.0.113.5, 10.0.0.2"], "203.0.113.5"),
    "two headers": ("10.0.0.1", ["198.51.100.9", "203.0.113.5, 10.0.0.2"], "203.0.113.5"),
    "proxies only": ("10.0.0.1", ["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
    "nonsense": ("10.0.0.1", ["unknown"], "10.0.0.1"),
    "nonsense behind a proxy": ("10.0.0.1", ["203.0.113.5, <script>, 10.0.0.2"], "10.0.0.2"),
    "an empty header": ("10.0.0.1", [""], "10.0.0.1"),
    "with a port": ("10.0.0.1", ["203.0.113.5:4711"], "203.0.113.5"),
    "IPv6": ("fd00::1", ["2001:db8::5"], "2001:db8::5"),
    "IPv6 in brackets": ("fd00::1", ["[2001:db8::5]:4711"], "2001:db8::5"),
    "IPv4 inside IPv6": ("::ffff:10.0.0.1", ["::ffff:203.0.113.5"], "203.0.113.5"),
    "with a zone": ("fe80::1%eth0", [], "fe80::1"),
}


@pytest.mark.parametrize(("peer", "headers", "client"), ROWS.values(), ids=ROWS.keys())
def test_the_client_is_the_first_hop_nobody_trusts(peer: str, headers: list[str], client: str) -> None:
    assert str(client_address(peer, headers, PROXIES)) == client


def test_a_peer_without_an_address_is_nobody() -> None:
    assert client_address("", ["203.0.113.5"], PROXIES) is None


@pytest.mark.parametrize(
    ("client", "listed"),
    [
        ("192.168.1.77", True),
        ("192.168.2.1", False),
        ("10.0.0.50", True),
        ("10.0.0.51", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_the_list_has_addresses_and_ranges(client: str, listed: bool) -> None:
    listing = tuple(ip_network(one) for one in ("192.168.1.0/24", "10.0.0.50", "2001:db8::/32"))
    assert allowed(client, Settings(ip_allowlist=listing)) is listed


def test_an_empty_list_has_everybody() -> None:
    assert allowed("192.0.2.1", Settings())
    assert allowed("", Settings())
