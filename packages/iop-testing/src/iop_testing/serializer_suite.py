"""What every serializer must do.

An author of a serializer subclasses the suite and gives one fixture:

    class TestMsgpackSerializer(SerializerSuite):
        @pytest.fixture
        def serializer(self) -> Serializer:
            return MsgpackSerializer()
"""

from __future__ import annotations

from dataclasses import dataclass, field

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


CASES = {
    "empty": Order(),
    "scalars": Order("A1", 1.5, True),
    "unicode": Order("Ærøskøbing ☃ \U0001d4b3 \u0000 \r\n"),
    "nested": Order("A2", lines=[Line("x", 1), Line("y", 2, "late")], codes={"a": 1, "ß": -(10**30)}, parent=Line("z")),
    "large": Order("x" * 1_000_000),
}


class SerializerSuite:
    """Checks of a serializer; subclass it as ``Test...`` and give the ``serializer`` fixture."""

    @pytest.fixture
    def serializer(self) -> Serializer:
        """Return a new instance of the serializer under test."""
        raise NotImplementedError("override the 'serializer' fixture: return a new instance of your serializer")

    @pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
    def test_message_survives_round_trip(self, serializer: Serializer, case: Order) -> None:
        """A message read back equals the one written, nested messages included."""
        codec = serializer.codec_for(Order)
        assert codec.decode(codec.encode(case)) == case

    def test_encoding_is_repeatable(self, serializer: Serializer) -> None:
        """The same message gives the same bytes."""
        codec = serializer.codec_for(Order)
        assert codec.encode(CASES["nested"]) == codec.encode(CASES["nested"])

    @pytest.mark.parametrize("payload", [b"", b"\xff\xfe\x00", b"{", b"[" * 5000, b"null"], ids=repr)
    def test_foreign_bytes_are_refused(self, serializer: Serializer, payload: bytes) -> None:
        """Bytes that are no message raise SerializationError and nothing else."""
        with pytest.raises(SerializationError):
            serializer.codec_for(Order).decode(payload)

    def test_value_that_cannot_be_kept_is_refused(self, serializer: Serializer) -> None:
        """A value without a stored form raises SerializationError, naming the field."""
        with pytest.raises(SerializationError, match="number"):
            serializer.codec_for(Order).encode(Order(number=object()))  # type: ignore[arg-type]

    def test_accepts_messages(self, serializer: Serializer) -> None:
        """Message classes are accepted, other classes are not."""
        assert serializer.accepts(Order)
        assert not serializer.accepts(int)

    def test_is_found_by_name(self, serializer: Serializer) -> None:
        """The serializer is installed under its name."""
        assert installed_plugins().serializers()[serializer.name] is type(serializer)
