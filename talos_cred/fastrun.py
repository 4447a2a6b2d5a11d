"""``talos-cred run -- COMMAND …`` while the certificate is good: one small file is read, then the command runs.

talosctl has no plugin hook, so this stands in front of every call of it and must cost next to nothing. Only ``os``
and ``sys`` are used, which every Python has loaded by then: no YAML, no JSON, no cryptography. Any doubt returns, and
then the command line runs in full. A note is believed only while the very certificate it is about is still in the
talosconfig. Then a pass is left, with which ``frontdoor.sh`` does without Python: it reads the same words by the same
rules, and both must be changed together.

The note of a context is ``good-NAME`` in the directory ``FILE.talos-cred`` beside the talosconfig, four lines: a
version, the second from which the certificate is valid, the second when it is to be renewed, and the certificate as
the talosconfig has it.
"""

import _signal  # type: ignore[import-not-found]  # what `signal` is made of, which is slow to import
import os
import sys
from time import time

from talos_cred import passes

# As `typing` has it, which would have to be imported.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import NoReturn

VERSION = b"talos-cred 1"
SERVICE_ACCOUNT = "/var/run/secrets/talos.dev/config"
"""talosconfig of a pod; it is read, never written."""

_LIMIT = 1 << 20
_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
_PLAIN = _SAFE + "./@"
_LINES = 4
_NOT_FOUND = 127
_NOT_EXECUTABLE = 126


def main(arguments: "Sequence[str]", environ: "Mapping[str, str]") -> None:
    """Become the command when nothing stands in the way, leaving a pass; return otherwise, having done nothing."""
    if os.name == "nt" or not arguments or arguments[0] != "run":
        return
    wish = read_wish(arguments[1:])
    if wish is None:
        return
    options, command = wish
    try:
        options = with_file(options, environ)
        place = options.get("talosconfig") or found(environ)
        now = time()
        changed = os.stat(place).st_mtime_ns  # noqa: PTH116 -- pathlib is slow to import
        asked = context_of(options, command, environ)
        context = asked or _current(_read(place))
        times = good_times(place, context, now) if context else None
    except (OSError, ValueError):
        return
    if times is None:
        return
    passes.leave(beside(place), asked, times, changed, now)
    become(prepared(command, options), environ, options)


def read_wish(words: "Sequence[str]") -> tuple[dict[str, str], list[str]] | None:
    """Return the options and the command of ``run``'s arguments; ``None`` for options that are not known here."""
    options: dict[str, str] = {}
    rest = list(words)
    while rest and rest[0] != "--":
        name, equals, value = rest.pop(0).partition("=")
        name = {"--talosconfig": "talosconfig", "--context-name": "context", "--context": "context"}.get(name, "")
        if not name or (not equals and not rest):
            return None
        options[name] = value if equals else rest.pop(0)
        if not options[name]:
            return None
    return (options, rest[1:]) if len(rest) > 1 else None


def with_file(options: "Mapping[str, str]", environ: "Mapping[str, str]") -> dict[str, str]:
    """Return the options with the talosconfig of our own environment variable, where no flag names one."""
    given = environ.get("TALOS_CRED_TALOSCONFIG", "")
    return {"talosconfig": given, **options} if given else dict(options)


def context_of(options: "Mapping[str, str]", command: "Sequence[str]", environ: "Mapping[str, str]") -> str:
    """Return the context that is named: by talosctl's own flag, ours or the environment; empty for the current one."""
    words = iter(command if _is_talosctl(command) else ())
    for word in words:
        if word == "--":
            break
        if word == "--context":
            return next(words, "")
        if word.startswith("--context="):
            return word.partition("=")[2]
    return options.get("context") or environ.get("TALOS_CRED_CONTEXT_NAME", "")


def prepared(command: "Sequence[str]", options: "Mapping[str, str]") -> list[str]:
    """Return the command, with the context that was chosen here when talosctl was not told of one."""
    name = options.get("context")
    if not name or not _is_talosctl(command) or context_of({}, command, {}):
        return list(command)
    return [command[0], "--context", name, *command[1:]]


