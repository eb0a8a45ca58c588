"""Streams of Python and of IRIS become text, and text becomes a stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iop_migrate.text_streams import stream_to_string, string_to_stream


class IrisStream:
    """Has what a character stream of IRIS has."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = len(text)  # as after it was written

    def Rewind(self) -> int:
        self._at = 0
        return 1

    @property
    def AtEnd(self) -> int:
        return int(self._at >= len(self._text))

    def Read(self, length: int) -> str:
        begin, self._at = self._at, self._at + length
        return self._text[begin : self._at]


@given(st.text())
def test_text_comes_back(text: str) -> None:
    assert stream_to_string(string_to_stream(text)) == text


@given(st.text(), st.integers(1, 7))
def test_stream_of_iris_is_read_from_its_begin(text: str, buffer: int) -> None:
    assert stream_to_string(IrisStream(text), buffer) == text
