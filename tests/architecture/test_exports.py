"""What the packages export, and that they import only what they declare."""

from __future__ import annotations

import ast
import re
import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement

import iop
from iop_core._facade import HOMES, PACKAGES

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = sorted(file.parent for file in REPOSITORY.glob("p*/*/src/*/py.typed"))  # packages and plugins
# pydantic fixes the version of its core exactly
IMPORT_NAMES = {"pydantic": ("pydantic", "pydantic_core"), "argon2-cffi": ("argon2",)}


def read_exports(source: Path) -> tuple[str, ...]:
    """Return ``__all__`` as it is written, without running the package."""
    tree = ast.parse((source / "__init__.py").read_text())
    (value,) = (
        node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and [ast.unparse(target) for target in node.targets] == ["__all__"]
    )
    exports = ast.literal_eval(value)
    assert isinstance(exports, tuple), f"{source.name}: __all__ must be a literal tuple"
    assert all(isinstance(name, str) for name in exports)
    return exports


@pytest.mark.parametrize("package", PACKAGES)
def test_exports_are_a_sorted_literal_tuple_of_names_that_exist(package: str) -> None:
    (source,) = (source for source in SOURCES if source.name == package)
    exports = read_exports(source)
    module = import_module(package)
    assert exports == module.__all__
    assert list(exports) == sorted(set(exports))
    assert [name for name in exports if not hasattr(module, name)] == []


def test_no_name_is_exported_twice() -> None:
    counted = Counter(name for package in PACKAGES for name in import_module(package).__all__)
    assert [name for name, count in counted.items() if count > 1] == []


def test_facade_gives_every_export_and_nothing_else() -> None:
    exports = {name: package for package in PACKAGES for name in import_module(package).__all__}
    assert set(dir(iop)) == set(iop.__all__) == set(exports)
    for name, package in exports.items():
        assert getattr(iop, name) is getattr(import_module(package), name)


def test_table_of_homes_is_what_the_packages_above_the_core_export() -> None:
    above = [package for package in PACKAGES if package != "iop_core"]
    exports = {name: package for package in above for name in import_module(package).__all__}
    assert exports == HOMES


def test_type_checkers_see_the_same_packages_as_the_facade() -> None:
    tree = ast.parse(Path(iop.__file__ or "").read_text())
    stars = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.names[0].name == "*"]
    assert sorted(name for name in stars if name) == sorted(PACKAGES)


def test_error_for_a_missing_package_names_its_real_distribution() -> None:
    projects = {source.name: source.parents[1] for source in SOURCES}
    for package, distribution in PACKAGES.items():
        assert f'\nname = "{distribution}"\n' in (projects[package] / "pyproject.toml").read_text()


def imported_roots(source: Path) -> set[str]:
    """Return the top names of all absolute imports in a package, late ones too."""
    roots: set[str] = set()
    for file in source.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                roots |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                roots.add(node.module.partition(".")[0])
    return roots


def declared_imports(project: Path) -> set[str]:
    """Return the import names of what a pyproject.toml lists under dependencies, those of extras too."""
    settings = (project / "pyproject.toml").read_text()
    listed = re.search(r"^dependencies = \[(.*?)^\]", settings, re.DOTALL | re.MULTILINE)
    assert listed, project
    extras = re.search(r"^\[project.optional-dependencies\]$(.*?)^\[", settings, re.DOTALL | re.MULTILINE)
    texts = re.findall(r'"([^"]+)"', listed[1] + (extras[1] if extras else ""))
    names = [Requirement(text).name for text in texts]
    return {module for name in names for module in IMPORT_NAMES.get(name, (name.replace("-", "_"),))}


# The facade names packages that may be missing, for type checkers.
@pytest.mark.parametrize("source", [s for s in SOURCES if s.name != "iop"], ids=lambda source: source.name)
def test_package_imports_only_what_it_declares(source: Path) -> None:
    standard = set(sys.stdlib_module_names) | {"tomllib"}  # standard from 3.11 on
    undeclared = imported_roots(source) - standard - declared_imports(source.parents[1])
    assert undeclared <= {source.name}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("iop.migration.utils", "migrate"),
        ("iop.migration.utils", "register_folder"),
        ("iop.runtime.director", "status_production"),
        ("iop.runtime.protocol", "DirectorProtocol"),
    ],
)
def test_import_paths_of_earlier_versions(path: str, name: str) -> None:
    module = import_module(path)
    assert name in dir(module)
    assert callable(getattr(module, name))
    assert not hasattr(module, "no_such_name")
