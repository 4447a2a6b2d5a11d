"""The session of a sign-in: whether it can be continued, and its end."""

from collections.abc import Mapping
from contextlib import AbstractContextManager

from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.errors import Error
from kubelogin_py.oidc import discovery
from kubelogin_py.ports import Clock, Console, TokenStore
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings
from kubelogin_py.storage import token_store
from kubelogin_py.storage.keys import session_key

_LIMIT = 256 << 10
_LOCK_PATIENCE = 30.0
_ERROR = 400


class SessionKeeper:
    """The session of one sign-in.

    :param settings: the sign-in.
    :param environment: for the network and the store.
    """

    def __init__(
        self, settings: Settings, *, environment: Mapping[str, str], console: Console, clock: Clock, user_agent: str
    ) -> None:
        self._settings = settings
        self._environment = environment
        self._console = console
        self._clock = clock
        self._user_agent = user_agent
        self.key = session_key(settings)
        cache = settings.cache
        self._store: TokenStore = token_store(
            cache.storage, cache.directory, console=console, clock=clock, environment=environment
        )

    def load(self) -> Session | None:
        """Return what is kept, or ``None``."""
        return self._store.load(self.key)

    def save(self, session: Session) -> None:
        """Keep a session that another program obtained.

        :raises StorageError: it could not be kept.
        """
        with self._locked("importing a session"):
            self._store.save(self.key, session)

    def end(self) -> None:
        """Revoke the session at its provider (RFC 7009), as far as that works, and forget it.

        :raises StorageError: it is still there.
        """
        with self._locked("signing out"):
            session = self.load()
            if session is not None and session.refresh_token is not None:
                self._try_to_revoke(session.refresh_token)
            self._store.delete(self.key)

    def _locked(self, doing: str) -> AbstractContextManager[None]:
        return self._store.lock(self.key, deadline=self._clock.monotonic() + _LOCK_PATIENCE, doing=doing)

    def _try_to_revoke(self, token: Secret) -> None:
        issuer = self._settings.provider.issuer
        try:
            revoked = self._revoked(token)
        except Error as error:
            self._console.tell(f"warning: the session could not be revoked: {error.message}")
            return
        if not revoked:
            self._console.tell(f"note: {issuer} offers no revocation; end the session there to be sure")

    def _revoked(self, token: Secret) -> bool:
        provider = self._settings.provider
        http = BoundedHttp(
            self._settings.tls,
            environment=self._environment,
            request_headers=provider.request_headers,
            on_request=lambda line: self._console.detail(2, line),
            clock=self._clock,
            user_agent=self._user_agent,
        )
        document = http.get(discovery.metadata_url(provider.issuer), limit=_LIMIT)
        metadata = discovery.read_metadata(document, provider.issuer)
        if metadata.revocation_endpoint is None:
            return False
        form: list[tuple[str, str | Secret]] = [("token", token), ("token_type_hint", "refresh_token")]
        basic = (provider.client_id, provider.client_secret) if provider.client_secret is not None else None
        if basic is None:
            form.append(("client_id", provider.client_id))
        response = http.post(metadata.revocation_endpoint, form, limit=_LIMIT, basic=basic)
        if response.status >= _ERROR:
            raise Error(f"{response.url} answered {response.status}")
        return True
