"""``iop check``, ``iop graph`` and ``iop export``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import Result

from iop_core.exporters import ExportedProduction, Exporter
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry
from iop_production import Production

Invoke = Callable[..., Result]

TEXT = """
from dataclasses import dataclass
from iop_core import BusinessOperation, BusinessService, Message, handler, target
from iop_production import Production

@dataclass
class Order(Message): ...

@dataclass
class Cancel(Message): ...

class Intake(BusinessService):
    Output = target()
    def on_message(self, request):
        self.send_request_async(self.Output, {message}())

class Orders(BusinessOperation):
    @handler(Order)
    def order(self, request): ...
    {second}

prod = Production("Demo.P")
prod.connect(prod.service("In", Intake).Output, prod.operation("Out", Orders))
"""
SECOND = "def other(self, request: Order): ..."


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    monkeypatch.setattr(sys, "path", [*sys.path])

    def write_file(message: str = "Order", second: str = "") -> str:
        file = tmp_path / f"check_{message}_{bool(second)}.py".lower()
        file.write_text(TEXT.format(message=message, second=second))
        return str(file)

    return write_file


def test_right_production(invoke: Invoke, write: Callable[..., str]) -> None:
    result = invoke("check", write(), "--strict")
    assert (result.exit_code, result.stdout) == (0, "Production validation: Demo.P\n  no issues\n")


def test_wrong_production_is_exit_code_3(invoke: Invoke, write: Callable[..., str]) -> None:
    file = write("Cancel")
    result = invoke("check", file)
    assert result.exit_code == 3
    assert result.stderr == ""
    assert result.stdout == (
        "Production validation: Demo.P\n"
        "  route items.In.settings.Host.Output: Intake.on_message (check_cancel_false.py:15) sends "
        "check_cancel_false.Cancel to 'Out', and Orders takes check_cancel_false.Order. Add a method with "
        "@handler(Cancel) to Orders, or send to an item that takes Cancel.\n"
    )
    data = json.loads(invoke("check", file, "--json").stdout)
    assert data["has_issues"] is True
    assert data["productions"][0]["production"] == "Demo.P"
    assert data["productions"][0]["issues"][0]["kind"] == "route"


def test_warnings_count_only_when_strict(invoke: Invoke, write: Callable[..., str]) -> None:
    file = write(second=SECOND)
    assert invoke("check", file).exit_code == 0
    strict = invoke("check", file, "--strict")
    assert strict.exit_code == 3
    assert "  warning items.Out: Orders has several methods for check_order_true.Order: keeping order" in strict.stdout
    assert json.loads(invoke("check", file, "--json").stdout)["has_issues"] is False


def test_wrong_use(invoke: Invoke, write: Callable[..., str]) -> None:
    assert invoke("check", "/no/such/file.py").exit_code == 2
    unknown = invoke("check", write(), "--production", "Demo.Q")
    assert (unknown.exit_code, "did you mean 'Demo.P'" in unknown.stderr) == (2, True)
    wrong = invoke("export", write(), "--format", "jsn")
    assert (wrong.exit_code, wrong.stderr) == (
        2,
        "Error: unknown format 'jsn' (did you mean 'json'?); installed: class, graph, json, mermaid, python, xml\n",
    )


def test_graph(invoke: Invoke, write: Callable[..., str]) -> None:
    shown = invoke("graph", write()).stdout
    assert shown.startswith("Demo.P\n  In [")
    assert "    Output -> Out\n" in shown
    assert invoke("graph", write(), "--format", "mermaid").stdout.startswith("flowchart LR\n")


def test_every_format_can_be_exported_and_read_back(invoke: Invoke, write: Callable[..., str], tmp_path: Path) -> None:
    file = write()
    data = json.loads(invoke("export", file).stdout)
    assert list(data) == ["Demo.P"]
    read = Production.from_dict(data)
    assert not read.diff(Production.from_xml(invoke("export", file, "--format", "xml").stdout)).has_changes
    for form in ("python", "class"):
        names: dict[str, list[Production]] = {}
        exec(invoke("export", file, "--format", form).stdout, names)
        assert not names["PRODUCTIONS"][0].diff(read).has_changes
    for form, name in [("json", "Demo.P.json"), ("graph", "Demo.P.txt"), ("mermaid", "Demo.P.mmd")]:
        result = invoke("export", file, "--format", form, "--output", str(tmp_path))
        assert (result.exit_code, result.stdout) == (0, "")
        assert (tmp_path / name).read_text() == invoke("export", file, "--format", form).stdout
    failed = invoke("export", file, "--output", str(tmp_path / "no" / "folder.json"))
    assert (failed.exit_code, "cannot write" in failed.stderr) == (2, True)


def test_format_of_a_plugin(invoke: Invoke, write: Callable[..., str], registry: PluginRegistry) -> None:
    class Names(Exporter):
        name, suffix = "names", ".txt"

        def export(self, production: ExportedProduction) -> str:
            return ", ".join(node["name"] for node in production.graph().to_dict()["nodes"])

    offer = hookimpl(lambda: [Names], specname="iop_exporters")
    registry.register(SimpleNamespace(offer=offer), name="names")
    assert invoke("export", write(), "--format", "names").stdout == "In, Out\n"


def test_export_hides_secrets_unless_they_are_wanted(invoke: Invoke, tmp_path: Path) -> None:
    file = tmp_path / "secret_demo.py"
    file.write_text(
        "from iop_core import BusinessOperation, controls, setting\n"
        "from iop_production import Production\n"
        "class Login(BusinessOperation):\n"
        "    Pin = setting('', control=controls.secret())\n"
        "prod = Production('Demo.P')\n"
        "prod.operation(Login, settings={'Pin': 'p4711', 'Port': '80'}, adapter_settings={'Password': 'p4712'},\n"
        "    other_settings=[{'@Target': 'X', '@Name': 'ApiKey', '#text': 'p4713'}])\n"
        "prod.operation('Other', 'Ens.Op', settings={'Token': 'env:TOKEN'})\n"
    )
    result = invoke("export", str(file))
    assert (result.exit_code, "p471" in result.stdout) == (0, False), result.stderr
    assert result.stdout.count('"***"') == 3
    assert '"env:TOKEN"' in result.stdout
    assert result.stderr == "The values of 3 secret settings are hidden; --with-secrets shows them\n"
    shown = invoke("export", str(file), "--with-secrets")
    assert [f"p471{digit}" in shown.stdout for digit in (1, 2, 3)] == [True] * 3
    assert shown.stderr == ""
