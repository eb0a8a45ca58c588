"""What a sender gets back."""

import hl7
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hospital.acknowledgment import AckCode, build_acknowledgment
from hospital.framing import END
from hospital.header import RefusedMessageError, check_header, decode_message, find_header

GOOD = b"MSH|^~\\&|LAB|NORTH|IOP|HUB|20261122||ADT^A01^ADT_A01|C-1|P|2.5||||||8859/1\rPID|1\r"


def refuse(message: bytes) -> str:
    with pytest.raises(RefusedMessageError) as caught:
        check_header(find_header(message), processing_ids=("P",))
    return str(caught.value)


def parse_ack(message: bytes, code: AckCode = AckCode.ACCEPT, text: str = "") -> hl7.Message:
    return hl7.parse(build_acknowledgment(find_header(message), code, text).decode("ascii"))


def test_sender_and_receiver_change_places_and_the_control_id_is_echoed():
    ack = parse_ack(GOOD)
    msh = ack.segment("MSH")
    assert [str(msh[n]) for n in (3, 4, 5, 6)] == ["IOP", "HUB", "LAB", "NORTH"]
    assert [str(msh[n]) for n in (9, 11, 12, 18)] == ["ACK^A01^ACK", "P", "2.5", "8859/1"]
    assert [str(field) for field in ack.segment("MSA")] == ["MSA", "AA", "C-1"]


def test_each_answer_has_its_own_control_id():
    ids = {str(parse_ack(GOOD).segment("MSH")[10]) for _ in range(100)}
    assert len(ids) == 100
    assert all(0 < len(own) <= 20 for own in ids)


def test_senders_own_delimiters_are_used():
    ack = build_acknowledgment(
        find_header(b"MSH$%~@&$LAB$N$IOP$HUB$2026$$ORU%R01$77$P$2.3\r"), AckCode.REJECT, "a$b%c@d"
    )
    assert ack.startswith(b"MSH$%~@&$IOP$HUB$LAB$N$")
    assert b"$ACK%R01$" in ack
    assert ack.endswith(b"MSA$AR$77$a@F@b@S@c@E@d\r")


def test_message_without_header_gets_an_answer_with_default_delimiters():
    ack = build_acknowledgment(None, AckCode.REJECT, "not an HL7 message")
    assert ack.startswith(b"MSH|^~\\&|||||")
    assert ack.endswith(b"MSA|AR||not an HL7 message\r")


def test_reason_cannot_break_the_answer():
    ack = build_acknowledgment(find_header(GOOD), AckCode.ERROR, "line\r\nMSA|AA\x1c\x0b " + "ä" * 200)
    assert ack.count(b"\r") == 2
    assert b"\x1c" not in ack
    assert len(ack) < 400


@given(st.binary(max_size=300))
def test_no_header_breaks_the_frame_of_the_answer(tail):
    ack = build_acknowledgment(find_header(b"MSH|^~\\&|" + tail), AckCode.REJECT, "x")
    assert END not in ack + END[:1]
    assert b"\x0b" not in ack
    assert ack.count(b"\r") == 2


def test_huge_control_id_gets_a_small_answer():
    message = GOOD.replace(b"C-1", b"9" * 100_000)
    assert "199 characters" in refuse(message)
    assert len(build_acknowledgment(find_header(message), AckCode.REJECT)) < 500


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"MSH|", b"PID|", "has to begin with MSH"),
        (b"MSH|^~\\&|", b"MSH|^^^^|", "has to begin with MSH"),
        (b"MSH|^~\\&|", b"MSHAbcdeA", "has to begin with MSH"),
        (b"|C-1|", b"||", "MSH-10"),
        (b"|C-1|", b"|  |", "MSH-10"),
        (b"|C-1|", b"|C\x1c1|", "MSH-10"),
        (b"ADT^A01^ADT_A01", b"", "MSH-9"),
        (b"|P|", b"|T|", "MSH-11 (processing id) is 'T', accepted: P"),
        (b"|2.5|", b"|3.0|", "MSH-12 (version) is '3.0'"),
        (b"8859/1", b"KLINGON", "MSH-18 (character set) is 'KLINGON'"),
    ],
)
def test_refused_headers(old, new, reason):
    assert reason in refuse(GOOD.replace(old, new))


@pytest.mark.parametrize("message", [b"", b"M", b"MSH", b"MSH|", b"MSH||", b"\x00\xff", b"\r\n\r\n"])
def test_rubbish_has_no_header(message):
    assert find_header(message) is None


@given(st.binary(max_size=100), st.sampled_from([b"", b"MSH", b"MSH|^~\\&", GOOD[:60]]))
def test_any_bytes_are_either_refused_or_good(data, start):
    try:
        accepted = check_header(find_header(start + data), processing_ids=("P",))
    except RefusedMessageError:
        return
    assert accepted.control_id


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b"\r\n", b"\n"])
def test_byte_order_mark_and_blank_lines_before_the_header(start):
    assert check_header(find_header(start + GOOD), processing_ids=("P",)).control_id == "C-1"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"])
def test_line_ends(end):
    assert find_header(GOOD.replace(b"\r", end)).field(18) == b"8859/1"


def test_version_with_country_and_short_headers():
    assert check_header(find_header(b"MSH|^~\\&|||||||ADT|1|P^A|2.3.1^DEU"), processing_ids=("P",)).control_id == "1"


@pytest.mark.parametrize(
    ("charset", "codec"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("8859/15", "iso8859-15"), ("", "utf-8")]
)
def test_character_sets(charset, codec):
    text = f"MSH|^~\\&|||||||ADT|1|P|2.5||||||{charset}\rPID|||||Müller\r"
    assert decode_message(text.encode(codec)) == text


def test_undeclared_bytes_that_are_no_utf_8_are_read_as_latin_1():
    assert decode_message("MSH|^~\\&|Zürich".encode("latin-1")) == "MSH|^~\\&|Zürich"


def test_bytes_that_do_not_fit_the_declared_character_set():
    with pytest.raises(UnicodeDecodeError):
        decode_message(GOOD.replace(b"8859/1", b"UNICODE UTF-8") + "ü".encode("latin-1"))


def test_byte_order_mark_is_not_part_of_the_text():
    assert decode_message(b"\xef\xbb\xbf" + GOOD) == GOOD.decode()


@pytest.mark.parametrize(
    ("given_text", "sent"),
    [(b"|P|2.5", b"||2.5"), (b"|2.5|", b"||"), (b"|2.5|", b"|2.9|"), (b"8859/1", b"UTF-8"), (b"8859/1", b"")],
)
def test_fields_that_many_senders_leave_empty_or_write_their_own_way(given_text: bytes, sent: bytes):
    message = GOOD.replace(given_text, sent)
    assert message != GOOD
    check_header(find_header(message), processing_ids=("P",))
