"""Passes: that a call of ``run`` needs no renewal, in a form that ``frontdoor.sh`` reads with a shell's builtins.

A shell knows neither the time nor, soon enough, what is in a talosconfig; it knows which of two files is newer. So a
pass is two small files in the directory ``FILE.talos-cred`` beside the talosconfig. ``pass-NAME`` was, by its
modification time, changed when the certificate is to be renewed. ``seen-NAME`` was changed when the talosconfig was in
which the certificate was seen. NAME is the context of the call, and nothing when it is about the current one.

A pass is believed until its time, and while the talosconfig has the time it had: then its certificates and its current
context are the same. For that a pass is left only when the talosconfig has been at rest for a while, since another
change within a second may leave the time as it is. And only when the certificate was valid before the talosconfig was
changed: a clock that was set back to before is noticed by a talosconfig of the future.

The same line is in both files, so that halves of two passes are none: a version, the name, and both times.
"""

import os

_VERSION = "talos-cred 1"
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.@-"
_SECOND = 10**9
_AT_REST = 3
"""Seconds; a file system may count by two."""


def names(context: str) -> list[str]:
    """Return the names of a pass's files, for an empty name those of the current context; none if it can't have any."""
    return [] if context.strip(_NAME) else [f"pass-{context}", f"seen-{context}"]


def leave(folder: str, context: str, times: tuple[int, int], changed: int, now: float) -> None:
    """Leave a pass, unless it is there or there can be none.

    :param folder: the directory beside the talosconfig.
    :param context: as the call names it; empty for the current one.
    :param times: UTC seconds from which the certificate is valid, and when it is to be renewed.
    :param changed: UTC nanoseconds when the talosconfig was changed, as it was before it was read.
    """
    not_before, renew_at = times
    if not not_before * _SECOND <= changed <= (now - _AT_REST) * _SECOND:
        return
    line = f"{_VERSION} {context} {renew_at} {changed}\n".encode()
    files = [f"{folder}/{name}" for name in names(context)]
    wanted = list(zip(files, (renew_at * _SECOND, changed), strict=False))
    try:
        if os.lstat(folder).st_uid == os.geteuid() and not all(_is_there(path, line, at) for path, at in wanted):
            # Until it has its time, which is the last that is done to it, no file is believed.
            for path, at in wanted:
                _write(path, line, at)
    # The next call takes as long as this one, that is all.
    except OSError:
        return


def _is_there(path: str, line: bytes, at: int) -> bool:
    try:
        # File systems differ in what they make of a second's parts.
        if os.lstat(path).st_mtime_ns // _SECOND != at // _SECOND:
            return False
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.read(descriptor, len(line) + 1) == line
    finally:
        os.close(descriptor)


def _write(path: str, line: bytes, at: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    descriptor = os.open(path, flags, 0o600)
    try:
        os.write(descriptor, line)
        os.utime(descriptor, ns=(at, at))
    finally:
        os.close(descriptor)
