"""Where sessions are kept: the token cache directory, its file system, and the OS keyring."""

import shlex

from kubelogin_py.doctor.finding import Finding, failed, failed_by, passed, warned
from kubelogin_py.doctor.known import Known
from kubelogin_py.doctor.surroundings import CacheState
from kubelogin_py.errors import Error, NoKeyringError, SettingsError
from kubelogin_py.settings import Storage
from kubelogin_py.text import printable

ENOUGH = 1 << 20
"""Bytes that should be free: a session takes a few thousand, and is written beside the old one."""

_ELSEWHERE = "choose another place with --token-cache-dir"
_EACH_TIME = "nothing can be kept: every command of kubectl signs in anew"
_NAMED_AT_MOST = 5
_WITH_KEYRING = (Storage.KEYRING, Storage.AUTO)


def cache_directory(known: Known) -> Finding:
    """The directory can be used, by this user alone, and has room."""
    if known.settings.cache.storage is Storage.NONE:
        return passed("cache-directory", "nothing is kept (--token-cache-storage=none)")
    state = known.cache
    if state is None:
        return failed(
            "cache-directory", "no home directory is known", _EACH_TIME, "set HOME, or pass --token-cache-dir"
        )
    return _of_directory(state)


def _of_directory(state: CacheState) -> Finding:
    if state.fault:
        return failed("cache-directory", state.fault, _EACH_TIME, state.cure or _ELSEWHERE)
    if not state.exists:
        return passed("cache-directory", f"{state.path} is made when somebody signs in")
    if state.free is not None and state.free < ENOUGH:
        return failed(
            "cache-directory",
            f"{state.path} has no room: {state.free} bytes are free",
            "a new token can't be kept, and with it the session is lost",
            "free some space (df -h), or choose another place with --token-cache-dir",
        )
    if state.mode is not None:
        return warned(
            "cache-directory",
            f"{state.path} is open to other users: its mode is {state.mode:04o}",
            "they see who signs in where",
            f"chmod 700 {_quoted(state)}",
        )
    return passed("cache-directory", f"{state.path}, for this user alone")


def cache_files(known: Known) -> Finding:
    """The files in it are this user's, whole, and nobody else's business."""
    state = _existing(known)
    if state is None:
        return passed("cache-files", "there are none")
    if state.foreign:
        return failed(
            "cache-files",
            f"not plain files of this user: {_listed(state.foreign)}",
            "they are not used: sessions behind them are lost, and new ones may not be kept",
            f"sudo chown -R $(id -un) {_quoted(state)}; links are to be removed",
        )
    if state.exposed:
        return warned(
            "cache-files",
            f"other users may read or write {_listed(state.exposed)}",
            "tokens in them may be known to others",
            f"chmod 600 {_quoted(state)}/*; if others have been there: {known.subject.command('logout')}",
        )
    if state.damaged:
        return warned(
            "cache-files",
            f"damaged sessions were put aside: {_listed(state.damaged)}",
            "a full disk or a crash may have done it",
            "kubelogin clean removes them",
        )
    former = f"; {state.former} of int128/kubelogin, which are gone on with" if state.former else ""
    return passed("cache-files", f"nothing is wrong with them{former}")


def cache_locks(known: Known) -> Finding:
    """The file system has locks, so that no refresh token is used twice (RFC 9700 section 4.14.2)."""
    state = _existing(known)
    if state is None:
        return passed("cache-locks", "there is nothing to be locked")
    if state.no_locks is None:
        return passed("cache-locks", "can't be tried without making a file")
    if state.no_locks:
        return warned(
            "cache-locks",
            f"the file system of {state.path} has no locks: {state.no_locks}",
            "machines that share it may use one refresh token twice, and the provider then ends the session",
            "choose a directory of this machine with --token-cache-dir",
        )
    return passed("cache-locks", "one process at a time can refresh")


def keyring(known: Known) -> Finding:
    """The keyring answers, where it is wanted."""
    storage = known.settings.cache.storage
    if storage not in _WITH_KEYRING:
        return passed("keyring", f"not used: tokens are kept on {storage}" if storage is Storage.DISK else "not used")
    found = known.keyring
    if not isinstance(found, Error):
        return passed("keyring", f"{found or 'the keyring'} answers")
    if storage is Storage.AUTO and isinstance(found, NoKeyringError):
        return passed("keyring", f"tokens are kept on disk: {found.message}")
    if isinstance(found, NoKeyringError):
        return failed(
            "keyring",
            found.message,
            _EACH_TIME,
            "start one in a desktop session (apt install gnome-keyring), or pass --token-cache-storage=disk",
        )
    cause = "sessions can't be read or kept while it is so"
    return failed_by("keyring", found, cause, "pass --token-cache-storage=disk, or see what the keyring says")


def _existing(known: Known) -> CacheState | None:
    if known.settings.cache.storage is Storage.NONE:
        return None
    if known.cache is None:
        raise SettingsError("no home directory is known")
    return known.cache if known.cache.exists else None


def _quoted(state: CacheState) -> str:
    """Return the directory as a shell takes it."""
    return shlex.quote(str(state.path))


def _listed(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED_AT_MOST} more" if len(names) > _NAMED_AT_MOST else ""
    return printable(", ".join(names[:_NAMED_AT_MOST])) + more
