"""A secret of the store: random bytes in a file beside the data that only its owner can read."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from iop_core.errors import StoreError
from iop_engine.sqlite.directory import sync_folder

SIZE_BYTES = 32


def read_secret(path: Path) -> bytes:
    """Return the secret in a file, making both when there is none; not for two threads at once.

    Raises:
        StoreError: The file cannot be read or made, or does not hold a secret.
    """
    try:
        if not path.exists():
            _create(path)
        secret = path.read_bytes()
    except OSError as exc:
        raise StoreError(f"the key {str(path)!r} cannot be read or made: {exc.strerror or exc}") from exc
    if len(secret) != SIZE_BYTES:
        raise StoreError(
            f"the key {str(path)!r} is damaged: it has {len(secret)} bytes, not {SIZE_BYTES}. Restore it from a "
            "backup; without it the messages that were signed with it cannot be read"
        )
    return secret


def _create(path: Path) -> None:
    """Make the file under another name first, so that it is never there by halves."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600, exist_ok=False)  # before anything is in it
    with draft.open("wb") as file:
        file.write(secrets.token_bytes(SIZE_BYTES))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)
