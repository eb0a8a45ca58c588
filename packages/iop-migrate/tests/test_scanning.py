"""Finding components by what they really derive from, and productions in the form of dictionaries."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iop_director import Director
from iop_migrate import choose_production, load_settings, migrate, unload_settings

Project = Callable[..., Path]

BO = """
from dataclasses import dataclass
from iop_core import BusinessOperation, InboundAdapter, Message, PollingBusinessService
import iop_core

class Helper: pass
class FileOperation(BusinessOperation): pass
class Second(iop_core.BusinessOperation): pass
class Derived(FileOperation): pass
class Multi(Helper, BusinessOperation): pass
class Poll(PollingBusinessService): pass
class Adap(InboundAdapter): pass
class _Priv_ate(BusinessOperation): pass
@dataclass
class Order(Message):
    a: int = 0
if True:
    class Inner(BusinessOperation): pass
"""
ALL = ["Adap", "Derived", "FileOperation", "Inner", "Multi", "Poll", "Private", "Second"]


def registered(deployments: Any) -> dict[str, str]:
    return {each.iris_name: each.module for each in deployments.components()}


@pytest.mark.parametrize(
    ("entry", "names", "module"),
    [
        ("scan_bo", "K.scanbo", "scan_bo"),
        ("{'file': 'scan_bo.py', 'path': '.'}", "K.scanbo", "scan_bo"),
        ("{'package': 'scan_pk', 'path': 'lib'}", "K.mymod", "scan_pk.my_mod"),
        ("{'path': 'lib/scan_pk'}", "K.mymod", "my_mod"),
    ],
)
def test_every_form_finds_every_component(
    entry: str, names: str, module: str, project: Project, director: Director, deployments: Any
) -> None:
    file = project(scan_settings=f"import scan_bo\nCLASSES = {{'K': {entry}}}\n", scan_bo=BO, lib__scan_pk__my_mod=BO)
    migrate(file, director=director)
    assert registered(deployments) == {f"{names}.{name}": module for name in ALL}


def test_packages_are_searched_with_their_own_packages(project: Project, director: Director, deployments: Any) -> None:
    text = "from iop_core import BusinessOperation\nclass Op(BusinessOperation): pass\n"
    relative = "from ..base import Op\nclass Deep(Op): pass\n"
    migrate(
        project(
            scan_settings="import scan_shop\nCLASSES = {'A': {'package': 'scan_shop', 'path': '.'}, 'B': scan_shop}\n",
            scan_shop__INIT=text,
            scan_shop__base=text,
            scan_shop__inner__INIT="",
            scan_shop__inner__deep=relative,
            scan_shop__script="raise SystemExit('not to be run')",
        ),
        director=director,
    )
    expected = {"Op": "scan_shop", "base.Op": "scan_shop.base", "inner.deep.Deep": "scan_shop.inner.deep"}
    assert registered(deployments) == {f"{key}.{name}": module for key in "AB" for name, module in expected.items()}
    assert {each.path for each in deployments.components()} == {str(Path(deployments.components()[0].path))}


def test_lines_of_a_scan_in_the_plan(project: Project, director: Director) -> None:
    text = "from iop_core import BusinessOperation\nclass Op(BusinessOperation): pass\n"
    file = project(scan_settings="import scan_bo\nCLASSES = {'K': scan_bo, 'E': {'path': 'empty'}}\n", scan_bo=text)
    project(empty__scan_nothing="x = 1\n")
    plan = migrate(file, director=director, dry_run=True).plan
    assert plan.class_lines == ("K -> scan_bo.* (component)", "  K.scanbo.Op -> scan_bo.Op", "E -> empty (component)")
    assert plan.issues() == ["CLASSES['E']: no component was found there"]


def test_files_that_are_left_out_are_named(project: Project, director: Director, deployments: Any) -> None:
    text = "from iop_core import BusinessOperation\nclass Op(BusinessOperation): pass\n"
    file = project(scan_settings="CLASSES = {'K': {'path': 'lib'}}\n", lib__scan_op=text, lib__scan_pk__INIT="")
    lib = file.parent / "lib"
    (lib / "scan-op.py").write_text(text)
    (lib / "scan_pk" / "2nd.py").write_text(text)
    (lib / "no-classes.py").write_text("x = 1\n")
    (lib / "no-python.py").write_text("no python\n")
    left_out = "is left out, as no module can have that name"
    assert migrate(file, director=director).plan.issues() == [
        f"CLASSES['K']: scan-op.py {left_out}",
        f"CLASSES['K']: 2nd.py {left_out}",
    ]
    assert registered(deployments) == {"K.scanop.Op": "scan_op"}


def test_settings_file_in_a_scanned_folder_is_not_run_again(
    project: Project, director: Director, deployments: Any
) -> None:
    text = "from iop_core import BusinessOperation\nclass Op(BusinessOperation): pass\nCLASSES = {'K': {'path': '.'}}\n"
    migrate(project(scan_settings=text + "import scan_once\n", scan_once="class X: pass\n"), director=director)
    assert registered(deployments) == {"K.scansettings.Op": "scan_settings"}


def test_class_from_elsewhere_has_its_own_path(
    project: Project, director: Director, deployments: Any, tmp_path: Path
) -> None:
    text = (
        "import sys\nsys.path.append({!r})\nimport scan_far\nsys.path.remove({!r})\nCLASSES = {{'A.B': scan_far.Op}}\n"
    )
    far = str(tmp_path / "far")
    body = "from iop_core import BusinessOperation\nclass Op(BusinessOperation): pass\n"
    migrate(project(near__scan_settings=text.format(far, far), far__scan_far=body), director=director)
    assert [each.path for each in deployments.components()] == [far]


DICTIONARY = """
import scan_bo
CLASSES = {"Demo.Second": scan_bo.Second}
PRODUCTIONS = [{
    "Demo.P": {
        "@TestingEnabled": True,
        "ActorPoolSize": 3,
        "Item": [
            {"@Name": "Python.Out", "@ClassName": scan_bo.FileOperation},
            {"@Name": "To the file", "@ClassName": scan_bo.Multi},
            {"@Name": "Described", "@ClassName": {"module": "scan_bo", "class": "_Priv_ate", "path": "."}},
            {"@Name": "Named", "@ClassName": "Demo.Second", "Setting": {"@Target": "Host", "@Name": "X", "#text": 5}},
            {"@Name": "Other", "@ClassName": "EnsLib.File.PassthroughOperation"},
        ],
    },
    "Demo.Single": {"Item": {"@Name": "Python.Out", "@ClassName": scan_bo.FileOperation}},
}]
"""


def test_dictionaries_are_deployed(project: Project, director: Director, deployments: Any) -> None:
    result = migrate(project(scan_settings=DICTIONARY, scan_bo=BO), director=director)
    body = deployments.export_production("Demo.P")["Demo.P"]
    assert (body["@TestingEnabled"], body["ActorPoolSize"]) == ("true", "3")
    assert {item["@Name"]: item["@ClassName"] for item in body["Item"]} == {
        "Python.Out": "Python.Out",
        "To the file": "Python.scanbo.Multi",
        "Described": "Python.scanbo.Private",
        "Named": "Demo.Second",
        "Other": "EnsLib.File.PassthroughOperation",
    }
    assert body["Item"][3]["Setting"] == [{"@Target": "Host", "@Name": "X", "#text": "5"}]
    assert [item["@Name"] for item in deployments.export_production("Demo.Single")["Demo.Single"]["Item"]] == [
        "Python.Out"
    ]
    assert registered(deployments).keys() == {
        "Demo.Second", "Python.Out", "Python.scanbo.Multi", "Python.scanbo.Private",
    }  # fmt: skip
    assert result.plan.issues() == ["Demo.P: setting items.Named.settings.Host.X: Unknown setting name."]


def test_what_was_exported_can_be_deployed_again(project: Project, director: Director, deployments: Any) -> None:
    migrate(project(scan_settings=DICTIONARY, scan_bo=BO), director=director)
    for name in ("Demo.P", "Demo.Single"):
        export = deployments.export_production(name)
        assert migrate(project(scan_again=f"PRODUCTIONS = [{export!r}]\n"), director=director).changes == ()


def test_dictionary_can_be_run(project: Project) -> None:
    settings = load_settings(project(scan_settings=DICTIONARY, scan_bo=BO))
    try:
        production = choose_production(settings, "Demo.P")
        classes = [item.component_class for item in production.definition().items]
        assert [each and each.__name__ for each in classes] == ["FileOperation", "Multi", "_Priv_ate", "Second", None]
    finally:
        unload_settings(settings)
