"""Operations whose handlers run in child processes."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path

import pytest

from iop import Production
from iop_core.bodies import BodyCodec
from iop_core.errors import ComponentStartError, RequestFailedError
from iop_core.events import EventType
from iop_core.headers import MessageStatus
from iop_testing import run_production

from . import worker_components as parts
from .worker_components import Result, Task

PATIENCE = 30


def production_of(component=parts.Doer, name="Test.Workers", **options) -> Production:
    production = Production(name)
    production.operation("Doer", component, workers="processes", **options)
    production.operation("Sink", parts.Sink, pool_size=3)
    return production


@pytest.fixture(scope="module")
def run():
    settings = {"RetryInterval": 0.01}
    with run_production(production_of(settings=settings, pool_size=2)) as running:
        yield running


def call(run, deed: str, text: str = "") -> str:
    return run.call("Doer", Task(deed, text), timeout=PATIENCE).text


def wait_for(what, seconds: float = PATIENCE):
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not come in time"
        time.sleep(0.01)
    return found


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines() if path.exists() else []


def is_running(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False


def test_handlers_run_in_a_child_of_each_job(run) -> None:
    pids = {call(run, "pid") for _ in range(20)}
    assert str(os.getpid()) not in pids
    assert 1 <= len(pids) <= 2


def test_the_component_sees_its_message(run) -> None:
    session_id, message_id, *_, created = call(run, "look").split(" ")
    header = next(each for each in run.messages(target="Doer") if each.message_id == int(message_id))
    assert (header.session_id, header.time_created.isoformat()) == (int(session_id), created)


def test_error_ends_the_message_with_the_traceback_of_the_child(run) -> None:
    with pytest.raises(RequestFailedError, match="ValueError: cannot do that"):
        call(run, "fail", "that")
    failed = run.messages(target="Doer", status=MessageStatus.ERROR)[-1]
    assert failed.error == "ValueError: cannot do that"
    entry = [each for each in run.log(item="Doer") if each.message_id == failed.message_id][-1]
    assert entry.type is EventType.ERROR
    assert 'raise ValueError(f"cannot do {request.text}")' in entry.text
    assert not [each for each in run.messages(source="Doer") if each.session_id == failed.session_id and each.type == 1]


def test_error_of_a_class_that_cannot_travel_keeps_its_name(run) -> None:
    with pytest.raises(RequestFailedError, match="Unruly: first-second"):
        call(run, "fail_unruly")


def test_error_of_a_connection_is_tried_again(run) -> None:
    assert call(run, "fail_connection") == "try 3"


def test_wish_for_a_retry(run) -> None:
    assert call(run, "ask_again") == "try 2"


def test_wish_for_suspension(run) -> None:
    session_id = run.send("Doer", Task("set_aside"))
    run.wait_until_idle()
    (header,) = run.messages(session=session_id)
    assert header.status is MessageStatus.SUSPENDED


def test_async_send_is_stored_with_the_end_of_its_message(run) -> None:
    session_id = run.send("Doer", Task("send", "later"))
    run.wait_until_idle()
    sent = [each for each in run.messages(session=session_id) if each.target == "Sink"]
    assert [(each.source, run.body(each.message_id).text) for each in sent] == [("Doer", "later")]


@pytest.mark.parametrize(
    ("deed", "text", "answer"),
    [
        ("call", "hello", "hello"),
        ("call_failing", "this", "RequestFailedError Sink: ValueError: refused this"),
        ("call_many", "", "0 1 2"),
        ("await_many", "", "0 1 2"),
        ("give_up_waiting", "", "cancelled"),
        ("read_stream", "", "0 1 2"),
        ("big", "y" * 3_000_000, "x" * 3_000_000),
    ],
)
def test_calls_from_within(run, deed, text, answer) -> None:
    before = run.send("Sink", Task("nothing"))
    assert call(run, deed, text) == answer
    run.wait_until_idle()
    of_the_call = [each for each in run.messages(target="Doer") if each.session_id > before and not each.source]
    sent = [each for each in run.messages(source="Doer", target="Sink") if each.session_id > before]
    assert {each.session_id for each in sent} <= {each.session_id for each in of_the_call}


def test_call_that_cannot_be_sent_raises_in_the_handler(run) -> None:
    with pytest.raises(RequestFailedError, match="UnknownItemError: Production item does not exist: Nobody"):
        call(run, "call_missing")


def test_send_from_a_thread_of_the_component(run) -> None:
    session_id = run.send("Doer", Task("send_from_thread", "by thread"))
    run.wait_until_idle()
    sent = [each for each in run.messages(source="Doer", target="Sink") if each.session_id != session_id][-1]
    assert run.body(sent.message_id).text == "by thread"


def test_log_entries_arrive_with_item_session_and_message(run, caplog) -> None:
    session_id = run.send("Doer", Task("log", "tall tale"))
    run.wait_until_idle()
    (header,) = [each for each in run.messages(session=session_id) if each.target == "Doer"]
    entries = [each for each in run.log(item="Doer") if each.session_id == session_id]
    assert [(each.type, each.message_id, each.method, each.text.splitlines()[0]) for each in entries] == [
        (EventType.INFO, header.message_id, "log", "tall tale"),
        (EventType.ERROR, header.message_id, "log", "caught"),
    ]
    assert "ValueError: cannot do tall tale" in entries[1].text
    assert ("some.library", logging.WARNING, "library says tall tale") in caplog.record_tuples


def test_message_class_that_only_the_engine_has_loaded(run) -> None:
    from . import worker_messages

    assert run.call("Doer", worker_messages.Parcel("pid"), timeout=PATIENCE).text.isdecimal()


def test_streams_are_refused(run) -> None:
    production = production_of()
    production.operation("Reader", parts.Reader)
    with run_production(production) as running, pytest.raises(RequestFailedError, match="gives no streams"):
        running.call("Reader", Task(), timeout=PATIENCE)


def test_order_is_kept_with_one_job(tmp_path) -> None:
    notes = tmp_path / "notes"
    with run_production(production_of(settings={"Notes": str(notes)})) as run:
        run.send_many("Doer", [Task("note", str(number)) for number in range(100)])
        run.wait_until_idle()
    init, *numbers, down = lines(notes)
    assert numbers == [str(number) for number in range(100)]
    assert init.split()[1] == down.split()[1]


def test_deferred_answer(tmp_path) -> None:
    notes = tmp_path / "notes"
    with run_production(production_of(settings={"Notes": str(notes)})) as run:
        session_id = run.send("Doer", Task("put_off"))
        run.wait_until_idle()
        run.send("Doer", Task("give_answer", lines(notes)[-1]))
        run.wait_until_idle()
        (header,) = [each for each in run.messages(session=session_id) if each.target == "Doer"]
        assert header.status is MessageStatus.COMPLETED


def test_keepalive_is_called_in_the_child() -> None:
    with run_production(production_of(parts.DoerWithLine)) as run:
        wait_for(lambda: int(call(run, "keepalives")) > 1)


def test_exchanges_are_archived() -> None:
    with run_production(production_of(settings={"ArchiveIO": True})) as run:
        assert call(run, "call", "kept") == "kept"
        run.wait_until_idle()
        (entry,) = run.running.io_log()
        codec = BodyCodec()
        assert (entry.item, entry.received, entry.returned) == (
            "Doer",
            codec.encode(Task("call", "kept")),
            codec.encode(Result("kept")),
        )


def test_serializer_with_a_key() -> None:
    pytest.importorskip("iop_serializer_pickle")
    production = production_of()
    production.allow_serializers("pickle")
    with run_production(production) as run:
        answer = run.call("Doer", parts.Crate({1, 2}), timeout=PATIENCE)
        assert answer.content == [{1, 2}, ("seen", 3)]


def test_codes_of_replies() -> None:
    settings = {"ReplyCodeActions": "R=R,E=F", "RetryInterval": 0.01}
    with run_production(production_of(parts.Coding, settings=settings)) as run:
        assert call(run, "nothing") == "try 3"


def test_super_session_goes_along() -> None:
    production = production_of(settings={"SendSuperSession": True})
    production.service("Source", parts.Source)
    with run_production(production) as run:
        run.send("Source", Task("super_session"))
        run.wait_until_idle()
        assert [each.super_session for each in run.messages(target="Sink")] == ["shared", "shared"]
        (answer,) = run.messages(source="Doer", target="Source")
        assert run.body(answer.message_id) == Result("shared")


@pytest.mark.parametrize(
    ("component", "text"),
    [
        (parts.BadStart, "ConnectionError: no line"),
        (parts.DeadStart, "worker process [0-9]+ ended with code 7 while it started"),
    ],
)
def test_failing_start_says_why(component, text) -> None:
    with pytest.raises(ComponentStartError, match=text), run_production(production_of(component)):
        pass


def test_what_cannot_run_in_processes_is_refused() -> None:
    class Local(parts.Doer):
        pass

    heavy = {"Workers": "processes"}
    for add, reason in [
        (lambda p: p.process("X", parts.Flow, settings=heavy), "only operations run in processes of their own"),
        (lambda p: p.service("X", parts.Source, settings=heavy), "only operations run in processes of their own"),
        (lambda p: p.operation("X", parts.Doer, settings={"Workers": "fibers"}), "'fibers' is not 'threads' or"),
        (lambda p: p.operation("X", parts.Doer, settings={**heavy, "Invocation": "InProc"}), "InProc"),
        (lambda p: p.operation("X", Local, settings=heavy), "defined inside a function"),
        (lambda p: p.operation("X", parts.Doer, settings={**heavy, "Other": lambda: 0}), "'Other'"),
    ]:
        production = Production("Test.Refused")
        add(production)
        with pytest.raises(ComponentStartError, match=reason), run_production(production):
            pass


def test_class_may_say_it() -> None:
    production = Production("Test.Said")
    production.operation("Doer", parts.SaysProcesses)
    with run_production(production) as run:
        assert call(run, "pid") != str(os.getpid())
