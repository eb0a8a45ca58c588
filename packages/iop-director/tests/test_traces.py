"""Traces as text, as Mermaid and as data; the bytes are part of the contract."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from iop_core.events import EventType, LogEntry, Trace
from iop_core.headers import (
    BusinessType,
    Invocation,
    MessageHeader,
    MessagePriority,
    MessageStatus,
    MessageType,
)
from iop_director import render_mermaid, render_text, trace_to_dict
from iop_director.participants import participants_of
from iop_director.safe_text import one_line

START = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc)

KINDS = {"": 0, "In": 1, "Router": 2, "Out": 3}


def header(message_id: int, source: str, target: str, body: str, **changes: object) -> MessageHeader:
    plain = MessageHeader(
        message_id=message_id,
        session_id=1,
        type=MessageType.REQUEST,
        status=MessageStatus.COMPLETED,
        priority=MessagePriority.HIGH_SYNC,
        invocation=Invocation.IN_PROC,
        source=source,
        target=target,
        source_type=BusinessType(KINDS.get(source, 0)),
        target_type=BusinessType(KINDS.get(target, 0)),
        queue=target,
        return_queue="",
        corresponding_id=0,
        process_id=0,
        body_id=message_id,
        body_class=body,
        size_bytes=10,
        is_error=False,
        error="",
        description="",
        completion_key="",
        time_created=START + timedelta(microseconds=1500 * (message_id - 1)),
        time_processed=None,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


TRACE = Trace(
    1,
    (
        header(1, "", "Router", "demo.messages.Order", description="first\norder"),
        header(
            2, "Router", "Out", "demo.messages.Order", status=MessageStatus.ERROR, is_error=True, error="disk\x1b full"
        ),
        header(
            3,
            "Out",
            "Router",
            "",
            type=MessageType.RESPONSE,
            corresponding_id=2,
            is_error=True,
            error="disk full",
        ),
        header(4, "In", "Router", "Ping", status=MessageStatus.QUEUED),
        header(5, "Router", "", "demo.Ack", type=MessageType.RESPONSE, corresponding_id=1),
    ),
    (LogEntry(1, EventType.ERROR, "Out", 1, 2, "write", "disk full\nTraceback\r", START + timedelta(milliseconds=2)),),
    {"In": BusinessType.SERVICE},
)

TEXT = """\
Session 1: 5 messages, 1 log entries, from 2026-01-02 03:04:05.678+00:00
 +0.000000  [1] (outside) -> Router  request  Order  Completed
                description: first\\norder
 +0.001500  [2] Router -> Out  request  Order  Error
                error: disk\\x1b full
 +0.002000  error  Out: disk full
                Traceback
 +0.003000  [3] Out -> Router  response to 2  (empty)  Completed
                error: disk full
 +0.004500  [4] In -> Router  request  Ping  Queued
 +0.006000  [5] Router -> (outside)  response to 1  Ack  Completed"""

MERMAID = """\
sequenceDiagram
    participant P1 as (outside)
    box transparent Services
        participant P4 as In
    end
    box transparent Processes
        participant P2 as Router
    end
    box transparent Operations
        participant P3 as Out
    end
    P1->>P2: Order
    P2->>P3: Order (Error)
    P3-->>P2: (empty) (Error)
    P4->>P2: Ping (Queued)
    P2-->>P1: Ack"""


def test_text() -> None:
    assert render_text(TRACE) == TEXT


def test_mermaid() -> None:
    assert render_mermaid(TRACE) == MERMAID


def test_dictionary_is_json_and_keeps_every_field() -> None:
    data = json.loads(json.dumps(trace_to_dict(TRACE)))
    assert data["session_id"] == 1
    assert data["kinds"] == {"In": "Service"}
    assert [message["message_id"] for message in data["messages"]] == [1, 2, 3, 4, 5]
    assert data["messages"][0] == {
        "message_id": 1,
        "session_id": 1,
        "type": "Request",
        "status": "Completed",
        "priority": "HighSync",
        "invocation": "InProc",
        "source": "",
        "target": "Router",
        "source_type": "Unknown",
        "target_type": "Process",
        "queue": "Router",
        "return_queue": "",
        "corresponding_id": 0,
        "process_id": 0,
        "body_id": 1,
        "body_class": "demo.messages.Order",
        "size_bytes": 10,
        "is_error": False,
        "error": "",
        "description": "first\norder",
        "completion_key": "",
        "time_created": "2026-01-02T03:04:05.678000+00:00",
        "time_processed": None,
        "attempts": 0,
        "resent": "",
        "super_session": "",
        "order_key": "",
    }
    assert data["log"][0]["type"] == "Error"
    assert data["log"][0]["text"] == "disk full\nTraceback\r"


def test_hostile_names_stay_inside_their_label() -> None:
    hostile = 'x"; end\n%%{init}%% <br> #35;'
    diagram = render_mermaid(Trace(1, (header(1, hostile, "end", "a.End"),)))
    assert diagram.splitlines() == [
        "sequenceDiagram",
        "    participant P1 as x#34;#59; #101;nd#92;n#37;#37;#123;init#125;#37;#37; #60;br#62; #35;35#59;",
        "    participant P2 as #101;nd",
        "    P1->>P2: #69;nd",
    ]


@given(st.text(), st.text(), st.text())
def test_no_name_adds_lines_or_statements(source: str, target: str, body: str) -> None:
    trace = Trace(1, (header(1, source, target, body),))
    participants = len({source, target})
    lines = render_mermaid(trace).split("\n")
    assert len(lines) == 2 + participants
    assert all(re.fullmatch(r"    participant P\d as .+", line) for line in lines[1:-1])
    label = lines[-1].partition(": ")[2]
    assert re.sub(r"#\d+;", "", label).isprintable()
    assert not re.search(r"[;:#%<>\"]", re.sub(r"#\d+;", "", label))
    assert len(render_text(trace).split("\n")) == 2


@given(st.text())
def test_one_line_is_printable_and_stays_one_line(text: str) -> None:
    shown = one_line(text)
    assert len(shown.splitlines()) <= 1
    assert one_line(shown) == shown
    assert not any(ord(char) < 32 or 127 <= ord(char) < 160 for char in shown)


def test_one_line_leaves_languages_alone_and_shows_reordering_marks() -> None:
    assert one_line("Größe 日本, ok") == "Größe 日本, ok"
    assert one_line("a\u202eb\u2028\x7f\t") == "a\\u202eb\\u2028\\x7f\\t"


def test_kind_that_was_seen_once_stays_known() -> None:
    trace = Trace(1, (header(1, "", "Out", "a.B"), header(2, "Out", "", "a.B", source_type=BusinessType.UNKNOWN)))
    assert participants_of(trace) == {"": BusinessType.UNKNOWN, "Out": BusinessType.OPERATION}
    late = Trace(1, (header(1, "", "Out", "a.B", target_type=BusinessType.UNKNOWN), header(2, "Out", "", "a.B")))
    assert participants_of(late)["Out"] is BusinessType.OPERATION


def test_session_without_messages() -> None:
    assert render_text(Trace(7, ())) == "Session 7: 0 messages, 0 log entries"
    assert render_mermaid(Trace(7, ())) == "sequenceDiagram"
