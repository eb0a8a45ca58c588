"""What is kept and shown: event log, traces, search, purge, and the states of items."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, Message
from iop_core.backends import MessageHistory
from iop_core.bodies import BodyCodec
from iop_core.errors import RefusedTestError
from iop_core.events import EventType, LogFilter, MessageFilter
from iop_core.headers import BusinessType, MessageHeader, MessageStatus, MessageType
from iop_core.item_control import ItemState
from iop_core.purging import PurgeOptions
from iop_production import Production
from iop_testing.conformance.trial import BackendSuite, BackendTrial, Note
from iop_testing.production_run import ProductionRun

DAY = 86_400.0
ALL_BUT_NOW = PurgeOptions(days_to_keep=0)


@dataclass
class Admission(Message, searchable=("mrn", "ward")):
    """A message that can be found by values of its body."""

    mrn: str = ""
    ward: str = ""


@dataclass
class Kept(Message, purgeable=False):
    """A message whose bodies are never purged."""

    text: str = ""


def hospital(trial: BackendTrial, *, has_archive: bool = True) -> Production:
    """Return a production whose process asks an operation and tells another one."""

    class Desk(BusinessProcess):
        def on_request(self, request: Message) -> None:
            self.send_request_async("Ward", request, completion_key="bed")

        def on_response(
            self, request: Message, response: object, call_request: object, call_response: object, completion_key: str
        ) -> object:
            self.log_info("answered")
            return call_response

    class Ward(BusinessOperation):
        def on_message(self, request: Message) -> Message:
            self.log_info("seen")
            trial.clock.advance(1)
            if getattr(request, "text", "") == "bad":
                raise ValueError("no such bed")
            return request

    production = Production("Conformance.History")
    production.process("Desk", Desk)
    production.operation("Ward", Ward, enabled=has_archive)
    return production


def talker(text: str, **item: bool) -> Production:
    """Return a production with an operation that logs in every way."""

    class Talker(BusinessOperation):
        def on_message(self, request: Note) -> None:
            self.log_info(f"info {text}")
            self.log_warning("warning")
            self.log_error("error")
            self.log_alert("alert")
            self.log_assert("assert")
            self.trace("trace")

    production = Production("Conformance.Log")
    production.operation("Talker", Talker, log_trace_events=item.get("traces", False))
    return production


def ids(history: MessageHistory, criteria: MessageFilter) -> set[int]:
    """Return the ids of the messages that a filter finds."""
    return {header.message_id for header in history.messages(criteria)}


def asked(run: ProductionRun, *messages: Message) -> list[int]:
    """Send messages to the process and return their sessions when all is done."""
    sessions = [run.send("Desk", message) for message in messages]
    run.wait_until_idle()
    return sessions


class HistorySuite(BackendSuite):
    """Checks of log, search and purge; subclass it as ``Test...`` and give the ``open_backend`` fixture."""

    # Event log

    def test_types_of_entries(self, trial: BackendTrial) -> None:
        """Assert is 1, error 2, warning 3, info 4, trace 5, alert 6."""
        with trial.run(talker("", traces=True)) as run:
            run.call("Talker", Note())
            run.wait_until_idle()
            entries = [(entry.text.strip(), int(entry.type)) for entry in run.log(item="Talker")]
        assert entries == [("info", 4), ("warning", 3), ("error", 2), ("alert", 6), ("assert", 1), ("trace", 5)]

    def test_fields_of_an_entry(self, trial: BackendTrial) -> None:
        """An entry knows its item, method, session, message and time."""
        with trial.run(talker("hello")) as run:
            session = run.send("Talker", Note())
            run.wait_until_idle()
            entry = run.log(item="Talker")[0]
        assert (entry.item, entry.method, entry.text) == ("Talker", "on_message", "info hello")
        assert (entry.session_id, entry.message_id, entry.time_logged) == (session, session, trial.clock.now())

    @pytest.mark.parametrize("wanted_by", ["", "item", "foreground", "production"])
    def test_trace_only_when_wanted(self, trial: BackendTrial, wanted_by: str) -> None:
        """Trace entries are kept only with LogTraceEvents or Foreground of the item, or as the production says."""
        production = talker("", traces=wanted_by == "item")
        production.item("Talker").foreground = wanted_by == "foreground"
        production.log_general_trace_events = wanted_by == "production"
        with trial.run(production) as run:
            run.call("Talker", Note())
            run.wait_until_idle()
            traces = [entry.text for entry in run.log() if entry.type is EventType.TRACE]
        assert traces == (["trace"] if wanted_by else [])

    def test_error_with_its_stack(self, trial: BackendTrial) -> None:
        """The entry of an error has its message and its stack."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("bad"))
            errors = [entry.text for entry in run.log(item="Ward") if entry.type is EventType.ERROR]
        assert any("no such bed" in text and "Traceback" in text and "history.py" in text for text in errors)

    def test_log_filters(self, trial: BackendTrial) -> None:
        """The log is filtered by type, text, session and time, and survives a restart."""
        with trial.run(talker("one")) as run:
            session = run.send("Talker", Note())
            run.wait_until_idle()
        begin = trial.clock.now()
        trial.clock.advance(60)
        with trial.run(talker("two")) as run:
            run.call("Talker", Note())
            run.wait_until_idle()
        history = trial.history()
        found = history.log(item="Talker", criteria=LogFilter(types=(EventType.INFO,)))
        assert [entry.text for entry in found] == ["info one", "info two"]
        assert [entry.text for entry in history.log(criteria=LogFilter(text="INFO TWO"))] == ["info two"]
        found = history.log(item="Talker", criteria=LogFilter(session_id=session))
        assert [entry.text for entry in found] == ["info one", "warning", "error", "alert", "assert"]
        found = history.log(item="Talker", criteria=LogFilter(since=trial.clock.now()))
        assert found[0].text == "info two"
        assert found[0].time_logged > begin
        assert history.log(criteria=LogFilter(until_id=found[0].entry_id))[-1] == found[0]

    def test_io_log(self, trial: BackendTrial) -> None:
        """What goes in and out is kept when ArchiveIO says so, and is in the trace; a purge counts it."""

        class Shelf(InboundAdapter):
            def on_init(self) -> None:
                self.left = 3

            def on_task(self) -> None:
                if self.left:
                    self.left -= 1
                    self.business_host.process_input(Note(str(self.left)))

        class Writer(BusinessOperation):
            def on_message(self, request: Message) -> Note:
                return Note("written")

        counts: list[int] = []
        codec = BodyCodec()
        for archives in (0, 1):
            production = Production("Conformance.History")
            production.service("In", BusinessService, adapter_class=Shelf, settings={"ArchiveIO": archives})
            production.operation("Out", Writer, settings={"ArchiveIO": archives})
            with trial.run(production) as run:
                trial.pass_time_until(lambda: run.running.items()[0].handled >= 3)
                run.call("Out", Note("request"))
                run.wait_until_idle()
                inputs = [entry.received for entry in run.running.io_log(item="In")]
                request = run.messages(type="Request", target="Out")[-1]
                traced = run.trace(request.session_id)
                assert traced is not None
                requests = [(entry.is_inbound, entry.returned) for entry in trial.history().io_log(item="Out")]
                assert inputs == [codec.encode(Note(text)) for text in ("2", "1", "0")][: 3 * archives]
                assert requests == [(False, codec.encode(Note("written")))][:archives]
                assert [(entry.item, entry.message_id) for entry in traced.io] == [("Out", traced.session_id)][
                    :archives
                ]
                trial.clock.advance(1)
                counts.append(run.running.purge(PurgeOptions(days_to_keep=0, types=("io",))).removed.get("io_log", 0))
        assert counts == [0, 4]

    def test_testing_service(self, trial: BackendTrial) -> None:
        """Test messages are taken where TestingEnabled is on, and only there; other messages always are."""

        class Echo(BusinessOperation):
            def on_message(self, request: Message) -> Message:
                return request

        for is_enabled in (False, True):
            production = Production("Conformance.History", testing_enabled=is_enabled)
            production.operation("Out", Echo)
            with trial.run(production) as run:
                assert run.call("Out", Note("a")) == Note("a")
                if is_enabled:
                    run.running.check_testing()
                    continue
                with pytest.raises(RefusedTestError, match="testing_enabled"):
                    run.running.check_testing()

    # Viewer and trace

    def test_viewer_filters(self, trial: BackendTrial) -> None:
        """Messages are found by each field of their header, and by several at once."""
        with trial.run(hospital(trial)) as run:
            first, bad = asked(run, Note("good"), Note("bad"))
            everything = run.messages()
        history = trial.history()

        def those(is_wanted: Callable[[MessageHeader], bool]) -> set[int]:
            return {header.message_id for header in everything if is_wanted(header)}

        assert ids(history, MessageFilter()) == those(lambda header: True)
        assert ids(history, MessageFilter(message_id=first)) == {first}
        assert ids(history, MessageFilter(session_id=bad)) == those(lambda header: header.session_id == bad)
        assert ids(history, MessageFilter(type=MessageType.RESPONSE)) == those(
            lambda header: header.type is MessageType.RESPONSE
        )
        assert ids(history, MessageFilter(status=MessageStatus.ERROR)) == those(
            lambda header: header.status is MessageStatus.ERROR
        )
        assert ids(history, MessageFilter(source="Ward")) == those(lambda header: header.source == "Ward")
        assert ids(history, MessageFilter(target="Ward")) == those(lambda header: header.target == "Ward")
        assert ids(history, MessageFilter(is_error=True)) == those(lambda header: header.is_error)
        assert (
            ids(history, MessageFilter(error_text="NO SUCH"))
            == those(lambda header: "no such" in header.error)
            != set()
        )
        assert ids(history, MessageFilter(body_class="Note")) == those(
            lambda header: header.body_class.endswith(".Note")
        )
        assert ids(history, MessageFilter(target="Ward", session_id=first)) == those(
            lambda header: header.target == "Ward" and header.session_id == first
        )
        middle = everything[3].time_created
        assert ids(history, MessageFilter(since=middle)) == those(lambda header: header.time_created >= middle)
        assert ids(history, MessageFilter(until=middle)) == those(lambda header: header.time_created < middle)
        assert (
            history.count_messages(MessageFilter(is_error=True)) == len(ids(history, MessageFilter(is_error=True))) > 0
        )

    def test_alternatives(self, trial: BackendTrial) -> None:
        """Messages are found that fit one of several filters, once each, beside all other criteria."""
        with trial.run(hospital(trial)) as run:
            first, bad = asked(run, Note("good"), Note("bad"))
            everything = run.messages()
        history = trial.history()
        failed, to_ward = MessageFilter(is_error=True), MessageFilter(target="Ward", session_id=first)
        criteria = MessageFilter(any_of=(failed, to_ward, MessageFilter(session_id=bad, is_error=True)))
        wanted = {
            header.message_id
            for header in everything
            if header.is_error or (header.target == "Ward" and header.session_id == first)
        }
        assert ids(history, criteria) == wanted
        assert {header.session_id for header in history.messages(criteria)} == {first, bad}
        assert history.count_messages(criteria) == len(wanted)
        within = MessageFilter(session_id=bad, any_of=(criteria,))
        assert ids(history, within) == ids(history, MessageFilter(session_id=bad, is_error=True))

    def test_order_and_pages(self, trial: BackendTrial) -> None:
        """Messages come oldest first or newest first, and page by page."""
        with trial.run(hospital(trial)) as run:
            asked(run, *[Note(str(number)) for number in range(5)])
            everything = [header.message_id for header in run.messages()]
            newest = [header.message_id for header in run.messages(newest_first=True, limit=4)]
            page = [header.message_id for header in run.messages(after_id=everything[3], limit=4)]
        assert everything == sorted(everything)
        assert newest == everything[::-1][:4]
        assert page == everything[4:8]

    def test_trace(self, trial: BackendTrial) -> None:
        """The trace of a session has its messages in order, the kinds of its items, and its log entries."""
        with trial.run(hospital(trial)) as run:
            session, _other = asked(run, Note("a"), Note("b"))
            trace = run.trace(session)
        assert trace is not None
        assert [(each.source, each.target) for each in trace.messages] == [
            ("", "Desk"),
            ("Desk", "Ward"),
            ("Ward", "Desk"),
        ]
        assert [entry.text for entry in trace.log] == ["seen", "answered"]
        assert {"Desk": BusinessType.PROCESS, "Ward": BusinessType.OPERATION}.items() <= trace.kinds.items()

    def test_body_search(self, trial: BackendTrial) -> None:
        """Messages are found by values of their bodies: those fields that their class names."""
        with trial.run(hospital(trial)) as run:
            ann, bob = asked(run, Admission("1", "north"), Admission("2", "north"))
            everything = run.messages()
        history = trial.history()
        assert ids(history, MessageFilter(fields={"mrn": "1"})) == {
            each.message_id for each in everything if each.session_id == ann
        }
        assert ids(history, MessageFilter(fields={"ward": "north"})) == {each.message_id for each in everything}
        assert ids(history, MessageFilter(fields={"ward": "north", "mrn": "2"}, target="Desk", source="")) == {bob}
        assert (
            ids(history, MessageFilter(fields={"mrn": "%"}))
            == ids(history, MessageFilter(fields={"name": "1"}))
            == set()
        )

    # Purge

    def test_days_to_keep(self, trial: BackendTrial) -> None:
        """By default seven days are kept, and today is one of them."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("old"))
            trial.clock.advance(6 * DAY)
            (kept,) = asked(run, Note("young"))
            assert run.running.purge().removed.get("headers", 0) == 0
            trial.clock.advance(DAY)
            result = run.running.purge()
            assert result.removed["headers"] == 3
            assert {header.session_id for header in run.messages()} == {kept}

    def test_keep_nothing(self, trial: BackendTrial) -> None:
        """With 0 days all goes that has ended; the counts before and after say how much."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("a"), Note("bad"))
            trial.clock.advance(1)
            result = run.running.purge(ALL_BUT_NOW)
            assert run.messages() == []
        assert (result.before["headers"], result.removed["headers"], result.after["headers"]) == (6, 6, 0)
        assert result.left == 0

    def test_integrity(self, trial: BackendTrial) -> None:
        """A session with a message that has not ended, or an instance that has not, stays as a whole."""
        with trial.run(hospital(trial, has_archive=False)) as run:
            (session,) = asked(run, Note("a"))
            trial.clock.advance(100 * DAY)
            result = run.running.purge()
            assert (result.skipped_sessions, result.removed.get("headers", 0)) == (1, 0)
            assert {header.session_id for header in run.messages()} == {session}

    def test_without_integrity(self, trial: BackendTrial) -> None:
        """Without integrity each message that has ended goes; one that waits stays, and is handled as ever."""
        with trial.run(hospital(trial)) as run:
            run.call("Ward", Note("done"))
            run.running.disable("Ward")
            waiting = run.send("Ward", Note("waiting"))
            trial.clock.advance(1)
            run.running.purge(PurgeOptions(days_to_keep=0, keep_integrity=False))
            assert [header.message_id for header in run.messages()] == [waiting]
            run.running.enable("Ward")
            run.wait_until_idle()
            assert run.messages()[0].status is MessageStatus.COMPLETED

    @pytest.mark.parametrize("bodies_too", [False, True])
    def test_bodies(self, trial: BackendTrial, *, bodies_too: bool) -> None:
        """Headers always go, bodies only when asked, and never those of a class that forbids it."""
        with trial.run(hospital(trial)) as run:
            run.call("Ward", Note("a"))
            run.send("Ward", Kept("b"))
            run.wait_until_idle()
            trial.clock.advance(1)
            result = run.running.purge(PurgeOptions(days_to_keep=0, bodies_too=bodies_too))
        assert result.after["headers"] == 0
        assert result.after["bodies"] == (1 if bodies_too else result.before["bodies"])

    def test_only_some_items(self, trial: BackendTrial) -> None:
        """A purge can be limited to what some items sent or received."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("a"))
            own = run.send("Ward", Note("b"))
            run.wait_until_idle()
            trial.clock.advance(1)
            run.running.purge(PurgeOptions(days_to_keep=0, items=("Desk",), types=("messages",)))
            assert [header.message_id for header in run.messages()] == [own]

    def test_types_of_a_purge(self, trial: BackendTrial) -> None:
        """Events, messages and process instances are purged together or by themselves."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("a"))
            trial.clock.advance(1)
            result = run.running.purge(PurgeOptions(days_to_keep=0, types=("events", "processes")))
            assert result.removed["log"] > 0
            assert result.removed["processes"] == 1
            assert len(run.messages()) == 3
            assert run.log(item="Ward") == []

    def test_shared_body(self, trial: BackendTrial) -> None:
        """A body that several messages share goes with the last of them."""
        with trial.run(hospital(trial)) as run:
            first = run.send("Ward", Note("a"))
            run.wait_until_idle()
            trial.clock.advance(8 * DAY)
            (again,) = run.running.resend([first]).ids
            run.wait_until_idle()
            # The session is one, and young.
            assert run.running.purge().removed.get("headers", 0) == 0
            run.running.purge(PurgeOptions(keep_integrity=False))
            assert [header.message_id for header in run.messages()] == [again]
            assert run.body(again) == Note("a")

    def test_dry_run(self, trial: BackendTrial) -> None:
        """A dry run says what would go, and changes nothing."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("a"))
            trial.clock.advance(1)
            before: list[MessageHeader] = run.messages()
            planned = run.running.purge(ALL_BUT_NOW, dry_run=True)
            assert run.messages() == before
            assert planned.removed["headers"] == run.running.purge(ALL_BUT_NOW).removed["headers"] == 3

    def test_ids_after_a_purge(self, trial: BackendTrial) -> None:
        """Ids of purged messages are not given again, also not after a restart."""
        with trial.run(hospital(trial)) as run:
            asked(run, Note("a"))
            last = run.messages()[-1].message_id
            trial.clock.advance(1)
            run.running.purge(ALL_BUT_NOW)
            assert run.messages() == []
        with trial.run(hospital(trial)) as run:
            assert run.send("Ward", Note("b")) > last

    # Monitor

    def test_states_of_items(self, trial: BackendTrial) -> None:
        """An item is shown as running, disabled, in error, retrying or stopped."""

        def state() -> ItemState:
            return next(item.state for item in run.running.items() if item.name == "Ward")

        production = hospital(trial)
        production.item("Ward").host_settings.update({"ReplyCodeActions": "E=RF", "FailureTimeout": 4})
        with trial.run(production) as run:
            assert state() is ItemState.RUNNING
            run.send("Ward", Note("bad"))
            run.wait_until_idle()
            assert state() is ItemState.ERROR
            run.running.disable("Ward")
            assert state() is ItemState.DISABLED
            run.running.enable("Ward")
            run.running.stop_component("Ward")
            assert state() is ItemState.STOPPED
        production.item("Ward").host_settings["FailureTimeout"] = 100
        with trial.run(production) as run:
            run.send("Ward", Note("bad"))
            trial.until(lambda: state() is ItemState.RETRYING)
