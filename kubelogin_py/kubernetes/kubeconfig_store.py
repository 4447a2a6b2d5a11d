"""The token store that is one user of one kubeconfig."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from kubelogin_py.errors import SettingsError, StorageError, VerificationError
from kubelogin_py.kubernetes import config_lock, kubeconfig_file
from kubelogin_py.kubernetes.kubeconfig import AuthProvider, read_user
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.kubernetes.kubeconfig_tokens import with_tokens
from kubelogin_py.oidc.id_token import read_unverified
from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session


def lock_key(path: Path, user: str) -> str:
    """Return the key of the lock for one user of one kubeconfig, whatever links lead to it."""
    canonical = json.dumps({"purpose": "kubeconfig", "path": os.path.realpath(path), "user": user}, sort_keys=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


class KubeconfigStore:
    """Keeps a session where ``auth-provider: oidc`` has it: as ``id-token`` and ``refresh-token`` of a user.

    There is room for one session, so keys only name the lock.

    :param path: the kubeconfig.
    :param user: the user in it.
    :param scope: the scopes that are asked for; the kubeconfig does not keep what was granted.
    :param locks: where sessions are locked while somebody signs in; kubectl's own lock is held only while the file
        changes.
    """

    def __init__(self, path: Path, user: str, *, scope: str, locks: TokenStore, clock: Clock, console: Console) -> None:
        self._path = path
        self._user = user
        self._scope = scope
        self._locks = locks
        self._clock = clock
        self._console = console

    def load(self, key: str) -> Session | None:  # noqa: ARG002 -- the port's
        """Return the session in the kubeconfig, or ``None``.

        :raises Error: the file is no kubeconfig with this user any more.
        """
        return self._session(read_user(self._path, self._text(), self._user))

    def save(self, key: str, session: Session) -> None:
        """Keep the tokens of a session; the file is not touched when it has them already.

        :raises StorageError: they could not be kept; the kubeconfig is unharmed.
        """
        try:
            if _tokens(self.load(key)) == _tokens(session):
                return
            with config_lock.held(self._path, clock=self._clock, console=self._console):
                kubeconfig_file.check_writable(self._path)
                text, whole = with_tokens(self._text(), self._user, *_tokens(session))
                kubeconfig_file.replace(self._path, text)
        except SettingsError as error:
            raise StorageError(error.message, hint=error.hint) from error
        if not whole:
            self._console.tell(f"note: {shown(self._path)} was written anew, without its comments")

    def delete(self, key: str) -> None:
        """Remove both tokens.

        :raises StorageError: they are still there.
        """
        self.save(key, Session("", ""))

    @contextmanager
    def lock(self, key: str, *, deadline: float, doing: str) -> Iterator[None]:
        """Hold the only lock of a key, and make sure that tokens could be kept.

        Nobody is to sign in, and no single-use token to be sent, for a file that can't be changed.
        """
        with self._locks.lock(key, deadline=deadline, doing=doing):
            kubeconfig_file.check_writable(self._path)
            with config_lock.held(self._path, clock=self._clock, console=self._console):
                pass
            yield

    def keep_answer(self, arguments: Sequence[str], key: str, body: bytes) -> bool:  # noqa: ARG002 -- the port's
        """Return ``False``: no answers are made from a kubeconfig."""
        return False

    def _text(self) -> str:
        text = kubeconfig_file.read(self._path)
        if text is None:
            raise StorageError(f"{shown(self._path)} does not exist any more")
        return text

    def _session(self, provider: AuthProvider) -> Session | None:
        if provider.id_token is None and provider.refresh_token is None:
            return None
        session = Session(provider.issuer, provider.client_id, refresh_token=provider.refresh_token, scope=self._scope)
        with suppress(VerificationError):
            return _with_id_token(session, provider.id_token)
        # What is no ID token in form is as if absent; the refresh token beside it may still serve.
        return session


def _with_id_token(session: Session, token: Secret | None) -> Session:
    """Return the session with its ID token, of the issuer and client that the token names.

    Whoever changes the issuer in a kubeconfig does not make its tokens the new issuer's.
    """
    if token is None:
        return session
    claims = read_unverified(token)
    return Session(
        issuer=claims.issuer,
        client_id=session.client_id if session.client_id in claims.audience else claims.audience[0],
        id_token=token,
        refresh_token=session.refresh_token,
        expires_at=claims.expires_at,
        lifetime=claims.lifetime,
        scope=session.scope,
    )


def _tokens(session: Session | None) -> tuple[Secret | None, Secret | None]:
    return (session.id_token, session.refresh_token) if session else (None, None)
