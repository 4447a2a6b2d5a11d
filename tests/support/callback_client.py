"""Raw HTTP to a callback server, for requests that no browser and no client library would send."""

import socket


def send_raw(port: int, request: bytes, *, host: str = "127.0.0.1", timeout: float = 10) -> bytes:
    """Send bytes and return all that comes back before the server closes, or what came before the time was over.

    :param timeout: seconds.
    """
    answer = b""
    with socket.create_connection((host, port), timeout=timeout) as connection:
        connection.sendall(request)
        try:
            while chunk := connection.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionResetError):
            pass
    return answer


def get(
    port: int, target: str, *, host: str = "127.0.0.1", host_header: str | None = None, timeout: float = 10
) -> bytes:
    """Send a GET for a target, with a Host header of one's choice, and return the raw answer.

    :param target: path and query.
    """
    name = host_header or f"localhost:{port}"
    request = f"GET {target} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    return send_raw(port, request.encode(), host=host, timeout=timeout)


def status(answer: bytes) -> int:
    """Return the status code of a raw answer."""
    return int(answer.split(b" ", 2)[1])
