"""What a verification found."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from iop_engine.verification.checker import Outside


@dataclass(slots=True)
class Report:
    """What was done, what was seen, and what was wrong.

    Attributes:
        seed: With it the same is sent and killed again.
        folder: Where the data and the records are.
        kills: How many children were killed.
        kills_at_points: How many of those had a crash point armed.
        acknowledged: How many parcels were acknowledged.
        acts: How many acts operations did.
        repeated: How many acts were done again because of a kill.
        sent_again: How often a parcel was sent again because no answer came.
        seconds: How long it took.
        problems: Each breach of a promise in one line.
    """

    seed: int
    folder: str
    kills: int = 0
    kills_at_points: int = 0
    acknowledged: int = 0
    acts: int = 0
    repeated: int = 0
    sent_again: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list[str])

    @property
    def is_good(self) -> bool:
        """Whether something was verified, and nothing was wrong."""
        return self.kills > 0 and self.acknowledged > 0 and not self.problems

    def count(self, outside: Outside) -> None:
        """Add what was seen in one round."""
        sent = [entry["number"] for entry in outside.partner if entry["seen"] == "sent"]
        self.acknowledged += sum(1 for entry in outside.partner if entry["seen"] == "acked")
        self.sent_again += len(sent) - len(set(sent))
        good = [(act["item"], act["id"]) for act in outside.acts if act["good"]]
        self.acts += len(good)
        self.repeated += len(good) - len(set(good))

    def to_dict(self) -> Mapping[str, object]:
        """Return the report for JSON."""
        return {**asdict(self), "is_good": self.is_good, "platform": sys.platform}

    def to_text(self) -> str:
        """Return the report for people."""
        rate = self.kills / self.seconds * 60 if self.seconds else 0.0
        lines = [
            f"{self.kills} kills in {self.seconds:.0f} s ({rate:.0f} a minute), {self.kills_at_points} of them with a "
            f"crash point armed; seed {self.seed}",
            f"{self.acknowledged} messages acknowledged, {self.sent_again} sent again because no answer came",
            f"{self.acts} acts of operations, {self.repeated} of them repeated because of a kill",
        ]
        if self.is_good:
            lines.append("nothing acknowledged was lost, changed or out of order")
        elif not self.problems:
            lines.append("NOT VERIFIED: nothing was killed or acknowledged; give more time or kills")
        else:
            lines += ["BROKEN PROMISES:", *self.problems, f"the records are in {self.folder}"]
        return "\n".join(lines)
