"""Lock files. The kernel frees a lock with its holder's last process, so a killed one never counts."""

import fcntl
import os
from pathlib import Path
from types import TracebackType


class Lock:
    """One opening of a lock file, in which `flock` keeps its state; a second opening is another holder."""

    def __init__(self, path: Path) -> None:
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def share(self) -> None:
        """Hold it along with others; waits for one who holds it alone."""
        fcntl.flock(self.fd, fcntl.LOCK_SH)

    def take(self) -> None:
        """Hold it alone; waits for all others."""
        fcntl.flock(self.fd, fcntl.LOCK_EX)

    def try_take(self) -> bool:
        """Hold it alone, or answer False at once; a share held before may then be lost."""
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def free(self) -> None:
        """Let go, for processes forked meanwhile too, which share this opening."""
        fcntl.flock(self.fd, fcntl.LOCK_UN)
        os.close(self.fd)

    def bequeath(self) -> None:
        """Leave it to the processes that inherited this opening: it is free when the last of them ends."""
        os.close(self.fd)

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.free()
