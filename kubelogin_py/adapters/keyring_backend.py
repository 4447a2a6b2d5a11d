"""The OS keyring through the ``keyring`` library: which backend it is, which are refused, and its items.

Any call here may wait for a person, or for ever, so all of it runs in the helper process of ``keyring_process``.
The backend is the one that the user configured for ``keyring``, else the system's own, named directly: a search
through everything that is installed takes longer than the call, and may end at one that keeps secrets in plain text.
"""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from importlib import import_module
from typing import Any

from keyring import core, errors
from keyring.backend import KeyringBackend

from kubelogin_py.errors import NoKeyringError, StorageError
from kubelogin_py.text import printable

_SECRET_SERVICE = "keyring.backends.SecretService"  # noqa: S105 -- the name of a module
_MACOS = "keyring.backends.macOS"
_WINDOWS = "keyring.backends.Windows"
_NATIVE_OF = {"darwin": (_MACOS, "Keyring"), "win32": (_WINDOWS, "WinVaultKeyring")}
_NATIVE_MODULE, _NATIVE_CLASS = _NATIVE_OF.get(sys.platform, (_SECRET_SERVICE, "Keyring"))
# Now, and not when it is first asked: loading takes its time where many processes start at once, but never for ever.
import_module(_NATIVE_MODULE)

_NOTHING = frozenset({"keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"})
_CHAINER = "keyring.backends.chainer.ChainerBackend"

# Of keyring, of SecretStorage below it.
_LOCKED = frozenset({"KeyringLocked", "InitError", "LockedException", "PromptDismissedException"})
_UNLOCK = "unlock it by signing in to the desktop or in its password manager, or pass --token-cache-storage=disk"
_CONFIGURE = "configure another one in PYTHON_KEYRING_BACKEND or keyringrc.cfg, or pass --token-cache-storage=disk"
_ELSEWHERE = "run this in a desktop session, or pass --token-cache-storage=disk"

_SECURITY_NOT_FOUND = 44
_WINDOWS_NOT_FOUND = 1168
_MOST_ITEMS = 1000


class Items:
    """The items of one keyring.

    :param backend: where they are.
    :param security: path of macOS' own tool.
    """

    def __init__(self, backend: KeyringBackend, *, security: str = "/usr/bin/security") -> None:
        self._backend = backend
        self._security = security
        self._module = type(backend).__module__

    def get(self, service: str, account: str) -> str | None:
        """Return the secret of an item, ``None`` when there is no such item."""
        return self._backend.get_password(service, account)

    def peek(self, service: str, account: str) -> str | None:
        """Return the secret of an item as ``get`` does, but ask nobody to unlock the keyring for it.

        :raises StorageError: it is locked.
        """
        if self._module == _SECRET_SERVICE and _is_locked():
            raise StorageError(f"the keyring ({self._backend.name}) is locked", hint=_UNLOCK)
        return self.get(service, account)

    def set(self, service: str, account: str, secret: str) -> str | None:
        """Keep a secret; return what is kept then, which another process may just have replaced."""
        self._backend.set_password(service, account, secret)
        return self._backend.get_password(service, account)

    def delete(self, service: str, account: str) -> None:
        """Remove an item; absent is fine."""
        try:
            self._backend.delete_password(service, account)
        except errors.PasswordDeleteError:
            if self._backend.get_password(service, account) is not None:
                raise

    def probe(self) -> None:
        """Keep, find and remove an item.

        Its names are its own: other processes may be probing at the same moment, and on Windows accounts of one
        service get into each other's way.

        :raises StorageError: what was found is not what was kept.
        """
        service, account, secret = f"kubelogin-py probe {secrets.token_hex(8)}", "probe", secrets.token_hex(16)
        try:
            found = self.set(service, account, secret)
        finally:
            self.delete(service, account)
        if found != secret:
            raise StorageError(f"the keyring ({self._backend.name}) does not keep what it is given")

    def get_upstream(self, service: str, account: str) -> str | None:
        """Return the secret of an item of a program in Go, as zalando/go-keyring names it; ``None`` without one."""
        if self._module != _WINDOWS:
            return self._backend.get_password(service, account)
        windows: Any = self._backend
        found = windows._read_credential(f"{service}:{account}")  # noqa: SLF001 -- get_password reads other targets
        return None if found is None else bytes(found["CredentialBlob"]).decode()

    def remove_upstream(self, service: str, prefix: str) -> None:
        """Remove the items of a program in Go, where they can be told.

        :param prefix: what their accounts begin with; on macOS those of the service are taken whatever they are, as
            zalando/go-keyring does.
        """
        remove = {_SECRET_SERVICE: self._remove_from_secret_service, _WINDOWS: self._remove_from_windows}
        if self._module == _MACOS:
            self._remove_from_macos(service)
        elif self._module in remove:
            remove[self._module](service, prefix)

    def _remove_from_secret_service(self, service: str, prefix: str) -> None:
        backend: Any = self._backend
        for item in list(backend.get_preferred_collection().search_items({"service": service})):
            if str(item.get_attributes().get("username", "")).startswith(prefix):
                item.delete()

    def _remove_from_windows(self, service: str, prefix: str) -> None:
        windows: Any = sys.modules[_WINDOWS]
        try:
            found = windows.win32cred.CredEnumerate(None, 0)
        except windows.pywintypes.error as error:
            if error.winerror == _WINDOWS_NOT_FOUND:
                return
            raise
        targets = [str(credential["TargetName"]) for credential in found]
        for target in targets:
            if target.startswith(f"{service}:{prefix}"):
                windows.win32cred.CredDelete(target, windows.win32cred.CRED_TYPE_GENERIC)

    def _remove_from_macos(self, service: str) -> None:
        """Remove item after item, with the system's own tool: the library can't list them."""
        for _ in range(_MOST_ITEMS):
            done = subprocess.run(  # noqa: S603 -- a fixed program; the service is ours to say
                [self._security, "delete-generic-password", "-s", service],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(os.environ),
                check=False,
            )
            if done.returncode == _SECURITY_NOT_FOUND:
                return
            if done.returncode:
                raise StorageError(f"{self._security} failed with status {done.returncode}")


