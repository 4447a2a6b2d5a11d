"""The self-signed TLS mode: certificates that are made here, kept in ``data_dir``, and made anew when they end."""

import contextlib
import datetime as dt
import logging
import os
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil

from .certificates import Pair, covers, general_name, make_authority, make_server_certificate, read_pair
from .settings import ConfigError, Settings
from .values import listen_address

AUTHORITY, SERVER = "ca", "server"
"""Names of the files, which end in ``.crt`` and ``.key``."""

EVERYWHERE = ("", "0.0.0.0", "::")

logger = logging.getLogger(__name__)


def self_signed(settings: Settings, now: Callable[[], float]) -> tuple[Pair, Pair]:
    """Return authority and server certificate: those kept, as far as they still do, else new ones, which are kept.

    :raises ConfigError: a name in ``tls_sans`` is none.
    """
    moment = dt.datetime.fromtimestamp(now(), dt.UTC)
    for name in settings.tls_sans:
        general_name(name)
    names = server_names(settings)
    directory = Path(settings.data_dir) if settings.data_dir else None
    authority, server = _load(directory, AUTHORITY), _load(directory, SERVER)
    if authority is None or not authority.good(moment):
        if authority:
            logger.warning("the self-signed CA in %s has ended or is broken: clients must trust the new one", directory)
        authority = make_authority(moment)
        _keep(directory, AUTHORITY, authority)
    if server is None or not _still_good(server, authority, names, moment):
        server = make_server_certificate(authority, names, moment, server.key if server else None)
        _keep(directory, SERVER, server)
    return authority, server


def server_names(settings: Settings) -> list[str]:
    """Return every name and address under which a client may reach this machine, as far as it can know."""
    host, _ = listen_address(settings.listen)
    machine = socket.gethostname()
    names = ["localhost", "127.0.0.1", "::1", machine, *settings.tls_sans]
    if "." not in machine:
        # What the machine is called by multicast DNS on a home network.
        names.append(f"{machine}.local")
    if host not in EVERYWHERE:
        names.append(host)
    names += machine_addresses()
    return [name for name in dict.fromkeys(names) if _usable(name)]


def machine_addresses() -> list[str]:
    """Return the addresses of this machine's interfaces, without those that mean something on one link only."""
    try:
        interfaces = psutil.net_if_addrs().values()
    except OSError:
        return []
    internet = (socket.AF_INET, socket.AF_INET6)
    found = [one.address for addresses in interfaces for one in addresses if one.family in internet]
    return sorted({address for address in found if "%" not in address})


def _usable(name: str) -> bool:
    try:
        general_name(name)
    except ConfigError:
        return False
    return True


def _still_good(server: Pair, authority: Pair, names: list[str], moment: dt.datetime) -> bool:
    try:
        server.certificate.verify_directly_issued_by(authority.certificate)
    except Exception:  # noqa: BLE001 -- any reason to doubt it is one to make it anew
        return False
    return server.good(moment) and covers(server.certificate, names)


def _load(directory: Path | None, name: str) -> Pair | None:
    if directory is None:
        return None
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    if not certificate.exists() and not key.exists():
        return None
    try:
        return read_pair(certificate.read_bytes(), key.read_bytes())
    except (OSError, ConfigError) as error:
        logger.warning("can't use %s/%s.crt and .key: %s; making new ones", directory, name, error)
        return None


def _keep(directory: Path | None, name: str, pair: Pair) -> None:
    if directory is None:
        return
    certificate, key = pair.pem
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(directory / f"{name}.key", key)
        _write(directory / f"{name}.crt", certificate)
    except OSError as error:
        logger.warning("can't keep %s.crt and .key in data_dir, so they end with this process: %s", name, error)


def _write(path: Path, content: bytes) -> None:
    """Replace a file at once; a temporary one of mode 0600 takes its place."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
