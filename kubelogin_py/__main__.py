"""The door in Python: the cached answer first, the command line otherwise.

Every kubectl command comes through here where there is no shell for ``frontdoor.sh``, so that until the answer is
written only ``fastpath`` and built-in modules are imported.
"""

import sys
from time import time

from kubelogin_py import fastpath

if sys.platform == "win32":
    import nt as system
    from os import _exit
else:
    import posix as system
    from posix import _exit

_BROKEN_PIPE = 32
# Whatever found this package for us may not do so again.
_AHEAD = "import sys; sys.path.append(sys.argv.pop(1)); from kubelogin_py.ahead import main; main()"


def main() -> None:
    """Run the program and end the process."""
    try:
        serve()
        # Only now is there time for imports.
        import gc  # noqa: PLC0415 -- see above

        # They make no garbage, and looking for it takes a twentieth of a refresh.
        gc.disable()
        from kubelogin_py.cli.process import run  # noqa: PLC0415 -- see above
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    run()


def serve() -> None:
    """Write the cached answer of this process's command line and leave; return when there is none."""
    arguments, environ = sys.argv[1:], _environment()
    place, body = fastpath.found(arguments, environ, time())
    if place is None or body is None or not _written(body):
        return
    try:
        _refresh_ahead(place, arguments, environ)
    # There is nothing to be refreshed ahead, or it can't be; the command was answered all the same.
    except (OSError, ValueError, OverflowError):
        _exit(0)
    _exit(0)


def _environment() -> dict[str, str]:
    """Return the variables that count; ``os.environ`` would have to be imported where ``site`` is not."""
    if sys.platform == "win32":
        return system.environ
    else:  # noqa: RET505 -- so that the type checker sees one platform only
        raw = {name: system.environ.get(name.encode()) for name in fastpath.VARIABLES}
        coding = sys.getfilesystemencoding()
        return {name: value.decode(coding, "surrogateescape") for name, value in raw.items() if value is not None}


def _written(body: bytes) -> bool:
    """Write to standard output and return whether that was possible; end the process when only a part was."""
    rest = body
    while rest:
        try:
            rest = rest[system.write(1, rest) :]
        except OSError as error:
            # The reader is gone: nobody to tell. Half an answer can't be taken back either.
            if error.errno == _BROKEN_PIPE or rest is not body:
                _exit(1)
            return False
    return True


if sys.platform == "win32":

    def _refresh_ahead(_place: tuple[str, str, str], _arguments: list[str], _environ: dict[str, str]) -> None:
        """Do nothing: no process can be detached from here without the caller waiting for it."""

else:

    def _refresh_ahead(place: tuple[str, str, str], arguments: list[str], environ: dict[str, str]) -> None:
        """Start a process that outlives us and keeps none of our streams, if one is due and we are the one to do it.

        :raises OSError: none is ever due, somebody else starts it, or it can't be started.
        """
        path = f"{place[0]}/ahead{place[1].removeprefix('answer')}"
        status = None if fastpath.VARIABLE in environ else system.lstat(path)
        if status is None or not fastpath.is_file(status) or status.st_mtime > time():
            return
        flags = system.O_WRONLY | system.O_CREAT | system.O_EXCL | system.O_CLOEXEC
        system.close(system.open(f"{path}.taken", flags, 0o600))
        package = __file__.rpartition("/")[0].rpartition("/")[0]
        words = [sys.executable, "-I", "-c", _AHEAD, package, *arguments]
        null = [(system.POSIX_SPAWN_OPEN, descriptor, "/dev/null", system.O_RDWR, 0) for descriptor in range(3)]
        system.posix_spawn(sys.executable, words, system.environ, file_actions=null)


if __name__ == "__main__":
    main()
