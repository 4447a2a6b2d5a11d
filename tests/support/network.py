"""A network of a test's own, with nothing in it but the loopback interface: there every port is free.

Linux only, and only where it is permitted (to root, outside most containers); elsewhere the machine's ports are
waited for.
"""

import ctypes
import errno
import os
import socket
import struct
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

_PATIENCE = 15.0
"""Seconds for somebody else's sign-in to end."""

# linux/sched.h, linux/sockios.h and linux/if.h
_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 1


@contextmanager
def own_network() -> Iterator[None]:
    """Put this thread, and all that it starts in the meantime, into a network of its own where that is permitted."""
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_CLONE_NEWNET) == 0 and not _raise_loopback():
            libc.setns(before, _CLONE_NEWNET)
        yield
    finally:
        # Where it was not left, this changes nothing.
        libc.setns(before, _CLONE_NEWNET)
        os.close(before)


def _raise_loopback() -> bool:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        try:
            fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", _IFF_UP))
        except OSError:
            return False
    return True


def require_ports(*ports: int) -> None:
    """Skip the test by name, or under CI fail it, when a port that is fixed stays taken."""
    until = time.monotonic() + _PATIENCE
    for port in ports:
        for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            while (fault := _fault(family, host, port)) and time.monotonic() < until:
                time.sleep(0.2)
            if fault:
                message = f"port {port} of {host}, which can't be chosen here, can't be had: {fault}"
                if os.environ.get("CI") == "true":
                    pytest.fail(message, pytrace=False)
                pytest.skip(message)


def _fault(family: socket.AddressFamily, host: str, port: int) -> str:
    """Return why a port can't be had; empty when it can, or when there is no such family here."""
    try:
        with socket.socket(family) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((host, port))
    except OSError as error:
        return "" if error.errno in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL) else f"{error.strerror}"
    return ""
