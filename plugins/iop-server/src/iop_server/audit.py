"""The audit: who asked for which change, why, and how it ended."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path

from iop_core.clock import Clock
from iop_core.errors import BackendError


@dataclass(frozen=True, slots=True)
class Deed:
    """A change that somebody asked for.

    Attributes:
        actor: Name of the user.
        role: Role of the user.
        peer: Address the request came from.
        deed: What was asked for, such as ``start production``.
        subject: Name of the production, item or class; empty for what runs.
        namespace: The namespace.
        reason: Why, in the words of the user.
    """

    actor: str
    role: str
    peer: str
    deed: str
    subject: str
    namespace: str
    reason: str


class AuditFile:
    """A file with one JSON object in each line, which only grows.

    Each deed has an entry with the outcome ``asked`` before it is begun, and one with ``done``
    or ``refused`` at its end, so that no deed is without an entry, whatever happens.

    Args:
        path: The file; only its owner can read it.
        clock: Where time comes from.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.path = path
        self._clock = clock
        self._lock = threading.Lock()

    def write(self, deed: Deed, outcome: str, *, status: int = 0, error: str = "") -> None:
        """Append an entry; it is on the disk when this returns.

        Args:
            deed: What was asked for.
            outcome: ``asked``, ``done`` or ``refused``.
            status: HTTP status of the answer; 0 while there is none.
            error: Why it was refused.

        Raises:
            BackendError: It cannot be written.
        """
        time = self._clock.now().isoformat(timespec="milliseconds")
        entry = {"time": time, "outcome": outcome, **asdict(deed)}
        if status:
            entry["status"] = status
        if error:
            entry["error"] = error
        line = json.dumps(entry) + "\n"
        try:
            with self._lock:
                self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                try:
                    os.write(handle, line.encode("ascii"))
                    os.fsync(handle)
                finally:
                    os.close(handle)
        except OSError as exc:
            raise BackendError(
                f"the audit {str(self.path)!r} cannot be written ({exc.strerror or exc}), so nothing is changed"
            ) from exc
