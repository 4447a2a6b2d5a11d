"""The little of Go's ``gob`` encoding that a cache key of int128/kubelogin is made of.

Encoding only: a stream starts with the definitions of its types, then come values. A value that Go leaves out
(its zero) is ``None`` here. Layout: https://pkg.go.dev/encoding/gob, "Encoding Details".
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FIRST_TYPE_ID = 64
"""Number of the first type a program defines; old Go toolchains counted from 65."""

_ONE_BYTE = 0x80


@dataclass(frozen=True, slots=True)
class Basic:
    """A type every decoder knows, so that it needs no definition.

    :param type_id: its fixed number.
    """

    type_id: int


@dataclass(frozen=True, slots=True)
class SliceOf:
    """A slice type.

    :param name: as Go writes it, such as ``[]string``.
    :param element: type of the items.
    """

    name: str
    element: "Kind"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map type.

    :param name: as Go writes it, such as ``map[string]string``.
    :param key: type of the keys.
    :param element: type of the values.
    """

    name: str
    key: "Kind"
    element: "Kind"


@dataclass(frozen=True, slots=True)
class StructOf:
    """A struct type.

    :param name: without its package.
    :param fields: name and type of each exported field, in order of declaration.
    """

    name: str
    fields: tuple[tuple[str, "Kind"], ...]


Kind = Basic | SliceOf | MapOf | StructOf

BOOL = Basic(1)
INT = Basic(2)
STRING = Basic(6)


def definitions(root: StructOf, first_type_id: int = FIRST_TYPE_ID) -> bytes:
    """Return the messages that define ``root`` and every type it is made of.

    :param root: the type whose value follows.
    :param first_type_id: number of ``root``; the others count on in order of first mention.
    """
    kinds = dict.fromkeys(_mentioned(root))
    ids = {kind: first_type_id + position for position, kind in enumerate(kinds)}
    return b"".join(message(-ids[kind], _definition(kind, ids)) for kind in kinds)


def message(type_id: int, value: bytes) -> bytes:
    """Return one message of the stream: its length, the type (negative for a definition), the value."""
    body = signed(type_id) + value
    return unsigned(len(body)) + body


def struct(*fields: bytes | None) -> bytes:
    """Return a struct: each field that is not ``None`` behind its distance from the one before, then a zero."""
    encoded = bytearray()
    distance = 1
    for field in fields:
        if field is None:
            distance += 1
            continue
        encoded += unsigned(distance) + field
        distance = 1
    return bytes(encoded) + b"\0"


def unsigned(number: int) -> bytes:
    """Return an unsigned integer: one byte below 128, else the negated byte count and the big-endian bytes."""
    if number < _ONE_BYTE:
        return bytes((number,))
    digits = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return bytes((256 - len(digits),)) + digits


def signed(number: int) -> bytes:
    """Return a signed integer: the sign in the lowest bit, a negative one complemented."""
    return unsigned(~number << 1 | 1 if number < 0 else number << 1)


def text(value: bytes) -> bytes:
    """Return a string: its length in bytes, then the bytes, which need not be UTF-8."""
    return unsigned(len(value)) + value


def items(encoded: Sequence[bytes]) -> bytes:
    """Return a slice: the count, then the encoded items."""
    return unsigned(len(encoded)) + b"".join(encoded)


def entries(encoded: Sequence[tuple[bytes, bytes]]) -> bytes:
    """Return a map: the count, then each encoded key and value, in the order given (Go's own is random)."""
    return unsigned(len(encoded)) + b"".join(key + value for key, value in encoded)


def _mentioned(kind: Kind) -> Iterable[Kind]:
    """Yield the types that need a definition, the outer before the inner, as often as they are mentioned."""
    if isinstance(kind, Basic):
        return
    yield kind
    for part in _parts(kind):
        yield from _mentioned(part)


def _parts(kind: SliceOf | MapOf | StructOf) -> tuple[Kind, ...]:
    match kind:
        case SliceOf():
            return (kind.element,)
        case MapOf():
            return (kind.key, kind.element)
        case StructOf():
            return tuple(part for _, part in kind.fields)


def _definition(kind: Kind, ids: dict[Kind, int]) -> bytes:
    """Return gob's ``wireType``: a struct with one field set, second for slices, third structs, fourth maps."""

    def number(part: Kind) -> bytes:
        return signed(part.type_id if isinstance(part, Basic) else ids[part])

    match kind:
        case SliceOf():
            return struct(None, struct(_common(kind.name, number(kind)), number(kind.element)))
        case StructOf():
            fields = [struct(text(name.encode()), number(part)) for name, part in kind.fields]
            return struct(None, None, struct(_common(kind.name, number(kind)), items(fields)))
        case MapOf():
            common = _common(kind.name, number(kind))
            return struct(None, None, None, struct(common, number(kind.key), number(kind.element)))
        case Basic():
            raise ValueError(f"type {kind.type_id} is defined already")


def _common(name: str, number: bytes) -> bytes:
    return struct(text(name.encode()), number)
