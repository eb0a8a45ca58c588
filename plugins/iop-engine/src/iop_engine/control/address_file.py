"""The file that says where a running engine listens, and with which token."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where a running engine listens.

    Attributes:
        port: Port on 127.0.0.1.
        pid: Its process.
        token: What a client has to know.
    """

    port: int
    pid: int
    token: bytes = field(repr=False)


class AddressFile:
    """The address of the engine of one namespace, in a file that only its owner can read.

    A file that an engine left behind when it was killed is overwritten by the next one; who
    reads it finds out by the token that nobody, or somebody else, answers there.

    Args:
        location: The data directory.
        namespace: The namespace.
    """

    def __init__(self, location: str, namespace: str) -> None:
        self.path = Path(location) / f"{namespace.lower()}.control"

    def write(self, address: ControlAddress) -> None:
        """Write the address; it is never there by halves.

        Raises:
            OSError: It cannot be written.
        """
        draft = self.path.with_name(f"{self.path.name}.new")
        draft.unlink(missing_ok=True)
        content = {"port": address.port, "pid": address.pid, "token": address.token.hex()}
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(content, file)
        draft.replace(self.path)

    def find(self) -> ControlAddress | None:
        """Return the address; None when there is none, or none that can be read."""
        try:
            content: object = json.loads(self.path.read_text(encoding="ascii"))
            values = cast("dict[str, object]", content)
            port, pid, token = values["port"], values["pid"], values["token"]
            if not isinstance(port, int) or not isinstance(pid, int) or not isinstance(token, str):
                return None
            return ControlAddress(port, pid, bytes.fromhex(token))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def remove(self, address: ControlAddress) -> None:
        """Remove the file if it still holds that address; repeatable."""
        if self.find() == address:
            self.path.unlink(missing_ok=True)
