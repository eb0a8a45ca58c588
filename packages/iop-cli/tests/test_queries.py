"""Commands that read: what they print for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import Result

from iop_core.errors import StoreError

if TYPE_CHECKING:
    from iop_core.backends import Backend

Invoke = Callable[..., Result]

CREATED = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=timezone.utc).astimezone()
LOCAL = CREATED.strftime("%Y-%m-%d %H:%M:%S.678")


def test_status(invoke: Invoke) -> None:
    result = invoke("status")
    assert result.exit_code == 0
    assert result.stdout == (
        f"Production: Demo.P\nStatus:     stopped\nNamespace:  USER\nLocation:   memory\n"
        f"Durability: full\nSince:      {LOCAL}\n"
    )
    assert json.loads(invoke("status", "--json").stdout) == {
        "Production": "Demo.P",
        "Status": "stopped",
        "NeedsUpdate": False,
        "Namespace": "USER",
        "Location": "memory",
        "Durability": "full",
        "Pid": 0,
        "Since": "2026-01-02T03:04:05.678000+00:00",
    }


def test_queue(invoke: Invoke) -> None:
    result = invoke("queue")
    assert result.stdout == f"Queue     Count  Oldest\nOut           3  {LOCAL}\nRouter\\n      0\n"
    assert json.loads(invoke("queue", "--json").stdout)[1] == {"name": "Router\n", "count": 0, "oldest": None}


def test_messages_as_a_table_without_markup_or_line_breaks(invoke: Invoke) -> None:
    lines = invoke("messages").stdout.splitlines()
    assert lines[0].split() == ["Id", "Session", "Created", "Type", "Status", "Source", "Target", "Class", "Error"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "2"]
    assert lines[2].endswith("Error      In      Out     Größe  disk\\nfull [red]")


def test_messages_limit_takes_the_newest_and_keeps_the_order(invoke: Invoke) -> None:
    newest = json.loads(invoke("messages", "--limit", "1", "--json").stdout)
    assert [header["message_id"] for header in newest] == [2]
    both = json.loads(invoke("messages", "--limit", "2", "--json").stdout)
    assert [header["message_id"] for header in both] == [1, 2]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        (["--status", "error"], [2]),
        (["--status", "9"], [1]),
        (["--session", "2"], [2]),
        (["--id", "1"], [1]),
        (["--source", "In", "--target", "Out"], [1, 2]),
        (["--target", "Nobody"], []),
        (["--type", "response"], []),
        (["--class", "demo.Größe"], [1, 2]),
        (["--error"], [2]),
        (["--no-error"], [1]),
        (["--any-of", "status=error"], [2]),
        (["--any-of", "status=error,session=2", "--any-of", "id=1,error=no"], [1, 2]),
        (["--any-of", "status=error,session=1", "--any-of", "class=demo.Größe, type=request"], [1, 2]),
        (["--any-of", "id=1", "--any-of", "id=2", "--error"], [2]),
        (["--any-of", '"source=In, or not"', "--any-of", "id=1"], [1]),
    ],
)
def test_messages_filters(invoke: Invoke, options: list[str], ids: list[int]) -> None:
    found = json.loads(invoke("messages", *options, "--json").stdout)
    assert [header["message_id"] for header in found] == ids
    assert invoke("messages", *options, "--count").stdout == f"{len(ids)}\n"
    assert json.loads(invoke("messages", *options, "--count", "--json").stdout) == {"count": len(ids)}


def test_json_keeps_all_languages(invoke: Invoke) -> None:
    assert '"body_class": "demo.Größe"' in invoke("messages", "--json").stdout


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("eror=yes", "'eror=yes' in 'eror=yes' is not NAME=VALUE with a name of its own out of id, session, status"),
        ("status=Error,status=Aborted", "'status=Aborted' in 'status=Error,status=Aborted' is not NAME=VALUE"),
        ("where=mrn", "of where it is where=FIELD=VALUE"),
        ("", "'' in '' is not NAME=VALUE"),
        ("error=maybe", "error=maybe is neither error=yes nor error=no"),
        ('"id=1', "cannot be read"),
        ("status=eror", "status: 'eror' is not known (did you mean 'Error'?)"),
    ],
)
def test_wrong_alternative_is_wrong_use(invoke: Invoke, text: str, why: str) -> None:
    result = invoke("messages", "--any-of", text)
    assert result.exit_code == 2
    assert why in result.stderr


def test_wrong_filter_is_wrong_use(invoke: Invoke) -> None:
    result = invoke("messages", "--status", "eror")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: status: 'eror' is not known (did you mean 'Error'?); allowed: ")


def test_trace_of_the_latest_or_a_named_session(invoke: Invoke) -> None:
    assert invoke("trace").stdout.startswith("Session 2: 1 messages")
    assert invoke("trace", "1").stdout.startswith("Session 1: 1 messages")
    mermaid = invoke("trace", "1", "--format", "mermaid").stdout
    assert mermaid.startswith("sequenceDiagram\n")
    assert mermaid.endswith("    P1->>P2: Größe\n")
    data = json.loads(invoke("trace", "--format", "json").stdout)
    assert data["session_id"] == 2
    assert json.loads(invoke("trace", "--json").stdout) == data


def test_trace_with_bodies(invoke: Invoke) -> None:
    plain = invoke("trace", "1").stdout
    text = invoke("trace", "1", "--bodies").stdout
    assert text.splitlines()[:2] == plain.splitlines()[:2]
    assert [line.strip() for line in text.splitlines()[2:6]] == [
        "created 2026-01-02 03:04:05.678000, not processed",
        "{",
        '"größe": "\\u001b[2J\\u009b"',
        "}",
    ]
    assert "{... (31 more characters)" in invoke("trace", "1", "--bodies", "--chars", "1").stdout
    assert invoke("trace", "1", "--full", "--chars", "1").stdout == text
    body = json.loads(invoke("trace", "1", "--json", "--bodies").stdout)["messages"][0]["body"]
    assert (body["class_name"], body["serializer"], body["left_out"]) == ("demo.Größe", "json", 0)
    assert json.loads(body["text"]) == {"größe": "\x1b[2J\x9b"}
    assert "body" not in json.loads(invoke("trace", "1", "--json").stdout)["messages"][0]
    refused = invoke("trace", "--format", "mermaid", "--bodies")
    assert (refused.exit_code, "no room for bodies" in refused.stderr) == (2, True)


def test_trace_that_is_not_there(invoke: Invoke) -> None:
    unknown = invoke("trace", "99")
    assert (unknown.exit_code, unknown.stderr) == (
        2,
        "Error: there is no session 99; 'iop messages' shows those there are\n",
    )
    none_yet = invoke("trace", "--data-dir", "empty")
    assert none_yet.exit_code == 4
    assert none_yet.stderr.startswith("Error: there is no session yet")


def test_log(invoke: Invoke) -> None:
    assert invoke("log").stdout == f"{LOCAL} Error Out [2/2]: disk full\n    Traceback\\x1b\n"
    assert invoke("log", "--item", "In").stdout == ""
    assert json.loads(invoke("log", "--json").stdout)[0]["text"] == "disk full\nTraceback\x1b"


def test_plugins(invoke: Invoke) -> None:
    records = {record["name"]: record for record in json.loads(invoke("plugins", "--json").stdout)}
    assert records["cli"] == {"name": "cli", "distribution": "", "version": "", "hooks": ["iop_commands"]}
    assert records["memory"]["hooks"] == ["iop_backends"]
    assert (records["iop-core"]["distribution"], records["iop-core"]["version"][:1]) == ("iop-core", "0")
    lines = invoke("plugins").stdout.splitlines()
    assert lines[0].split() == ["Name", "Distribution", "Version", "Hooks"]
    assert lines[1].split() == ["cli", "iop_commands"]


def test_io_log(invoke: Invoke) -> None:
    shown = f"{LOCAL} In [2/2]: input, took 0.250 s\n    in: line\\n1\n    error: disk full\n"
    assert invoke("log", "--io").stdout == shown
    assert invoke("log", "--io", "--item", "Out").stdout == ""
    assert json.loads(invoke("log", "--io", "--json").stdout)[0]["received"] == "line\n1"
    assert invoke("log", "--io", "--session", "2").stdout == ""  # that history has no exchanges of sessions
    assert "session: 'x' is not a whole number" in invoke("log", "--io", "--session", "x").stderr
    refused = invoke("log", "--io", "--level", "error")
    assert (refused.exit_code, "--io cannot be narrowed by level" in refused.stderr) == (2, True)


@pytest.mark.parametrize("command", ["status", "queue", "messages", "trace", "log"])
def test_no_data_is_exit_code_4_in_one_line(invoke: Invoke, command: str) -> None:
    result = invoke(command, "--data-dir", "nothing")
    assert (result.exit_code, result.stdout) == (4, "")
    assert result.stderr == "Error: there is no data in\\nnothing\n"


def test_store_error_is_exit_code_1(invoke: Invoke, memory: type[Backend]) -> None:
    memory.fails_with = StoreError("the file is damaged")  # type: ignore[attr-defined]
    result = invoke("status")
    assert (result.exit_code, result.stderr) == (1, "Error: the file is damaged\n")


def test_where_queries_look(invoke: Invoke, memory: type[Backend], monkeypatch: pytest.MonkeyPatch) -> None:
    invoke("status")
    invoke("status", "--data-dir", "my data/50%", "--namespace", "NS")
    monkeypatch.setenv("IOP_URL", "local:elsewhere")
    invoke("status")
    invoke("status", "--data-dir", "/given")
    assert memory.opened == [  # type: ignore[attr-defined]
        ("local:", "USER"),
        (f"local://{Path.cwd()}/my%20data/50%25", "NS"),
        ("local:elsewhere", "USER"),
        ("local:///given", "USER"),
    ]


def test_process_instances(invoke: Invoke) -> None:
    lines = invoke("processes").stdout.splitlines()
    assert lines[0].split() == ["Id", "Item", "Session", "State", "Waits", "for", "Created", "Completed", "Error"]
    assert [line.split()[3] for line in lines[1:]] == ["completed", "open"]
    assert "ValueError: no" in lines[1]
    (only,) = json.loads(invoke("processes", "--open", "--json").stdout)
    assert (only["process_id"], only["pending"], only["time_completed"]) == (2, 3, None)
