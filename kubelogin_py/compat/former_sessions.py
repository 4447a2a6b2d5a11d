"""The session that int128/kubelogin keeps for the options of this run, gone on with in its place."""

from dataclasses import replace
from pathlib import Path

from kubelogin_py.compat.upstream_keys import UpstreamOptions, cache_keys
from kubelogin_py.compat.upstream_sessions import Finding, SecretSource, read_disk, read_keyring, to_session
from kubelogin_py.ports import Clock, Console
from kubelogin_py.session import Session
from kubelogin_py.text import printable


class FormerDiskSessions:
    """Finds it in a token cache directory.

    :param directory: the directory that both programs are given.
    :param options: what kubelogin names its sessions by.
    :param scope: the scopes it asked for; it does not keep which were granted.
    """

    def __init__(
        self, directory: Path, options: UpstreamOptions, *, scope: str, clock: Clock, console: Console
    ) -> None:
        self._directory = directory
        self._options = options
        self._scope = scope
        self._clock = clock
        self._console = console

    def find(self, *, deadline: float) -> Session | None:
        """Return the session if something of it serves still; see ``ports.FormerSessions``."""
        found = read_disk(self._directory, cache_keys(self._options), clock=self._clock, deadline=deadline)
        return self._taken(found, "cache", printable(str(self._directory)))

    def _taken(self, found: Finding, kind: str, where: str) -> Session | None:
        """Return what was found as a session of ours, said to the person, if something of it serves still."""
        for note in found.notes:
            self._console.detail(1, f"int128/kubelogin's {kind}: {note}")
        session = to_session(found.session, self._options) if found.session else None
        if session is None or not (session.refresh_token or self._is_fresh(session)):
            return None
        self._console.tell(f"going on with the session that int128/kubelogin left in {where}, which stays as it is")
        return replace(session, scope=self._scope)

    def _is_fresh(self, session: Session) -> bool:
        return session.usable_until is not None and self._clock.now() < session.usable_until


class FormerKeyringSessions(FormerDiskSessions):
    """Finds it in the OS keyring, and where that has none in the token cache directory.

    :param source: the keyring; asked only when a session is wanted.
    """

    def __init__(
        self,
        source: SecretSource,
        directory: Path,
        options: UpstreamOptions,
        *,
        scope: str,
        clock: Clock,
        console: Console,
    ) -> None:
        super().__init__(directory, options, scope=scope, clock=clock, console=console)
        self._source = source

    def find(self, *, deadline: float) -> Session | None:
        """Return the session if something of it serves still; see ``ports.FormerSessions``."""
        names = cache_keys(self._options)
        found = read_keyring(self._source, names, directory=self._directory, clock=self._clock, deadline=deadline)
        return self._taken(found, "keyring", "the keyring") or super().find(deadline=deadline)
