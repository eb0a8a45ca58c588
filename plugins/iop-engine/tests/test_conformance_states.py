"""The local backend does what the conformance suites say of starts, stops and updates."""

from __future__ import annotations

from iop_testing.conformance.states import StateSuite

from .conformance_places import LocalPlaces


class TestStates(LocalPlaces, StateSuite):
    pass
