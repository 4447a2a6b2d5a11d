"""Sessions that int128/kubelogin left behind, read and never changed.

On disk a session is the file ``<name>``, with ``<name>.lock`` beside it, which kubelogin holds while it signs in
or refreshes; in the OS keyring it is an item, under the same lock. Nothing here writes, deletes, creates or
corrects anything: the user may go back. What can't be trusted or read is as if absent, with a note of the reason.
"""

import base64
import re
from collections.abc import Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from kubelogin_py.compat.upstream_files import Directory
from kubelogin_py.compat.upstream_keys import UpstreamOptions
from kubelogin_py.errors import StorageError, VerificationError
from kubelogin_py.oidc import strict_json
from kubelogin_py.oidc.claims import time_claim
from kubelogin_py.oidc.id_token import read_unverified
from kubelogin_py.oidc.jose import read_jws
from kubelogin_py.ports import Clock
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session

KEYRING_SERVICE = "kubelogin"
"""Service name of kubelogin's keyring items."""

KEYRING_ACCOUNT_PREFIX = "kubelogin/tokencache/"
"""Account name of a keyring item, before the name of the session."""

SIZE_LIMIT = 1 << 20
"""Bytes of a file, or characters of a keyring item, accepted."""

_BASE64 = "go-keyring-base64:"
_HEX = "go-keyring-encoded:"

# Access and refresh tokens are visible ASCII and spaces (RFC 6749 appendix A.12, A.17); an ID token is less.
_TOKEN = re.compile(r"[\x20-\x7e]+")


class SecretSource(Protocol):
    """The OS keyring, for reading."""

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of one item, ``None`` when there is no such item.

        :raises StorageError: the keyring is absent, locked or did not answer.
        """
        ...


@dataclass(frozen=True, slots=True)
class UpstreamSession:
    """One session as kubelogin keeps it; at least one token is there.

    :param key: the name it is kept under, 64 hex digits.
    :param id_token: the ID token, or in access-token mode the access token.
    :param refresh_token: newest refresh token, if any.
    """

    key: str
    id_token: Secret | None
    refresh_token: Secret | None


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of a search.

    :param session: what was found, if anything.
    :param notes: why something that was there was passed over, or is used with concern; printable lines.
    """

    session: UpstreamSession | None = None
    notes: tuple[str, ...] = ()


def read_disk(directory: Path, keys: Sequence[str], *, clock: Clock, deadline: float) -> Finding:
    """Return the session most recently written under one of these names in kubelogin's cache directory.

    :param directory: the directory, ``~`` replaced.
    :param keys: names to look for.
    :param deadline: on the monotonic clock, for waiting while kubelogin holds the lock; past it, a miss.
    """
    notes: list[str] = []
    try:
        with Directory(directory) as place:
            for key in place.newest_first(keys):
                try:
                    with place.shared_lock(f"{key}.lock", clock=clock, deadline=deadline):
                        content, concern = place.read(key, limit=SIZE_LIMIT)
                    session = _parsed(key, content)
                except StorageError as error:
                    notes.append(f"session {key[:8]}…: {error.message}")
                    continue
                if concern:
                    notes.append(f"session {key[:8]}…: {concern}")
                return Finding(session, tuple(notes))
    except FileNotFoundError:
        return Finding()
    except StorageError as error:
        notes.append(error.message)
    return Finding(None, tuple(notes))


def read_keyring(
    source: SecretSource, keys: Sequence[str], *, directory: Path | None, clock: Clock, deadline: float
) -> Finding:
    """Return the first session the keyring has under one of these names.

    :param source: the keyring.
    :param keys: names to look for, the likeliest first.
    :param directory: kubelogin's cache directory, where its locks are also for keyring items; ``None`` if unknown.
    :param deadline: on the monotonic clock, for the whole search; past it, a miss.
    """
    notes: list[str] = []
    try:
        with ExitStack() as stack:
            place = _entered(stack, directory)
            for key in keys:
                if clock.monotonic() >= deadline:
                    notes.append("the keyring took too long")
                    break
                lock = place.shared_lock(f"{key}.lock", clock=clock, deadline=deadline) if place else nullcontext()
                with lock:
                    value = source.get(KEYRING_SERVICE, KEYRING_ACCOUNT_PREFIX + key)
                if value is None:
                    continue
                try:
                    return Finding(_parsed(key, decoded(value)), tuple(notes))
                except StorageError as error:
                    notes.append(f"keyring item {key[:8]}…: {error.message}")
    except StorageError as error:
        notes.append(error.message)
    return Finding(None, tuple(notes))


