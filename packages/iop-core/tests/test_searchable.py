"""Fields of messages that operators can search for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import Enum

import pytest

from iop_core import Message, PersistentMessage, PydanticMessage
from iop_core.bodies import BodyCodec
from iop_core.errors import MessageDefinitionError
from iop_core.searchable import MOST_CHARACTERS, find_extractor, is_purgeable, search_text


class Color(Enum):
    RED = "r"


@dataclass
class Patient:
    mrn: str = ""
    names: list[str] = field(default_factory=list)


@dataclass
class Admission(Message, searchable={"mrn": "patient.mrn", "name": "patient.names", "sku": "lines.sku"}):
    patient: Patient | None = None
    lines: list[dict[str, str]] = field(default_factory=list)


@dataclass
class Readmission(Admission, purgeable=False):
    pass


class Modelled(PydanticMessage, searchable=("number", "patient.mrn")):
    number: int = 0
    patient: Patient = Patient()


class Row(PersistentMessage, searchable=("OrderId",)):
    OrderId: str = ""

    class Meta:
        classname = "Test.SearchableRow"
        parameters = {"ENSPURGE": "0"}


def test_paths_go_through_objects_lists_and_dictionaries() -> None:
    admission = Admission(Patient("7", ["A", "B", "A"]), [{"sku": "x"}, {}])
    assert BodyCodec().encode(admission).search == (("mrn", "7"), ("name", "A"), ("name", "B"), ("sku", "x"))
    assert BodyCodec().encode(Admission()).search == ()


def test_every_kind_of_message_can_have_them() -> None:
    codec = BodyCodec()
    assert codec.encode(Modelled(number=3, patient=Patient("7"))).search == (("number", "3"), ("mrn", "7"))
    assert codec.encode(Row(OrderId="A1")).search == (("OrderId", "A1"),)
    assert codec.encode(Readmission(Patient("7"))).search == (("mrn", "7"),)


def test_stored_bodies_can_be_searched_anew() -> None:
    codec = BodyCodec()
    for message in (Admission(Patient("7")), Modelled(number=3), Row(OrderId="A1")):
        body = codec.encode(message)
        stored = type(body)(body.class_name, body.serializer, body.payload)
        assert codec.with_search_fields(stored).search == body.search != ()


def test_other_classes_have_nothing_to_extract() -> None:
    @dataclass
    class Plain(Message):
        number: int = 0

    assert find_extractor(Plain) is None
    assert BodyCodec().encode(Plain(1)).search == ()


def test_class_says_whether_its_bodies_are_purged() -> None:
    assert [is_purgeable(one) for one in (Admission, Readmission, Modelled, Row)] == [True, False, True, False]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("A", "A"),
        ("", ""),
        (1.0, "1"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        (False, "false"),
        (Decimal("1.50"), "1.50"),
        (date(2026, 1, 2), "2026-01-02"),
        (Color.RED, "r"),
        (b"x", None),
        (None, None),
        ("x" * 999, "x" * MOST_CHARACTERS),
    ],
)
def test_values_as_text(value: object, text: str | None) -> None:
    assert search_text(value) == text


@pytest.mark.parametrize(
    "declared", ["mrn", 5, ("a..b",), ("",), (1,), {"a b": "x"}, {"a": 1}, ("patient.id", "visit.id")]
)
def test_declarations_that_cannot_work_are_refused(declared: object) -> None:
    with pytest.raises(MessageDefinitionError, match="searchable"):
        type("Wrong", (Message,), {}, searchable=declared)
