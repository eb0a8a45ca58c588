"""Errors on their way from one process to another."""

from __future__ import annotations

import json
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core.errors import RequestTimeoutError, StoreFullError
from iop_engine.error_kinds import is_connection_error, is_of_class, number_of
from iop_engine.instances import full_text, one_line
from iop_engine.worker_processes.channel import Channel, ChannelClosedError
from iop_engine.worker_processes.failures import failure_of, restored

from .worker_components import Unruly


class Plain(ValueError):
    pass


def raised(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as exc:  # noqa: BLE001 - any error is wanted
        return exc


def travelled(error: BaseException) -> BaseException:
    return restored(failure_of(raised(error)))


class Voiceless(Exception):
    def __str__(self):
        raise RuntimeError("nothing to say")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("name"),
        OSError(28, "No space left on device"),
        FileNotFoundError(2, "No such file", "/tmp/x"),
        UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"),
        json.JSONDecodeError("Expecting value", "{", 1),
        Plain("text"),
        StoreFullError("no room"),
        RequestTimeoutError("Lab", 3),
        SystemExit(3),
    ],
)
def test_error_arrives_as_what_it_was(error) -> None:
    arrived = travelled(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert number_of(arrived) == number_of(error)
    assert vars(arrived) == vars(error)


def test_error_that_cannot_be_made_again_keeps_what_settings_look_at() -> None:
    arrived = travelled(Unruly("first", "second"))
    assert one_line(arrived) == "Unruly: first-second"
    assert number_of(arrived) == 4711
    assert is_of_class(arrived, frozenset({f"{Unruly.__module__}.Unruly"}))


def test_class_that_is_not_known_here_keeps_its_name_and_kind() -> None:
    class Lost(ConnectionError):
        pass

    arrived = travelled(Lost("gone"))
    assert one_line(arrived) == "Lost: gone"
    assert is_connection_error(arrived)


def test_causes_and_traceback_arrive() -> None:
    outer = RuntimeError("no answer")
    outer.__cause__ = raised(ConnectionResetError("gone"))
    arrived = travelled(outer)
    assert is_connection_error(arrived)
    text = full_text(arrived)
    assert "raise error" in text
    assert text.index("ConnectionResetError: gone") < text.index("RuntimeError: no answer")


def test_cause_that_leads_back_to_the_error_ends() -> None:
    error = ValueError("a")
    error.__cause__ = KeyError("b")
    error.__cause__.__cause__ = error
    assert str(travelled(error)) == "a"


def test_text_that_fails_is_replaced() -> None:
    assert "its __str__ raised RuntimeError" in one_line(travelled(Voiceless()))


def pair() -> tuple[Channel, Channel]:
    one, other = socket.socketpair()
    return Channel(one), Channel(other)


@given(st.lists(st.binary(max_size=200) | st.integers(0, 300_000).map(bytes), max_size=8))
def test_frames_arrive_whole_and_in_order(contents) -> None:
    one, other = pair()
    received = []
    for content in contents:
        if len(content) < 50_000:
            one.send(content)
            received.append(other.receive())
        else:  # more than a socket holds: somebody has to read meanwhile
            received.append(_sent_while_read(one, other, content))
    assert received == contents
    one.end()
    with pytest.raises(ChannelClosedError):
        other.receive()
    with pytest.raises(ChannelClosedError):
        one.send("nobody reads it")
    one.close()
    other.close()


def test_several_frames_may_wait() -> None:
    one, other = pair()
    for number in range(100):
        one.send((number, "x" * number))
    assert [other.receive() for _ in range(100)] == [(number, "x" * number) for number in range(100)]
    one.close()
    with pytest.raises(ChannelClosedError):
        other.receive()
    other.close()


def _sent_while_read(one: Channel, other: Channel, content: bytes) -> object:
    thread = threading.Thread(target=one.send, args=(content,))
    thread.start()
    try:
        return other.receive()
    finally:
        thread.join()
