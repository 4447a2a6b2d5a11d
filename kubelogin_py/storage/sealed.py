"""A session's document under lock and key: AES-256-GCM (NIST SP 800-38D), in an envelope of JSON.

The envelope names the key, so that a lost one is told from a damaged file. What it says, and which session it is of,
is authenticated together with the contents: no part can be exchanged for that of another file.
"""

import base64
import hashlib
import json
import os
import re
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kubelogin_py import __version__
from kubelogin_py.errors import StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.secret import Secret
from kubelogin_py.storage import record
from kubelogin_py.storage.files import LIMIT
from kubelogin_py.storage.record import BrokenRecordError, NewerRecordError

FORMAT = 1
"""Raised whenever an older program would misread the envelope."""

_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_TEXT = re.compile(r"[0-9A-Za-z_-]{43}")
_KEY_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class SealingKey:
    """A key of 256 bits.

    :param text: the key as base64url without padding.
    """

    text: Secret

    @classmethod
    def new(cls) -> Self:
        """Return a random key."""
        return cls(Secret(base64.urlsafe_b64encode(os.urandom(_KEY_BYTES)).rstrip(b"=").decode("ascii")))

    @classmethod
    def read(cls, text: str) -> Self | None:
        """Return the key in a text, or ``None`` when there is none in it."""
        return cls(Secret(text)) if _KEY_TEXT.fullmatch(text) else None

    @property
    def name(self) -> str:
        """What the key is called where it must not be seen: part of a hash of it."""
        return hashlib.sha256(b"kubelogin-py name of a sealing key\0" + self.octets).hexdigest()[:32]

    @property
    def octets(self) -> bytes:
        """The key itself."""
        return base64.urlsafe_b64decode(self.text.reveal() + "=")


def seal(document: bytes, key: SealingKey, session_key: str) -> bytes:
    """Return the envelope of a session's document, one line.

    The nonce is random: of some four thousand million envelopes under one key, no two may be expected to share one.

    :param session_key: names the session.
    :raises StorageError: it would be larger than what is read again.
    """
    nonce = os.urandom(_NONCE_BYTES)
    sealed = AESGCM(key.octets).encrypt(nonce, document, _associated(key.name, session_key))
    envelope = {
        "format": FORMAT,
        "record": record.FORMAT,
        "written_by": f"kubelogin-py {__version__}",
        "key": key.name,
        "nonce": base64.b64encode(nonce).decode("ascii"),
        "sealed": base64.b64encode(sealed).decode("ascii"),
    }
    contents = json.dumps(envelope, separators=(",", ":")).encode("ascii") + b"\n"
    if len(contents) > LIMIT:
        raise StorageError(f"the session is too large to be kept: {len(contents)} bytes, of {LIMIT}")
    return contents


def key_name(contents: bytes) -> str:
    """Return the name of the key of an envelope.

    :raises NewerRecordError: a newer version wrote it.
    :raises BrokenRecordError: it is damaged or not ours.
    """
    return _envelope(contents)[0]


def unseal(contents: bytes, key: SealingKey, session_key: str) -> bytes:
    """Return the document in an envelope.

    :param key: the one of the name in the envelope.
    :param session_key: names the session it must be of.
    :raises NewerRecordError: a newer version wrote it.
    :raises BrokenRecordError: it is damaged, not ours, or of another session.
    """
    name, nonce, sealed = _envelope(contents)
    try:
        return AESGCM(key.octets).decrypt(nonce, sealed, _associated(name, session_key))
    except InvalidTag:
        raise BrokenRecordError("its seal is broken") from None


def _associated(name: str, session_key: str) -> bytes:
    members = {
        "purpose": "kubelogin-py session",
        "format": FORMAT,
        "record": record.FORMAT,
        "key": name,
        "session": session_key,
    }
    return json.dumps(members, sort_keys=True, separators=(",", ":")).encode("ascii")


def _envelope(contents: bytes) -> tuple[str, bytes, bytes]:
    """Return name of the key, nonce and sealed document."""
    try:
        members = read_object(contents)
    except ValueError as error:
        raise BrokenRecordError(str(error)) from None
    # Of the envelope, and of the document in it.
    for member, known in (("format", FORMAT), ("record", record.FORMAT)):
        version = members.get(member)
        if type(version) is not int or version < 1:
            raise BrokenRecordError(f"no {member} number")
        if version > known:
            raise NewerRecordError(f"written by a newer version, in {member} {version}; this one reads {known}")
    name = members.get("key")
    if not isinstance(name, str) or not _KEY_NAME.fullmatch(name):
        raise BrokenRecordError("key is not the name of a key")
    nonce, sealed = _octets(members.get("nonce"), "nonce"), _octets(members.get("sealed"), "sealed")
    if len(nonce) != _NONCE_BYTES or len(sealed) < _TAG_BYTES:
        raise BrokenRecordError("too short")
    return name, nonce, sealed


def _octets(value: object, name: str) -> bytes:
    if not isinstance(value, str):
        raise BrokenRecordError(f"{name} is not a string")
    try:
        return base64.b64decode(value, validate=True)
    except ValueError:
        raise BrokenRecordError(f"{name} is not base64") from None
