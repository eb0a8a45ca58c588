"""What a director does with deployed productions, against the local backend."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from iop import Director, DirectorProtocol, Production
from iop_core.errors import DeploymentError, UnknownDeploymentError
from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_director import Director as DirectorClass
from iop_director.deployed_production import load_definition
from iop_migrate import migrate

MODULE = """
from iop import BusinessOperation, BusinessService, target


class Intake(BusinessService):
    Output = target()


class Out(BusinessOperation):
    Folder = "/tmp"
"""


@pytest.fixture
def director(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Director:
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path)])
    for name in ("IOP_NAMESPACE", "IOP_SETTINGS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IOP_URL", f"local://{tmp_path.as_posix()}/data")
    sys.modules.pop("deployed_demo", None)
    (tmp_path / "deployed_demo.py").write_text(MODULE)
    return Director()


def make(folder: str = "/in") -> Production:
    module = __import__("deployed_demo")
    production = Production("Demo.Deployed")
    intake = production.service("Intake", module.Intake)
    out = production.operation("Out", module.Out, settings={"Folder": folder})
    production.connect(intake.Output, out)
    return production


def test_plan_is_applied_to_what_is_deployed(director: Director, tmp_path: Path) -> None:
    director.register_production_definition("Demo.Deployed", make("/old").to_dict())
    wanted = make().with_director(director)
    assert wanted.plan().has_changes
    result = wanted.apply(wanted.plan(), backup_dir=tmp_path / "backups")
    assert result.success
    assert Production.from_dict(director.export_production("Demo.Deployed")).item_names == wanted.item_names
    settings = str(director.export_production("Demo.Deployed"))
    assert "/in" in settings
    assert "/old" not in settings
    intake = wanted.item("Intake")
    director.register_component("deployed_demo", "Intake", str(tmp_path), 1, intake.class_name)
    assert director.export_production_connections("Demo.Deployed") == {"Intake": ["Out"], "Out": []}
    assert [entry["item"] for entry in director.export_production_queue_info("Demo.Deployed")["items"]] == [
        "Intake",
        "Out",
    ]
    assert not wanted.plan().has_changes


def test_calls_on_the_class_go_where_the_environment_says(director: Director) -> None:
    assert isinstance(director, DirectorProtocol)
    assert DirectorClass.get_default_production() == "Not defined"
    with pytest.raises(UnknownDeploymentError):
        DirectorClass.set_default_production("Demo.Deployed")
    DirectorClass.register_production_definition("Demo.Deployed", make().to_dict())
    DirectorClass.set_default_production("Demo.Deployed")
    assert DirectorClass.get_default_production() == director.get_default_production() == "Demo.Deployed"
    assert DirectorClass.list_productions() == {"Demo.Deployed": {"Status": "stopped"}}
    DirectorClass.set_default_production()
    assert director.get_default_production() == "Not defined"


def test_registered_class_is_checked_and_not_replaced_unasked(director: Director, tmp_path: Path) -> None:
    director.register_component("deployed_demo", "Out", str(tmp_path), 0, "Python.Demo.Out")
    [found] = director.backend.deployments().components()
    assert (found.kind, found.python_name, dict(found.defaults)) == (
        "BusinessOperation",
        "deployed_demo.Out",
        {"Folder": "/tmp"},
    )
    with pytest.raises(DeploymentError, match="already"):
        director.register_component("deployed_demo", "Intake", str(tmp_path), 0, "Python.Demo.Out")
    director.register_component("deployed_demo", "Intake", str(tmp_path), 1, "Python.Demo.Out")
    with pytest.raises(DeploymentError, match="no such class"):
        director.register_component("deployed_demo", "Nobody", str(tmp_path), 1, "Python.Demo.Out")


MESSAGES = """
from iop import PersistentMessage, Production
from deployed_demo import Out


class Order(PersistentMessage):
    order_id: str = ""


prod = Production("Demo.Messages").message("Demo.Msg.Order", Order)
prod.operation(Out)
"""


@pytest.mark.parametrize("deploy", ["apply", "sync", "migrate"])
def test_messages_of_a_production_are_registered_with_it(director: Director, tmp_path: Path, deploy: str) -> None:
    (tmp_path / "messages_demo.py").write_text(MESSAGES)
    sys.modules.pop("messages_demo", None)
    with PERSISTENT_CLASSES.preserved():
        if deploy == "migrate":
            migrate(tmp_path / "messages_demo.py", director=director)
        else:
            production = import_module("messages_demo").prod.with_director(director)
            production.apply(backup_dir=tmp_path / "b") if deploy == "apply" else production.sync()
        [found] = [one for one in director.backend.deployments().components() if one.kind == "PersistentMessage"]
        assert (found.iris_name, found.python_name) == ("Demo.Msg.Order", "messages_demo.Order")
    with PERSISTENT_CLASSES.preserved():
        load_definition(director.backend.deployments(), "Demo.Messages")
        known = PERSISTENT_CLASSES.find("Demo.Msg.Order")
        assert known is not None
        assert known.__name__ == "Order"


def test_deployed_production_is_started_by_name(director: Director, tmp_path: Path) -> None:
    (tmp_path / "settings.py").write_text(
        "import deployed_demo\nfrom iop import Production\nprod = Production('Demo.Deployed')\n"
        "prod.connect(prod.service('Intake', deployed_demo.Intake).Output, prod.operation('Out', deployed_demo.Out))\n"
    )
    subprocess.run(
        [sys.executable, "-m", "iop_cli", "migrate", str(tmp_path / "settings.py")],
        check=True,
        timeout=60,
        stdout=subprocess.DEVNULL,
        env=dict(os.environ),
    )
    director.start_production("Demo.Deployed")
    try:
        assert director.status_production()["Status"] == "running"
        assert [item.name for item in director.items()] == ["Intake", "Out"]
        assert not director.update_production().has_changes
        service = director.get_business_service("Intake")
        assert service.Output == "Out"
    finally:
        director.stop_production()
    assert director.list_productions()["Demo.Deployed"]["Status"] == "stopped"
