"""Making a project from the templates of this package."""

from __future__ import annotations

import keyword
import re
import shutil
import sys
from importlib import resources
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from iop_cli.__about__ import __version__
from iop_core.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.abc import Traversable

_NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")
_LONGEST_NAME = 60
# Under their own names these would not be kept in a package, or be taken for parts of ours.
_RENAMED = {
    "dot-gitignore": ".gitignore",
    "dot-github": ".github",
    "project_tests": "tests",
    "whole_production.py.tmpl": "test_$package.py",
}


def make_project(name: str, parent: Path) -> list[str]:
    """Make a folder with a production, tests and CI, all of it or nothing.

    Args:
        name: Name of the project and of the folder.
        parent: Where the folder is made; made itself where it is missing.

    Returns:
        The files, relative to the folder, sorted.

    Raises:
        ConfigurationError: The name cannot be used, the folder is there already, or cannot be made.
    """
    names = _names_for(name)
    folder = parent / name
    if folder.exists():
        raise ConfigurationError(f"{str(folder)!r} is there already and nothing is overwritten; choose another name")
    draft = parent / f".{name}.new"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        draft.mkdir()
        try:
            files = sorted(_fill(resources.files("iop_cli").joinpath("templates/project"), draft, names))
            draft.rename(folder)
        except BaseException:
            shutil.rmtree(draft, ignore_errors=True)
            raise
    except OSError as exc:
        raise ConfigurationError(
            f"{str(folder)!r} cannot be made: {exc.strerror or exc}; choose another place"
        ) from exc
    return files


def _names_for(name: str) -> dict[str, str]:
    """Return what the templates are filled with."""
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise ConfigurationError(
            f"{name!r} cannot be the name of a project: begin with a small letter, go on with small letters, digits, "
            f"and single '-' or '_' between them, {_LONGEST_NAME} characters at most, such as 'lab-orders'"
        )
    package = name.replace("-", "_")
    if keyword.iskeyword(package) or package in sys.stdlib_module_names or package in {"iop", "production", "tests"}:
        raise ConfigurationError(f"{name!r} cannot be the name of a project: a module of that name is there already")
    production = "".join(part.capitalize() for part in re.split("[-_]", name))
    major, minor, *_ = __version__.split(".")
    return {
        "name": name,
        "package": package,
        "production": f"{production}.Production",
        "version": f"{major}.{minor}",
        "next": f"{major}.{int(minor) + 1}",
    }


def _fill(source: Traversable, target: Path, names: dict[str, str]) -> list[str]:
    files: list[str] = []
    for entry in source.iterdir():
        if entry.name == "__pycache__":
            continue
        own = Template(_RENAMED.get(entry.name, entry.name).removesuffix(".tmpl")).substitute(names)
        path = target / own
        if entry.is_dir():
            path.mkdir()
            files += [f"{own}/{file}" for file in _fill(entry, path, names)]
        else:
            # Written as it is but for $names: a dollar of a file is written twice in its template.
            path.write_text(Template(entry.read_text(encoding="utf-8")).substitute(names), encoding="utf-8")
            files.append(own)
    return files
