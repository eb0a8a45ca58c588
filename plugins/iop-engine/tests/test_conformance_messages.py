"""The local backend does what the conformance suites say: headers, queues, life cycles, sending."""

from __future__ import annotations

from iop_testing.conformance.headers import HeaderSuite
from iop_testing.conformance.life_cycles import LifeCycleSuite
from iop_testing.conformance.processes import ProcessSuite
from iop_testing.conformance.queues import QueueSuite

from .conformance_places import LocalPlaces


class TestHeaders(LocalPlaces, HeaderSuite):
    pass


class TestQueues(LocalPlaces, QueueSuite):
    pass


class TestLifeCycles(LocalPlaces, LifeCycleSuite):
    pass


class TestProcesses(LocalPlaces, ProcessSuite):
    pass
