"""The pages for operators say what is true: their examples run as they stand."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import CliRunner

from iop_cli.main import iop
from iop_migrate import load_settings
from iop_testing import run_production

PAGES = Path(__file__).parents[2] / "docs" / "how-to"


def example(page: str, place: Path) -> ModuleType:
    """Return the examples of a page as the module of a settings file."""
    text = (PAGES / page).read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    file = place / f"page_{page.removesuffix('.md').replace('-', '_')}.py"
    file.write_text("\n\n".join(blocks), encoding="utf-8")
    return load_settings(file).module


def commands(page: str) -> list[str]:
    text = (PAGES / page).read_text(encoding="utf-8")
    return re.findall(r"^\$ iop (.*)$", text, re.MULTILINE)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    for name in ("IOP_URL", "IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("page_")]:
        del sys.modules[name]


def run(command: str) -> str:
    result = CliRunner().invoke(iop, shlex.split(command))
    assert result.exit_code == 0, f"{command}: {result.output}"
    return result.stdout


def test_search_page(place: Path) -> None:
    from iop_director import Director

    module = example("search.md", place)
    with run_production(module.production, data_dir=place / ".iop") as running:
        running.send("Archive", module.Admission(module.Patient("123", ["Ann"])))
        running.wait_until_idle()
    asked = commands("search.md")
    assert "Admission" in run(asked[0])
    assert run(asked[1]).strip() == "1"
    run(asked[2])
    run(asked[3])
    # The next resends, for which a production has to run.
    assert run(asked[5].replace("my_messages", "page_search")).startswith("1 bodies")
    assert len(module.find(Director())) == 1


def test_purge_page(place: Path) -> None:
    from iop_director import Director

    search = example("search.md", place)
    module = example_functions("purge.md")
    with run_production(search.production, data_dir=place / ".iop") as running:
        running.send("Archive", search.Admission())
        running.wait_until_idle()
    for command in commands("purge.md"):
        assert "nothing" in run(command)
    assert module["clean"](Director()).left == 0


def example_functions(page: str) -> dict[str, object]:
    names: dict[str, object] = {}
    text = (PAGES / page).read_text(encoding="utf-8")
    for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL):
        exec(block, names)
    return names


def test_cpu_bound_handlers_page(place: Path) -> None:
    module = example("cpu-bound-handlers.md", place)
    with run_production(module.production) as running:
        assert running.call("Renderer", module.Report("word " * 900)) == module.Pages(3)
        renderer = module.production.get_component("Renderer")
        assert (renderer.pool_size, renderer.host_settings) == (4, {"Workers": "processes"})


def test_alerts_page(place: Path) -> None:
    module = example("alerts.md", place)
    with run_production(module.production) as running:
        running.send("Archive", module.Order("1"))
        running.wait_until_idle()
        told = [entry.text for entry in running.log(item="Ens.Alert")]
    assert told == ["Archive, error: message 1 failed: ValueError: no such patient"]


def test_settings_page(place: Path) -> None:
    (place / "settings.py").write_text(
        "from iop import BusinessOperation, Production\n"
        "class FromLab(BusinessOperation):\n    Port: int = 1\n"
        "production = Production('Demo.Settings')\nlab = production.operation(FromLab)\n",
        encoding="utf-8",
    )
    outputs = [run(command) for command in commands("settings.md")]
    assert "env:LAB_PASSWORD" in outputs[2]
    assert "2575" in outputs[3]
