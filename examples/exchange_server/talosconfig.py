"""One context of a talosconfig: where the nodes are, whom to trust, and the credential to show."""

import base64
import binascii
from dataclasses import dataclass, field

import yaml

from .pem import read_file
from .settings import ConfigError


@dataclass(frozen=True, slots=True)
class Context:
    """The current context of a talosconfig.

    :param ca: PEM of the authority.
    :param certificate: PEM of the client certificate; empty when there is none.
    :param key: PEM of its private key.
    """

    endpoints: tuple[str, ...]
    ca: bytes
    certificate: bytes
    key: bytes = field(repr=False)


def read_context(path: str) -> Context:
    """Return the current context of a talosconfig file.

    :raises ConfigError: it can't be read, or has no such context.
    """
    try:
        document = yaml.safe_load(read_file(path, "talos_config"))
        name = document["context"]
        found = document["contexts"][name]
        endpoints = tuple(str(endpoint) for endpoint in found.get("endpoints") or ())
        parts = [_decoded(found.get(part)) for part in ("ca", "crt", "key")]
    except (yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError, RecursionError):
        raise ConfigError(f"talos_config {path} is not a talosconfig with a current context") from None
    if not parts[0]:
        raise ConfigError(f"talos_config {path}: context {name!a} has no ca")
    return Context(endpoints, *parts)


def _decoded(value: object) -> bytes:
    if value is None or value == "":
        return b""
    if not isinstance(value, str):
        raise ValueError("must be base64")  # noqa: TRY004 -- one kind of error for all bad input
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except binascii.Error as error:
        raise ValueError(str(error)) from None
