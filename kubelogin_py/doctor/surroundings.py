"""What the checks ask of the world, and the answers as values. Adapters implement it; ``wiring`` puts them together.

Nothing is changed by any question: no file is written or put right, nothing is locked, nobody is asked, and each
request is sent once.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from kubelogin_py.attempt import Attempt
from kubelogin_py.kubernetes.kubeconfig_context import Cluster
from kubelogin_py.refresh_due import Setback
from kubelogin_py.response import Response
from kubelogin_py.secret import Secret
from kubelogin_py.session import Session
from kubelogin_py.settings import Settings


@dataclass(frozen=True, slots=True)
class Route:
    """How requests to a URL travel.

    :param proxy: ``host:port`` of the proxy; empty when they go directly.
    :param variable: the environment variable that names a proxy; empty when none does.
    :param exempt: what exempts the URL from it, such as an entry of ``NO_PROXY``; empty when nothing does.
    """

    proxy: str = ""
    variable: str = ""
    exempt: str = ""


@dataclass(frozen=True, slots=True)
class PortState:
    """One listen address.

    :param address: as the user wrote it.
    :param port: 0 for any free one.
    :param reason: why it can't be had on every family of the loopback interface; empty when it can.
    """

    address: str
    port: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Desktop:
    """Where a browser could come up.

    :param browser: the program that would be started; empty when there is none.
    :param remote: why nobody may be there to see it, such as ``over SSH``; empty when nothing speaks for that.
    """

    browser: str = ""
    remote: str = ""


@dataclass(frozen=True, slots=True)
class CacheState:
    """A token cache directory as it was found.

    :param path: where.
    :param exists: whether it does.
    :param fault: why nothing could be kept there; empty when something could.
    :param cure: what to do about that.
    :param mode: its permission bits when others may look into it, else ``None``.
    :param exposed: names of files in it that others may read or write.
    :param foreign: names of our files that are not plain files of this user.
    :param damaged: names of sessions that could not be read and were put aside.
    :param former: how many sessions of int128/kubelogin are in it.
    :param no_locks: why its file system has no locks; empty when it has; ``None`` when that could not be found out.
    :param free: bytes that can still be written; ``None`` when that is not known.
    """

    path: Path
    exists: bool = True
    fault: str = ""
    cure: str = ""
    mode: int | None = None
    exposed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()
    former: int = 0
    no_locks: str | None = ""
    free: int | None = None


class Surroundings(Protocol):
    """The world, for looking at."""

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        ...

    def program(self, name: str) -> Path | None:
        """Return the program that a shell would start for a name or path, or ``None``."""
        ...

    def is_ours(self, program: Path) -> bool | None:
        """Return whether a program is this one; ``None`` when that can't be told."""
        ...

    def text(self, path: Path) -> str | None:
        """Return the text of a file, ``None`` when there is none.

        :raises StorageError: it can't be read.
        """
        ...

    def trust(self, settings: Settings) -> str:
        """Return, in words, which certificate authorities count for the provider.

        :raises SettingsError: one of them can't be read.
        """
        ...

    def route(self, url: str) -> Route:
        """Return how requests to a URL travel.

        :raises SettingsError: the variable is no proxy URL.
        """
        ...

    def fetch(self, settings: Settings, url: str, limit: int) -> Response:
        """Fetch a document of the provider, once, as ``get-token`` would.

        :raises Error: it can't be had.
        """
        ...

    def look(self, settings: Settings, url: str, limit: int) -> Response:
        """Send one GET to the provider; a redirect is an answer like any other.

        :raises Error: there is none.
        """
        ...

    def ports(self, settings: Settings) -> tuple[PortState, ...]:
        """Return whether the listen addresses could be had now.

        :raises SettingsError: one of them is malformed.
        """
        ...

    def desktop(self, settings: Settings) -> Desktop:
        """Return where a browser could come up."""
        ...

    def cache(self, settings: Settings) -> CacheState | None:
        """Return the token cache directory as it is; ``None`` when no home directory is known."""
        ...

    def keyring(self) -> str:
        """Return what the OS keyring calls itself, once it has answered.

        :raises NoKeyringError: there is none.
        :raises StorageError: it is locked, failed, or did not answer in time.
        """
        ...

    def session(self, settings: Settings) -> Session | None:
        """Return the session that is kept for these settings, ``None`` when there is none.

        :raises StorageError: it can't be read.
        """
        ...

    def damage(self, settings: Settings) -> str:
        """Return what is wrong with the file of a session whose copy is whole; empty for nothing."""
        ...

    def setback(self, settings: Settings) -> Setback | None:
        """Return what came of the last refresh in the background, if it failed."""
        ...

    def attempt(self, settings: Settings) -> Attempt | None:
        """Return the last sign-in, if it did not succeed."""
        ...

    def ask_cluster(
        self, cluster: Cluster, method: str, path: str, token: Secret | None, body: bytes | None
    ) -> Response:
        """Send one request to an API server, trusting whom the kubeconfig names.

        :raises Error: there is no answer.
        """
        ...

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables."""
        ...
