"""The generated traffic is what it says."""

from collections import Counter

from hospital.header import RefusedMessageError, check_header, find_header
from hospital.parsing import ParsedMessage
from traffic import LARGE_BYTES, Exchange, generate_cases


def test_same_seed_same_traffic():
    assert generate_cases(50, seed=3) == generate_cases(50, seed=3)
    assert generate_cases(50, seed=3) != generate_cases(50, seed=4)


def test_good_messages_can_be_read_and_broken_ones_are_refused():
    kinds = Counter()
    for case in generate_cases(500, seed=1):
        kinds[case.kind] += 1
        try:
            check_header(find_header(case.message), processing_ids=("P",))
        except RefusedMessageError:
            assert case.kind == "broken"
            continue
        parsed = ParsedMessage(case.message)
        expected = {"ADT": "adt", "ORU": "oru"}.get(parsed.type, "unknown")
        assert case.kind == expected
        assert case.observations == len(parsed.observations())
    assert kinds["broken"] == 5
    assert sum(kinds.values()) == 505
    assert min(kinds["adt"], kinds["oru"]) > 100
    assert kinds["unknown"] >= 3


def test_control_ids_are_unique():
    ids = [case.control_id for case in generate_cases(500, seed=1) if case.control_id]
    assert len(ids) == len(set(ids))


def test_traps_are_in_the_traffic():
    messages = [case.message for case in generate_cases(500, seed=1)]
    for trap in (
        b"8859/1",
        b"M\xfcller",
        "山田".encode(),
        b"\\.br\\",
        b"\\X0D\\",
        b"\\T\\",
        b"NK1|2|",
        b"ZLB|",
        b"SIU^S12",
    ):
        assert any(trap in message for message in messages), trap
    assert max(map(len, messages)) > LARGE_BYTES


def test_answer_is_read_from_msa():
    [case, *_] = generate_cases(10, seed=1)
    exchange = Exchange(case, b"MSH|^~\\&|\rMSA|AR|other|why\r", 0.1)
    assert exchange.code == "AR"
    assert not exchange.echoes_control_id
    assert Exchange(case, b"", 0.1).code == ""
