"""Does every message that went in come out? Looks at the partner's history and the outputs only."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from traffic import Case, Exchange


@dataclass(frozen=True, slots=True)
class Outputs:
    """What a production wrote, by the digest of the message.

    Attributes:
        adt: Number of ADT files per digest.
        results: Number of result rows per digest.
        dead_letters: Number of dead letters per digest.
    """

    adt: Counter[str]
    results: Counter[str]
    dead_letters: Counter[str]

    @classmethod
    def read(cls, out: Path) -> Outputs:
        """Read the outputs below a directory; what is missing counts as empty."""
        return cls(_digests(out / "adt"), _rows(out / "results.sqlite"), _digests(out / "dead-letter"))

    def find_problem(self, case: Case) -> str:
        """Return what is wrong with the output of a message; empty when it is in one place only, whole."""
        digest = hashlib.sha256(case.message).hexdigest()
        found = {"adt": self.adt[digest], "results": self.results[digest], "dead-letter": self.dead_letters[digest]}
        wanted = {"adt": 0, "results": 0, "dead-letter": 0}
        if case.kind == "adt":
            wanted["adt"] = 1
        elif case.kind == "oru":
            wanted["results"] = case.observations
        else:
            wanted["dead-letter"] = 1
        return "" if found == wanted else f"{case.kind} message {case.control_id!r}: expected {wanted}, found {found}"


def _digests(directory: Path) -> Counter[str]:
    # A file that is not finished begins with a dot.
    finished = (path for path in directory.glob("*.hl7") if not path.name.startswith("."))
    return Counter(hashlib.sha256(path.read_bytes()).hexdigest() for path in finished)


def _rows(database: Path) -> Counter[str]:
    if not database.exists():
        return Counter()
    # Not read-only: after a crash even a reader has to recover the log of the database.
    with closing(sqlite3.connect(database)) as connection:
        if not connection.execute("select 1 from sqlite_master where name = 'results'").fetchone():
            return Counter()
        return Counter(digest for (digest,) in connection.execute("select digest from results"))


def reconcile(exchanges: Iterable[Exchange], out: Path) -> list[str]:
    """Return one line for each message whose fate is not what its answer promised.

    A message answered with AA has to be in exactly one output, a broken one must be refused
    and kept as a dead letter. The digest is of the whole message, so this also shows that
    the bytes are those that were received.
    """
    outputs = Outputs.read(out)
    problems: list[str] = []
    for exchange in exchanges:
        case = exchange.case
        accepted = {"AE", "AR"} if case.kind == "broken" else {"AA"}
        if exchange.code not in accepted:
            problems.append(f"{case.kind} message {case.control_id!r} was answered with {exchange.code or 'nothing'}")
        elif not exchange.echoes_control_id:
            problems.append(f"{case.kind} message {case.control_id!r} got the answer to another message")
        elif problem := outputs.find_problem(case):
            problems.append(problem)
    return problems
