"""The SQLite store keeps every promise of the store interface, in both durabilities."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from iop_core.clock import SystemClock
from iop_core.plugins import installed_plugins
from iop_core.stores import Store
from iop_engine.sqlite.store import SqliteStore
from iop_testing import StoreHistorySuite, StoreReplySuite, StoreSuite


class SqlitePlace:
    @pytest.fixture(params=["full", "normal"])
    def open_store(self, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Store]:
        return lambda: SqliteStore.open(
            str(tmp_path / "data"), namespace="Test", durability=request.param, clock=SystemClock()
        )


class TestSqliteStore(SqlitePlace, StoreSuite):
    pass


class TestSqliteReplies(SqlitePlace, StoreReplySuite):
    pass


class TestSqliteHistory(SqlitePlace, StoreHistorySuite):
    pass


def test_store_is_found_by_name() -> None:
    assert installed_plugins().stores()["sqlite"] is SqliteStore
