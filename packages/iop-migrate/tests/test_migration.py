"""Migration: what is written, that it is written once, and that nothing of the project stays."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from iop_core.deployments import DeploymentOptions
from iop_core.errors import IopError, SettingsFileError
from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_core.registry import MESSAGE_CLASSES
from iop_director import Director
from iop_migrate import migrate
from iop_production import ProductionValidationError

Project = Callable[..., Path]

BO = """
from dataclasses import dataclass
from iop_core import BusinessOperation, BusinessService, InboundAdapter, Message, setting, target
import iop_core

@dataclass
class Order(Message):
    number: int = 0

class FileOperation(BusinessOperation):
    Folder = setting("/out")

class Second(iop_core.BusinessOperation):
    pass

class Derived(FileOperation):
    pass

class Multi(BusinessOperation, object):
    pass

class Adap(InboundAdapter):
    pass

class FileService(BusinessService):
    Output = target()

    def get_adapter_type():
        return Adap

if True:
    class Inner(BusinessOperation):
        pass
"""
SETTINGS = """
from iop_core import PersistentMessage
from iop_production import Production
import bo

class Event(PersistentMessage):
    Id: str

prod = Production("Demo.P", serializer="pickle", allowed_serializers=("pickle",))
source = prod.service("In", bo.FileService)
prod.operation("Out", bo.FileOperation, settings={"Folder": "/elsewhere"})
source.connect("Output", "Out")

CLASSES = {"Demo.Out": bo.FileOperation, "Demo.Msg.Event": Event}
SCHEMAS = [bo.Order]
PRODUCTIONS = [prod]
"""


def names_of(deployments: Any) -> list[str]:
    return [each.iris_name for each in deployments.components()]


def test_everything_is_deployed(project: Project, director: Director, deployments: Any) -> None:
    file = project(shop_settings=SETTINGS, bo=BO)
    result = migrate(file, director=director, actor="ann", reason="release 1")
    found = {each.iris_name: each for each in deployments.components()}
    assert set(found) == {
        "Demo.Out",
        "Demo.Msg.Event",
        "Python.bo.FileService",
        "Python.bo.FileOperation",
        "Python.bo.Adap",
    }
    out = found["Demo.Out"]
    assert (out.module, out.class_name, out.path, out.kind) == (
        "bo",
        "FileOperation",
        str(file.parent),
        "BusinessOperation",
    )
    assert out.defaults == {"Folder": "/out"}
    assert found["Python.bo.FileService"].adapter == "Python.bo.Adap"
    assert found["Demo.Msg.Event"].kind == "PersistentMessage"
    items = deployments.export_production("Demo.P")["Demo.P"]["Item"]
    assert [(item["@Name"], item["@ClassName"]) for item in items] == [
        ("In", "Python.bo.FileService"),
        ("Out", "Python.bo.FileOperation"),
    ]
    assert deployments.options("Demo.P") == DeploymentOptions("pickle", ("pickle",))
    assert json.loads(deployments.schemas()["bo.Order"])["properties"]["number"]["type"] == "integer"
    assert {(each.actor, each.reason) for each in deployments.changes()} == {("ann", "release 1")}
    assert len(result.changes) == len(deployments.changes()) == 7


def test_second_time_nothing_is_written(project: Project, director: Director, deployments: Any) -> None:
    file = project(shop_settings=SETTINGS, bo=BO)
    migrate(file, director=director)
    before = len(deployments.changes())
    assert migrate(file, director=director).changes == ()
    assert len(deployments.changes()) == before


def test_plan_has_its_layout(project: Project, director: Director, deployments: Any) -> None:
    file = project(shop_settings=SETTINGS + "source.host_setting('Bogus', 1)\n", bo=BO)
    result = migrate(file, director=director, dry_run=True)
    assert (
        str(result)
        == f"""Migration plan: {file}
Mode: LOCAL
Namespace: USER

CLASSES:
  Demo.Out -> bo.FileOperation (component)
  Demo.Msg.Event -> shop_settings.Event (PersistentMessage)
  Python.bo.FileService -> bo.FileService (component)
  Python.bo.Adap -> bo.Adap (component)
  Python.bo.FileOperation -> bo.FileOperation (component)

SCHEMAS:
  bo.Order

PRODUCTIONS:
  Demo.P

VALIDATION:
  Demo.P: setting items.In.settings.Host.Bogus: Unknown setting name.

