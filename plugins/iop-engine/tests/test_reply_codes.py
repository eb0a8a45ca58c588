"""Codes that a class of operations has for its replies, such as those of HL7 acknowledgements."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Message, Production
from iop_core.errors import ComponentStartError, RequestFailedError
from iop_core.events import EventType
from iop_core.headers import MessageStatus
from iop_testing import ProductionRun, VirtualClock, run_production


@dataclass
class Order(Message):
    wanted: str = ""


@dataclass
class Ack(Message):
    code: str = ""


class Lab(BusinessOperation):
    """Replies with the wanted acknowledgement; the second time with AA."""

    REPLY_CODES = (":?R", ":?E", ":?A", ":*")
    seen: list[str] = []

    def on_message(self, request: Order) -> Ack:
        again = request.wanted in self.seen and request.wanted == "AR"
        self.seen.append(request.wanted)
        return Ack("AA" if again else request.wanted)

    def reply_codes(self, reply: Ack) -> Iterable[str]:
        return {"AA": [":?A"], "AE": [":?E"], "AR": [":?R"]}.get(reply.code, [":*"])


def production(actions: str, **settings: object) -> Production:
    Lab.seen.clear()
    made = Production("Test.Codes")
    made.operation("Lab", Lab, settings={"ReplyCodeActions": actions, **settings})
    return made


def status_of(run: ProductionRun, message_id: int) -> MessageStatus:
    (header,) = run.messages(id=message_id)
    return header.status


def test_each_code_has_its_actions() -> None:
    with run_production(production(":?R=RF,:?E=S,:*=W,E=F")) as run:
        accepted, failed, odd = (run.send("Lab", Order(code)) for code in ("AA", "AE", "??"))
        run.wait_until_idle()
        assert [status_of(run, each) for each in (accepted, failed, odd)] == [
            MessageStatus.COMPLETED,
            MessageStatus.SUSPENDED,
            MessageStatus.COMPLETED,
        ]
        (warning,) = [entry for entry in run.log(item="Lab") if entry.type is EventType.WARNING]
        assert (warning.message_id, ":*=W" in warning.text) == (odd, True)


def test_reply_counts_when_it_is_taken() -> None:
    with run_production(production(":?E=C,:*=W")) as run:
        assert run.call("Lab", Order("AE")) == Ack("AE")
        assert run.call("Lab", Order("??")) == Ack("??")


def test_reply_that_is_refused_is_an_error_for_the_caller() -> None:
    with run_production(production(":?E=F")) as run:
        with pytest.raises(RequestFailedError, match="code :\\?E"):
            run.call("Lab", Order("AE"))
        assert run.call("Lab", Order("AR")) == Ack("AR")  # no entry is for it


def test_code_asks_for_another_try() -> None:
    clock = VirtualClock()
    with run_production(production(":?R=RF", RetryInterval=10, FailureTimeout=60), clock=clock) as run:
        message_id = run.send("Lab", Order("AR"))
        while status_of(run, message_id) is MessageStatus.QUEUED:
            clock.advance(1)
        assert status_of(run, message_id) is MessageStatus.COMPLETED
        assert Lab.seen == ["AR", "AR"]


def test_codes_of_other_classes_are_refused() -> None:
    with pytest.raises(ComponentStartError, match="of this class"), run_production(production(":T?=C")):
        pass


def test_codes_travel_from_worker_processes() -> None:
    with run_production(production(":?E=S", Workers="processes")) as run:
        message_id = run.send("Lab", Order("AE"))
        run.wait_until_idle()
        assert status_of(run, message_id) is MessageStatus.SUSPENDED
