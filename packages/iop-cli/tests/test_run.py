"""``iop run``: from a file to a running production and to a clean end."""

from __future__ import annotations

import logging
import re
import signal
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from iop_cli.console_logging import console_logging
from iop_core.errors import ComponentStartError

Invoke = Callable[..., Result]

TEXT = "from iop_production import Production\nPRODUCTIONS = [Production('Demo.A'), Production('Demo.B')]\n"


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [*sys.path])
    settings = tmp_path / "run_settings.py"
    settings.write_text(TEXT)
    return settings


def run(invoke: Invoke, file: Path, *options: str) -> Result:
    return invoke("run", str(file), "--production", "Demo.B", *options)


def test_until_idle_runs_and_stops(invoke: Invoke, memory: Any, file: Path) -> None:
    answers = iter([False, False, True])
    memory.while_waiting = staticmethod(lambda: next(answers))
    result = run(invoke, file, "--until-idle", "--durability", "normal")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == (
        f"Demo.B is running; data: local://{file.parent}/.iop, durability: normal. Press Ctrl-C to stop.\n"
        "Demo.B stopped.\n"
    )
    assert [running.stops for running in memory.ran] == [1]
    assert next(answers, None) is None


def test_log_of_components_goes_to_standard_error(invoke: Invoke, memory: Any, file: Path) -> None:
    result = run(invoke, file, "--until-idle")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} INFO Out: two\\nlines\n", result.stderr)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("until_idle", [True, False])
def test_signal_stops_cleanly_with_exit_code_0(
    invoke: Invoke, memory: Any, file: Path, number: signal.Signals, until_idle: bool
) -> None:
    before = signal.getsignal(number)

    def raise_signal() -> bool:
        signal.raise_signal(number)
        return False

    # Without --until-idle nobody asks whether it is idle: the signal comes before the wait.
    if until_idle:
        memory.while_waiting = staticmethod(raise_signal)
    else:
        memory.when_started = staticmethod(raise_signal)
    result = run(invoke, file, *(["--until-idle"] if until_idle else []))
    assert result.exit_code == 0, result.stderr
    assert result.stdout.endswith("Demo.B stopped.\n")
    assert [running.stops for running in memory.ran] == [1]
    assert signal.getsignal(number) is before


def test_production_is_stopped_when_waiting_fails(invoke: Invoke, memory: Any, file: Path) -> None:
    def fail() -> bool:
        raise RuntimeError("broken")

    memory.while_waiting = staticmethod(fail)
    result = run(invoke, file, "--until-idle")
    assert result.exit_code == 1
    assert [running.stops for running in memory.ran] == [1]


def test_item_that_cannot_start_is_exit_code_1(invoke: Invoke, memory: Any, file: Path) -> None:
    memory.fails_with = ComponentStartError("Out", "no such directory")
    result = run(invoke, file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: item 'Out' could not start: no such directory\n"


def test_several_productions_need_a_name(invoke: Invoke, file: Path) -> None:
    result = invoke("run", str(file))
    assert result.exit_code == 2
    assert result.stderr.endswith("has several productions; choose one with --production: Demo.A, Demo.B\n")
    unknown = invoke("run", str(file), "--production", "Demo.C")
    assert unknown.exit_code == 2
    assert "did you mean" in unknown.stderr


def test_bad_file_is_exit_code_2(invoke: Invoke, tmp_path: Path, memory: Any) -> None:
    bad = tmp_path / "bad_settings.py"
    bad.write_text("1/0\n")
    result = invoke("run", str(bad))
    assert (result.exit_code, result.stderr) == (2, f"Error: {bad}:1: ZeroDivisionError: division by zero\n")
    assert invoke("run", str(tmp_path / "missing.py")).exit_code == 2
    assert memory.opened == []


def test_where_data_goes(invoke: Invoke, memory: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(invoke, file, "--until-idle")
    run(invoke, file, "--until-idle", "--data-dir", "/given", "--namespace", "NS")
    monkeypatch.setenv("IOP_URL", "local:/from/environment")
    run(invoke, file, "--until-idle")
    assert memory.opened == [
        (f"local://{file.parent}/.iop", "USER"),
        ("local:///given", "NS"),
        ("local:/from/environment", "USER"),
    ]


def test_namespace_of_the_production_counts_unless_another_is_given(invoke: Invoke, memory: Any, file: Path) -> None:
    file.write_text(TEXT.replace("Production('Demo.B')", "Production('Demo.B').in_namespace('OWN')"))
    run(invoke, file, "--until-idle")
    run(invoke, file, "--until-idle", "--namespace", "NS")
    assert [namespace for _, namespace in memory.opened] == ["OWN", "NS"]


def test_no_record_can_look_like_another() -> None:
    stream = StringIO()
    with console_logging(stream):
        logger = logging.getLogger("iop.component.X")
        try:
            raise ValueError("bad\x1b[0m\n12:00:00.000 INFO Forged: x")
        except ValueError:
            logger.exception("failed\n12:00:00.000 INFO Forged: x", extra={"iop_item": "It\rem"})
        logger.debug("not shown")
        logging.getLogger("other.library").info("not shown")
        logging.getLogger("other.library").warning("shown")
    first, *others = stream.getvalue().splitlines()
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} ERROR It\\rem: failed\\n12:00:00.000 INFO Forged: x", first)
    assert all(line.startswith("    ") for line in others[:-1])
    assert "    12:00:00.000 INFO Forged: x" in others
    assert others[-1].endswith(" WARNING other.library: shown")
    assert "\x1b" not in stream.getvalue()


@pytest.mark.parametrize("debug", [False, True])
def test_traceback_of_the_event_log_is_shown_only_for_debugging(debug: bool) -> None:
    stream = StringIO()
    with console_logging(stream, debug=debug):
        try:
            raise ValueError("bad")
        except ValueError:
            logging.getLogger("iop.engine").exception("message 1 failed", extra={"iop_traceback_stored": True})
    assert ("Traceback" in stream.getvalue()) is debug
    assert "ERROR iop.engine: message 1 failed\n" in stream.getvalue()


def test_logging_is_put_back(capsys: pytest.CaptureFixture[str]) -> None:
    handlers = list(logging.getLogger().handlers)
    level = logging.getLogger("iop").level
    with console_logging(StringIO()):
        pass
    assert logging.getLogger().handlers == handlers
    assert logging.getLogger("iop").level == level