def candidates(environ: "Mapping[str, str]") -> list[str]:
    """Return where talosctl looks for a talosconfig that is written, in its order; nowhere without a home directory."""
    home = environ.get("HOME") or environ.get("USERPROFILE", "")
    own = environ.get("TALOS_HOME", "")
    usual = os.path.join(home, ".talos", "config") if home else ""  # noqa: PTH118 -- pathlib is slow to import
    if os.path.isabs(own):  # noqa: PTH117 -- as above
        usual = os.path.join(own, "config")  # noqa: PTH118 -- as above
    return [place for place in (environ.get("TALOSCONFIG", ""), usual) if place]


def found(environ: "Mapping[str, str]") -> str:
    """Return the talosconfig: the first that exists, else the first of all; empty when there is no place for one."""
    places = candidates(environ)
    return next((place for place in places if os.path.exists(place)), places[0] if places else "")  # noqa: PTH110 -- as above


def beside(talosconfig: str) -> str:
    """Return the directory of what is remembered of a talosconfig's contexts; a link's own place, not its target's."""
    folder, name = os.path.split(os.path.abspath(talosconfig))  # noqa: PTH100 -- as above
    return os.path.join(os.path.realpath(folder), f"{name}.talos-cred")  # noqa: PTH118 -- as above


def file_name(prefix: str, context: str) -> str:
    """Return the name of a context's file: what could mean something to a file system is written as ``%XX``."""
    quoted = "".join(
        character if character in _SAFE else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in context
    )
    return f"{prefix}-{quoted}"


def note(not_before: float, renew_at: float, certificate: str) -> bytes:
    """Return the note on a good certificate.

    :param certificate: as the talosconfig has it.
    """
    return VERSION + f"\n{int(not_before)}\n{int(renew_at)}\n{certificate}\n".encode("ascii")


def good_times(talosconfig: str, context: str, now: float) -> tuple[int, int] | None:
    """Return since when a context's certificate is good and until when, as far as its note says; ``None`` if it is not.

    :raises OSError: there is no note, or no talosconfig.
    :raises ValueError: there are no times in the note.
    """
    lines = _read(os.path.join(beside(talosconfig), file_name("good", context))).split(b"\n")  # noqa: PTH118 -- as above
    if len(lines) != _LINES + 1 or lines[0] != VERSION or not lines[3]:
        return None
    not_before, renew_at = int(lines[1]), int(lines[2])
    return (not_before, renew_at) if not_before <= now < renew_at and lines[3] in _read(talosconfig) else None


def become(command: "Sequence[str]", environ: "Mapping[str, str]", options: "Mapping[str, str]") -> "NoReturn":
    """Replace this process by the command, which finds the talosconfig that was chosen here."""
    inherited = dict(environ)
    if "talosconfig" in options:
        inherited["TALOSCONFIG"] = os.path.abspath(options["talosconfig"])  # noqa: PTH100 -- as above
    # Python ignores these two from its start, and what is ignored stays so for the command.
    for number in (_signal.SIGPIPE, _signal.SIGXFSZ):
        _signal.signal(number, _signal.SIG_DFL)
    code = _NOT_EXECUTABLE
    try:
        sys.stdout.flush()
        os.execvpe(command[0], list(command), inherited)  # noqa: S606 -- the command is the caller's own
    except FileNotFoundError:
        code, reason = _NOT_FOUND, "no such command"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "can't be started"
    sys.stderr.write(f"error: {ascii(command[0])[1:-1]}: {reason.lower()}\n")
    sys.stderr.flush()
    os._exit(code)


def _is_talosctl(command: "Sequence[str]") -> bool:
    return bool(command) and os.path.basename(command[0]).removesuffix(".exe") == "talosctl"  # noqa: PTH119 -- as above


def _current(contents: bytes) -> str:
    """Return the current context where it is written plainly, else nothing."""
    lines = [line for line in contents.split(b"\n") if line.startswith(b"context:")]
    if len(lines) != 1:
        return ""
    name = lines[0][len(b"context:") :].decode("ascii", "replace").strip()
    # What could be a number or a word like `true` is left to a real reader.
    return name if name and not name.strip(_PLAIN) and name[0].isalpha() and name.lower() not in _WORDS else ""


_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})


def _read(path: str) -> bytes:
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    try:
        return os.read(descriptor, _LIMIT)
    finally:
        os.close(descriptor)
