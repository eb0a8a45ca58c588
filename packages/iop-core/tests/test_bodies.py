"""Messages to stored bodies and back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pydantic
import pytest

from iop_core.bodies import BodyCodec
from iop_core.errors import SerializationError, UnknownMessageClassError, UnknownPluginError
from iop_core.headers import EMPTY_BODY, Body
from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message
from iop_core.registry import MessageRegistry, class_name_of
from iop_core.serializers import Codec, Serializer


@dataclass
class Order(Message):
    number: str = ""


class Ticket(pydantic.BaseModel):
    number: int


class TextSerializer(Serializer):
    """Writes everything as text: a second serializer, to see whose name is kept."""

    name = "text"
    content_type = "text/plain"

    def accepts(self, message_class: type) -> bool:
        return message_class is Order

    def codec_for(self, message_class: type) -> Codec:
        return Codec(lambda message: message.number.encode(), lambda payload: message_class(payload.decode()))


@pytest.fixture
def bodies() -> BodyCodec:
    return BodyCodec({"json": JsonSerializer(), "text": TextSerializer()})


def test_a_body_names_its_class_and_its_serializer(bodies: BodyCodec):
    body = bodies.encode(Order("A1"))
    assert body == Body(class_name_of(Order), "json", b'{"number":"A1"}')
    assert bodies.decode(body) == Order("A1")


def test_no_message_is_the_empty_body(bodies: BodyCodec):
    assert bodies.encode(None) is EMPTY_BODY
    assert bodies.decode(EMPTY_BODY) is None


def test_each_body_is_read_by_the_serializer_that_wrote_it(bodies: BodyCodec):
    writer = BodyCodec({"json": JsonSerializer(), "text": TextSerializer()}, default="text")
    assert writer.encode(Order("A1")) == Body(class_name_of(Order), "text", b"A1")
    assert bodies.decode(writer.encode(Order("A1"))) == Order("A1")


def test_a_plain_model_is_known_once_it_was_sent():
    registry = MessageRegistry()
    bodies = BodyCodec({"json": JsonSerializer()}, registry=registry)
    body = Body(class_name_of(Ticket), "json", b'{"number":1}')
    with pytest.raises(UnknownMessageClassError):
        bodies.decode(body)
    assert bodies.encode(Ticket(number=1)) == body
    assert bodies.decode(body) == Ticket(number=1)


def test_a_class_that_was_defined_again_reads_the_bodies_of_the_earlier_one():
    registry = MessageRegistry()
    bodies = BodyCodec({"json": JsonSerializer()}, registry=registry)
    body = bodies.encode(Order("A1"))

    @dataclass
    class Newer(Message):
        number: str = ""

    Newer.__module__, Newer.__qualname__ = Order.__module__, Order.__qualname__
    assert type(bodies.decode(body)) is Order
    registry.register(Newer)
    assert type(bodies.decode(body)) is Newer


@pytest.mark.parametrize(
    "value",
    ["text", "", 0, True, [], {}, b"", object(), Order, (n for n in [1])],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_message_is_refused_by_the_name_of_its_type(bodies: BodyCodec, value: object):
    with pytest.raises(SerializationError, match=f"{type(value).__name__} is not a message"):
        bodies.encode(value)


def test_a_message_without_dataclass_is_told_what_is_missing(bodies: BodyCodec):
    class Bare(Message):
        number: str = ""

    with pytest.raises(SerializationError, match="has to be a dataclass"):
        bodies.encode(Bare())


def test_unknown_classes_and_serializers_are_refused(bodies: BodyCodec):
    with pytest.raises(UnknownMessageClassError, match=r"no\.Such"):
        bodies.decode(Body("no.Such", "json", b"{}"))
    with pytest.raises(UnknownPluginError, match="pickle"):
        bodies.decode(Body(class_name_of(Order), "pickle", b""))
    registry = MessageRegistry()
    registry.register(dict)
    lenient = BodyCodec({"json": JsonSerializer()}, registry=registry)
    with pytest.raises(SerializationError, match="not a message"):
        lenient.decode(Body("builtins.dict", "json", b"{}"))


def test_many_threads_may_meet_a_class_first(bodies: BodyCodec):
    with ThreadPoolExecutor(8) as pool:
        read = list(pool.map(lambda n: bodies.decode(bodies.encode(Order(str(n)))), range(200)))
    assert read == [Order(str(n)) for n in range(200)]
