"""What a user has who installed iop-core and nothing else."""

from __future__ import annotations

import pytest

HEAVY = """
import sys
before = set(sys.modules)
{statement}
new = {{name.partition(".")[0] for name in set(sys.modules) - before}}
print(*sorted(new & {{"pydantic", "pydantic_core", "sqlite3", "socket", "click", "rich", "importlib_metadata"}}))
print(*sorted(name for name in new if name.startswith("iop")))
"""
REFUSED = """
try:
    from iop import {name}
except ModuleNotFoundError as exc:
    print(exc)
"""


def test_declared_dependencies_are_enough(core_alone) -> None:
    assert core_alone.check() == "No broken requirements found."
    code = "import importlib, iop_core, pkgutil\n"
    code += "for module in pkgutil.walk_packages(iop_core.__path__, 'iop_core.'): importlib.import_module(module.name)"
    core_alone.execute(code)


def test_message_comes_from_the_facade(core_alone) -> None:
    assert core_alone.execute("from iop import Message; print(Message.__module__)") == "iop_core.messages"


@pytest.mark.parametrize(
    ("name", "distribution"),
    [("Production", "iop-production"), ("Director", "iop-director"), ("Route", "iop-production")],
)
def test_name_of_a_missing_package_tells_what_to_install(core_alone, name: str, distribution: str) -> None:
    told = core_alone.execute(REFUSED.format(name=name))
    assert name in told
    assert f"pip install {distribution}" in told


def test_unknown_name_is_an_import_error(core_alone) -> None:
    told = core_alone.execute("try:\n    from iop import Mesage\nexcept ImportError as exc:\n    print(exc)")
    assert "cannot import name 'Mesage'" in told


@pytest.mark.parametrize("environment", ["core_alone", "everything"])
@pytest.mark.parametrize("statement", ["import iop", "import iop; iop.Message", "from iop import BusinessOperation"])
def test_facade_imports_nothing_heavy(request, environment: str, statement: str) -> None:
    printed = request.getfixturevalue(environment).execute(HEAVY.format(statement=statement))
    assert printed.split() == ["iop", "iop_core"]


def test_star_import_gives_every_core_name(core_alone) -> None:
    code = "from iop import *\nimport iop_core\nprint(sorted(set(iop_core.__all__) - set(globals())))"
    assert core_alone.execute(code) == "[]"
