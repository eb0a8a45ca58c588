"""What the production reads out of a message."""

import pytest

from hospital.parsing import Observation, ParsedMessage, UnreadableMessageError

ORU = (
    b"MSH|^~\\&|LAB|NORTH^1.2.3^ISO|IOP|HUB|2026||ORU^R01^ORU_R01|C-1|P|2.5||||||UNICODE UTF-8\r"
    b"PID|1||4711^^^HUB^MR~99^^^NAT^SS||M\xc3\xbcller^J\r"
    b"OBX|1|NM|718-7^Hemoglobin^LN||13.5|g/dL|12-16||||F\r"
    b"ZZZ|own\r"
    b"OBX|2|TX|NOTE||a \\T\\ b\\.br\\c\\X0D\\d\r"
    b"OBX|3\r"
)


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b"\r\r"])
def test_reads_the_fields_of_interest(end):
    parsed = ParsedMessage(ORU.replace(b"\r", end))
    assert (parsed.type, parsed.trigger, parsed.patient_id) == ("ORU", "R01", "4711")
    assert (parsed.sender, parsed.facility_code) == ("LAB@NORTH", "NORTH")
    assert parsed.observations() == [
        Observation("718-7", "Hemoglobin", "13.5", "g/dL", "F"),
        Observation("NOTE", "", "a & b\rc\rd", "", ""),
        Observation("", "", "", "", ""),
    ]


def test_own_delimiters():
    parsed = ParsedMessage(b"MSH$%~@&$LAB$N$$$$$ADT%A08$7$P$2.3\rPID$1$$55%%%N~66\r")
    assert (parsed.type, parsed.trigger, parsed.patient_id) == ("ADT", "A08", "55")


def test_message_without_patient():
    parsed = ParsedMessage(b"MSH|^~\\&|LAB|N|||||ADT^A08|7|P|2.3\r")
    assert parsed.patient_id == ""
    assert parsed.observations() == []


def test_wrong_bytes_are_unreadable():
    with pytest.raises(UnreadableMessageError, match="character set"):
        ParsedMessage(ORU.replace(b"\xc3\xbc", b"\xfc"))


def test_rubbish_is_unreadable():
    with pytest.raises(UnreadableMessageError, match="cannot be parsed"):
        ParsedMessage(b"MSH|")
