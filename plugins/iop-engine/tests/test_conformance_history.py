"""The local backend does what the conformance suites say of log, search and purge."""

from __future__ import annotations

from iop_testing.conformance.history import HistorySuite

from .conformance_places import LocalPlaces


class TestHistory(LocalPlaces, HistorySuite):
    pass
