"""Places of the local backend for the conformance suites, and what a crash leaves of them."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from iop_core.backends import Backend
from iop_engine.backend import LocalBackend

NAMESPACE = "USER"


def copied(place: Path, copy: Path) -> Path:
    """Copy a data directory while a production runs in it, as a crash at this moment would leave it."""
    shutil.copytree(place, copy, ignore=shutil.ignore_patterns("*.db", "*.db-wal", "*.db-shm"))
    for database in place.glob("*.db"):
        with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy / database.name)) as target:
            source.backup(target)
    return copy


class LocalPlaces:
    """Fixtures for suites that run on the local backend."""

    @pytest.fixture
    def open_backend(self, tmp_path: Path) -> Callable[[], Backend]:
        return lambda: LocalBackend(str(tmp_path / "data"), namespace=NAMESPACE)

    @pytest.fixture
    def open_crashed(self, tmp_path: Path) -> Callable[[], Backend]:
        return lambda: LocalBackend(str(copied(tmp_path / "data", tmp_path / "crashed")), namespace=NAMESPACE)
