"""A partner's traffic: realistic HL7 messages from a seed, sent with the ``hl7`` package's client.

Run alone it sends to a running production:
``python examples/hospital/traffic.py --port 25750 --count 100``.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hl7.client import MLLPClient  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

from hospital.framing import END, wrap

LARGE_BYTES = 1_000_000

# Family name, given name, character set; all made up.
_NAMES = (
    ("MILLER", "ANNA", ""),
    ("O\\T\\HARA", "LIAM", "ASCII"),
    ("Müller", "Jürgen", "8859/1"),
    ("Gonçalves", "João", "8859/1"),
    ("Łukasz", "Zażółć", "UNICODE UTF-8"),
    ("山田", "太郎", "UNICODE UTF-8"),
    ("Brontë", "Zoë", "UNICODE UTF-8"),
)
# Application and facility; the last one is in no table.
_SENDERS = (("LAB", "NORTH"), ("ADTSYS", "SOUTH"), ("KIS", "KLIN-ZH"), ("OTHER", "FARAWAY"))
_PYTHON_NAMES = {"": "ascii", "ASCII": "ascii", "8859/1": "latin-1", "UNICODE UTF-8": "utf-8"}
_TESTS = (
    ("718-7", "Hemoglobin", "g/dL", 7.0, 18.0),
    ("2345-7", "Glucose", "mg/dL", 60.0, 180.0),
    ("2951-2", "Sodium", "mmol/L", 130.0, 150.0),
    ("2823-3", "Potassium", "mmol/L", 3.0, 6.0),
)
_ADMISSIONS = ("A01", "A02", "A03", "A04", "A08", "A31")


@dataclass(frozen=True, slots=True)
class Case:
    """One message to send, and what has to become of it.

    Attributes:
        kind: ``adt``, ``oru``, ``unknown`` (accepted, but nobody's) or ``broken``.
        control_id: MSH-10; a broken message may have none.
        message: The bytes to send, without frame.
        observations: Number of OBX segments.
    """

    kind: str
    control_id: str
    message: bytes
    observations: int = 0


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the partner saw of one case.

    Attributes:
        case: What was sent.
        answer: The acknowledgment, without frame; empty when there was none.
        seconds: From the first byte sent to the last byte received.
    """

    case: Case
    answer: bytes
    seconds: float

    @property
    def code(self) -> str:
        """MSA-1 of the answer; empty when there was none."""
        return self._acknowledged[0]

    @property
    def echoes_control_id(self) -> bool:
        """Whether the answer is one to this message."""
        return self._acknowledged[1] == self.case.control_id

    @property
    def _acknowledged(self) -> tuple[str, str]:
        for segment in self.answer.split(b"\r"):
            if segment.startswith(b"MSA"):
                fields = [*segment.decode("latin-1").split("|"), "", ""]
                return fields[1], fields[2]
        return "", ""


def generate_cases(count: int, *, seed: int, run: str = "H") -> list[Case]:
    """Return messages in a mixed order.

    The first of the unknown types and one 1 MB result are always among them; five broken
    messages come on top of ``count``.

    Args:
        count: Number of good messages, at least 10.
        seed: The same seed gives the same messages.
        run: Prefix of all control ids; another one makes other ids.
    """
    rng = random.Random(seed)  # noqa: S311 - traffic, not secrets
    cases = [_large_oru(rng, f"{run}{seed}-1"), _unknown(rng, f"{run}{seed}-2")]
    for number in range(3, count + 1):
        control_id = f"{run}{seed}-{number}"
        kind = rng.choices((_adt, _oru, _unknown), weights=(60, 38, 2))[0]
        cases.append(kind(rng, control_id))
    cases += _broken(rng, f"{run}{seed}-X")
    rng.shuffle(cases)
    return cases


def _header(rng: random.Random, control_id: str, message_type: str, charset: str) -> str:
    application, facility = rng.choices(_SENDERS, weights=(8, 8, 8, 1))[0]
    second = f"20261122{rng.randrange(24):02}{rng.randrange(60):02}{rng.randrange(60):02}"
    return f"MSH|^~\\&|{application}|{facility}|IOP|HUB|{second}||{message_type}|{control_id}|P|2.5||||||{charset}"


def _patient(rng: random.Random, family: str, given: str) -> str:
    number = rng.randrange(100_000, 999_999)
    return f"PID|1||{number}^^^HUB^MR~{number * 7}^^^NAT^SS||{family}^{given}||19{rng.randrange(30, 99)}0401|F"


def _message(case_kind: str, control_id: str, segments: list[str], charset: str) -> Case:
    text = "\r".join(segments) + "\r"
    observations = sum(segment.startswith("OBX|") for segment in segments)
    return Case(case_kind, control_id, text.encode(_PYTHON_NAMES[charset]), observations)


def _adt(rng: random.Random, control_id: str) -> Case:
    family, given, charset = rng.choice(_NAMES)
    trigger = rng.choice(_ADMISSIONS)
    segments = [_header(rng, control_id, f"ADT^{trigger}^ADT_A01", charset), f"EVN|{trigger}|20261122"]
    segments += [_patient(rng, family, given), f"PV1|1|I|W{rng.randrange(9)}^{rng.randrange(40)}^1"]
    # Repeated segments, as next of kin and allergies are.
    segments += [f"NK1|{n}|{family}^KIN{n}|SPO" for n in range(1, rng.randrange(1, 4))]
    segments += [f"AL1|{n}|DA|C{n}^Penicillin \\T\\ others" for n in range(1, rng.randrange(1, 4))]
    return _message("adt", control_id, segments, charset)


def _oru(rng: random.Random, control_id: str) -> Case:
    family, given, charset = rng.choice(_NAMES)
    segments = [_header(rng, control_id, "ORU^R01^ORU_R01", charset), _patient(rng, family, given)]
    segments.append(f"OBR|1||{rng.randrange(10**6)}|CHEM^Chemistry|||20261122")
    for number in range(1, rng.randrange(2, 6)):
        code, name, unit, low, high = rng.choice(_TESTS)
        value = round(rng.uniform(low, high), 1)
        segments.append(f"OBX|{number}|NM|{code}^{name}^LN||{value}|{unit}|{low}-{high}||||F")
        segments.append(f"NTE|{number}||first line\\.br\\second \\F\\ line \\X0D\\ end")
    segments.append("ZLB|1|own segment of the laboratory")
    return _message("oru", control_id, segments, charset)


def _large_oru(rng: random.Random, control_id: str) -> Case:
    document = rng.randbytes(LARGE_BYTES // 2).hex()
    segments = [
        _header(rng, control_id, "ORU^R01^ORU_R01", ""),
        _patient(rng, "LARGE", "REPORT"),
        "OBR|1||1|DOC^Report",
    ]
    segments.append(f"OBX|1|ED|PDF^Report^L||^application^pdf^Hex^{document}||||||F")
    return _message("oru", control_id, segments, "")


def _unknown(rng: random.Random, control_id: str) -> Case:
    message_type = rng.choice(("SIU^S12^SIU_S12", "MDM^T02^MDM_T02", "ORM^O01^ORM_O01"))
    segments = [_header(rng, control_id, message_type, ""), _patient(rng, "SCHED", "ULE"), "SCH|1|2|||||ROUTINE"]
    return _message("unknown", control_id, segments, "")


def _broken(rng: random.Random, prefix: str) -> list[Case]:
    good = replace(_adt(rng, f"{prefix}0"), kind="broken")

    def spoiled(number: int, old: bytes, new: bytes) -> Case:
        control_id = f"{prefix}{number}"
        message = good.message.replace(good.control_id.encode(), control_id.encode())
        return replace(good, control_id=control_id, message=message.replace(old, new, 1))

    no_header = spoiled(1, b"MSH|", b"PID|")
    no_control_id = spoiled(2, f"|{prefix}2|".encode(), b"||")
    return [
        replace(no_header, control_id=""),
        replace(no_control_id, control_id=""),
        spoiled(3, b"|P|2.5|", b"|P|3.0|"),
        spoiled(4, b"|P|2.5|", b"|T|2.5|"),
        Case("broken", "", rng.randbytes(200).replace(b"\x0b", b"").replace(END, b"")),
    ]


class Partner:
    """One connection of a partner system.

    The client of the ``hl7`` package returns whatever its first read gives; the rest of an
    answer that came in pieces is read here.

    Args:
        port: Port on 127.0.0.1.
    """

    def __init__(self, port: int) -> None:
        self._client: Any = MLLPClient("127.0.0.1", port)

    def __enter__(self) -> Partner:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, case: Case) -> Exchange:
        """Send one message and wait for its answer.

        Raises:
            OSError: The connection broke; the answer is not known.
        """
        began = time.perf_counter()
        answer = bytes(self._client.send(wrap(case.message)))
        while answer and not answer.endswith(END):
            piece = self._client.socket.recv(4096)
            answer = answer + piece if piece else b""
        return Exchange(case, answer.strip(b"\x0b\x1c\r"), time.perf_counter() - began)


def send_all(cases: list[Case], port: int, *, seen: Callable[[Exchange], None]) -> None:
    """Send cases over one connection, one after the other; ``seen`` gets each exchange.

    Raises:
        OSError: The connection broke, or was closed before an answer came.
    """
    with Partner(port) as partner:
        for case in cases:
            exchange = partner.send(case)
            seen(exchange)
            if not exchange.answer:
                raise ConnectionError(f"connection closed before the answer to message {case.control_id!r}")


def main() -> None:
    """Send traffic to a running production and print each answer."""
    parser = argparse.ArgumentParser(description="Send generated HL7 messages to a running production.")
    parser.add_argument("--port", type=int, default=25750)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()

    def show(exchange: Exchange) -> None:
        print(f"{exchange.code} {exchange.case.kind:8} {exchange.case.control_id} {exchange.seconds * 1000:.1f} ms")

    try:
        send_all(generate_cases(options.count, seed=options.seed), options.port, seen=show)
    except OSError as error:
        sys.exit(f"127.0.0.1:{options.port}: {error}. Is the production running?")


if __name__ == "__main__":
    main()
