"""Classes registered by hand, and the names of earlier versions for that."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import iop_migrate.migration as migration
from iop_core.errors import ComponentInUseError, DeploymentError, SettingsFileError, UnknownDeploymentError
from iop_director import Director
from iop_migrate import (
    Utils,
    bind_component,
    bindings,
    list_bindings,
    migration_calls,
    register_component,
    unbind_component,
)

Project = Callable[..., Path]

BO = """
from dataclasses import dataclass
from iop_core import BusinessOperation, Message
class File_Operation(BusinessOperation):
    pass
class Other(BusinessOperation):
    pass
@dataclass
class Order(Message):
    number: int = 0
"""


def test_class_is_registered_listed_and_forgotten(project: Project, director: Director, deployments: Any) -> None:
    folder = str(project(bound_bo=BO).parent)
    register_component("bound_bo", "File_Operation", folder, 1, "Python.FileOperation", director=director)
    bind_component("bound_bo", "Other", folder, director=director)
    deployments.kept["productions"]["P"] = {"P": {"Item": [{"@Name": "Out", "@ClassName": "python.FILEoperation"}]}}
    unused, used = list_bindings(director=director)
    assert used == {
        "class": "Python.FileOperation",
        "super": "IOP.BusinessOperation",
        "module": "bound_bo",
        "classname": "File_Operation",
        "classpaths": folder,
        "used": True,
        "used_by": [{"production": "P", "item": "Out"}],
    }
    assert (unused["class"], unused["used"], unused["used_by"]) == ("Python.boundbo.Other", False, [])
    assert list_bindings(True, director=director) == [unused]
    with pytest.raises(ComponentInUseError, match="in use by P/Out"):
        unbind_component("Python.FileOperation", director=director)
    unbind_component(" Python.boundbo.Other ", director=director)
    assert list_bindings(director=director) == [used]


def test_overwrite(project: Project, director: Director, deployments: Any) -> None:
    folder = str(project(bound_bo=BO).parent)
    register_component("bound_bo", "Other", folder, 1, "Python.A", director=director)
    register_component("bound_bo", "Other", folder, 0, "Python.A", director=director)
    assert len(deployments.changes()) == 1
    with pytest.raises(DeploymentError, match=r"'Python.A' stands for bound_bo.Other .* already"):
        register_component("bound_bo", "File_Operation", folder, 0, "Python.A", director=director)
    register_component("bound_bo", "File_Operation", folder, 1, "Python.A", director=director)
    assert [row["classname"] for row in list_bindings(director=director)] == ["File_Operation"]


def test_what_cannot_be_bound(project: Project, director: Director, deployments: Any) -> None:
    folder = str(project(bound_bo=BO).parent)
    with pytest.raises(SettingsFileError, match="register_component: module 'bound_bo' has no class 'Othr'"):
        register_component("bound_bo", "Othr", folder, director=director)
    with pytest.raises(SettingsFileError, match=r"'bad name!' is no name of a class on IRIS"):
        register_component("bound_bo", "Other", folder, 1, "bad name!", director=director)
    with pytest.raises(DeploymentError, match="is required"):
        unbind_component("  ", director=director)
    with pytest.raises(UnknownDeploymentError, match=r"no class 'A.B' is registered"):
        unbind_component("A.B", director=director)
    assert deployments.changes() == []


@pytest.fixture
def everywhere(director: Director, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the functions without a director find the one of the test."""
    for module in (bindings, migration, migration_calls):
        monkeypatch.setattr(module, "Director", lambda: director)


@pytest.mark.usefixtures("everywhere")
def test_names_of_earlier_versions_warn_and_work(project: Project, deployments: Any) -> None:
    file = project(bound_bo=BO, bound_pk__my_mod=BO)
    with pytest.warns(DeprecationWarning, match=r"iop.Utils.register_file is deprecated") as caught:
        Utils.register_file(str(file), 1, "Python")
    assert caught[0].filename == __file__
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        Utils.register_package("bound_pk", str(file.parent), 1, "Pk")
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        rows = Utils.list_bindings()
    assert [(row["class"], row["module"]) for row in rows] == [
        ("Pk.mymod.FileOperation", "bound_pk.my_mod"),
        ("Pk.mymod.Other", "bound_pk.my_mod"),
        ("Python.boundbo.FileOperation", "bound_bo"),
        ("Python.boundbo.Other", "bound_bo"),
    ]
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        Utils.register_production_definition("Demo.P", {"Production": {"@Name": "Demo.P", "Item": {"@Name": "A"}}})
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        assert json.loads(Utils.export_production("Demo.P"))["Demo.P"]["Item"] == [{"@Name": "A"}]
