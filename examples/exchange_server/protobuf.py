"""The two messages of Talos' machine API that are needed, by hand (https://protobuf.dev/programming-guides/encoding/).

``GenerateClientConfigurationRequest`` has the roles in field 1 and a ``Duration`` in field 2, whose field 1 is seconds;
its answer repeats in field 1 a message with the CA, the certificate and the key in fields 2, 3 and 4.
"""

from collections.abc import Iterator

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}
_VARINT_BITS = 70
"""Bits of the longest number in the wire format: ten groups of seven."""


def client_configuration_request(roles: tuple[str, ...], ttl: int) -> bytes:
    """Return a request for a certificate.

    :param ttl: its lifetime in seconds.
    """
    fields = [_field(1, role.encode()) for role in roles]
    duration = _number(1 << 3 | _VARINT) + _number(ttl)
    return b"".join([*fields, _field(2, duration)])


def client_configuration_answer(message: bytes) -> tuple[bytes, bytes, bytes]:
    """Return CA, certificate and key of the first message in an answer.

    :raises ValueError: it is malformed, or something is missing.
    """
    for number, value in _fields(message):
        if number == 1:
            found = dict(_fields(value))
            if not all(found.get(part) for part in (2, 3, 4)):
                raise ValueError("CA, certificate or key is missing")
            return found[2], found[3], found[4]
    raise ValueError("it is empty")


def _field(number: int, value: bytes) -> bytes:
    return _number(number << 3 | _LENGTH) + _number(len(value)) + value


def _number(value: int) -> bytes:
    groups = bytearray()
    while value > 0x7F:  # noqa: PLR2004 -- seven bits to a byte
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    groups.append(value)
    return bytes(groups)


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield number and content of the fields that have a length; others are skipped."""
    at = 0
    while at < len(message):
        tag, at = _read_number(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == _VARINT:
            _, at = _read_number(message, at)
            continue
        if kind == _LENGTH:
            length, at = _read_number(message, at)
        elif kind in _FIXED:
            length = _FIXED[kind]
        else:
            raise ValueError(f"wire type {kind} is not known")
        if at + length > len(message):
            raise ValueError("it is cut off")
        if kind == _LENGTH:
            yield number, message[at : at + length]
        at += length


def _read_number(message: bytes, at: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, _VARINT_BITS, 7):
        if at >= len(message):
            raise ValueError("it is cut off")
        byte = message[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte <= 0x7F:  # noqa: PLR2004 -- the last group has no continuation bit
            return value, at
    raise ValueError("a number is too long")
