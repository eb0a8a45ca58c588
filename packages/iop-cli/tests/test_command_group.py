"""Commands come from plug-ins, are loaded on use, and fail in one line."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import Result

from iop_cli.plugin import SUMMARIES
from iop_core.commands import CommandEntry
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry

OWN = sorted(SUMMARIES)


@click.command()
@click.option("--how", default="well")
def sample(how: str) -> int:
    """Do something of a plug-in."""
    if how == "interrupted":
        raise KeyboardInterrupt
    if how == "badly":
        raise KeyError("no\nkey")
    click.echo(f"done {how}")
    return 7


def offer(registry: PluginRegistry, *entries: CommandEntry) -> None:
    registry.register(SimpleNamespace(offer=hookimpl(lambda: list(entries), specname="iop_commands")), name="sample")


@pytest.fixture
def with_sample(registry: PluginRegistry) -> None:
    sys.modules["sample_commands"] = sys.modules[__name__]
    offer(
        registry,
        CommandEntry("sample", "Do something.", "sample_commands:sample"),
        CommandEntry("absent", "Not there.", "no_such_module:command"),
        CommandEntry("wrong", "No command.", "sample_commands:OWN"),
    )


def test_help_lists_all_commands_without_loading_them(invoke: Callable[..., Result], with_sample: None) -> None:
    result = invoke("--help")
    assert result.exit_code == 0
    assert {"run", "status", "messages", "doctor", "new"} <= set(OWN)
    assert re.search(r"^  absent +Not there\.$", result.stdout, re.M)
    assert re.findall(r"^  (\w+) +[A-Z]", result.stdout.partition("Commands:")[2], re.M) == sorted(
        [*OWN, "sample", "absent", "wrong"]
    )
    assert invoke("-h").stdout == result.stdout
    overview = "\nMode: LOCAL (local:)\n\nNamespace: USER\n"
    assert invoke().stdout == result.stdout + overview


@pytest.mark.parametrize("name", OWN)
def test_every_command_has_help(invoke: Callable[..., Result], name: str) -> None:
    result = invoke(name, "--help")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: iop {name} ")


def test_command_of_a_plugin_runs_and_its_result_is_no_exit_code(
    invoke: Callable[..., Result], with_sample: None
) -> None:
    result = invoke("sample", "--how", "fine")
    assert (result.exit_code, result.stdout) == (0, "done fine\n")


def test_unknown_command_has_a_suggestion(invoke: Callable[..., Result]) -> None:
    result = invoke("statsu")
    assert result.exit_code == 2
    assert "Error: no such command 'statsu' (did you mean 'status'?); see 'iop --help'\n" == result.stderr


@pytest.mark.parametrize("args", [("status", "--nonsense"), ("run",), ("--nonsense",), ("trace", "x")])
def test_wrong_use_of_options(invoke: Callable[..., Result], args: tuple[str, ...]) -> None:
    result = invoke(*args)
    assert result.exit_code == 2
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("absent", "Error: command 'absent' could not be loaded from 'no_such_module:command': No module named"),
        ("wrong", "Error: command 'wrong': 'sample_commands:OWN' is not a click command"),
    ],
)
def test_command_that_cannot_be_loaded(invoke: Callable[..., Result], with_sample: None, name: str, text: str) -> None:
    result = invoke(name)
    assert result.exit_code == 1
    assert result.stderr.startswith(text)
    assert result.stderr.count("\n") == 1


def test_unexpected_error_is_one_line_that_says_where_its_traceback_is(
    invoke: Callable[..., Result], with_sample: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    result = invoke("sample", "--how", "badly")
    assert result.exit_code == 1
    (file,) = tmp_path.iterdir()
    assert result.stderr == (
        f"Error: KeyError: 'no\\nkey' (unexpected; {file} shows where it comes from: please report it with that)\n"
    )
    assert "raise KeyError" in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "absent"))
    nowhere = invoke("sample", "--how", "badly").stderr
    assert nowhere == "Error: KeyError: 'no\\nkey' (unexpected; run 'iop --debug ...' to see where it comes from)\n"


def test_error_as_json(invoke: Callable[..., Result], with_sample: None) -> None:
    result = invoke("--json", "status", "--data-dir", "nothing")
    assert (result.exit_code, result.stdout) == (4, "")
    assert json.loads(result.stderr) == {
        "error": {"code": 4, "kind": "BackendUnavailableError", "message": "there is no data in\\nnothing"}
    }
    wrong = invoke("run", "--json", "x.py")
    assert json.loads(wrong.stderr)["error"]["code"] == wrong.exit_code == 2


def test_debug_shows_the_traceback(invoke: Callable[..., Result], with_sample: None) -> None:
    result = invoke("--debug", "sample", "--how", "badly")
    assert result.exit_code == 1
    assert result.stderr.startswith("Traceback")
    assert result.stderr.endswith("\nError: KeyError: 'no\\nkey'\n")


def test_interrupted_command(invoke: Callable[..., Result], with_sample: None) -> None:
    result = invoke("sample", "--how", "interrupted")
    assert result.exit_code == 130
    assert "Traceback" not in result.stderr


def test_version_is_quick_because_it_imports_little() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "iop_cli", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "iop_cli.versions" in imported
    slow = {"click", "rich", "pydantic", "pluggy", "importlib.metadata", "dataclasses", "inspect", "json", "typing"}
    assert sorted(slow & imported) == []
    assert {name for name in imported if name.startswith("iop")} <= {
        f"iop_cli{module}" for module in ("", ".__about__", ".__main__", ".entry", ".versions")
    }
    versions = done.stdout.splitlines()
    assert any(re.fullmatch(r"iop-command \d+\.\d+\.\d+", line) for line in versions)
    assert versions == sorted(versions)


def test_help_of_a_command_imports_no_pydantic_and_no_rich() -> None:
    code = (
        "import sys\n"
        "from iop_cli.main import iop\n"
        "iop(['messages', '--help'], standalone_mode=False)\n"
        "print(sorted({'rich', 'pydantic'}.intersection(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_module_is_the_same_as_the_command() -> None:
    done = subprocess.run([sys.executable, "-m", "iop_cli", "--version"], capture_output=True, text=True, check=True)
    assert "iop-command " in done.stdout


# These show what happens until they are stopped, or print a script.
WITHOUT_JSON = {"completion", "dev", "run"}


@pytest.mark.parametrize("name", OWN)
def test_every_command_that_prints_data_takes_json(invoke: Callable[..., Result], name: str) -> None:
    names = [name, *re.findall(r"^  ([a-z-]+)  ", invoke(name, "--help").stdout.partition("Commands:")[2], re.M)]
    lines = [[name, other] for other in names[1:]] or [[name]]
    for line in lines:
        assert ("--json" in invoke(*line, "--help").stdout) is (name not in WITHOUT_JSON), line
