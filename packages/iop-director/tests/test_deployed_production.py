"""Deployed productions as engines run them, without their settings file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iop_core.deployments import ComponentRegistration, DeploymentOptions, DeploymentReader
from iop_core.errors import DeploymentError
from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_director.deployed_production import load_definition
from iop_production import Production

TEXT = """
from iop_core import BusinessOperation, BusinessService, InboundAdapter, PersistentMessage, setting, target

class Adapter(InboundAdapter):
    Folder = "/in"

class Service(BusinessService):
    Output = target()
    Limit = setting(5)

class Operation(BusinessOperation):
    pass

class Order(PersistentMessage):
    Id: str
"""


class Deployed(DeploymentReader):
    """One production and what is registered for it."""

    def __init__(self, export: dict[str, Any], *registrations: ComponentRegistration) -> None:
        self.export = export
        self.registrations = registrations

    def production_names(self) -> list[str]:
        return list(self.export)

    def export_production(self, name: str) -> dict[str, Any]:
        return {name: self.export[name]}

    def options(self, name: str) -> DeploymentOptions:
        return DeploymentOptions("pickle", ("pickle",))

    def components(self) -> list[ComponentRegistration]:
        return list(self.registrations)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder with a package; what was imported from it is forgotten afterwards."""
    path, modules = list(sys.path), set(sys.modules)
    (tmp_path / "deployed_shop").mkdir()
    (tmp_path / "deployed_shop" / "__init__.py").touch()
    (tmp_path / "deployed_shop" / "parts.py").write_text(TEXT)
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        del sys.modules[name]


def registered(folder: Path, name: str, kind: str, adapter: str = "", iris_name: str = "") -> ComponentRegistration:
    return ComponentRegistration(iris_name or f"Shop.{name}", "deployed_shop.parts", name, str(folder), kind, adapter)


def deployed(folder: Path) -> Deployed:
    production = Production("Demo.P")
    source = production.component("In", class_name="Shop.Service", adapter_settings={"Folder": "/data"})
    source.host_setting("Limit", 7)
    production.component("Out", class_name="SHOP.operation")
    source.connect("Output", "Out")
    production.component("File", class_name="EnsLib.File.PassthroughOperation")
    return Deployed(
        production.to_dict(),
        registered(folder, "Service", "BusinessService", adapter="Shop.Adapter"),
        registered(folder, "Adapter", "InboundAdapter"),
        registered(folder, "Operation", "BusinessOperation"),
        registered(folder, "Order", "PersistentMessage", iris_name="Shop.Msg.Order"),
    )


def test_items_get_their_python_classes(folder: Path) -> None:
    definition = load_definition(deployed(folder), "Demo.P")
    parts = sys.modules["deployed_shop.parts"]
    source, out, file = definition.items
    assert (source.component_class, source.adapter_class) == (parts.Service, parts.Adapter)
    assert (source.kind, out.kind, file.kind) == ("service", "operation", "operation")
    assert source.targets == {"Output": ("Out",)}
    assert source.host_settings == {"Limit": "7", "Output": "Out"}
    assert source.adapter_settings == {"Folder": "/data"}
    assert out.component_class is parts.Operation  # names on IRIS do not differ by case
    assert (file.component_class, file.class_name) == (None, "EnsLib.File.PassthroughOperation")
    assert (definition.serializer, definition.allowed_serializers) == ("pickle", ("pickle",))


def test_messages_of_the_same_folder_are_known_by_their_names(folder: Path) -> None:
    load_definition(deployed(folder), "Demo.P")
    assert PERSISTENT_CLASSES.find("Shop.Msg.Order") is sys.modules["deployed_shop.parts"].Order


def test_only_what_is_registered_and_used_is_imported(folder: Path) -> None:
    (folder / "deployed_other.py").write_text("raise SystemExit")
    found = deployed(folder)
    found.export["Demo.P"]["Item"][2]["@ClassName"] = "deployed_other.Operation"
    other = ComponentRegistration("Other.Class", "deployed_other", "X", str(folder), "BusinessOperation")
    found.registrations = (*found.registrations, other)
    load_definition(found, "Demo.P")
    assert "deployed_other" not in sys.modules


@pytest.mark.parametrize(
    ("module", "name", "kind", "text"),
    [
        ("no_such_module", "A", "BusinessOperation", "cannot be imported: ModuleNotFoundError: No module named"),
        ("deployed_broken", "A", "BusinessOperation", "cannot be imported: ValueError: two lines"),
        ("deployed_exit", "A", "BusinessOperation", "cannot be imported: SystemExit: 3"),
        ("deployed_shop.parts", "Gone", "BusinessOperation", "there is no such class any more"),
        ("deployed_shop.parts", "Order", "BusinessOperation", "is no subclass of Component"),
        ("deployed_shop.parts", "Service", "PersistentMessage", "is no subclass of PersistentMessage"),
        ("json", "JSONDecoder", "BusinessOperation", "the module 'json' of this process comes from"),
    ],
)
def test_class_that_cannot_be_loaded(folder: Path, module: str, name: str, kind: str, text: str) -> None:
    (folder / "deployed_broken.py").write_text("raise ValueError('two\\nlines')")
    (folder / "deployed_exit.py").write_text("raise SystemExit(3)")
    registration = ComponentRegistration("Demo.A", module, name, str(folder), kind)
    found = Deployed({"P": {"Item": [{"@Name": "A", "@ClassName": "Demo.A"}]}}, registration)
    with pytest.raises(DeploymentError, match=text) as caught:
        load_definition(found, "P")
    assert str(caught.value).startswith(f"'Demo.A' is registered as {module}.{name} in {str(folder)!r}")
    assert "\n" not in str(caught.value)


def test_module_of_another_folder_is_not_taken_for_it(folder: Path) -> None:
    load_definition(deployed(folder), "Demo.P")
    elsewhere = ComponentRegistration("Demo.A", "deployed_shop.parts", "Operation", "/elsewhere", "BusinessOperation")
    found = Deployed({"P": {"Item": [{"@Name": "A", "@ClassName": "Demo.A"}]}}, elsewhere)
    with pytest.raises(DeploymentError, match="rename one of the two modules"):
        load_definition(found, "P")
