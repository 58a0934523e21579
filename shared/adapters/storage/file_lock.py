"""An exclusive lock on an open file; it ends with the process that holds it."""

import sys
from typing import IO

if sys.platform == "win32":
    import msvcrt

    FAR = 1 << 40
    """The lock is on a byte that no file has: on Windows it would keep readers out."""

    def try_lock(file: IO[bytes]) -> bool:
        """Lock a file; return False where another has locked it."""
        file.seek(FAR)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def unlock(file: IO[bytes]) -> None:
        file.seek(FAR)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def try_lock(file: IO[bytes]) -> bool:
        """Lock a file; return False where another has locked it."""
        # Not `lockf`: that would hold other processes off, but not this one.
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def unlock(file: IO[bytes]) -> None:
        """Unlock a file."""
        fcntl.flock(file, fcntl.LOCK_UN)
