"""Binding the callback's port: both halves of localhost or nothing, and nowhere but on this machine."""

import contextlib
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from kubelogin_py.adapters import listen
from kubelogin_py.errors import SettingsError, SignInError

BOTH = {("127.0.0.1", socket.AF_INET), ("::1", socket.AF_INET6)}


def ipv6_works() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


needs_ipv6 = pytest.mark.skipif(not ipv6_works(), reason="this machine has no ::1")


@contextlib.contextmanager
def bound(*addresses: str, remote: bool = False) -> Iterator[Sequence[socket.socket]]:
    sockets = listen.bind([listen.parse(address, remote=remote) for address in addresses])
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


@contextlib.contextmanager
def squatter(host: str, port: int = 0, options: Sequence[int] = (), *, both: bool = False) -> Iterator[int]:
    """Hold a port as another process would, and yield it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as held:
        for option in options:
            held.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            held.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if both else 1)
        held.bind((host, port))
        held.listen()
        yield held.getsockname()[1]


def free_port() -> int:
    with bound("127.0.0.1:0") as sockets:
        return sockets[0].getsockname()[1]


def places(sockets: Sequence[socket.socket]) -> set[tuple[str, int]]:
    return {(one.getsockname()[0], one.family) for one in sockets}


@needs_ipv6
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST"])
def test_both_meanings_of_localhost_are_bound_on_one_port(host: str) -> None:
    port = free_port()
    with bound(f"{host}:{port}") as sockets:
        assert places(sockets) == BOTH
        assert {one.getsockname()[1] for one in sockets} == {port}


@needs_ipv6
def test_any_other_loopback_address_is_bound_besides_them() -> None:
    with bound("127.0.0.2:0") as sockets:
        assert places(sockets) == BOTH | {("127.0.0.2", socket.AF_INET)}


def test_port_0_is_one_real_port() -> None:
    with bound("127.0.0.1:0") as sockets:
        ports = {one.getsockname()[1] for one in sockets}
        assert len(ports) == 1
        assert 0 not in ports


@needs_ipv6
def test_the_ipv6_half_serves_ipv6_only() -> None:
    """Mapped IPv4 addresses would reach it from interfaces that were never meant."""
    with bound("127.0.0.1:0") as sockets:
        half = next(one for one in sockets if one.family == socket.AF_INET6)
        assert half.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY) == 1


def test_the_first_free_address_is_taken() -> None:
    first, second = free_port(), free_port()
    with bound(f"127.0.0.1:{first}", f"127.0.0.1:{second}") as sockets:
        assert sockets[0].getsockname()[1] == first


@pytest.mark.parametrize(
    ("host", "both"),
    [
        pytest.param("127.0.0.1", False, id="B-67 the IPv4 half"),
        pytest.param("::1", False, id="B-67 the IPv6 half", marks=needs_ipv6),
        pytest.param("0.0.0.0", False, id="B-67 every IPv4 address"),
        pytest.param("::", True, id="B-67 every address", marks=needs_ipv6),
    ],
)
@pytest.mark.parametrize("options", [(), (socket.SO_REUSEADDR,)], ids=["plain", "with SO_REUSEADDR"])
def test_a_port_of_which_another_holds_a_part_is_skipped(host: str, both: bool, options: Sequence[int]) -> None:
    """Whoever holds the other half of localhost would be sent the code."""
    with squatter(host, options=options, both=both) as taken, bound(f"127.0.0.1:{taken}", "127.0.0.1:0") as sockets:
        assert sockets[0].getsockname()[1] != taken


@needs_ipv6
def test_nothing_of_a_skipped_port_stays_bound() -> None:
    # Free in both halves: what another process has of it would be taken for ours.
    with squatter("::1", free_port()) as taken:
        with pytest.raises(SignInError):
            listen.bind([listen.parse(f"127.0.0.1:{taken}")])
        with squatter("127.0.0.1", taken) as again:
            assert again == taken


@needs_ipv6
def test_the_error_names_each_address_and_its_reason() -> None:
    with squatter("127.0.0.1") as one, squatter("::1") as two, pytest.raises(SignInError) as caught:
        listen.bind([listen.parse(f"127.0.0.1:{one}"), listen.parse(f"localhost:{two}")])
    me = f"process {os.getpid()} ({Path('/proc/self/comm').read_text().strip()})"
    assert caught.value.message == (
        f"no available port: 127.0.0.1:{one} (127.0.0.1: in use by {me}), localhost:{two} (::1: in use by {me})"
    )
    assert "--listen-address" in (caught.value.hint or "")


@pytest.mark.parametrize("options", [(), (socket.SO_REUSEADDR,), (socket.SO_REUSEADDR, 15)], ids=str)
@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6), "0.0.0.0"])
def test_nobody_else_can_listen_on_a_port_of_ours(host: str, options: Sequence[int]) -> None:
    """B-67: reuse options of the intruder (15 is SO_REUSEPORT) change nothing."""
    with bound("127.0.0.1:0") as sockets, pytest.raises(OSError, match="in use") as caught:  # noqa: SIM117 -- the point
        with squatter(host, sockets[0].getsockname()[1], options):
            pass
    assert caught.value.errno == errno.EADDRINUSE


def test_the_port_of_the_last_sign_in_is_free_again_at_once() -> None:
    """A connection that we closed first stays in TIME_WAIT for a minute; the next sign-in must not care."""
    with bound("127.0.0.1:0") as sockets:
        port = sockets[0].getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = sockets[0].accept()
            served.close()
            assert client.recv(1) == b""
    with bound(f"127.0.0.1:{port}") as sockets:
        assert sockets[0].getsockname()[1] == port


def test_the_sockets_are_kept_from_children_and_do_not_block() -> None:
    with bound("127.0.0.1:0") as sockets:
        assert not any(one.get_inheritable() or one.getblocking() for one in sockets)


def test_a_privileged_port_has_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", refuse)
    with pytest.raises(SignInError, match=r"127\.0\.0\.1:80 \(127\.0\.0\.1: not permitted\)"):
        listen.bind([listen.parse("127.0.0.1:80")])


class WithoutIpv6(socket.socket):
    """Sockets of a machine whose kernel was started without IPv6."""

    error = errno.EAFNOSUPPORT

    def __init__(self, family: int = socket.AF_INET, *rest: int, **more: int | None) -> None:
        super().__init__(family, *rest, **more)

    def bind(self, address: tuple[str, int]) -> None:
        if self.family == socket.AF_INET6:
            raise OSError(self.error, "no such thing here")
        super().bind(address)


@pytest.mark.parametrize("error", [errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_without_ipv6_the_other_half_is_enough(monkeypatch: pytest.MonkeyPatch, host: str, error: int) -> None:
    """On a machine without ::1 nobody can hold it either."""
    monkeypatch.setattr(WithoutIpv6, "error", error)
    monkeypatch.setattr(socket, "socket", WithoutIpv6)
    with bound(f"{host}:0") as sockets:
        assert places(sockets) == {("127.0.0.1", socket.AF_INET)}


def test_an_address_that_was_asked_for_must_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "socket", WithoutIpv6)
    with pytest.raises(SignInError, match=r"no available port: \[::1\]:0 \(::1: "):
        listen.bind([listen.parse("[::1]:0")])


@pytest.mark.parametrize(
    "text",
    ["0.0.0.0:8000", "[::]:8000", ":8000", "192.0.2.1:8000", "[fe80::1]:8000", "[::ffff:127.0.0.1]:8000", "host:8000"],
)
def test_an_address_others_can_reach_is_refused(text: str) -> None:
    """B-85: the code would be readable on the network."""
    with pytest.raises(SettingsError, match="network"):
        listen.parse(text)


@needs_ipv6
@pytest.mark.parametrize("host", ["0.0.0.0", "[::]", ""])
def test_every_address_where_that_is_allowed(host: str) -> None:
    """As in a container, whose port 8000 is the host's: on both families, one port."""
    with bound(f"{host}:0", remote=True) as sockets:
        assert places(sockets) == {("0.0.0.0", socket.AF_INET), ("::", socket.AF_INET6)}
        assert len({one.getsockname()[1] for one in sockets}) == 1


def test_this_machine_is_served_as_ever_where_more_is_allowed() -> None:
    with bound("127.0.0.1:0", remote=True) as sockets:
        assert {host for host, _ in places(sockets)} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("text", ["8000", "0.0.0.0:", "0.0.0.0:65536", "::1:8000"])
def test_a_malformed_address_is_refused_whatever_is_allowed(text: str) -> None:
    with pytest.raises(SettingsError, match="host:port"):
        listen.parse(text, remote=True)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "8000",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:http",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:8000",
        "a b:1\x1b",
    ],
)
def test_a_malformed_address_is_refused(text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        listen.parse(text)
    assert "\x1b" not in caught.value.message
