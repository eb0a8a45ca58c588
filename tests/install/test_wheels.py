"""What is in the wheels, and whether they work together."""

from __future__ import annotations

import json
import re
import subprocess
import zipfile
from email.parser import Parser
from importlib import metadata

import pytest

PROJECTS = (
    "iop-core",
    "iop-production",
    "iop-director",
    "iop-migrate",
    "iop-command",
    "iop-testing",
    "iop-engine",
    "iop-serializer-pickle",
    "iop-server",
    "iop-backend-rest",
)


def read_metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        return Parser().parsestr(archive.read(name).decode())


def test_every_project_of_the_tree_has_a_wheel(wheels) -> None:
    assert sorted(wheels) == sorted(PROJECTS)


@pytest.mark.parametrize("project", PROJECTS)
def test_wheel_holds_typed_packages_and_nothing_else(wheels, project: str) -> None:
    with zipfile.ZipFile(wheels[project]) as archive:
        names = archive.namelist()
    folders = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert folders
    assert all(re.fullmatch(r"iop(_[a-z]+)*", folder) for folder in folders), folders
    assert {f"{folder}/py.typed" for folder in folders} <= set(names)
    assert not [name for name in names if re.search(r"(^|/)(tests?/|test_|conftest)", name)]


@pytest.mark.parametrize("project", PROJECTS)
def test_wheel_needs_no_distribution_of_a_stranger(wheels, project: str) -> None:
    # On the public index "iop" and "iop-cli" belong to other people.
    needed = {
        re.split(r"[\s\[<>=!~(;]", line)[0] for line in read_metadata(wheels[project]).get_all("Requires-Dist", [])
    }
    assert {name for name in needed if name.startswith("iop")} <= set(PROJECTS)


def test_wheels_fit_together(everything) -> None:
    assert everything.check() == "No broken requirements found."


def test_every_public_name_can_be_imported(everything) -> None:
    code = "import iop\nprint(*(name for name in iop.__all__ if getattr(iop, name) is not None))"
    assert {"Message", "Production", "Director"} <= set(everything.execute(code).split())


def test_command_is_installed(everything) -> None:
    done = subprocess.run([everything.folder / "bin" / "iop", "--version"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.search(r"\d+\.\d+\.\d+", done.stdout)


def test_no_installed_distribution_is_of_a_stranger() -> None:
    installed = {found.name: found for found in metadata.distributions() if re.match(r"iop($|[-_])", found.name or "")}
    assert set(installed) == set(PROJECTS)
    for found in installed.values():
        origin = json.loads(found.read_text("direct_url.json") or "{}")
        assert origin.get("url", "").startswith("file:"), f"{found.name} was not installed from this tree"
