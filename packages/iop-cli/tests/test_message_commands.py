"""``iop messages resend`` and its like, on a real store without an engine, and beside one."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from iop_cli.main import iop
from iop_core.messages import Message
from iop_core.operations import BusinessOperation
from iop_production import Production
from iop_testing import run_production

Iop = Callable[..., Result]


@dataclass
class Parcel(Message):
    name: str = ""


class Shelf(BusinessOperation):
    def on_message(self, request):
        self.suspend_message = request.name == "bad"


def shelf() -> Production:
    production = Production("Test.Shelf")
    production.operation(Shelf)
    return production


@pytest.fixture
def line(tmp_path: Path) -> Iop:
    """Run a command line on the data of the test."""

    def run_line(*args: str) -> Result:
        return CliRunner().invoke(iop, [*args, "--data-dir", str(tmp_path), "--namespace", "USER"])

    return run_line


@pytest.fixture
def suspended(tmp_path: Path) -> list[int]:
    """Leave two suspended messages behind, and one that was handled."""
    with run_production(shelf(), data_dir=tmp_path) as run:
        ids = run.send_many("Shelf", [Parcel("bad"), Parcel("good"), Parcel("bad")])
        run.wait_until_idle()
    return ids


def test_dry_run_changes_nothing(line: Iop, suspended: list[int]) -> None:
    result = line("messages", "discard", "--status", "Suspended", "--dry-run")
    assert (result.exit_code, result.stdout) == (0, "discard: would be done to 2 messages\n")
    assert line("messages", "--status", "Suspended", "--count").stdout == "2\n"
    either = ("--any-of", f"status=Suspended,id={suspended[0]}", "--any-of", "status=Suspended,target=Nobody")
    assert line("messages", "discard", *either, "--dry-run").stdout == "discard: would be done to 1 message\n"


def test_discard_by_filter(line: Iop, suspended: list[int]) -> None:
    result = line("messages", "discard", "--status", "Suspended", "--yes", "--reason", "test data")
    assert (result.exit_code, result.stdout) == (0, "discard: done to 2 messages\n")
    assert "would be done to 2 messages" in result.stderr
    assert line("messages", "--status", "Discarded", "--count").stdout == "2\n"
    assert "discard of 2 messages by" in line("log").stdout


def test_refusals_are_shown_and_end_with_1(line: Iop, suspended: list[int]) -> None:
    result = line("messages", "resubmit", *map(str, suspended))
    assert result.exit_code == 1
    assert f"  {suspended[1]}: it is Completed, not Suspended" in result.stdout
    assert line("messages", "--status", "Queued", "--count").stdout == "2\n"


def test_json_tells_all(line: Iop, suspended: list[int]) -> None:
    told = json.loads(line("messages", "abort", str(suspended[0]), "--json").stdout)
    assert (told["ids"], told["counts"]) == ([suspended[0]], {"done": 1, "marked": 0, "refused": 0})


def test_body_from_a_file(line: Iop, suspended: list[int], tmp_path: Path) -> None:
    edited = tmp_path / "edited.json"
    edited.write_text('{"name": "mended"}')
    result = line("messages", "resubmit", str(suspended[0]), "--body", f"@{edited}")
    assert result.exit_code == 0, result.output
    with run_production(shelf(), data_dir=tmp_path) as run:
        run.wait_until_idle()
        assert run.body(suspended[0]) == Parcel("mended")


@pytest.mark.parametrize(
    ("args", "code", "text"),
    [
        (("discard",), 2, "no messages are chosen"),
        (("discard", "1", "--status", "Error"), 2, "not both"),
        (("resubmit", "1", "--body", "@/nowhere"), 2, "cannot be read"),
        (("resend", "1"), 1, "start it first"),
    ],
)
def test_wrong_use(line: Iop, suspended: list[int], args: tuple[str, ...], code: int, text: str) -> None:
    result = line("messages", *args)
    assert (result.exit_code, text in result.stderr) == (code, True), result.output


def test_resend_beside_a_running_production(line: Iop, tmp_path: Path) -> None:
    with run_production(shelf(), data_dir=tmp_path) as run:
        sent = run.send("Shelf", Parcel("good"))
        run.wait_until_idle()
        result = line("messages", "resend", "--target", "Shelf", "--reason", "lost there")
        assert (result.exit_code, result.stdout) == (0, "resend: done to 1 message\n"), result.output
        run.wait_until_idle()
        assert [header.resent for header in run.messages(target="Shelf")] == ["", "r"]
        assert f"message {sent} resent by" in run.messages(target="Shelf")[1].description
