"""The data directory: where the file of each namespace lies, and who owns it."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from filelock import FileLock, Timeout

from iop_core.errors import StoreError, StoreLockedError

_SECRET = re.compile(r"[a-z][a-z0-9_-]{0,63}")
_NAMESPACE = re.compile(r"(?!(?i:deployments)$)[A-Za-z%][A-Za-z0-9_.-]{0,63}")  # that file is not for messages


class DataDirectory:
    """The files of one namespace in one directory.

    Ownership is a lock of the operating system on a file: it ends with the process,
    however that dies.

    Args:
        location: The directory; made by ``acquire``.
        namespace: Names the files; upper and lower case are the same.

    Raises:
        StoreError: The namespace cannot be used in a file name.
    """

    def __init__(self, location: str, namespace: str) -> None:
        if not _NAMESPACE.fullmatch(namespace):
            raise StoreError(
                f"namespace {namespace!r} cannot be used: start with a letter, then up to 63 letters, "
                "digits, '_', '.', '-'; 'deployments' is taken"
            )
        self.path = Path(location).absolute()
        self.database = self.path / f"{namespace.lower()}.db"
        self._owner = self.path / f"{namespace.lower()}.pid"
        self._lock = FileLock(self.path / f"{namespace.lower()}.lock", timeout=0, thread_local=False)

    def acquire(self) -> None:
        """Make the directory and take possession of it.

        Raises:
            StoreLockedError: A running engine owns it.
            StoreError: It cannot be made or written.
        """
        try:
            self._refuse_read_only()
            self._make()
            # A status query holds the lock for a moment: so do not give up at once.
            self._lock.acquire(timeout=0.3, poll_interval=0.01)  # pyright: ignore[reportUnknownMemberType] - its stubs
            self._owner.write_text(str(os.getpid()), encoding="ascii")
        except Timeout:
            raise StoreLockedError(
                f"the data directory {str(self.path)!r} belongs to a running production{self._owner_text()}. Stop it "
                "first, or give another directory or namespace"
            ) from None
        except OSError as exc:
            self._lock.release()
            raise StoreError(
                f"the data directory {str(self.path)!r} cannot be written: {exc.strerror or exc}. Make it writable "
                "or give another one"
            ) from exc

    def secret_file(self, name: str) -> Path:
        """Return the file of the secret of that name.

        Raises:
            StoreError: The name cannot be used in a file name.
        """
        if not _SECRET.fullmatch(name):
            raise StoreError(
                f"a secret cannot be called {name!r}: start with a lower-case letter, then up to 63 lower-case "
                "letters, digits, '_', '-'"
            )
        return self.database.with_suffix(f".{name}.key")

    def release(self) -> None:
        """Give up possession; repeatable."""
        self._lock.release()

    def is_locked(self) -> bool:
        """Return whether a running engine owns the directory."""
        if self._lock.is_locked:
            return True
        if not self._owner.exists():
            return False
        try:
            # A lock of its own, as other threads may ask too; not at once, as they hold it for a moment.
            with FileLock(self._lock.lock_file, timeout=0.1, poll_interval=0.01):
                return False
        except Timeout:
            return True
        except OSError:
            return False  # read-only: nobody can be writing there

    def owner(self) -> int | None:
        """Return the process that took possession last; None when that is not known."""
        try:
            return int(self._owner.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def _make(self) -> None:
        """Make the directory so that a power cut cannot lose it with all that is in it."""
        missing = [folder for folder in (self.path, *self.path.parents) if not folder.exists()]
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        for folder in missing:
            sync_folder(folder.parent)

    def _refuse_read_only(self) -> None:
        folder = next(folder for folder in (self.path, *self.path.parents) if folder.exists())
        # The permission bits too: the super-user could write, but somebody made it read-only on purpose.
        is_marked = not stat.S_IMODE(folder.stat().st_mode) & 0o222
        if is_marked or not os.access(folder, os.W_OK):
            raise PermissionError(13, "Permission denied")

    def _owner_text(self) -> str:
        try:
            return f" (process {self._owner.read_text(encoding='ascii')})"
        except OSError:
            return ""


def sync_folder(folder: Path) -> None:
    """Make the names of new files in a folder durable: without this a power cut may lose whole files."""
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    sync(folder)


def sync(path: Path) -> None:
    """Make the content of a file or folder durable."""
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
