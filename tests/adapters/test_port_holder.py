"""Who holds a port, read from what the system tells of its processes."""

import os
import socket
import sys
from pathlib import Path

import pytest

from kubelogin_py.adapters.port_holder import holder

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@linux
def test_a_process_of_ours_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        found = holder(port)
    assert found
    assert found.startswith(f"process {os.getpid()} (")
    assert holder(port) is None


@linux
def test_a_connection_from_a_port_holds_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert holder(client.getsockname()[1]) is None


def test_where_the_system_tells_nothing_nobody_is_named(tmp_path: Path) -> None:
    assert holder(8000, proc=tmp_path) is None


@pytest.mark.parametrize(
    ("comm", "expected"),
    [(b"evil\x1b[2J\n", "process 17"), (b"\xff\xfe\n", "process 17"), (b"kubelogin\n", "process 17 (kubelogin)")],
    ids=["escapes", "binary", "plain"],
)
def test_a_name_can_not_write_to_the_terminal(tmp_path: Path, comm: bytes, expected: str) -> None:
    (tmp_path / "net").mkdir()
    line = "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1 x"
    (tmp_path / "net/tcp").write_text(f"  sl  local_address rem_address   st\n{line}\ngarbage\n")
    (tmp_path / "17/fd").mkdir(parents=True)
    (tmp_path / "17/fd/3").symlink_to("socket:[4242]")
    (tmp_path / "17/comm").write_bytes(comm)
    assert holder(8000, proc=tmp_path) == expected
