"""Bodies in traces: readable, safe in a terminal, and never run."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from iop_core.events import StoredMessage, Trace
from iop_core.headers import (
    EMPTY_BODY,
    Body,
    BusinessType,
    Invocation,
    MessageHeader,
    MessagePriority,
    MessageStatus,
    MessageType,
)
from iop_director import render_text, text_of_body, trace_to_dict
from iop_director.trace_bodies import with_bodies

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)
HEADER = MessageHeader(
    message_id=1,
    session_id=1,
    type=MessageType.REQUEST,
    status=MessageStatus.COMPLETED,
    priority=MessagePriority.ASYNC,
    invocation=Invocation.QUEUE,
    source="In",
    target="Out",
    source_type=BusinessType.SERVICE,
    target_type=BusinessType.OPERATION,
    queue="Out",
    return_queue="",
    corresponding_id=0,
    process_id=0,
    body_id=1,
    body_class="demo.Order",
    size_bytes=12,
    is_error=False,
    error="",
    description="",
    completion_key="",
    time_created=START,
    time_processed=START + timedelta(milliseconds=250),
)
ORDER = Body("demo.Order", "json", b'{"sku":"A1"}')
PICKLED = Body("demo.Odd", "pickle", b"\x80\x04N.")
TRACE = Trace(
    1,
    (
        HEADER,
        replace(HEADER, message_id=2, body_class="demo.Odd"),
        replace(HEADER, message_id=3, body_class="", time_processed=None),
        replace(HEADER, message_id=4),
    ),
)


class History:
    """Keeps the bodies of two messages; that of the fourth is gone."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def message(self, message_id: int) -> StoredMessage | None:
        self.asked.append(message_id)
        bodies = {1: ORDER, 2: PICKLED, 3: EMPTY_BODY}
        return StoredMessage(HEADER, bodies[message_id]) if message_id in bodies else None


def test_only_messages_with_a_body_are_read() -> None:
    history = History()
    assert with_bodies(TRACE, history).bodies == {1: ORDER, 2: PICKLED}  # type: ignore[arg-type]
    assert history.asked == [1, 2, 4]


def test_text_shows_times_and_bodies_below_each_message() -> None:
    lines = render_text(replace(TRACE, bodies={1: ORDER, 2: PICKLED})).splitlines()
    assert [line.strip() for line in lines[1:]] == [
        "+0.000000  [1] In -> Out  request  Order  Completed",
        "created 2026-01-02 03:04:05, processed 2026-01-02 03:04:05.250000, took 0.250000 s",
        "{",
        '"sku": "A1"',
        "}",
        "+0.000000  [2] In -> Out  request  Odd  Completed",
        "created 2026-01-02 03:04:05, processed 2026-01-02 03:04:05.250000, took 0.250000 s",
        "(demo.Odd, written by the serializer 'pickle': 4 bytes that are no JSON)",
        "+0.000000  [3] In -> Out  request  (empty)  Completed",
        "created 2026-01-02 03:04:05, not processed",
        "+0.000000  [4] In -> Out  request  Order  Completed",
        "created 2026-01-02 03:04:05, processed 2026-01-02 03:04:05.250000, took 0.250000 s",
    ]
    assert len(render_text(TRACE).splitlines()) == 5


def test_data_has_bodies_only_when_they_were_asked_for() -> None:
    first, second, third, fourth = trace_to_dict(replace(TRACE, bodies={1: ORDER, 2: PICKLED}), most_characters=3)[
        "messages"
    ]
    assert first["body"] == {
        "class_name": "demo.Order",
        "serializer": "json",
        "size_bytes": 12,
        "text": "{\n ",
        "left_out": 14,
    }
    assert (first["duration_seconds"], third["duration_seconds"]) == (0.25, None)
    assert (second["body"]["text"], second["body"]["size_bytes"]) == (None, 4)
    assert (third["body"], fourth["body"]) == (None, None)
    assert "body" not in trace_to_dict(TRACE)["messages"][0]


def test_what_only_looks_like_json_is_not_shown() -> None:
    for payload in (b"", b"{", b"\xff", b"[" * 100_000, b"9" * 10_000):
        assert text_of_body(Body("demo.Order", "json", payload)).text is None


@given(st.recursive(st.text() | st.integers(), lambda each: st.lists(each) | st.dictionaries(st.text(), each)))
def test_text_is_the_same_json_and_safe_to_show(value: object) -> None:
    shown = text_of_body(Body("demo.Order", "json", json.dumps(value).encode())).text
    assert shown is not None
    assert json.loads(shown) == value
    assert {unicodedata.category(char) for char in shown if char != "\n"}.isdisjoint({"Cc", "Cf", "Cs", "Zl", "Zp"})
