"""The listener against real sockets, without an engine: a stored message is one the host was given."""

import socket
import threading
import time
from contextlib import closing, contextmanager

import pytest
from hl7.client import MLLPClient

from hospital.framing import END, START, FrameReader, wrap
from hospital.listener import MllpService
from hospital.messages import DeadLetter, Hl7Message
from iop_core import IopError
from iop_core.component import allocate
from iop_core.context import NO_MESSAGE
from iop_core.errors import StoreFullError

GOOD = b"MSH|^~\\&|LAB|NORTH|IOP|HUB|20261122||ADT^A01|%s|P|2.5||||||8859/1\rPID|1||5||M\xfcller\r"


class StoringHost:
    """Takes what a service sends; can be told to fail, or to wait."""

    item_name = "Mllp"
    keeps_trace = False
    context = NO_MESSAGE

    def __init__(self):
        self.stored = []
        self.failing_targets = {}
        self.gate = threading.Event()
        self.gate.set()
        self.waiting = threading.Event()

    def send_async(self, target, message, description, **_):
        self.waiting.set()
        assert self.gate.wait(10)
        if target in self.failing_targets:
            raise self.failing_targets[target]
        self.stored.append((target, message))

    def write_log(self, level, text, method, *, to_console=False):
        pass


@contextmanager
def listening(host=None, **settings):
    service = allocate(MllpService, host or StoringHost())
    service.Output, service.DeadLetters, service.Port = "Router", "Dead", 0
    for name, value in settings.items():
        setattr(service, name, value)
    service.on_init()
    try:
        yield service, service._server.port
    finally:
        service.on_tear_down()


def receive(connection, count=1):
    reader, frames = FrameReader(1_000_000), []
    while len(frames) < count:
        data = connection.recv(4096)
        if not data:
            break
        frames += reader.feed(data)
    return [frame.data for frame in frames]


def connect(port):
    return closing(socket.create_connection(("127.0.0.1", port), timeout=10))


def ids_of(answers):
    return [answer.split(b"\rMSA|")[1].split(b"|")[:2] for answer in answers]


def test_message_is_stored_as_received_before_it_is_acknowledged():
    host = StoringHost()
    with listening(host) as (_, port), closing(MLLPClient("127.0.0.1", port)) as client:
        host.gate.clear()
        answers = []
        sender = threading.Thread(target=lambda: answers.append(client.send_message(GOOD % b"A1")))
        sender.start()
        assert host.waiting.wait(10)
        assert answers == []
        host.gate.set()
        sender.join(10)
    assert b"MSA|AA|A1" in answers[0]
    [(target, message)] = host.stored
    assert target == "Router"
    assert isinstance(message, Hl7Message)
    assert message.data == GOOD % b"A1"
    assert message.control_id == "A1"


def test_several_messages_in_one_packet_and_one_message_in_many():
    host = StoringHost()
    with listening(host) as (_, port), connect(port) as connection:
        connection.sendall(b"junk" + b"".join(wrap(GOOD % b"P%d" % n) for n in range(20)))
        answers = receive(connection, 20)
        assert ids_of(answers) == [[b"AA", b"P%d\r" % n] for n in range(20)]
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in wrap(GOOD % b"slow"):
            connection.sendall(bytes([byte]))
        assert ids_of(receive(connection)) == [[b"AA", b"slow\r"]]
    assert len(host.stored) == 21


def test_large_message():
    host = StoringHost()
    message = GOOD % b"big" + b"OBX|1|ED|||" + b"x" * 3_000_000
    with listening(host) as (_, port), closing(MLLPClient("127.0.0.1", port)) as client:
        assert b"MSA|AA|big" in client.send_message(message)
    assert host.stored[0][1].data == message


def test_refused_message_is_kept_as_a_dead_letter_before_the_answer():
    host = StoringHost()
    every_byte = bytes(set(range(256)) - {START[0]}).replace(END, b"")
    with listening(host) as (_, port), connect(port) as connection:
        connection.sendall(wrap(every_byte))
        [answer] = receive(connection)
    assert b"MSA|AR||not an HL7 message" in answer
    [(target, letter)] = host.stored
    assert target == "Dead"
    assert isinstance(letter, DeadLetter)
    assert letter.data == every_byte
    assert letter.answer == "AR"
    assert "MSH" in letter.reason


