"""Exchange servers whose key a person has accepted: one small file each, never replaced silently."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.oidc.strict_json import read_object
from kubelogin_py.ports import Clock
from kubelogin_py.response import Response
from kubelogin_py.storage import directories
from kubelogin_py.storage.failures import AbsentError
from talos_cred import fastrun
from talos_cred.adapters.exchange_client import HttpsExchange
from talos_cred.adapters.person import TerminalPerson
from talos_cred.certificate import Certificate, is_named
from talos_cred.errors import TalosconfigError, UnknownServerError, UntrustedServerError
from talos_cred.exchange import Request
from talos_cred.server_identity import origin, read_fingerprint, shown_origin
from talos_cred.settings import Server


@dataclass(frozen=True, slots=True)
class KnownServer:
    """A server a person has accepted.

    :param fingerprint: SHA-256 of its public key, hexadecimal.
    :param name: the name its certificate has, where that is not the address's.
    :param since: when it was accepted, for people.
    """

    fingerprint: str
    name: str = ""
    since: str = ""


class KnownServers:
    """The servers that were accepted.

    :param directory: where they are kept; ``None`` when no home directory is known.
    :param warn: told what was put right.
    """

    def __init__(self, directory: Path | None, *, clock: Clock, warn: Callable[[str], None]) -> None:
        self._directory = directory
        self._clock = clock
        self._warn = warn

    def recall(self, server: str) -> KnownServer | None:
        """Return what is known of a server, ``host:port``.

        :raises TalosconfigError: something is kept that can't be read; that is not the same as nothing.
        """
        if self._directory is None:
            return None
        try:
            with directories.opened(self._directory, warn=self._warn) as folder:
                contents = folder.read(fastrun.file_name("server", server))
            members = None if contents is None else read_object(contents)
            if members is None:
                return None
            texts = [members.get(name) for name in ("fingerprint", "name", "since")]
            known = KnownServer(*(text if isinstance(text, str) else "" for text in texts))
            read_fingerprint(known.fingerprint)
        except AbsentError:
            return None
        except (StorageError, SettingsError, ValueError) as error:
            raise TalosconfigError(
                f"what is known of {server} can't be read: {error}",
                hint=f"compare its key again: talos-cred trust --replace https://{server}",
            ) from None
        return known

    def remember(self, server: str, certificate: Certificate, *, name: str = "") -> KnownServer:
        """Keep a server's key from now on.

        :raises TalosconfigError: it could not be kept.
        """
        since = datetime.fromtimestamp(self._clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = KnownServer(certificate.public_fingerprint, name, since)
        members = {"server": server, "fingerprint": known.fingerprint, "name": name, "since": since}
        if self._directory is None:
            raise TalosconfigError("no home directory is known to keep the server's fingerprint in")
        try:
            with directories.opened(self._directory, warn=self._warn, create=True) as folder:
                folder.write(fastrun.file_name("server", server), json.dumps(members).encode("ascii"))
        except StorageError as error:
            raise TalosconfigError(error.message) from None
        return known


class RecognisedExchange:
    """The exchange server, recognised by what was given, by what is known, or by a person who looks at it.

    :param server: what was given.
    :param client: makes a client.
    """

    def __init__(
        self,
        server: Server,
        client: Callable[[Server], HttpsExchange],
        known: KnownServers,
        person: TerminalPerson,
    ) -> None:
        self._server = server
        self._client = client
        self._known = known
        self._person = person

    def ready(self, *, timeout: float) -> None:
        """Make sure that it is there and trusted; a person may be asked. See ``ports.ExchangeServer.ready``."""
        try:
            self._client(self._recalled()).ready(timeout=timeout)
        except UnknownServerError as unknown:
            if self.meet() is None:
                raise _unmet(unknown, self._server.url) from None

    def exchange(self, request: Request, *, timeout: float) -> Response:
        """Send one request; see ``ports.ExchangeServer.exchange``."""
        return self._client(self._recalled()).exchange(request, timeout=timeout)

    def meet(self) -> KnownServer | None:
        """Show the server to the person and return how it is known from now on, or ``None``.

        :raises UntrustedServerError: its certificate is for no host at all.
        """
        certificate = self._client(self._server).look()
        shown = shown_origin(self._server.url)
        name = self._server.name or origin(self._server.url)[1]
        if not is_named(certificate, name):
            if not certificate.names:
                raise UntrustedServerError(f"the certificate of {shown} is for no host", hint="give it subjectAltNames")
            name = certificate.names[0]
        if not self._person.trusts(shown, certificate):
            return None
        return self._known.remember(shown, certificate, name=name)

    def _recalled(self) -> Server:
        """Return the server with the fingerprint that is known, where nothing better was given."""
        server = self._server
        if server.fingerprint or server.certificate_authority or not server.url.lower().startswith("https:"):
            return server
        known = self._known.recall(shown_origin(server.url))
        if known is None:
            return server
        return replace(server, fingerprint=known.fingerprint, name=server.name or known.name or None)


def _unmet(unknown: UnknownServerError, url: str) -> UnknownServerError:
    return UnknownServerError(
        unknown.message,
        hint="give its authority with --server-ca=FILE or its fingerprint with --server-fingerprint, "
        f"or look at it yourself with `talos-cred trust {url}`",
    )


def config_directory(environment: Mapping[str, str]) -> Path | None:
    """Return the directory of this program's settings (XDG Base Directory Specification), if a home is known."""
    given = environment.get("XDG_CONFIG_HOME", "")
    home = environment.get("HOME") or environment.get("USERPROFILE", "")
    if Path(given).is_absolute():
        return Path(given) / "talos-cred"
    return Path(home) / ".config" / "talos-cred" if home else None
