"""``iop clean`` and ``iop recover``, on a real store."""

from __future__ import annotations

import json
from dataclasses import dataclass

from click.testing import CliRunner

from iop_cli.main import iop
from iop_core import BusinessOperation, Message
from iop_production import Production
from iop_testing import run_production


@dataclass
class Parcel(Message):
    name: str = ""


class Sink(BusinessOperation):
    pass


def leave_a_message(folder) -> None:
    production = Production("Demo.Stopped")
    production.operation("Sink", Sink, enabled=False)
    with run_production(production, data_dir=folder) as run:
        run.send("Sink", Parcel())


def invoke(*arguments: str):
    return CliRunner().invoke(iop, arguments)


def test_clean(tmp_path) -> None:
    leave_a_message(tmp_path)
    place = ("--data-dir", str(tmp_path))
    counted = invoke("clean", "--dry-run", *place)
    assert counted.output == "Would discard 1 waiting messages and 0 process instances; 0 are suspended.\n"
    done = invoke("clean", "--yes", "--reason", "a test", "--json", *place)
    assert json.loads(done.output) == {"is_dry_run": False, "messages": 1, "processes": 0, "suspended": 0}
    assert "Would discard 0 waiting messages" in invoke("clean", "--dry-run", *place).output


def test_recover_of_what_was_stopped_says_so(tmp_path) -> None:
    leave_a_message(tmp_path)
    result = invoke("recover", "--data-dir", str(tmp_path))
    assert result.exit_code != 0
    assert "not Troubled" in result.output
