"""Frames come out whole, whatever pieces the network makes of them."""

from hypothesis import given
from hypothesis import strategies as st

from hospital.framing import END, RESTART, START, Frame, FrameReader, wrap

LIMIT = 64

# Few symbols, so that frame marks and parts of them occur often.
stream_bytes = st.lists(
    st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"\x0bMSH", b"MSH|", b"a", b"x" * 30]), max_size=30
).map(b"".join)
messages = st.binary(max_size=LIMIT).filter(lambda data: END not in data + END[:1] and RESTART not in data)
junk = st.binary(max_size=20).map(lambda data: data.replace(START, b""))


def cut(stream: bytes, points: list[int]) -> list[bytes]:
    places = sorted({point % (len(stream) + 1) for point in points})
    return [stream[a:b] for a, b in zip([0, *places], [*places, len(stream)], strict=True)]


def read(pieces: list[bytes], *, limit_bytes: int = LIMIT) -> tuple[list[Frame], FrameReader]:
    reader = FrameReader(limit_bytes)
    return [frame for piece in pieces for frame in reader.feed(piece)], reader


@given(st.lists(st.tuples(junk, messages)), st.lists(st.integers(min_value=0)))
def test_any_chunking_gives_the_messages_that_were_sent(sent, points):
    stream = b"".join(noise + wrap(message) for noise, message in sent)
    frames, reader = read(cut(stream, points))
    assert frames == [Frame(message) for _, message in sent]
    assert reader.junk_bytes == sum(len(noise) for noise, _ in sent)
    assert reader.pending_bytes == 0


@given(stream_bytes, st.lists(st.integers(min_value=0)), st.integers(min_value=0, max_value=40))
def test_any_chunking_of_any_bytes_gives_the_same_frames(stream, points, limit):
    whole, whole_reader = read([stream], limit_bytes=limit)
    pieces, pieces_reader = read(cut(stream, points), limit_bytes=limit)
    assert pieces == whole
    assert pieces_reader.junk_bytes == whole_reader.junk_bytes
    assert pieces_reader.pending_bytes == whole_reader.pending_bytes


def test_byte_by_byte_sender():
    stream = wrap(b"MSH|1") + wrap(b"MSH|2")
    assert [frame.data for frame in read([bytes([byte]) for byte in stream])[0]] == [b"MSH|1", b"MSH|2"]


def test_file_separator_alone_is_part_of_the_message():
    assert read([wrap(b"a\x1cb")])[0] == [Frame(b"a\x1cb")]


def test_message_of_the_limit_is_whole_and_one_byte_more_is_too_long():
    frames, _ = read([wrap(b"x" * LIMIT), wrap(b"y" * (LIMIT + 1))])
    assert frames[0] == Frame(b"x" * LIMIT)
    assert frames[1].data == b"y" * LIMIT
    assert frames[1].problem == "the message has 65 bytes, the limit is 64"
    assert frames[1].expects_answer


@given(stream_bytes, st.integers(min_value=0, max_value=40))
def test_byte_by_byte_sender_of_messages_that_are_too_long(stream, limit):
    stream = START + b"x" * (limit + 5) + stream.replace(START, b"") + END
    assert read([bytes([byte]) for byte in stream], limit_bytes=limit)[0] == read([stream], limit_bytes=limit)[0]


def test_endless_message_needs_no_memory():
    reader = FrameReader(LIMIT)
    reader.feed(START)
    for _ in range(100):
        reader.feed(b"z" * 1000)
        assert len(reader._buffer) <= LIMIT + 4
    assert reader.pending_bytes == 100_000
    assert reader.feed(END)[0].problem.startswith("the message has 100000 bytes")
    assert reader.feed(wrap(b"next")) == [Frame(b"next")]


def test_message_given_up_by_its_sender_is_told_apart():
    frames, _ = read([START + b"MSH|1|half" + wrap(b"MSH|2|whole")])
    assert frames[0].data == b"MSH|1|half"
    assert "another message began" in frames[0].problem
    assert not frames[0].expects_answer
    assert frames[1] == Frame(b"MSH|2|whole")


def test_unfinished_message_is_counted():
    frames, reader = read([b"junk" + START + b"MSH|"])
    assert frames == []
    assert (reader.junk_bytes, reader.pending_bytes) == (4, 4)
