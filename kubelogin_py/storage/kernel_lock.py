"""The kernel's file lock: exclusive, tied to an open file, gone when the last process that has it open is gone.

POSIX systems use ``flock``, which belongs to the open file and not to the process: threads that opened the file
each for themselves exclude one another, and a forked child holds the lock together with its parent until both have
closed it. Windows locks one byte at offset 0.
"""

import sys

if sys.platform == "win32":
    import errno
    import msvcrt
    import os

    _BUSY = (errno.EACCES, errno.EDEADLK)

    def try_lock(descriptor: int) -> bool:
        """Return whether the lock of this open file is ours now, without waiting.

        :raises OSError: this file can't be locked at all.
        """
        os.lseek(descriptor, 0, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in _BUSY:
                return False
            raise
        return True

    def unlock(descriptor: int) -> None:
        """Give the lock up before the file is closed, which alone would free it only some time later."""
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(descriptor: int) -> bool:
        """Return whether the lock of this open file is ours now, without waiting.

        :raises OSError: this file can't be locked at all.
        """
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(descriptor: int) -> None:
        """Leave the lock to the closing of the file.

        ``LOCK_UN`` would take it from a forked child that still saves what the provider answered.
        """
