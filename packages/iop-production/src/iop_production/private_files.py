"""Files that only their owner can read: productions hold passwords."""

from __future__ import annotations

import os
from pathlib import Path


def write_private(path: Path, text: str) -> None:
    """Write a file with the mode 0600 that is on the disk when this returns."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "w", encoding="utf-8", newline="") as file:
        # A file that was there before keeps its mode when it is opened.
        os.chmod(path, 0o600)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def make_private_folder(parent: Path, name: str) -> Path:
    """Make a new folder with the mode 0700; a number is added to a name that is taken."""
    parent.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = parent / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            number += 1
        else:
            return folder
