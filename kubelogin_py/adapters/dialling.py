"""A TCP connection to a host: to the first of its addresses that answers."""

import socket

# Seconds for each address of a host at least, as in Go.
_ADDRESS_TIMEOUT = 2.0


def dial(host: str, port: int, seconds: float) -> socket.socket:
    """Return a connection to a host; each of its addresses gets its share of the time.

    :param host: a name or an address, with or without brackets.
    :param seconds: for all of them together, and from then on for one step of the connection.
    :raises OSError: none answered.
    """
    addresses = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    share = max(seconds / len(addresses), min(seconds, _ADDRESS_TIMEOUT))
    failure = OSError("no address")
    for family, kind, protocol, _, address in addresses:
        try:
            connection = socket.socket(family, kind, protocol)
        except OSError as error:
            failure = error
            continue
        try:
            connection.settimeout(share)
            connection.connect(address)
            # A small request must not wait for the last one's acknowledgement.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(seconds)
        except OSError as error:
            connection.close()
            failure = error
        else:
            return connection
    raise failure
