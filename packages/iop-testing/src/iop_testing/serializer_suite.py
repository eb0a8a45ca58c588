"""What every serializer must do.

An author of a serializer subclasses the suite and gives one fixture:

    class TestMsgpackSerializer(SerializerSuite):
        @pytest.fixture
        def serializer(self) -> Serializer:
            return MsgpackSerializer()
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import pytest

from iop_core import Message
from iop_core.errors import SerializationError
from iop_core.plugins import installed_plugins
from iop_core.serializers import Serializer


@dataclass
class Line(Message):
    """One line of an order."""

    sku: str = ""
    quantity: int = 0
    note: str | None = None


@dataclass
class Order(Message):
    """A message with the shapes that integrations are made of."""

    number: str = ""
    total: float = 0.0
    is_urgent: bool = False
    lines: list[Line] = field(default_factory=list[Line])
    codes: dict[str, int] = field(default_factory=dict[str, int])
    parent: Line | None = None


CASES: dict[str, Callable[[type[Any], type[Any]], object]] = {
    "empty": lambda order, line: order(),
    "scalars": lambda order, line: order("A1", 1.5, True),
    "unicode": lambda order, line: order("Ærøskøbing ☃ \U0001d4b3 \u0000 \r\n"),
    "nested": lambda order, line: order(
        "A2", lines=[line("x", 1), line("y", 2, "late")], codes={"a": 1, "ß": -(10**30)}, parent=line("z")
    ),
    "large": lambda order, line: order("x" * 1_000_000),
}


class SerializerSuite:
    """Checks of a serializer; subclass it as ``Test...`` and give the ``serializer`` fixture.

    Attributes:
        order_class: The message that is written. A serializer that takes only certain classes
            has one of its own here, with the fields of ``Order`` and equal by value.
        line_class: The same for the messages within, with the fields of ``Line``.
    """

    order_class: ClassVar[type[Any]] = Order
    line_class: ClassVar[type[Any]] = Line

    @pytest.fixture
    def serializer(self) -> Serializer:
        """Return a new instance of the serializer under test; one that signs has been given a key."""
        raise NotImplementedError("override the 'serializer' fixture: return a new instance of your serializer")

    @pytest.mark.parametrize("make", CASES.values(), ids=CASES.keys())
    def test_message_survives_round_trip(
        self, serializer: Serializer, make: Callable[[type[Any], type[Any]], object]
    ) -> None:
        """A message read back equals the one written, nested messages included."""
        codec = serializer.codec_for(self.order_class)
        message = make(self.order_class, self.line_class)
        read = codec.decode(codec.encode(message))
        assert read == message
        assert type(read) is self.order_class

    def test_encoding_is_repeatable(self, serializer: Serializer) -> None:
        """The same message gives the same bytes."""
        codec = serializer.codec_for(self.order_class)
        message = CASES["nested"](self.order_class, self.line_class)
        assert codec.encode(message) == codec.encode(message)

    @pytest.mark.parametrize("payload", [b"", b"\xff\xfe\x00", b"{", b"[" * 5000, b"null"], ids=repr)
    def test_foreign_bytes_are_refused(self, serializer: Serializer, payload: bytes) -> None:
        """Bytes that are no message raise SerializationError and nothing else."""
        with pytest.raises(SerializationError):
            serializer.codec_for(self.order_class).decode(payload)

    def test_value_that_cannot_be_kept_is_refused(self, serializer: Serializer) -> None:
        """A value without a stored form raises SerializationError, naming the field."""
        with pytest.raises(SerializationError, match="number"):
            serializer.codec_for(self.order_class).encode(self.order_class(number=object()))

    def test_accepts_messages(self, serializer: Serializer) -> None:
        """Message classes are accepted, other classes are not."""
        assert serializer.accepts(self.order_class)
        assert not serializer.accepts(int)

    def test_is_found_by_name(self, serializer: Serializer) -> None:
        """The serializer is installed under its name."""
        assert installed_plugins().serializers()[serializer.name] is type(serializer)
