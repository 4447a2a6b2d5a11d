"""Trusting, of a large bundle of authorities, first the ones that vouched for the provider before.

Reading a bundle takes longer than all the rest of TLS, and one of its hundred certificates is needed. So the one that
a server's chain ended at is remembered, and the next start reads it alone. Whom that does not vouch for is asked to
connect once more, with the whole bundle. Trust is never wider for it:

- only a certificate that a bundle itself holds is remembered, after a handshake that the whole bundle was there for;
- it counts as long as all the bundles are the files they were then, by path, device, inode, size and both times:
  a certificate that is taken out of one is not trusted from that moment on;
- directories and given data are no bundles: they are trusted as ever, and nothing of them is remembered.
"""

import hashlib
import json
import ssl
import stat
from collections.abc import Callable, Sequence

from kubelogin_py.adapters import trust
from kubelogin_py.adapters.trust import Bundles, T, Trusted
from kubelogin_py.ports import RootCache

MOST = 8
"""Roots that are remembered: reading more would take as long as a bundle."""

_SETTLED = 2.0
"""Seconds after which a change of a file surely shows in its times, on whatever file system."""


class Remembered(Trusted):
    """Trusts the remembered roots, and the bundles only when those do not suffice.

    :param context: trusts everybody but the bundles.
    :param bundles: what it lacks.
    :param begin: makes another such context.
    :param cache: keeps the roots between two starts.
    :param now: UTC seconds.
    :raises SettingsError: a bundle can't be read.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        bundles: Bundles,
        begin: Callable[[], tuple[ssl.SSLContext, Bundles]],
        cache: RootCache,
        now: float,
    ) -> None:
        super().__init__(context)
        self._bundles = bundles
        self._cache = cache
        # Before anything is read: what changes from now on will be another identity.
        self._identity = _identity(bundles.paths, now)
        self._unread = True
        self._bundled: frozenset[bytes] = frozenset()
        self._roots = cache.load(self._identity)[:MOST] if self._identity else ()
        if not self._roots or not _added(context, self._roots):
            # Of what can't be used nothing is, also what came before a damaged one.
            self.context = begin()[0] if self._roots else context
            self._roots = ()
            self._widened()

    def connected(self, connect: Callable[[], T]) -> T:
        """Return the connection that ``connect`` makes; made anew, with everybody, when its certificate is refused."""
        try:
            return self._learnt(connect())
        except ssl.SSLCertVerificationError:
            # The handshake was not finished, so nothing was sent.
            if not self._widened():
                raise
        # Not in there: what fails now has nothing to do with the refusal.
        return self._learnt(connect())

    def _widened(self) -> bool:
        """Trust the bundles, too, and return whether they were missing."""
        if not self._unread:
            return False
        before = self._known()
        read = self._bundles.read(self.context)
        self._unread = False
        # An empty bundle can have led on to one that is no part of the identity.
        if set(read) <= set(self._bundles.paths):
            self._bundled = self._known() - before
        return True

    def _known(self) -> frozenset[bytes]:
        """Return what the context trusts by now; of a hashed directory that is only what was looked for."""
        return frozenset(self.context.get_ca_certs(binary_form=True) if self._identity else ())

    def _learnt(self, connection: T) -> T:
        """Remember by whom of the bundles the other end of a verified connection was vouched for, and return it."""
        if not self._identity or self._unread:
            return connection
        # The first that is trusted is enough: any certificate in a bundle is an anchor, also an intermediate.
        found = next((one for one in trust.verified_chain(connection) if one in self._bundled), None)
        if found is not None and found not in self._roots:
            self._roots = (found, *self._roots)[:MOST]
            self._cache.save(self._identity, self._roots)
        return connection


def _identity(paths: Sequence[str], now: float) -> str:
    """Return what a bundle's contents can't change without, or nothing where there is no such thing.

    The time of the last change of a file's status is part of it, which no program can set back.
    """
    found: list[Sequence[str | int]] = []
    for path in paths:
        status = trust.status_of(path)
        if status is None:
            found.append((path,))
        elif not stat.S_ISREG(status.st_mode) or max(status.st_mtime, status.st_ctime) > now - _SETTLED:
            return ""
        else:
            numbers = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            found.append((path, *numbers))
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()


def _added(context: ssl.SSLContext, roots: Sequence[bytes]) -> bool:
    try:
        for root in roots:
            context.load_verify_locations(cadata=root)
    except (ssl.SSLError, ValueError):
        return False
    return True
