"""How the parts are put together."""

from __future__ import annotations

from pathlib import Path

from hospital.files import AdtFiles, DeadLetterFiles
from hospital.listener import MllpService
from hospital.lookup import FacilityLookup
from hospital.results import ResultsTable
from hospital.router import Router
from iop import Production


def build_production(*, port: int, out: Path) -> Production:
    """Return the hospital production.

    Args:
        port: TCP port on 127.0.0.1 for MLLP.
        out: Directory of all outputs; made when missing.
    """
    prod = Production("Hospital").describe("ADT and ORU messages over MLLP to files and a table")
    mllp = prod.service("Mllp", MllpService, settings={"Port": port})
    router = prod.process("Router", Router)
    lookup = prod.operation("FacilityLookup", FacilityLookup)
    adt = prod.operation("AdtFiles", AdtFiles, settings={"Directory": str(out / "adt")})
    results = prod.operation("Results", ResultsTable, settings={"Database": str(out / "results.sqlite")})
    dead = prod.operation("DeadLetters", DeadLetterFiles, settings={"Directory": str(out / "dead-letter")})
    mllp.connect("Output", router).connect("DeadLetters", dead)
    router.connect("Lookup", lookup).connect("AdtOutput", adt).connect("ResultsOutput", results)
    router.connect("DeadLetters", dead)
    results.connect("DeadLetters", dead)
    return prod
