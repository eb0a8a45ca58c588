"""The SQLite store keeps every promise of the store interface, in both durabilities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.plugins import installed_plugins
from iop_core.stores import Store
from iop_engine.sqlite.store import SqliteStore
from iop_testing import StoreChangeSuite, StoreHistorySuite, StoreReplySuite, StoreSuite


def opener(location: Path, durability: str) -> Callable[[], Store]:
    return lambda: SqliteStore.open(str(location), namespace="Test", durability=durability, clock=SystemClock())


class TestSqliteStore(StoreSuite):
    @pytest.fixture(params=["full", "normal"])
    def open_store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Store]:
        return opener(tmp_path / "data", request.param)


class TestSqliteChanges(StoreChangeSuite):
    @pytest.fixture(params=["full", "normal"])
    def open_store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Store]:
        return opener(tmp_path / "data", request.param)


class TestSqliteReplies(StoreReplySuite):
    @pytest.fixture(params=["full", "normal"])
    def open_store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Store]:
        return opener(tmp_path / "data", request.param)


class TestSqliteHistory(StoreHistorySuite):
    @pytest.fixture(params=["full", pytest.param("normal", marks=pytest.mark.slow)])
    def open_store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Store]:
        return opener(tmp_path / "data", request.param)


def test_store_is_found_by_name() -> None:
    assert installed_plugins().stores()["sqlite"] is SqliteStore
