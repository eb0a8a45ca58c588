"""The local backend does what the conformance suites say of settings."""

from __future__ import annotations

from iop_testing.conformance.settings import SettingSuite

from .conformance_places import LocalPlaces


class TestSettings(LocalPlaces, SettingSuite):
    pass