Dry run in namespace USER: nothing was written for {file}"""
    )
    assert len(result.changes) == 7
    assert deployments.changes() == []


def test_empty_sections_say_none(project: Project, director: Director) -> None:
    result = migrate(project(shop_settings="CLASSES = {}\n"), director=director)
    assert "\nCLASSES:\n  none\n\nSCHEMAS:\n  none\n\nPRODUCTIONS:\n  none\n\nVALIDATION:\n  none\n\n" in str(result)
    assert str(result).endswith(f"Migration succeeded in namespace USER: {result.plan.path}")


def test_strict_refuses_what_would_only_be_warned_of(project: Project, director: Director, deployments: Any) -> None:
    file = project(shop_settings=SETTINGS + "source.host_setting('Bogus', 1)\n", bo=BO)
    with pytest.raises(ProductionValidationError, match=r"Production validation: Demo.P") as caught:
        migrate(file, director=director, strict=True)
    assert caught.value.report.has_issues
    assert deployments.changes() == []
    migrate(file, director=director)
    assert deployments.production_names() == ["Demo.P"]


def test_failed_write_leaves_nothing(project: Project, director: Director, deployments: Any) -> None:
    deployments.fails = True
    with pytest.raises(OSError, match="the disk is gone"):
        migrate(project(shop_settings=SETTINGS, bo=BO), director=director)
    assert names_of(deployments) == deployments.production_names() == deployments.changes() == []


COUNTED = "from pathlib import Path\nwith Path(__file__).with_suffix('.log').open('a') as log: log.write('x')\n"


def test_code_runs_once(project: Project, director: Director, tmp_path: Path) -> None:
    text = (
        COUNTED + "import bo\nCLASSES = {'A.B': {'module': 'bo', 'class': 'Second', 'path': '.'}, 'A': {'path': '.'}}\n"
    )
    migrate(project(shop_settings=text, bo=COUNTED + BO), director=director)
    assert (tmp_path / "shop_settings.log").read_text() == "x"
    assert (tmp_path / "bo.log").read_text() == "x"


def test_two_projects_do_not_share_modules(project: Project, director: Director, deployments: Any) -> None:
    text = "import msg\nSCHEMAS = [msg.Order]\n"
    head = "from dataclasses import dataclass\nfrom iop_core import Message\n"
    body = head + "@dataclass\nclass Order(Message):\n    {}: str = ''\n"
    first = project(a__settings=text, a__msg=body.format("from_a"))
    second = project(b__settings=text, b__msg=body.format("from_b"))
    for file, field in ((first, "from_a"), (second, "from_b"), (first, "from_a")):
        migrate(file, director=director)
        assert list(json.loads(deployments.schemas()["msg.Order"])["properties"]) == [field]


def test_what_runs_in_this_process_is_not_disturbed(project: Project, director: Director) -> None:
    live = ModuleType("bo")
    sys.modules["bo"] = live
    try:
        file = project(
            shop_settings="from iop_core import PersistentMessage\nimport bo\nclass Event(PersistentMessage): pass\n"
            "CLASSES = {'Shop.Live.Event': Event, 'Shop.Out': bo.Second}\n",
            bo=BO,
        )
        migrate(file, director=director)
        assert sys.modules["bo"] is live
    finally:
        del sys.modules["bo"]
    assert PERSISTENT_CLASSES.find("Shop.Live.Event") is None
    assert "bo.Order" not in MESSAGE_CLASSES
    assert "shop_settings.Event" not in MESSAGE_CLASSES


def test_file_without_sections_means_its_productions(project: Project, director: Director, deployments: Any) -> None:
    migrate(project(hello="from iop_production import Production\nprod = Production('Hello')\n"), director=director)
    assert deployments.production_names() == ["Hello"]


def test_near_miss_beside_the_section_is_a_warning(project: Project, director: Director) -> None:
    result = migrate(project(shop_settings="CLASSES = {}\nCLASES = {}\n"), director=director)
    assert result.plan.warnings == ("'CLASES' is no section of a settings file and is ignored, unlike 'CLASSES'",)
    assert "VALIDATION:\n  'CLASES' is no section" in str(result)


def test_namespace_must_be_that_of_the_director(project: Project, director: Director) -> None:
    file = project(shop_settings="CLASSES = {}\n")
    assert migrate(file, director=director, namespace="user").plan.namespace == "USER"
    with pytest.raises(SettingsFileError, match="namespace 'LAB' was asked for, and the director is for 'USER'"):
        migrate(file, director=director, namespace="LAB")


REMOTE = (
    "REMOTE_SETTINGS = {'url': 'https://127.0.0.1:1', 'username': 'me', 'password': 'SECRET', 'namespace': 'LAB'}\n"
)


def test_remote_file_never_goes_to_this_machine(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("IOP_URL", raising=False)
    monkeypatch.chdir(tmp_path)
    file = project(shop_settings=REMOTE)
    result = migrate(file, dry_run=True)
    assert "Mode: REMOTE\nNamespace: LAB\n" in str(result)
    with pytest.raises(IopError):
        migrate(file)
    assert not (tmp_path / ".iop").exists()
