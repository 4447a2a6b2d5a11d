"""Looking at everything between a person and the cluster, and changing nothing."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from kubelogin_py import __version__
from kubelogin_py.adapters import listen, patience, programs, proxies, trust
from kubelogin_py.adapters.browser import SystemBrowser
from kubelogin_py.adapters.clock import SystemClock
from kubelogin_py.adapters.http_client import BoundedHttp
from kubelogin_py.adapters.place import remoteness
from kubelogin_py.adapters.system_keyring import SystemKeyring
from kubelogin_py.adapters.terminal import Terminal
from kubelogin_py.doctor import examination as checks
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.subject import Subject
from kubelogin_py.doctor.surroundings import CacheState, Desktop, PortState, Route
from kubelogin_py.errors import StorageError
from kubelogin_py.kubernetes import kubeconfig_file
from kubelogin_py.ports import Clock
from kubelogin_py.settings import Settings, Storage, Tls
from kubelogin_py.storage import inspection, names, record
from kubelogin_py.storage.keys import login_key, session_key

if TYPE_CHECKING:
    from kubelogin_py.attempt import Attempt
    from kubelogin_py.doctor.finding import Finding
    from kubelogin_py.kubernetes.kubeconfig_context import Cluster
    from kubelogin_py.refresh_due import Setback
    from kubelogin_py.response import Response
    from kubelogin_py.secret import Secret
    from kubelogin_py.session import Session

ANSWER_WITHIN = 4.0
"""Seconds for one request, and for the keyring."""

_ANSWER_LIMIT = 1 << 20


def examine(settings: Settings, *, environment: Mapping[str, str] | None = None) -> "Sequence[Finding]":
    """Return what every check finds about a sign-in with these settings; those of a kubeconfig are left out.

    :param environment: the process's own unless given.
    """
    return examination(Subject(settings=settings, environment=os.environ if environment is None else environment))


def examination(subject: Subject, verbosity: int = 0) -> "Sequence[Finding]":
    """Return what every check finds about a subject.

    :param verbosity: 2 shows each request.
    """
    clock, console = SystemClock(), Terminal(verbosity, sys.stderr, interactive=False)
    surroundings = SystemSurroundings(subject.environment, clock, on_request=lambda line: console.detail(2, line))
    known = Known(subject, surroundings)
    return checks.examine(known, patience.bounded, clock)


def _unheard(_line: str) -> None:
    """Let a line go: the findings say it all."""


class SystemSurroundings:
    """The world as it is; see ``doctor.surroundings``.

    :param environment: the variables that ``get-token`` would have.
    :param on_request: told one line for each request.
    """

    def __init__(
        self, environment: Mapping[str, str], clock: Clock, *, on_request: Callable[[str], None] = _unheard
    ) -> None:
        self._environment = environment
        self._clock = clock
        self._on_request = on_request

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables."""
        return self._environment

    def now(self) -> float:
        """Return UTC seconds since 1970."""
        return self._clock.now()

    def program(self, name: str) -> Path | None:
        """Return the program for a name or path; kubectl looks on its own ``PATH``, not on the plugin's."""
        return programs.found(name, os.environ)

    def is_ours(self, program: Path) -> bool | None:
        """Return whether a program is this one."""
        return programs.is_ours(program)

    def text(self, path: Path) -> str | None:
        """Return the text of a file, ``None`` when there is none."""
        return kubeconfig_file.read(path)

    def trust(self, settings: Settings) -> str:
        """Return which certificate authorities count, after having read them."""
        trust.context(settings.tls, self._environment)
        return trust.description(settings.tls, self._environment)

    def route(self, url: str) -> Route:
        """Return how requests to a URL travel."""
        proxy = proxies.proxy_for(url, self._environment)
        return Route(
            proxy=proxies.without_password(proxy) if proxy else "",
            variable=proxies.variable_for(url, self._environment),
            exempt=proxies.exemption(url, self._environment),
        )

    def fetch(self, settings: Settings, url: str, limit: int) -> "Response":
        """Fetch a document of the provider, once."""
        return self._provider(settings).get(url, limit=limit)

    def look(self, settings: Settings, url: str, limit: int) -> "Response":
        """Send one GET to the provider."""
        return self._provider(settings).ask("GET", url, limit=limit)

    def ports(self, settings: Settings) -> tuple[PortState, ...]:
        """Return whether the listen addresses could be had now."""
        remote = settings.login.remote_callback
        addresses = [listen.parse(text, remote=remote) for text in settings.login.listen_addresses]
        return tuple(PortState(one.text, one.port, listen.unavailable(one)) for one in addresses)

    def desktop(self, settings: Settings) -> Desktop:
        """Return where a browser could come up."""
        browser = SystemBrowser(settings.login.browser_command, self._environment, sys.platform)
        return Desktop(browser.found(), remoteness(self._environment))

    def cache(self, settings: Settings) -> CacheState | None:
        """Return the token cache directory as it is."""
        directory = settings.cache.directory
        return inspection.inspect(directory) if directory else None

    def keyring(self) -> str:
        """Return what the keyring calls itself."""
        self._sealing_key  # noqa: B018 -- asks it
        return self._system_keyring.name

    def session(self, settings: Settings) -> "Session | None":
        """Return the session that is kept; in a keyring that is locked there is none to be had."""
        directory, key, storage = settings.cache.directory, session_key(settings), settings.cache.storage
        if directory is None or storage is Storage.NONE:
            return None
        sealed = inspection.read(directory / names.sealed_file(key)) if storage is not Storage.DISK else None
        if sealed:
            return self._unsealed(sealed, key)
        return None if storage is Storage.KEYRING else inspection.read_session(directory, key)

    def damage(self, settings: Settings) -> str:
        """Return what is wrong with the file of a session whose copy is whole."""
        directory, storage = settings.cache.directory, settings.cache.storage
        plain = directory is not None and storage in (Storage.DISK, Storage.AUTO)
        return inspection.damage(directory, session_key(settings)) if directory and plain else ""

    def setback(self, settings: Settings) -> "Setback | None":
        """Return what came of the last refresh in the background, if it failed."""
        directory = settings.cache.directory
        return inspection.read_setback(directory, session_key(settings)) if directory else None

    def attempt(self, settings: Settings) -> "Attempt | None":
        """Return the last sign-in, if it did not succeed."""
        directory = None if settings.cache.storage is Storage.NONE else settings.cache.directory
        provider = settings.provider
        key = login_key(provider.issuer, provider.client_id, username=settings.login.given_user)
        return inspection.read_attempt(directory, key, self._environment)

    def ask_cluster(
        self, cluster: "Cluster", method: str, path: str, token: "Secret | None", body: bytes | None
    ) -> "Response":
        """Send one request to an API server."""
        data = cluster.certificate_authority_data
        tls = Tls(
            certificate_authorities=(cluster.certificate_authority,)
            if cluster.certificate_authority and not data
            else (),
            certificate_authority_data=(data,) if data else (),
            insecure_skip_tls_verify=cluster.insecure,
        )
        http = self._http(tls, os.environ, server_name=cluster.server_name or None, proxy=cluster.proxy or None)
        return http.ask(method, cluster.server.rstrip("/") + path, limit=_ANSWER_LIMIT, bearer=token, document=body)

    def _provider(self, settings: Settings) -> BoundedHttp:
        return self._http(settings.tls, self._environment, headers=settings.provider.request_headers)

    def _http(
        self,
        tls: Tls,
        environment: Mapping[str, str],
        *,
        headers: Sequence[tuple[str, str]] = (),
        server_name: str | None = None,
        proxy: str | None = None,
    ) -> BoundedHttp:
        return BoundedHttp(
            tls,
            environment=environment,
            request_headers=headers,
            on_request=self._on_request,
            clock=self._clock,
            user_agent=f"kubelogin-py/{__version__} doctor",
            connect_timeout=ANSWER_WITHIN,
            total_timeout=ANSWER_WITHIN,
            retry_pauses=(),
            server_name=server_name,
            proxy=proxy,
        )

    @cached_property
    def _system_keyring(self) -> SystemKeyring:
        return SystemKeyring(self._environment, clock=self._clock, tell=_unheard, patience=ANSWER_WITHIN)

    @cached_property
    def _sealing_key(self) -> str:
        from kubelogin_py.storage import sealing_key  # noqa: PLC0415 -- with it comes a library

        return self._system_keyring.peek(sealing_key.SERVICE, sealing_key.ACCOUNT) or ""

    def _unsealed(self, contents: bytes, key: str) -> "Session":
        from kubelogin_py.storage import sealed  # noqa: PLC0415 -- with it comes a library

        found = sealed.SealingKey.read(self._sealing_key)
        if found is None or found.name != sealed.key_name(contents):
            raise StorageError("the key that the session was sealed with is no longer in the keyring")
        return record.parse(sealed.unseal(contents, found, key))
