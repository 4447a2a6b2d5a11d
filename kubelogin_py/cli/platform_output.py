"""Where the files of ``setup --platform`` go: into a directory, or to standard output; and the verdict on the token."""

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kubelogin_py.cli import verdict_table
from kubelogin_py.cli.invocation import Invocation
from kubelogin_py.errors import SettingsError, StorageError
from kubelogin_py.kubernetes.platform_files import File
from kubelogin_py.kubernetes.verdict_row import Row
from kubelogin_py.text import printable

KUBECONFIG = "kubeconfig"


def check(directory: Path) -> None:
    """Make sure, before anybody signs in, that the directory can be one.

    :raises SettingsError: it can't.
    """
    there = next(one for one in (directory, *directory.parents) if one.exists())
    if not there.is_dir():
        raise SettingsError(f"--write: {printable(str(there))} is not a directory")
    if not os.access(there, os.W_OK | os.X_OK):
        raise SettingsError(f"--write: nothing can be written into {printable(str(there))}")


def hand_over(files: Sequence[File], directory: Path | None, invocation: Invocation) -> None:
    """Write the files, all or, where something else is in the way, none of them; or print them.

    :param directory: where they go; ``None`` for standard output.
    :raises SettingsError: there is a file of that name that says something else.
    :raises StorageError: a file can't be written.
    """
    if directory is None:
        invocation.stdout.write("".join(_printed(files)).encode())
        return
    new = [file for file in files if _is_free(directory / file.name, file.text)]
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in new:
            _write(directory / file.name, file)
    except OSError as error:
        for file in new:
            (directory / file.name).unlink(missing_ok=True)
        reason = (error.strerror or "failed").lower()
        raise StorageError(f"can't write into {printable(str(directory))}: {reason}") from error
    for file in files:
        where = f"   for {file.place}" if file.place else ""
        what = "wrote" if file in new else "kept"
        invocation.stderr.line(f"{what} {printable(str(directory / file.name))}{where}")
    # The last of them says what to do with the others.
    invocation.stderr.lines(["", *files[-1].text.splitlines()])


def verdict(rows: Iterable[Row]) -> Iterator[str]:
    """Yield the table under its heading; nothing when there is no token to be judged."""
    found = tuple(rows)
    if found:
        yield from ("", "## Would the API server take this token?", "")
        yield from verdict_table.lines(found, width=shutil.get_terminal_size().columns)


def _printed(files: Sequence[File]) -> Iterator[str]:
    """Yield everything as one YAML stream, what is no YAML in comments."""
    for file in files:
        is_yaml = file.name.endswith(".yaml") or file.name == KUBECONFIG
        yield f"{'---' if is_yaml else '#'}\n# {file.name}\n#\n"
        yield file.text if is_yaml else "".join(f"# {line}".rstrip() + "\n" for line in file.text.splitlines())


def _is_free(path: Path, text: str) -> bool:
    """Whether the file is to be written: it is not there yet.

    :raises SettingsError: it is there and says something else.
    """
    if not os.path.lexists(path):
        return True
    try:
        same = not path.is_symlink() and path.read_bytes() == text.encode()
    except OSError:
        same = False
    if not same:
        raise SettingsError(
            f"{printable(str(path))} is there already, and says something else; nothing was written",
            hint="move it away, or choose another directory with --write",
        )
    return False


def _write(path: Path, file: File) -> None:
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(temporary, flags, 0o600 if file.private else 0o644), "wb") as opened:
            opened.write(file.text.encode())
            opened.flush()
            os.fsync(opened.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
