"""Each fault of the proxy is really what a client sees."""

import contextlib
import socket
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from tests.support.tcp_proxy import Fault, TcpProxy

ANSWER = b"0123456789" * 10


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    """A proxy in front of a server that answers each connection's first bytes with ``ANSWER`` and closes."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection, contextlib.suppress(ConnectionError):
                if connection.recv(100):
                    connection.sendall(ANSWER)

    threading.Thread(target=serve, daemon=True).start()
    with TcpProxy(listener.getsockname()[1]) as made:
        yield made
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(proxy: TcpProxy, question: bytes = b"hello", timeout: float = 0.5) -> bytes:
    answer = b""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=timeout) as client:
        client.sendall(question)
        while chunk := client.recv(4096):
            answer += chunk
    return answer


def test_without_a_fault_it_passes_everything_and_counts(proxy: TcpProxy) -> None:
    assert ask(proxy, timeout=5) == ANSWER
    assert (proxy.connections, proxy.bytes_up, proxy.bytes_down) == (1, 5, len(ANSWER))


@pytest.mark.parametrize(
    "fault",
    [Fault(refuse=True), Fault(reset_up=3), Fault(reset_down=0), Fault(reset_down=10)],
    ids=["on-connect", "after-bytes-up", "before-the-answer", "in-the-answer"],
)
def test_resets(proxy: TcpProxy, fault: Fault) -> None:
    proxy.fault = fault
    with pytest.raises(ConnectionError):
        ask(proxy, timeout=5)
    assert proxy.struck == 1


@pytest.mark.parametrize("fault", [Fault(blackhole=True), Fault(hang_down=10)], ids=["blackhole", "hang-in-the-answer"])
def test_silence(proxy: TcpProxy, fault: Fault) -> None:
    proxy.fault = fault
    with pytest.raises(TimeoutError):
        ask(proxy)


def test_a_cut_answer_ends_in_order(proxy: TcpProxy) -> None:
    proxy.fault = Fault(cut_down=10)
    assert ask(proxy, timeout=5) == ANSWER[:10]


def test_garbage(proxy: TcpProxy) -> None:
    proxy.fault = Fault(garbage=b"\x00\xff")
    assert ask(proxy, timeout=5) == b"\x00\xff"


def test_latency_in_both_directions(proxy: TcpProxy) -> None:
    proxy.fault = Fault(latency=0.2)
    started = time.monotonic()
    assert ask(proxy, timeout=5) == ANSWER
    assert time.monotonic() - started >= 0.4


def test_only_the_first_connections_fail(proxy: TcpProxy) -> None:
    proxy.fault = Fault(refuse=True, first=2)
    for _ in range(2):
        with pytest.raises(ConnectionError):
            ask(proxy, timeout=5)
    assert ask(proxy, timeout=5) == ANSWER


def test_a_target_that_is_not_there_resets(proxy: TcpProxy) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        proxy.target = unused.getsockname()[1]
        with pytest.raises(ConnectionError):
            ask(proxy, timeout=5)


def test_a_closed_proxy_refuses_and_a_reset_by_the_client_harms_nothing(proxy: TcpProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port)) as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert ask(proxy, timeout=5) == ANSWER
    proxy.close()
    with pytest.raises(ConnectionRefusedError):
        ask(proxy)