def opened() -> KeyringBackend:
    """Return the backend to use.

    :raises NoKeyringError: there is none, or the one configured is refused.
    """
    configured = _configured()
    if configured is None:
        return _native()
    reason = refusal(configured)
    if reason:
        raise NoKeyringError(f"the keyring backend {reason}, so it is not used", hint=_CONFIGURE)
    return configured


def refusal(backend: KeyringBackend) -> str | None:
    """Return which backend must not be trusted with a secret and why, ``None`` for a good one.

    :param backend: what to judge; of one that chains others, those are judged.
    """
    names = [printable(f"{kind.__module__}.{kind.__qualname__}") for kind in type(backend).__mro__]
    if _CHAINER in names:
        chained: Any = backend
        refused = (refusal(one) for one in chained.backends)
        return next((f"{names[0]} leads to {reason}" for reason in refused if reason), None)
    for name in names:
        if name in _NOTHING:
            return f"{names[0]} keeps nothing"
        # That of keyrings.alt, above all, which keyring finds by itself where there is no better one.
        if "plaintext" in name.lower():
            return f"{names[0]} keeps secrets in plain text"
    return None


@contextmanager
def failing(what: str, secret: str | None = None) -> Iterator[None]:
    """Translate whatever a backend raises.

    :param what: the keyring, for the message.
    :param secret: what must not be in the message.
    :raises StorageError: for every exception.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 -- backends raise what they like; nothing of it may pass
        if type(error).__name__ in _LOCKED:
            raise StorageError(f"{what} is locked and was not unlocked", hint=_UNLOCK) from None
        said = str(error)
        reason = type(error).__name__ if not said or (secret and secret in said) else said
        raise StorageError(f"{what} failed: {printable(reason, 200)}") from None


def _is_locked() -> bool:
    """Return whether the default collection of the Secret Service is locked; one that is not there yet is not."""
    # With keyring where there is a Secret Service.
    secretstorage: Any = import_module("secretstorage")
    with closing(secretstorage.dbus_init()) as connection:
        try:
            return bool(secretstorage.Collection(connection).is_locked())
        except secretstorage.ItemNotFoundException:
            return False


def _configured() -> KeyringBackend | None:
    try:
        return core.load_env() or core.load_config()
    except RuntimeError as error:
        # A backend that can't work here says so in this way.
        raise _no_keyring(error) from None
    except Exception as error:  # noqa: BLE001 -- a backend's import may fail in any way
        reason = printable(error, 200)
        raise StorageError(f"the keyring backend configured can't be loaded: {reason}", hint=_CONFIGURE) from None


def _native() -> KeyringBackend:
    try:
        return core.load_keyring(f"{_NATIVE_MODULE}.{_NATIVE_CLASS}")
    except RuntimeError as error:
        raise _no_keyring(error) from None


def _no_keyring(error: RuntimeError) -> NoKeyringError:
    return NoKeyringError(f"there is no keyring here: {printable(error, 200)}", hint=_ELSEWHERE)
