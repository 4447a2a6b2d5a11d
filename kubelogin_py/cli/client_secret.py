"""The client secret in a file: out of the kubeconfig, which is passed on, and of the list of processes."""

import hashlib
import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from kubelogin_py.cli.home import home_directory
from kubelogin_py.cli.option_values import UNCHANGED, Unchanged
from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.secret import Secret
from kubelogin_py.text import printable

VARIABLE = "KUBELOGIN_CLIENT_SECRET"
"""Environment variable with the client secret; a kubeconfig may set it for one user."""

_LIMIT = 64 * 1024
_NAME_LENGTH = 16


def from_file(path: str) -> Secret | Unchanged:
    """Return the secret in a file, without the line end behind it; an empty path leaves what another option says.

    :raises SettingsError: there is no plain file, or no single line in it.
    """
    if not path:
        return UNCHANGED
    option = f"--oidc-client-secret-file: {printable(path)}"
    try:
        # A pipe must not be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise SettingsError(f"{option} is not a plain file")
            contents = file.read(_LIMIT + 1)
    except OSError as error:
        raise SettingsError(f"{option}: {(error.strerror or 'failed').lower()}") from None
    try:
        secret = contents.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise SettingsError(f"{option} is not UTF-8") from None
    if not secret or len(contents) > _LIMIT or "\n" in secret:
        raise SettingsError(f"{option} must have one line, the secret")
    return Secret(secret)


def file_of(issuer: str, client_id: str, environment: Mapping[str, str]) -> Path:
    """Return where the secret of a client is kept, named by a hash that holds no secret.

    :raises SettingsError: no home directory is known.
    """
    home = home_directory(environment)
    configuration = environment.get("XDG_CONFIG_HOME") or environment.get("APPDATA") or (home and f"{home}/.config")
    if not configuration or not Path(configuration).is_absolute():
        raise SettingsError("no home directory is known", hint="set HOME, or pass --oidc-client-secret-file")
    named = hashlib.sha256(json.dumps([issuer, client_id]).encode()).hexdigest()[:_NAME_LENGTH]
    return Path(configuration, "kubelogin", f"client-secret-{named}")


def keep(path: Path, secret: Secret) -> None:
    """Put a secret into its file, which only its owner reads.

    :raises StorageError: it could not be kept.
    """
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
        with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
            file.write(secret.reveal().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):
            temporary.unlink()
        reason = (error.strerror or "failed").lower()
        raise StorageError(f"can't write {printable(str(path))}: {reason}") from error
