"""The local backend does what the conformance suites say: headers, queues, life cycles, sending."""

from __future__ import annotations

from iop_testing.conformance.answers import AnswerSuite
from iop_testing.conformance.headers import HeaderSuite
from iop_testing.conformance.life_cycles import LifeCycleSuite
from iop_testing.conformance.pools import PoolSuite
from iop_testing.conformance.processes import ProcessSuite
from iop_testing.conformance.queues import QueueSuite
from iop_testing.conformance.sending import SendingSuite
from iop_testing.conformance.statuses import StatusSuite

from .conformance_places import LocalPlaces


class TestHeaders(LocalPlaces, HeaderSuite):
    pass


class TestStatuses(LocalPlaces, StatusSuite):
    pass


class TestQueues(LocalPlaces, QueueSuite):
    pass


class TestPools(LocalPlaces, PoolSuite):
    pass


class TestLifeCycles(LocalPlaces, LifeCycleSuite):
    pass


class TestProcesses(LocalPlaces, ProcessSuite):
    pass


class TestSending(LocalPlaces, SendingSuite):
    pass


class TestAnswers(LocalPlaces, AnswerSuite):
    pass
