"""Whose a file is and who else may touch it.

On Windows files have neither an owner's number nor a mode: the access lists of the user's profile keep others out.
"""

import os
import stat
import sys

PRIVATE_DIRECTORY = 0o700
PRIVATE_FILE = 0o600
OTHERS = 0o077
OTHERS_WRITE = 0o022

NOFOLLOW: int = getattr(os, "O_NOFOLLOW", 0)
"""Flag for ``open``: fail on a link. Nothing on systems that lack it."""

COMMON: int = NOFOLLOW
"""Flags for every ``open``: follow no link, wait for no FIFO, reach no child, translate no line end."""
for _name in ("O_NONBLOCK", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    COMMON |= getattr(os, _name, 0)

if sys.platform == "win32":

    def user() -> int:
        """Return the number of the user this process acts as; every file's owner is 0 here."""
        return 0

    def restrict(descriptor: int, mode: int) -> None:
        """Leave the mode alone."""

    def exposed(_status: os.stat_result) -> int:
        """Return no bits: nothing is known about others."""
        return 0

else:

    def user() -> int:
        """Return the number of the user this process acts as."""
        return os.geteuid()

    def restrict(descriptor: int, mode: int) -> None:
        """Set an open file's mode and make sure of it: some file systems only pretend to.

        :raises OSError: others may still touch it.
        """
        if stat.S_IMODE(os.fstat(descriptor).st_mode) == mode:
            return
        os.fchmod(descriptor, mode)
        if exposed(os.fstat(descriptor)):
            raise PermissionError(1, "this file system can't keep other users out")

    def exposed(status: os.stat_result) -> int:
        """Return the mode bits that let others touch a file."""
        return status.st_mode & OTHERS


def is_ours(status: os.stat_result) -> bool:
    """Return whether a file belongs to the user this process acts as."""
    return status.st_uid == user()