def test_too_long_message_is_refused_and_its_head_is_kept():
    host = StoringHost()
    with listening(host, MaxMessageBytes=200) as (_, port), connect(port) as connection:
        connection.sendall(wrap(GOOD % b"long" + b"x" * 100_000) + wrap(GOOD % b"next"))
        assert ids_of(receive(connection, 2)) == [[b"AR", b"long"], [b"AA", b"next\r"]]
    assert host.stored[0][1].raw.startswith("MSH")
    assert len(host.stored[0][1].raw) == 200


def test_message_that_cannot_be_stored_now_gets_ae_and_is_kept_when_possible():
    host = StoringHost()
    host.failing_targets["Router"] = StoreFullError("no room on the disk")
    with listening(host) as (_, port), connect(port) as connection:
        connection.sendall(wrap(GOOD % b"A1"))
        [answer] = receive(connection)
        assert b"MSA|AE|A1|not stored: no room on the disk" in answer
        assert host.stored[0][1].answer == "AE"
        host.failing_targets["Dead"] = RuntimeError("even worse")
        connection.sendall(wrap(b"rubbish"))
        [answer] = receive(connection)
        assert b"MSA|AE||not stored: even worse" in answer
        host.failing_targets.clear()
        connection.sendall(wrap(GOOD % b"A1"))
        assert ids_of(receive(connection)) == [[b"AA", b"A1\r"]]


def test_half_a_message_is_neither_stored_nor_answered(caplog):
    host = StoringHost()
    with listening(host) as (_, port), connect(port) as connection:
        connection.sendall(wrap(GOOD % b"A1")[:-1])
        connection.shutdown(socket.SHUT_WR)
        assert receive(connection) == []
    assert host.stored == []
    assert "unfinished message" in caplog.text


def test_message_given_up_by_its_sender_is_kept_without_an_answer():
    host = StoringHost()
    with listening(host) as (_, port), connect(port) as connection:
        connection.sendall(START + (GOOD % b"half")[:60] + wrap(GOOD % b"whole"))
        assert ids_of(receive(connection)) == [[b"AA", b"whole\r"]]
    assert [target for target, _ in host.stored] == ["Dead", "Router"]


def test_idle_connection_is_closed(caplog):
    host = StoringHost()
    with listening(host, IdleSeconds=0.05) as (_, port), connect(port) as connection:
        assert receive(connection) == []
    assert "without a byte" in caplog.text


def test_many_connections_and_one_too_many(caplog):
    host = StoringHost()
    with listening(host, MaxConnections=30) as (_, port):
        connections = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(30)]
        for number, connection in enumerate(connections):
            connection.sendall(wrap(GOOD % b"c%d" % number))
        for number, connection in enumerate(connections):
            assert ids_of(receive(connection)) == [[b"AA", b"c%d\r" % number]]
        with connect(port) as refused:
            assert receive(refused) == []
        for connection in connections:
            connection.close()
    assert "30 connections are open already" in caplog.text


def test_stop_answers_the_message_in_hand_and_takes_no_more():
    host = StoringHost()
    with listening(host) as (service, port), connect(port) as busy, connect(port) as idle:
        host.gate.clear()
        busy.sendall(wrap(GOOD % b"last") + wrap(GOOD % b"late"))
        assert host.waiting.wait(10)
        stopping = threading.Thread(target=service.on_tear_down)
        stopping.start()
        assert receive(idle) == []
        host.gate.set()
        assert ids_of(receive(busy, 2)) == [[b"AA", b"last\r"]]
        stopping.join(10)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=1)
    assert [message.control_id for _, message in host.stored] == ["last"]


def test_stop_does_not_wait_for_idle_connections():
    with listening() as (service, port), connect(port):
        began = time.monotonic()
        service.on_tear_down()
        assert time.monotonic() - began < 2


def test_port_in_use_is_one_clear_line():
    with listening() as (_, port), pytest.raises(IopError) as caught, listening(Port=port):
        pass
    assert str(caught.value).startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use. Stop the program")
    assert "\n" not in str(caught.value)


def test_accepted_processing_ids_are_a_setting():
    with listening(ProcessingIds="P, T") as (_, port), connect(port) as connection:
        connection.sendall(wrap((GOOD % b"A1").replace(b"|P|", b"|T|")))
        assert ids_of(receive(connection)) == [[b"AA", b"A1\r"]]
