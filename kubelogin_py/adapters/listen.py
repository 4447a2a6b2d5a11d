"""Sockets that listen on this machine only, on every address a browser may take ``localhost`` for.

A browser resolves ``localhost`` to 127.0.0.1 or to ::1. If another user's process held the other half of our port,
the authorization code would be delivered to it. So both halves are ours, or the port is left (RFC 8252 section 8.3).
Where somebody allows it, they listen on other addresses, too: a container's published port leads to no loopback.
"""

import errno
import os
import re
import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from kubelogin_py.adapters import port_holder
from kubelogin_py.errors import SettingsError, UnaskedError
from kubelogin_py.oidc.urls import is_loopback
from kubelogin_py.text import printable

_LOCALHOST = ("127.0.0.1", "::1")
_EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 -- refused unless it is allowed
_BACKLOG = 128
_PORT_LIMIT = 65535
# With port 0 the system picks a port that is free for the first half; the second half may need another draw.
_DRAWS = 20
_ADDRESS = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*):(?P<port>[0-9]{1,5})")
# This machine does not have the address (or the family), so nobody else can hold it either.
_ABSENT = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen.

    :param text: as the user wrote it.
    :param host: IP literal without brackets, or ``localhost``; empty for every address.
    :param port: 0 for any free one.
    """

    text: str
    host: str
    port: int

    @property
    def hosts(self) -> tuple[str, ...]:
        """IP literals to bind: the one asked for, and both that ``localhost`` may mean."""
        if not self.host:
            return _EVERYWHERE
        return tuple(host for host in dict.fromkeys((self.host, *_LOCALHOST)) if host != "localhost")


def parse(text: str, *, remote: bool = False) -> Address:
    """Return the address in ``host:port``.

    :param remote: accept an address of the network, too.
    :raises SettingsError: malformed, or not on this machine's loopback interface: the authorization code
        arrives there in clear text (RFC 8252 section 8.3).
    """
    match = _ADDRESS.fullmatch(text)
    if match is None or int(match["port"]) > _PORT_LIMIT:
        raise SettingsError(
            f"listen address {printable(text, 100)} is not host:port", hint="use --listen-address=127.0.0.1:8000"
        )
    host = match["host"].removeprefix("[").removesuffix("]").lower()
    if host in _EVERYWHERE:
        host = ""
    if not (remote or is_loopback(host)):
        raise SettingsError(
            f"listen address {printable(text, 100)} is not on the loopback interface: "
            "the authorization code could be read on the network",
            hint="use --listen-address=127.0.0.1:8000; on a machine without a browser use --grant-type=device-code; "
            "in a container whose port is published use --allow-remote-callback",
        )
    return Address(text, host, int(match["port"]))


def bind(addresses: Sequence[Address]) -> list[socket.socket]:
    """Return listening, non-blocking sockets on one port: that of the first address that can be had whole.

    :raises UnaskedError: ``no available port``, with each address and its reason.
    """
    reasons = []
    for address in addresses:
        claimed = _claim(address)
        if isinstance(claimed, list):
            return claimed
        reasons.append(f"{printable(address.text, 100)} ({claimed})")
    raise UnaskedError(
        f"no available port: {', '.join(reasons)}",
        hint="end the program that holds it, choose another with --listen-address=127.0.0.1:PORT (the provider must "
        "accept the redirect URI), or paste the answer by hand with --grant-type=authcode-keyboard",
    )


def unavailable(address: Address) -> str:
    """Return why an address can't be had whole at this moment; empty when it can. It is given back at once."""
    claimed = _claim(address)
    if isinstance(claimed, str):
        return claimed
    for half in claimed:
        half.close()
    return ""


def _claim(address: Address) -> list[socket.socket] | str:
    """Return sockets for all of an address, or why there are none."""
    claimed: list[socket.socket] | str = "not tried"
    for _ in range(1 if address.port else _DRAWS):
        claimed = _claim_once(address)
        if isinstance(claimed, list):
            break
    return claimed


def _claim_once(address: Address) -> list[socket.socket] | str:
    claimed: list[socket.socket] = []
    reason = "no loopback interface"
    port = address.port
    for host in address.hosts:
        try:
            claimed.append(_listening(host, port))
        except OSError as error:
            reason = f"{host}: {_reason(error, port)}"
            if error.errno in _ABSENT and host != address.host:
                continue
            for half in claimed:
                half.close()
            return reason
        port = port or claimed[0].getsockname()[1]
    return claimed or reason


def _listening(host: str, port: int) -> socket.socket:
    half = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform == "win32":
            # There SO_REUSEADDR would let two programs listen on one port.
            half.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:
            # Here it only forgives connections of the last sign-in in TIME_WAIT; two listeners stay refused.
            half.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if half.family == socket.AF_INET6:
            half.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        half.bind((host, port))
        half.listen(_BACKLOG)
        half.setblocking(False)
    except OSError:
        half.close()
        raise
    return half


def _reason(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"in use by {port_holder.holder(port) or 'another process'}"
    if error.errno == errno.EACCES:
        return "not permitted"
    return printable(os.strerror(error.errno or 0).lower())
