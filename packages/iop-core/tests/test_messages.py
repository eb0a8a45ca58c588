"""Message and PydanticMessage: the id, equality, copies, and clear errors for wrong declarations."""

from __future__ import annotations

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, replace

import pydantic
import pytest

from iop_core.errors import MessageDefinitionError, SerializationError
from iop_core.messages import Message, is_strict, set_iris_id
from iop_core.pydantic_messages import PydanticMessage
from iop_core.registry import MESSAGE_CLASSES


@dataclass
class Plain(Message):
    a: int = 0


@dataclass(frozen=True)
class Fixed(Message):
    a: int = 0


@dataclass(slots=True)
class Slotted(Message):
    a: int = 0


@dataclass(frozen=True, slots=True)
class FixedSlotted(Message):
    a: int = 0


class Model(PydanticMessage):
    a: int = 0


class FixedModel(PydanticMessage, frozen=True):
    a: int = 0


KINDS = [Plain, Fixed, Slotted, FixedSlotted, Model, FixedModel]


@pytest.mark.parametrize("kind", KINDS)
def test_the_id_is_none_until_set_and_no_part_of_the_message(kind: type):
    fresh, stored = kind(a=1), kind(a=1)
    assert fresh.get_iris_id() is None
    assert fresh._iris_id is None
    set_iris_id(stored, "17")
    assert stored.get_iris_id() == "17"
    assert stored._iris_id == "17"
    assert stored == fresh
    assert fresh == stored
    assert "17" not in repr(stored)
    assert stored != kind(a=2)
    set_iris_id(stored, None)
    assert stored.get_iris_id() is None


@pytest.mark.parametrize("kind", [Fixed, FixedSlotted, FixedModel])
def test_the_id_plays_no_part_in_the_hash(kind: type):
    stored = kind(a=1)
    set_iris_id(stored, "17")
    assert hash(stored) == hash(kind(a=1))
    with pytest.raises((FrozenInstanceError, pydantic.ValidationError)):
        stored.a = 2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "duplicate", [copy.copy, copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))], ids=["copy", "deepcopy", "pickle"]
)
def test_a_copy_is_a_new_message(kind: type, duplicate: object):
    stored = kind(a=1)
    set_iris_id(stored, "17")
    assert duplicate(stored) == stored
    assert duplicate(stored).get_iris_id() is None
    assert stored.get_iris_id() == "17"
    assert duplicate(kind(a=1)) == stored


def test_copies_keep_added_attributes():
    message = Plain(1)
    message.extra = 2
    set_iris_id(message, "17")
    assert vars(copy.copy(message)) == {"a": 1, "extra": 2}


def test_dataclass_tools_see_the_fields_only():
    stored = Plain(1)
    set_iris_id(stored, "17")
    assert asdict(stored) == {"a": 1}
    assert replace(stored, a=2).get_iris_id() is None
    assert vars(stored) == {"a": 1}


def test_model_tools_see_the_fields_only():
    stored = Model(a=1)
    set_iris_id(stored, "17")
    assert stored.model_dump() == {"a": 1}
    assert stored.model_dump_json() == '{"a":1}'
    assert stored.model_copy().get_iris_id() is None


def test_strict_is_inherited_and_can_be_taken_back():
    @dataclass(slots=True)
    class Strict(Message, strict=True):
        a: int = 0

    class Child(Strict):
        pass

    class Loose(Strict, strict=False):
        pass

    assert [is_strict(each) for each in (Message, Strict, Child, Loose, int)] == [False, True, True, False, False]


@pytest.mark.parametrize("kind", KINDS)
def test_classes_register_themselves(kind: type):
    assert MESSAGE_CLASSES.get(f"{__name__}.{kind.__name__}") is kind


def test_dataclass_above_a_pydantic_message_is_refused_at_once():
    class Order(PydanticMessage):
        a: int = 0

    with pytest.raises(MessageDefinitionError) as caught:
        dataclass(Order)
    text = str(caught.value)
    assert "Order combines @dataclass with PydanticMessage" in text
    assert "class Order(PydanticMessage):" in text
    assert "class Order(Message):" in text
    assert isinstance(caught.value, (SerializationError, TypeError))
    assert Order(a=1).a == 1


def test_pydantic_errors_are_left_alone():
    with pytest.raises(TypeError):
        Model(1)
    with pytest.raises(pydantic.ValidationError):
        Model(a="x")
    assert Model(a=1, unknown=2) == Model(a=1)


def test_a_default_of_none_accepts_none():
    class Request(PydanticMessage):
        model: str = None
        size: int = 0
        checked: str = None

        @pydantic.field_validator("checked", mode="before")
        @classmethod
        def fill(cls, value: object) -> object:
            return "filled" if value is None else value

    assert Request().model is None
    assert Request(model=None) == Request()
    assert Request.model_validate_json('{"model":null}').model is None
    assert Request(checked=None).checked == "filled"
    with pytest.raises(pydantic.ValidationError):
        Request(size=None)
    with pytest.raises(pydantic.ValidationError):
        Request(model=5)
