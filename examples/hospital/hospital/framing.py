"""MLLP framing: bytes from a connection to messages, and back.

A frame is a vertical tab, the message, a file separator and a carriage return (HL7
Minimal Lower Layer Protocol, release 1). Nothing here knows a socket: bytes go in with
``feed`` in whatever pieces the network made of them, and frames come out.
"""

from __future__ import annotations

from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c\r"
# A message that starts inside another one: the sender gave the first one up.
RESTART = START + b"MSH"
_LONGEST_MARK = len(RESTART)


@dataclass(frozen=True, slots=True)
class Frame:
    """One message as it stood on the wire.

    Attributes:
        data: The bytes between the frame marks; only the first part of a message that is
            too long.
        problem: Why the message is not complete; empty for a good frame.
        expects_answer: False when the sender gave up: it waits for another answer.
    """

    data: bytes
    problem: str = ""
    expects_answer: bool = True


def wrap(message: bytes) -> bytes:
    """Return the message as a frame."""
    return START + message + END


class FrameReader:
    r"""Cuts a stream of bytes into frames.

    Bytes outside of frames are dropped and counted. Memory stays below the limit plus one
    piece, whatever a sender does.

    Args:
        limit_bytes: Longest message that is kept whole.

    Example:
        >>> reader = FrameReader(limit_bytes=1000)
        >>> reader.feed(b"noise" + wrap(b"MSH|one") + b"\x0bMSH|t")
        [Frame(data=b'MSH|one', problem='', expects_answer=True)]
        >>> reader.feed(b"wo\x1c\r")[0].data
        b'MSH|two'
    """

    def __init__(self, limit_bytes: int) -> None:
        self.junk_bytes = 0
        self._limit = limit_bytes
        self._buffer = bytearray()
        self._inside = False
        self._searched = 0
        self._dropped = 0

    @property
    def pending_bytes(self) -> int:
        """Bytes of a message whose end did not come yet."""
        return len(self._buffer) + self._dropped if self._inside else 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes of the connection and return the frames they complete."""
        self._buffer += data
        frames: list[Frame] = []
        while self._inside or self._find_start():
            frame = self._find_end()
            if frame is None:
                break
            frames.append(frame)
        return frames

    def _find_start(self) -> bool:
        start = self._buffer.find(START)
        self._inside = start >= 0
        self.junk_bytes += start if self._inside else len(self._buffer)
        if self._inside:
            del self._buffer[: start + 1]
        else:
            self._buffer.clear()
        return self._inside

    def _find_end(self) -> Frame | None:
        # A mark may begin in the last bytes that were searched before.
        since = max(0, self._searched - _LONGEST_MARK)
        end = self._buffer.find(END, since)
        restart = self._buffer.find(RESTART, since, None if end < 0 else end)
        if restart >= 0:
            return self._take(restart, skip=0, problem="another message began before this one ended")
        if end >= 0:
            return self._take(end, skip=len(END), problem="")
        self._drop_excess()
        self._searched = len(self._buffer)
        return None

    def _take(self, length: int, *, skip: int, problem: str) -> Frame:
        total = length + self._dropped
        if total > self._limit:
            too_long = f"the message has {total} bytes, the limit is {self._limit}"
            problem = f"{too_long}; {problem}" if problem else too_long
        frame = Frame(bytes(self._buffer[: min(length, self._limit)]), problem, expects_answer=skip > 0)
        del self._buffer[: length + skip]
        self._inside, self._searched, self._dropped = False, 0, 0
        return frame

    def _drop_excess(self) -> None:
        # The head of a message that is too long is kept as evidence, the tail to find its end.
        excess = len(self._buffer) - self._limit - _LONGEST_MARK
        if excess > 0:
            del self._buffer[self._limit : self._limit + excess]
            self._dropped += excess