def to_session(found: UpstreamSession, options: UpstreamOptions) -> Session | None:
    """Return what was found as a session of ours, or ``None`` when nothing of it can be used.

    The token is kept only when it says that it is this issuer's and, being an ID token, this client's (OpenID
    Connect Core section 3.1.3.7), and when it ends; its signature was checked when it came, and is not again. The
    refresh token needs no such proof: its name is made of the issuer and the client.

    :param found: what was found under a name made of these options.
    :param options: the options of this run.
    """
    session = Session(options.issuer, options.client_id, refresh_token=found.refresh_token)
    span = _span(found.id_token, options) if found.id_token else None
    if span is None:
        return session if found.refresh_token else None
    expires_at, issued_at = span
    lifetime = None if issued_at is None or issued_at >= expires_at else expires_at - issued_at
    if options.use_access_token:
        return replace(session, access_token=found.id_token, expires_at=expires_at, lifetime=lifetime)
    return replace(session, id_token=found.id_token, expires_at=expires_at, lifetime=lifetime)


def _span(token: Secret, options: UpstreamOptions) -> tuple[float, float | None] | None:
    """Return when the token ends and when it was issued, UTC seconds; ``None`` when it is not for these options."""
    try:
        if options.use_access_token:
            return _access_token_span(token, options)
        claims = read_unverified(token)
    except VerificationError:
        return None
    ours = claims.issuer == options.issuer and options.client_id in claims.audience
    return (claims.expires_at, claims.issued_at) if ours else None


def _access_token_span(token: Secret, options: UpstreamOptions) -> tuple[float, float | None] | None:
    # kubelogin keeps no opaque access tokens. The audience of one is the API it is for, not the client.
    payload = read_jws(token, what="access token").payload
    expires_at = time_claim(payload, "exp", step="expiry")
    if expires_at is None or payload.get("iss") != options.issuer:
        return None
    return expires_at, time_claim(payload, "iat", step="issued_at")


def _entered(stack: ExitStack, directory: Path | None) -> Directory | None:
    # No directory, no lock, and nobody to wait for: kubelogin makes both before it touches the keyring.
    if directory is None:
        return None
    try:
        return stack.enter_context(Directory(directory))
    except FileNotFoundError:
        return None


def decoded(value: str) -> str:
    """Return the text of a keyring item; the library of programs in Go wraps it on macOS.

    :raises StorageError: it is too large, or wrapped and damaged.
    """
    if len(value) > SIZE_LIMIT:
        raise StorageError(f"larger than {SIZE_LIMIT} characters")
    wrapped = value.strip()
    try:
        if wrapped.startswith(_BASE64):
            return base64.b64decode(wrapped.removeprefix(_BASE64), validate=True).decode()
        if wrapped.startswith(_HEX):
            return bytes.fromhex(wrapped.removeprefix(_HEX)).decode()
    except ValueError:
        raise StorageError("its encoding is damaged") from None
    return value


def _parsed(key: str, content: bytes | str) -> UpstreamSession:
    try:
        members = strict_json.read_object(content)
    except ValueError as error:
        raise StorageError(str(error)) from None
    session = UpstreamSession(key, _token(members, "id_token"), _token(members, "refresh_token"))
    if session.id_token is None and session.refresh_token is None:
        raise StorageError("no token in it")
    return session


def _token(members: dict[str, Any], name: str) -> Secret | None:
    value = members.get(name, "")
    if value == "":
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise StorageError(f"{name} is not a token")
    return Secret(value)
