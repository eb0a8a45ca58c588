"""The control socket: the same answers as in the process, and nothing that a stranger can break."""

from __future__ import annotations

import json
import logging
import os
import secrets
import socket
import stat
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from iop import BusinessOperation, BusinessService, Message, Production
from iop_core.backends import RunningProduction, RunOptions
from iop_core.component import allocate
from iop_core.errors import (
    BackendError,
    BackendUnavailableError,
    IopError,
    RequestFailedError,
    RequestTimeoutError,
    SendError,
    UnknownItemError,
    UnknownMessageClassError,
)
from iop_core.events import EventType, MessageFilter
from iop_core.headers import Body, MessageType
from iop_engine.backend import LocalBackend
from iop_engine.control.address_file import AddressFile, ControlAddress
from iop_engine.control.client import ControlClient
from iop_engine.control.connections import MOST_STRANGERS
from iop_engine.control.frames import BrokenFrameError, receive_frame, send_frame
from iop_engine.control.handshake import GREETING, introduce
from iop_engine.control.remote_production import RemoteProduction
from iop_engine.control.travelling_errors import error_of, record_of
from iop_engine.control.wire_methods import served_names, wire_method


@dataclass
class Number(Message):
    value: int = 0


@dataclass
class Shout(Message):
    text: str = ""


class Adder(BusinessOperation):
    def on_message(self, request: Message) -> Message | None:
        if isinstance(request, Shout):
            raise ValueError(request.text)
        assert isinstance(request, Number)
        return Number(request.value + 1)


class Counter(BusinessOperation):
    def on_message(self, request: Number) -> Iterator[Number]:
        yield from (Number(value) for value in range(request.value))


class Intake(BusinessService):
    def on_message(self, request: int) -> list[int]:
        self.log_info("taken")
        once = self.send_request_sync("Adder", Number(request))
        self.send_request_async("Adder", Number(100))
        both = self.send_multi_request_sync([("Adder", once), ("Adder", Shout("x"))], 10)
        return [once.value, both[0][2].value, both[1][3]]


def make_production() -> Production:
    production = Production("Demo.Control")
    production.operation(Adder)
    production.operation(Counter)
    production.service(Intake)
    return production


@pytest.fixture
def place(tmp_path: Path) -> LocalBackend:
    return LocalBackend(str(tmp_path / "data"), namespace="USER")


@pytest.fixture
def engine(place: LocalBackend) -> Iterator[RunningProduction]:
    running = place.run(make_production().definition(), RunOptions(is_reachable=True))
    yield running
    running.stop()


@pytest.fixture
def address(engine: RunningProduction, place: LocalBackend) -> ControlAddress:
    found = AddressFile(place.location, "USER").find()
    assert found is not None
    return found


@pytest.fixture
def client(address: ControlAddress) -> Iterator[ControlClient]:
    client = ControlClient(address)
    yield client
    client.close()


@pytest.fixture
def remote(client: ControlClient, engine: RunningProduction) -> RunningProduction:
    """What another process sees: everything goes over the socket."""
    return cast("RunningProduction", RemoteProduction(client, lambda: not engine.wait_until_stopped(0)))


def test_every_method_can_travel() -> None:
    for name in served_names():
        wire_method(name)
    assert {"status", "messages", "stop", "send_bodies", "refresh"} <= served_names()
    assert "decode" not in served_names()


def test_history_is_the_same_from_both_sides(engine: RunningProduction, remote: RunningProduction) -> None:
    session = remote.send("Adder", Number(1))
    assert remote.send_many("Adder", [Number(2), Number(3)]) == [session + 1, session + 2]
    assert remote.wait_until_idle(30)
    assert remote.status() == engine.status()
    assert remote.queues() == engine.queues() == []
    criteria = MessageFilter(type=MessageType.REQUEST, newest_first=True)
    assert list(remote.messages(criteria)) == list(engine.messages(criteria))
    assert remote.count_messages(criteria) == 3
    nested = MessageFilter(type=MessageType.REQUEST, any_of=(MessageFilter(session_id=session + 1),))
    either = MessageFilter(any_of=(MessageFilter(message_id=session), nested))
    assert [header.message_id for header in remote.messages(either)] == [session, session + 1]
    assert remote.count_messages(either) == 2
    assert remote.trace(session) == engine.trace(session)
    assert remote.log() == engine.log()
    assert remote.io_log() == engine.io_log()
    stored = remote.message(session)
    assert stored is not None
    assert stored == engine.message(session)
    assert remote.decode(stored) == Number(1)
    assert remote.message(10**9) is None


