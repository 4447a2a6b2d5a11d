"""A kubeconfig as a file that is revised: under kubectl's lock, with a copy of what it was, and back again."""

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.kubernetes import config_lock, kubeconfig_file
from kubelogin_py.kubernetes.kubeconfig_edit import Edited
from kubelogin_py.kubernetes.kubeconfig_file import shown
from kubelogin_py.ports import Clock, Console

_STAMP = "%Y%m%dT%H%M%SZ"
_BACKUP = re.compile(r"\.kubelogin-\d{8}T\d{6}Z(?:-\d+)?\.bak")
_MOST = 100


@dataclass(frozen=True, slots=True)
class Revision:
    """What became of a kubeconfig.

    :param path: the file.
    :param before: its text; empty when there was none.
    :param after: its new text.
    :param whole: whether its comments are still there.
    :param backup: the copy of what it was; ``None`` when there was nothing to copy, or nothing was written.
    """

    path: Path
    before: str
    after: str
    whole: bool = True
    backup: Path | None = None

    @property
    def changed(self) -> bool:
        """Whether there is a difference at all."""
        return self.before != self.after


def revise(
    path: Path, change: Callable[[str], Edited], *, clock: Clock, console: Console, dry_run: bool = False
) -> Revision:
    """Change a kubeconfig, or make it; a copy of what it was is beside it afterwards.

    :param change: from the text, empty when there is no file, to the new one.
    :param dry_run: nothing is written, and no lock is taken.
    :raises SettingsError: the file is not a kubeconfig.
    :raises StorageError: the kubeconfig is as it was.
    """
    if dry_run:
        return _revision(path, change)
    _make_room(path)
    with config_lock.held(path, clock=clock, console=console):
        revision = _revision(path, change)
        if not revision.changed:
            return revision
        if not path.exists():
            kubeconfig_file.create(path, revision.after)
            return revision
        kubeconfig_file.check_writable(path)
        backup = _copy(path, revision.before, clock.now())
        kubeconfig_file.replace(path, revision.after)
    return Revision(path, revision.before, revision.after, whole=revision.whole, backup=backup)


def undo(path: Path, *, clock: Clock, console: Console, dry_run: bool = False) -> Revision:
    """Put the newest copy back; what takes its place as a copy is what was undone, under another name.

    :raises SettingsError: there is no copy.
    :raises StorageError: the kubeconfig is as it was.
    """
    backups = _copies(path)
    if not backups:
        raise SettingsError(f"there is no copy of {shown(path)} that could be put back")
    earlier = kubeconfig_file.read(backups[-1])
    if earlier is None:
        raise StorageError(f"{shown(backups[-1])} is gone")
    revision = revise(path, lambda _: Edited(earlier), clock=clock, console=console, dry_run=dry_run)
    if not dry_run:
        backups[-1].unlink(missing_ok=True)
        if revision.backup:
            revision.backup.replace(revision.backup.with_suffix(".undone"))
    return Revision(path, revision.before, revision.after)


def last_written(paths: Sequence[Path]) -> Path:
    """Return the kubeconfig that was written last, as its copies tell; without any the first."""
    return max(paths, key=lambda path: _order(path, copies[-1]) if (copies := _copies(path)) else ("", 0, ""))


def _copies(path: Path) -> list[Path]:
    """Return the copies of a kubeconfig, the oldest first."""
    found = (one for one in path.parent.glob("*.bak") if _BACKUP.fullmatch(one.name.removeprefix(path.name)))
    return sorted(found, key=lambda one: _order(path, one))


def _order(path: Path, copy: Path) -> tuple[str, int, str]:
    """Return what sorts copies by their time, and those of one second by their number."""
    name = copy.name.removeprefix(path.name)
    return name.partition("Z")[0], len(name), name


def _revision(path: Path, change: Callable[[str], Edited]) -> Revision:
    before = kubeconfig_file.read(path) or ""
    try:
        after = change(before)
    except SettingsError as error:
        raise SettingsError(f"{shown(path)}: {error.message}", hint=error.hint) from None
    return Revision(path, before, after.text, whole=after.whole)


def _make_room(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = (error.strerror or "failed").lower()
        raise StorageError(
            f"can't make {shown(path.parent)}: {reason}", hint="name another with --kubeconfig"
        ) from error


def _copy(path: Path, text: str, now: float) -> Path:
    """Return the copy; two in one second have names of their own."""
    stamp = time.strftime(_STAMP, time.gmtime(now))
    names = [f"{path.name}.kubelogin-{stamp}{f'-{n}' if n else ''}.bak" for n in range(_MOST)]
    backup = next((one for name in names if not (one := path.with_name(name)).exists()), None)
    if backup is None:
        raise StorageError(f"there are too many copies of {shown(path)}")
    kubeconfig_file.create(backup, text)
    return backup
