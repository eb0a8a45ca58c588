"""Commands come from plug-ins, are loaded on use, and fail in one line."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from types import SimpleNamespace

import click
import pytest
from click.testing import Result

from iop_core.commands import CommandEntry
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry

OWN = [
    "check",
    "export",
    "graph",
    "bindings",
    "component",
    "default",
    "dev",
    "kill",
    "list",
    "log",
    "messages",
    "migrate",
    "plan",
    "plugins",
    "queue",
    "restart",
    "run",
    "settings",
    "start",
    "status",
    "stop",
    "test",
    "trace",
    "update",
]


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
    assert re.search(r"^  absent +Not there\.$", result.stdout, re.M)
    assert re.findall(r"^  (\w+) +[A-Z]", result.stdout.partition("Commands:")[2], re.M) == sorted(
        [*OWN, "sample", "absent", "wrong"]
    )
    assert invoke().stdout == invoke("-h").stdout == result.stdout


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


def test_unexpected_error_is_one_line_with_a_hint(invoke: Callable[..., Result], with_sample: None) -> None:
    result = invoke("sample", "--how", "badly")
    assert result.exit_code == 1
    expected = "Error: KeyError: 'no\\nkey' (unexpected; run 'iop --debug ...' to see where it comes from)\n"
    assert result.stderr == expected


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
    code = (
        "import sys\n"
        "from iop_cli.main import iop\n"
        "iop(['--version'], standalone_mode=False)\n"
        "heavy = {'rich', 'pydantic', 'pluggy', 'iop_core', 'iop_director', 'iop_migrate', 'iop_production'}\n"
        "print(sorted(heavy.intersection(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    *versions, heavy = done.stdout.splitlines()
    assert heavy == "[]"
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
