"""The business operations that keep messages as files.

Delivery is at least once: after a crash a message may come again. A file is therefore named
after its content, so that the second delivery writes the same file, and it appears under its
name only when it is complete and on disk.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

from hospital.messages import DeadLetter, FiledMessage, Hl7Message
from iop import BusinessOperation, controls, handler, setting


def file_stem(message: Hl7Message, *, prefix: str = "") -> str:
    """Return a file name without its ending: safe characters of the control id and a digest.

    What a partner sends is data and never a path: anything but letters, digits and dashes
    becomes a dash, and the digest keeps names apart.

    Example:
        >>> file_stem(Hl7Message("MSH|...", "../../etc/passwd"))
        'etc-passwd-d00c5f31a4a8'
    """
    words = re.findall(r"[A-Za-z0-9]+", f"{prefix} {message.control_id}")
    readable = "-".join(words)[:60] or "no-control-id"
    return f"{readable}-{hashlib.sha256(message.data).hexdigest()[:12]}"


def write_file(path: Path, data: bytes) -> None:
    """Write a file so that it is on disk as a whole or not there at all."""
    unfinished = path.with_name(f".{path.name}.tmp")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    if os.name == "posix":
        # The name of a file is on disk only when its directory is.
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)


class AdtFiles(BusinessOperation):
    """Writes each ADT message, exactly as received, to a file of its own."""

    Directory = setting("out/adt", control=controls.directory(), description="Where the files go; made when missing")

    def on_init(self) -> None:
        """Make the directory."""
        Path(self.Directory).mkdir(parents=True, exist_ok=True)

    @handler(FiledMessage)
    def keep(self, request: FiledMessage) -> None:
        """Write one message."""
        stem = file_stem(request, prefix=request.facility or "unknown")
        write_file(Path(self.Directory) / f"{stem}.hl7", request.data)


class DeadLetterFiles(BusinessOperation):
    """Writes each dead letter as two files: the raw message, and why it is here as JSON."""

    Directory = setting(
        "out/dead-letter", control=controls.directory(), description="Where the files go; made when missing"
    )

    def on_init(self) -> None:
        """Make the directory."""
        Path(self.Directory).mkdir(parents=True, exist_ok=True)

    @handler(DeadLetter)
    def keep(self, request: DeadLetter) -> None:
        """Write one dead letter; the reason first, so that no message is without one."""
        stem = Path(self.Directory) / file_stem(request)
        reason = {
            "reason": request.reason,
            "answer": request.answer,
            "control_id": request.control_id,
            "peer": request.peer,
            "session_id": self.context.session_id,
            "message_id": self.context.message_id,
        }
        write_file(stem.with_suffix(".json"), json.dumps(reason, indent=2).encode())
        write_file(stem.with_suffix(".hl7"), request.data)