def test_long_lists_come_in_pages_and_may_be_left_early(remote: RunningProduction, client: ControlClient) -> None:
    sessions = remote.send_many("Adder", [Number(value) for value in range(1200)])
    assert [header.message_id for header in remote.messages(MessageFilter())][:1200] == sessions
    some = remote.messages(MessageFilter())
    assert next(some).message_id == sessions[0]
    some.close()  # type: ignore[attr-defined]
    assert remote.count_messages(MessageFilter(type=MessageType.REQUEST)) == 1200


def test_call_and_its_errors(remote: RunningProduction) -> None:
    assert remote.call("Adder", Number(41), timeout_seconds=30) == Number(42)
    with pytest.raises(RequestFailedError, match="loud") as failed:
        remote.call("Adder", Shout("loud"), timeout_seconds=30)
    assert failed.value.target == "Adder"
    with pytest.raises(UnknownItemError, match="did you mean 'Adder'") as unknown:
        remote.send("Ader", Number())
    assert unknown.value.known == ("Adder", "Counter", "Intake")


def test_service_in_another_process_works_as_in_this_one(engine: RunningProduction, remote: RunningProduction) -> None:
    answers = []
    for running in (engine, remote):
        host = running.host_for("Intake")
        host.enter_input()
        try:
            answers.append(allocate(Intake, host).on_process_input(7))
        finally:
            host.leave()
        assert running.wait_until_idle(30)
        trace = running.trace()
        assert trace is not None
        # One session for the whole input.
        assert [header.source for header in trace.messages if header.type is MessageType.REQUEST] == ["Intake"] * 4
    assert answers == [[8, 9, -1]] * 2
    taken = [entry for entry in engine.log(item="Intake") if entry.type is EventType.INFO]
    assert [entry.text for entry in taken] == ["taken"] * 2


def test_generator_request_from_another_process(remote: RunningProduction) -> None:
    host = remote.host_for("Intake")
    with host.send_generator("Counter", Number(5), 10, "") as stream:
        assert [next(stream).value, next(stream).value] == [0, 1]
    with host.send_generator("Counter", Number(3), 10, "") as stream:
        assert [each.value for each in stream] == [0, 1, 2]


def test_host_outside_of_an_event_refuses_what_needs_one(remote: RunningProduction) -> None:
    host = remote.host_for("Intake")
    with pytest.raises(SendError, match="set_timer"):
        host.set_timer(1, "key")
    with pytest.raises(UnknownItemError):
        remote.host_for("Nobody")


def test_where_a_class_comes_from(remote: RunningProduction) -> None:
    source = remote.component_source("Intake")
    assert (source.kind, source.class_name, Path(source.file)) == ("service", "Intake", Path(__file__))


def test_message_of_an_unknown_class_is_refused_before_it_is_stored(
    client: ControlClient, remote: RunningProduction
) -> None:
    with pytest.raises(UnknownMessageClassError, match=r"nowhere\.Never"):
        client.call("send_bodies", "Adder", [Body("nowhere.Never", "json", b"{}")])
    assert remote.count_messages(MessageFilter()) == 0


def test_stop_from_elsewhere_frees_the_data(
    engine: RunningProduction, remote: RunningProduction, place: LocalBackend
) -> None:
    remote.stop()
    assert engine.wait_until_stopped(0)
    assert AddressFile(place.location, "USER").find() is None
    assert not any(thread.name == "iop-control" for thread in _others())
    with pytest.raises(BackendUnavailableError):
        remote.status()
    with pytest.raises(BackendUnavailableError, match="no production runs"):
        place.connect()


def test_connect_in_the_same_process_is_the_engine_itself(engine: RunningProduction, place: LocalBackend) -> None:
    assert place.connect() is engine
    engine.stop()
    with pytest.raises(BackendUnavailableError):
        place.connect()


def test_not_reachable_unless_wanted(place: LocalBackend) -> None:
    running = place.run(make_production().definition(), RunOptions())
    try:
        assert AddressFile(place.location, "USER").find() is None
    finally:
        running.stop()


@pytest.mark.skipif(os.name == "nt", reason="has no permission bits")
def test_only_the_owner_can_read_the_token(address: ControlAddress, place: LocalBackend) -> None:
    file = AddressFile(place.location, "USER").path
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert address.token.hex() not in repr(address)


def test_stale_address_is_recognised(place: LocalBackend, engine: RunningProduction, address: ControlAddress) -> None:
    file = AddressFile(place.location, "USER")
    engine.stop()
    file.write(address)  # as after a kill
    with pytest.raises(BackendUnavailableError, match="no production runs"):
        place.connect()
    with pytest.raises(BackendUnavailableError, match="does not answer"):
        ControlClient(address).check()
    for damaged in ("", "{}", '{"port": "x", "pid": 1, "token": ""}', "[1]"):
        file.path.write_text(damaged)
        assert file.find() is None


