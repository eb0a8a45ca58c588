"""What the logging of the process is told about tries that fail: one line each, with item, session and message."""

import logging
from dataclasses import dataclass

import pytest

from iop import BusinessOperation, Message, Production
from iop_testing import run_production


@dataclass
class Job(Message):
    name: str = ""


class Sink(BusinessOperation):
    def on_message(self, request: Job) -> None:
        raise ValueError("out of paper")


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"ReplyCodeActions": "E=R", "RetryInterval": "0.01", "FailureTimeout": "0"},
            [("ERROR", "message 1 ended with FailureTimeoutError: ")],
        ),
        (
            {"ReplyCodeActions": "E=R", "RetryInterval": "0.3", "FailureTimeout": "0.5"},
            [
                ("WARNING", "message 1: try 1 ended with ValueError: out of paper; next in "),
                ("ERROR", "message 1 ended with FailureTimeoutError: "),
            ],
        ),
        ({"ReplyCodeActions": "E=S"}, [("ERROR", "message 1 ended with ValueError: out of paper; it is suspended")]),
        ({"ReplyCodeActions": "E=C"}, [("INFO", "message 1 ended with ValueError: out of paper; it is completed")]),
        ({"ReplyCodeActions": "E=F"}, [("ERROR", "message 1 ended with ValueError: out of paper")]),
    ],
)
def test_each_failed_try_is_one_record(settings, expected, caplog) -> None:
    caplog.set_level(logging.INFO, "iop")
    production = Production("Test.Records")
    production.operation(Sink, settings=settings)
    with run_production(production) as run:
        session = run.send("Sink", Job())
        run.wait_until_idle()
        stored = [entry.text for entry in run.log(item="Sink")]
    records = [record for record in caplog.records if hasattr(record, "iop_traceback_stored")]
    ends = [(record.levelname, record.getMessage()) for record in records]
    levels, starts = [level for level, _ in expected], [start for _, start in expected]
    # How many tries fit in is a matter of time; the first and the last are not.
    assert [ends[0][0], ends[-1][0]] == [levels[0], levels[-1]]
    assert ends[0][1].startswith(starts[0])
    assert ends[-1][1].startswith(starts[-1])
    for record in records:
        assert "\n" not in record.getMessage()
        assert record.getMessage().endswith(f" (session {session})")
        assert (record.iop_item, record.iop_session, record.iop_message) == ("Sink", session, 1)
    in_full = [text for text in stored if "Traceback" in text]  # beside the alert that a message is suspended
    assert [f"{text.splitlines()[0]} (session {session})" for text in in_full] == [text for _, text in ends]
