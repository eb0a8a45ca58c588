"""Files that hold what was seen outside of the engine, written so that a kill cannot take it back."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

Entry = Mapping[str, object]


class OutsideRecord:
    """Appends entries to a file; each is on the disk when ``add`` returns.

    Args:
        path: The file; made when it is missing.
    """

    def __init__(self, path: Path) -> None:
        self._handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def add(self, *entries: Entry) -> None:
        """Append entries; several are one write, so that other writers come before or after all of them."""
        text = "".join(f"{json.dumps(entry, separators=(',', ':'))}\n" for entry in entries)
        os.write(self._handle, text.encode())
        os.fsync(self._handle)

    def close(self) -> None:
        """Close the file."""
        os.close(self._handle)


def read_entries(path: Path, offset: int = 0) -> tuple[Sequence[dict[str, object]], int]:
    """Return the entries of a file from an offset on, and the offset behind them.

    An entry that was cut off while it was written did not happen: it is left out.
    """
    if not path.exists():
        return [], 0
    with path.open("rb") as file:
        file.seek(offset)
        content = file.read()
    whole = content[: content.rfind(b"\n") + 1]
    return [json.loads(line) for line in whole.splitlines()], offset + len(whole)
