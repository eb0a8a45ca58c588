"""Which serializer writes a message, which one reads it, and which ones need permission."""

from __future__ import annotations

from dataclasses import dataclass

import pydantic
import pytest

from iop_core.bodies import BodyCodec
from iop_core.errors import MessageDefinitionError, SerializationError, UnknownPluginError
from iop_core.headers import Body
from iop_core.json_serializer import JsonSerializer
from iop_core.messages import Message
from iop_core.pickle_messages import PickleMessage
from iop_core.pydantic_messages import PydanticMessage, PydanticPickleMessage
from iop_core.registry import class_name_of
from iop_core.serializers import Codec, Serializer, chosen_serializer


class TextSerializer(Serializer):
    """Writes the number of an order as text."""

    name = "text"
    content_type = "text/plain"

    def accepts(self, message_class: type) -> bool:
        return hasattr(message_class, "number") or "number" in getattr(message_class, "model_fields", ())

    def codec_for(self, message_class: type) -> Codec:
        return Codec(lambda message: message.number.encode(), lambda payload: message_class(number=payload.decode()))


class GuardedSerializer(TextSerializer):
    """The same, but an author who calls it dangerous."""

    name = "guarded"
    needs_permission = True
    key = None

    def use_key(self, key) -> None:
        self.key = key


@dataclass
class Order(Message):
    number: str = ""


@dataclass
class TextOrder(Message, serializer="text"):
    number: str = ""


@dataclass
class LaterTextOrder(TextOrder):
    pass


@dataclass(slots=True)
class SlottedTextOrder(Message, serializer="text"):
    number: str = "?"


@dataclass
class JsonOrder(TextOrder, serializer="json"):
    pass


@dataclass
class AttributeOrder(Message):
    __iop_serializer__ = "text"
    number: str = ""


class ModelOrder(PydanticMessage, serializer="text", frozen=True):
    number: str = ""


class LaterModelOrder(ModelOrder):
    pass


class PlainModel(pydantic.BaseModel):
    __iop_serializer__ = "text"
    number: str = ""


@dataclass
class GuardedOrder(Message, serializer="guarded"):
    number: str = ""


def make(**options) -> BodyCodec:
    offered = (JsonSerializer(), TextSerializer(), GuardedSerializer())
    return BodyCodec({serializer.name: serializer for serializer in offered}, **options)


@pytest.mark.parametrize(
    ("message_class", "chosen", "written"),
    [
        (Order, "", "json"),
        (TextOrder, "text", "text"),
        (LaterTextOrder, "text", "text"),
        (SlottedTextOrder, "text", "text"),
        (JsonOrder, "json", "json"),
        (AttributeOrder, "text", "text"),
        (ModelOrder, "text", "text"),
        (LaterModelOrder, "text", "text"),
        (PlainModel, "text", "text"),
    ],
)
def test_the_class_decides_before_the_default(message_class: type, chosen: str, written: str):
    bodies = make()
    assert chosen_serializer(message_class) == chosen
    message = message_class(number="A1")
    body = bodies.encode(message)
    assert (body.serializer, body.payload) == (written, b"A1" if written == "text" else b'{"number":"A1"}')
    assert bodies.decode(body) == message


def test_the_default_writes_what_names_no_serializer_and_nothing_else():
    bodies = make(default="text")
    assert bodies.encode(Order("A1")).serializer == "text"
    assert bodies.encode(JsonOrder("A1")).serializer == "json"


def test_bodies_stay_readable_when_the_default_changes():
    body = make(default="text").encode(Order("A1"))
    assert make(default="json").decode(body) == Order("A1")
    assert make(default="text").decode(make().encode(Order("A1"))) == Order("A1")


def test_the_choice_is_no_part_of_the_message():
    assert vars(TextOrder("A1")) == {"number": "A1"}
    assert ModelOrder(number="A1").model_dump() == {"number": "A1"}
    assert ModelOrder.model_config["frozen"] is True


@pytest.mark.parametrize("options", [{"default": "yaml"}, {"allowed": ["yaml"]}, {"allowed": ["text", "yaml"]}])
def test_unknown_names_are_refused_at_once(options: dict):
    with pytest.raises(UnknownPluginError, match="unknown serializer 'yaml'; installed: guarded, json, text"):
        make(**options)


def test_unknown_name_of_a_class_is_refused_when_it_is_sent():
    @dataclass
    class Lost(Message, serializer="txet"):
        number: str = ""

    with pytest.raises(UnknownPluginError, match=r"serializer of .*Lost 'txet' \(did you mean 'text'"):
        make().encode(Lost())
    with pytest.raises(UnknownPluginError, match=r"serializer of .*Lost 'txet'"):
        make().check(Lost)


@pytest.mark.parametrize("wrong", [5, TextSerializer, None])
def test_name_of_a_class_has_to_be_text(wrong: object):
    class Wrong(Message):
        __iop_serializer__ = wrong

    with pytest.raises(MessageDefinitionError, match="give its name as text"):
        make().encode(Wrong())


def test_serializer_that_does_not_take_the_class_says_so():
    @dataclass
    class Bare(Message):
        other: str = ""

    with pytest.raises(SerializationError, match=r"'text' does not take messages of .*Bare\. Name one for the class"):
        make(default="text").encode(Bare())


def test_guarded_serializer_neither_writes_nor_reads_without_permission():
    allowing = make(allowed=["guarded"])
    body = allowing.encode(GuardedOrder("A1"))
    assert body == Body(class_name_of(GuardedOrder), "guarded", b"A1")
    assert allowing.decode(body) == GuardedOrder("A1")
    how = r"'guarded', is not allowed.*allowed_serializers=\('guarded',\).*\.allow_serializers\('guarded'\)"
    bodies = make(allowed=["text"])
    with pytest.raises(SerializationError, match=how):
        bodies.encode(GuardedOrder("A1"))
    with pytest.raises(SerializationError, match=how):
        bodies.check(GuardedOrder)
    allowing.check(GuardedOrder)
    with pytest.raises(SerializationError, match=how):
        bodies.decode(body)
    with pytest.raises(SerializationError, match=how):
        make(default="guarded")
    assert make(default="guarded", allowed=["guarded"]).encode(Order("A1")).serializer == "guarded"


def test_keys_are_handed_on_by_name_and_not_asked_for_early():
    asked: list[str] = []

    def secret(name: str) -> bytes:
        asked.append(name)
        return name.encode()

    guarded = GuardedSerializer()
    bodies = BodyCodec({"json": JsonSerializer(), "guarded": guarded})
    bodies.use_keys(secret)
    assert asked == []
    assert guarded.key is not None
    assert guarded.key() == b"guarded"
    assert asked == ["guarded"]


@dataclass
class Seen(PickleMessage):
    numbers: object = None


class SeenModel(PydanticPickleMessage):
    number: complex = 0j
    anything: JsonSerializer | None = None


@pytest.mark.parametrize("message", [Seen({1, 2}), SeenModel()], ids=["dataclass", "model"])
def test_pickle_messages_are_never_written_by_another_serializer(message: object):
    for default in ("json", "text"):
        with pytest.raises(UnknownPluginError, match="pip install iop-serializer-pickle"):
            make(default=default).encode(message)


def test_pickle_messages_are_messages_and_take_any_class_of_value():
    serializer = JsonSerializer()
    assert SeenModel(anything=serializer).anything is serializer
    assert Seen({1}) == Seen({1})
    assert Seen().get_iris_id() is None
    with pytest.raises(pydantic.ValidationError):
        SeenModel(anything="text")
