"""The JSON serializer as a whole: which classes it takes, and strict ones."""

# ruff: noqa: UP035 - users write the old spellings of types as well
from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass, field, make_dataclass
from typing import List, Optional

import pytest

from iop_core.errors import MessageDefinitionError, SerializationError
from iop_core.messages import Message

from .json_cases import SERIALIZER, Line, Strict, again, decode, encode


@dataclass
class StrictChild(Strict):
    b: List[Optional[int]] = field(default_factory=list)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ('{"a":"x"}', r"Strict\.a: .*'x'"),
        ('{"a":null}', r"Strict\.a: .*None"),
        ('{"unknown":1}', r"Strict\.unknown: unknown key; fields: a, line, lines, maybe"),
        ('{"line":{"qty":"many"}}', r"Strict\.line\.qty"),
        ('{"line":{"x":1}}', r"Strict\.line\.x: unknown key"),
        ('{"lines":[{},{"qty":[]}]}', r"Strict\.lines\[1\]\.qty"),
        ('{"lines":[null]}', r"Strict\.lines\[0\]"),
    ],
)
def test_a_strict_class_refuses_what_does_not_fit(body: str, path: str):
    with pytest.raises(SerializationError, match=path):
        decode(Strict, body)
    with pytest.raises(SerializationError, match=path.replace("Strict", "StrictChild").replace("maybe", "maybe, b")):
        decode(StrictChild, body)


def test_a_strict_class_reads_what_fits_and_writes_only_that():
    message = StrictChild(1, None, [Line("a")], None, [1, None])
    assert again(message) == message
    assert decode(Strict, '{"a":"5","maybe":null}') == Strict(5)
    with pytest.raises(SerializationError, match=r"Strict\.a"):
        encode(Strict("x"))
    message.extra = 1
    with pytest.raises(SerializationError, match=r"StrictChild\.extra"):
        encode(message)


def test_a_strict_class_needs_annotations_that_resolve():
    @dataclass
    class Vague(Message, strict=True):
        a: Nowhere = None  # noqa: F821

    with pytest.raises(MessageDefinitionError, match=r"Vague is strict.*of a names something"):
        encode(Vague())


def test_what_is_no_message_is_refused_both_ways():
    assert not SERIALIZER.accepts(Line)
    assert not SERIALIZER.accepts(str)
    with pytest.raises(SerializationError, match="Line is not a message"):
        SERIALIZER.codec_for(Line)


def test_a_message_without_dataclass_is_told_so():
    class Bare(Message):
        a: int = 0

    assert SERIALIZER.accepts(Bare)
    with pytest.raises(SerializationError, match=r"Bare has to be a dataclass") as caught:
        SERIALIZER.codec_for(Bare)
    assert isinstance(caught.value, TypeError)


def test_a_field_named_like_the_id_is_refused():
    with pytest.raises(MessageDefinitionError, match="_iris_id"):
        SERIALIZER.codec_for(make_dataclass("Taken", [("_iris_id", str)], bases=(Message,)))


def test_pydantic_is_imported_only_when_a_codec_is_compiled():
    code = (
        "import sys; from dataclasses import dataclass; import iop_core; from iop_core.messages import Message;"
        "from iop_core.json_serializer import JsonSerializer;"
        "Order = dataclass(type('Order', (Message,), {}));"
        "assert JsonSerializer().accepts(Order); assert 'pydantic' not in sys.modules, 'too early';"
        "JsonSerializer().codec_for(Order); assert 'pydantic' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