@pytest.mark.parametrize(
    ("request_", "match"),
    [
        (b"\xff\xfe", "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"[]", "object"),
        (b'{"method": "__class__"}', "no method"),
        (b'{"method": "stopp"}', "did you mean 'stop'"),
        (b'{"method": "message", "arguments": {"message_id": "x"}}', "message_id"),
        (b'{"method": "message", "arguments": {"message_id": 1, "more": 2}}', "more"),
        (b'{"method": "message", "arguments": [1]}', "cannot take"),
        (b'{"method": "host_for", "arguments": {"item": "Adder"}}', "no method"),
    ],
)
def test_wrong_requests_are_answered_with_an_error(address: ControlAddress, request_: bytes, match: str) -> None:
    with connected(address) as connection:
        introduce(connection, address.token)
        for _ in range(2):  # the connection goes on
            send_frame(connection, request_)
            answer = receive_frame(connection, wait_seconds=30)
            assert answer[:1] == b"!"
            with pytest.raises(BackendError, match=match):
                raise error_of(json.loads(answer[1:]))


def connected(address: ControlAddress) -> socket.socket:
    return socket.create_connection(("127.0.0.1", address.port), timeout=10)


def test_garbage_and_wrong_tokens_end_their_own_connection_only(
    address: ControlAddress, remote: RunningProduction, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    for garbage in (b"GET / HTTP/1.1\r\n\r\n", struct.pack(">I", 2**32 - 1), secrets.token_bytes(4096), b""):
        with connected(address) as connection:
            assert receive_frame(connection, wait_seconds=30).startswith(GREETING)
            connection.sendall(garbage)
            if not garbage:
                connection.shutdown(socket.SHUT_WR)
            with pytest.raises(BrokenFrameError):
                receive_frame(connection, wait_seconds=30)
    with connected(address) as connection, pytest.raises(BrokenFrameError):
        introduce(connection, b"wrong token")
    half = connected(address)
    introduce(half, address.token)
    half.sendall(struct.pack(">I", 1000) + b'{"method')
    half.close()
    assert remote.call("Adder", Number(1), timeout_seconds=30) == Number(2)
    assert caplog.records == []


def test_ten_thousand_strangers_do_no_harm(address: ControlAddress, remote: RunningProduction) -> None:
    silent: list[socket.socket] = []
    try:
        for number in range(10_000):
            silent.append(connected(address))
            if number % 2_500 == 0:
                assert remote.call("Adder", Number(number), timeout_seconds=30) == Number(number + 1)
            if len(silent) > 500:
                silent.pop(0).close()
        newcomer = ControlClient(address)
        assert newcomer.call("count_messages", MessageFilter(type=MessageType.REQUEST)) == 4
        # Those before it are dealt with by now, but for threads that are just ending.
        assert sum(thread.name == "iop-control-client" for thread in _others()) <= MOST_STRANGERS + 50
        newcomer.close()
    finally:
        for connection in silent:
            connection.close()


def test_client_finds_out_that_somebody_else_answers() -> None:
    token = b"token"
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def pretend() -> None:
            """Lets everybody in, and cannot prove that it knows the token."""
            connection, _ = listener.accept()
            with connection:
                send_frame(connection, GREETING + bytes(32))
                receive_frame(connection, wait_seconds=30)
                send_frame(connection, bytes(32))

        thread = threading.Thread(target=pretend)
        thread.start()
        with pytest.raises(BackendUnavailableError, match="does not know the token"):
            ControlClient(ControlAddress(listener.getsockname()[1], 1, token)).check()
        thread.join()


def test_errors_keep_their_class_and_values() -> None:
    timeout = error_of(json.loads(json.dumps(record_of(RequestTimeoutError("Lab", 2.5)))))
    assert isinstance(timeout, RequestTimeoutError)
    assert (str(timeout), timeout.target, timeout.seconds) == (str(RequestTimeoutError("Lab", 2.5)), "Lab", 2.5)
    foreign = error_of(record_of(KeyError("a\nb")))
    assert type(foreign) is BackendError
    assert "KeyError" in str(foreign)

    class LocalError(SendError):
        """Not known in another process."""

    record = record_of(LocalError("why"))
    assert type(error_of(record)) is LocalError
    record["classes"] = ["NeverHeardOfError", *cast("list[str]", record["classes"])[1:]]
    assert type(error_of(record)) is SendError
    assert isinstance(error_of({"classes": [], "text": "x", "values": {}}), IopError)


def _others() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread is not threading.current_thread()]
