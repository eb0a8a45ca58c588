"""The business operation that knows the facilities."""

from __future__ import annotations

import csv
from pathlib import Path

from hospital.messages import Facility, FacilityQuery
from iop import BusinessOperation, controls, handler, setting


class FacilityLookup(BusinessOperation):
    """Answers from a table of two columns, ``code`` and ``name``, read when the item starts."""

    Table = setting(
        str(Path(__file__).parent / "facilities.csv"),
        control=controls.file(),
        description="CSV file with a header line",
    )

    _names: dict[str, str]

    def on_init(self) -> None:
        """Read the table."""
        with Path(self.Table).open(encoding="utf-8", newline="") as table:
            self._names = {row["code"]: row["name"] for row in csv.DictReader(table)}

    @handler(FacilityQuery)
    def find(self, request: FacilityQuery) -> Facility:
        """Return the facility of a code; one without a name when it is not known."""
        return Facility(self._names.get(request.code, ""))
