"""Routes that are concluded from source below named paths."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from iop_core.errors import ProductionError, ProductionTypeError
from iop_production import GraphEdge, Production

ROUTER = """
import nothing_that_exists
raise SystemExit("this module must not be imported")

ALERTS = "Alerts"

class Base(Component):
    Inherited = "Fax"

    def forward(self):
        self.send_request_sync(self.Inherited, None)

class Router(Base):
    Output = target("Orders")
    Chosen = setting(default="Audit")
    Noted: Annotated[str, Setting("Notes")]
    Plain: str = "Plain"

    def on_request(self, request):
        self.send_request_async(self.Output, request)
        self.send_request_sync(target=self.Chosen, request=request)
        self.send_generator_request(self.Noted, request)
        self.send_multi_request_sync([("Literal", request), (self.Plain, request)])
        local = "Local"
        other.send_request_async_ng(local, request)
        self.send_request_sync(ALERTS, request)
        self.send_request_sync("No item", request)
"""
NATIVE = """
/// Sends: ..SendRequestSync("Commented")
Class Demo.Native Extends Ens.BusinessProcess
{
Property Target As %String [ InitialExpression = "Orders" ];
Method OnRequest()
{
    // do ..SendRequestSync("Commented", req)
    ; do ..SendRequestSync("Commented", req)
    /* do ..SendRequestSync("Commented", req) */
    set text = "// no comment", sc = ..sendrequestasync(..Target, req)
    set sc = ..SendRequestSync("Audit", req)
}
}
"""
TARGETS = ("Orders", "Audit", "Notes", "Plain", "Literal", "Local", "Alerts", "Fax", "Commented", "Elsewhere")


def data(class_name: str, settings: Mapping[str, str] | None = None) -> dict[str, Any]:
    given = [{"@Target": "Host", "@Name": name, "#text": text} for name, text in (settings or {}).items()]
    items = [{"@Name": "R", "@ClassName": class_name, "Setting": given}]
    return {"P": {"Item": [*items, *({"@Name": name, "@ClassName": "D.Op"} for name in TARGETS)]}}


def reported(module: str = "shop.router", name: str = "Router") -> dict[str, Any]:
    return {"items": [{"item": "R", "iop": 1, "module": module, "classname": name, "connections": []}]}


def edges(prod: Production) -> dict[str, GraphEdge]:
    return {edge.target: edge for edge in prod.edges if edge.source_item == "R"}


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "router.py").write_text(ROUTER)
    (tmp_path / "native.cls").write_text(NATIVE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_sends_in_python_become_edges(root: Path) -> None:
    prod = Production.from_dict(data("Any.Class"), connections=reported(), source_roots=[root])
    found = edges(prod)
    assert {name: edge.interaction for name, edge in found.items()} == {
        "Orders": "async",
        "Audit": "sync",
        "Notes": "request",
        "Literal": "sync",
        "Plain": "sync",
        "Local": "async",
        "Alerts": "sync",
        "Fax": "sync",
    }
    assert {edge.origin for edge in found.values()} == {"inferred"}
    assert found["Audit"].metadata == {"source": "Python source", "detail": "send_request_sync self.Chosen"}
    assert found["Literal"].metadata["detail"] == "send_multi_request_sync literal"
    assert prod.graph().warnings == ()
    assert "shop" not in sys.modules
    assert prod.to_dict() == Production.from_dict(data("Any.Class")).to_dict()


def test_the_working_directory_is_not_read(root: Path) -> None:
    assert edges(Production.from_dict(data("Any.Class"), connections=reported())) == {}
    (root / "empty").mkdir()
    assert edges(Production.from_dict(data("Any.Class"), connections=reported(), source_roots=["empty"])) == {}


def test_host_settings_replace_what_is_written(root: Path) -> None:
    given = data("Any.Class", {"Output": "Elsewhere,Audit"})
    found = edges(Production.from_dict(given, connections=reported(), source_roots=[root]))
    assert "Orders" not in found
    assert found["Elsewhere"].source_port == "Output"
    assert found["Elsewhere"].interaction == "async"
    assert found["Elsewhere"].metadata["source"] == "Host setting fallback"


def test_reported_routes_learn_how_they_are_used(root: Path) -> None:
    connections = reported()
    connections["items"][0]["connections"] = ["Orders"]
    found = edges(Production.from_dict(data("Any.Class"), connections=connections, source_roots=[root]))
    assert (found["Orders"].origin, found["Orders"].interaction) == ("runtime", "async")
    assert found["Orders"].metadata["detail"] == "send_request_async self.Output"


@pytest.mark.parametrize("path", ["shop", "shop/router.py", "."])
def test_roots_may_be_folders_or_files(root: Path, path: str) -> None:
    prod = Production.from_dict(data("Python.shop.router.Router"), source_roots=[root / path])
    assert "Orders" in edges(prod)


@pytest.mark.parametrize("name", ["Python.other.Router", "Python.shop.router.Gone", "Router", "shop.router.Router"])
def test_other_classes_are_not_mixed_up(root: Path, name: str) -> None:
    assert edges(Production.from_dict(data(name), source_roots=[root])) == {}


def test_sends_in_objectscript(root: Path) -> None:
    found = edges(Production.from_dict(data("Demo.Native"), source_roots=[root]))
    assert {name: edge.interaction for name, edge in found.items()} == {"Orders": "async", "Audit": "sync"}
    assert found["Orders"].metadata == {"source": "ObjectScript source", "detail": "sendrequestasync ..Target"}


def test_changed_source_is_read_anew(root: Path) -> None:
    def targets() -> set[str]:
        return set(edges(Production.from_dict(data("Python.shop.router.Router"), source_roots=[root])))

    assert "Local" in targets()
    (root / "shop" / "router.py").write_text(ROUTER.replace('"Local"', '"Elsewhere"'))
    assert {"Local", "Elsewhere"} & targets() == {"Elsewhere"}


def test_what_cannot_be_read_is_a_warning(root: Path) -> None:
    (root / "latin.py").write_bytes(b"# \xe9\n")
    (root / "broken.py").write_text("def (")
    (root / "venv").mkdir()
    (root / "venv" / "ignored.py").write_text("def (")
    prod = Production.from_dict(data("Python.shop.router.Router"), source_roots=[root])
    broken, latin = prod.graph().warnings
    assert broken.startswith(f"Source cannot be read: {root / 'broken.py'}: ")
    assert latin.startswith(f"Source cannot be read: {root / 'latin.py'}: ")
    assert "Orders" in edges(prod)


def test_real_source_goes_before_tests(root: Path) -> None:
    (root / "a_tests" / "tests" / "shop").mkdir(parents=True)
    (root / "a_tests" / "tests" / "shop" / "router.py").write_text("class Router: pass\n")
    assert "Orders" in edges(Production.from_dict(data("Python.shop.router.Router"), source_roots=[root]))


def test_wrong_roots(root: Path) -> None:
    with pytest.raises(ProductionError, match="there is no source root 'gone'"):
        Production.from_dict(data("X"), source_roots=["gone"])
    with pytest.raises(ProductionTypeError, match="must be a list of paths"):
        Production.from_dict(data("X"), source_roots="shop")


def test_from_iris_takes_roots(root: Path) -> None:
    class Exporting:
        def export_production(self, name: str) -> dict[str, Any]:
            return data("Demo.Native")

    assert "Orders" in edges(Production.from_iris("P", director=Exporting(), source_roots=[root]))
