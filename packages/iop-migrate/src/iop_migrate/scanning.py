"""Finding the components in files, folders and packages, by what they really derive from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

from iop_core.errors import SettingsFileError
from iop_director.registered_classes import import_root
from iop_migrate.project_imports import ProjectImports
from iop_migrate.registrations import kind_of


def load_module(name: str, folder: Path, imports: ProjectImports, place: str) -> ModuleType:
    """Import a module from a folder.

    Raises:
        SettingsFileError: It cannot be imported, or comes from elsewhere.
    """
    imports.open(folder)
    try:
        module = import_module(name)
    except (Exception, SystemExit) as exc:
        text = " ".join(str(exc).split())
        raise SettingsFileError(
            f"{place}: module {name!r} in {str(folder)!r} cannot be imported: {type(exc).__name__}: {text}"
        ) from exc
    root = import_root(module)
    if Path(root).resolve() != folder.resolve():
        raise SettingsFileError(
            f"{place}: module {name!r} is to come from {str(folder)!r}, but {root or 'no file'!r} has one of that "
            "name, which goes first; rename one, or put it into a package"
        )
    return module


def components_in(module: ModuleType) -> Iterator[type]:
    """Yield the components that a module defines itself, whatever they derive from."""
    found = [value for value in vars(module).values() if isinstance(value, type)]
    for python_class in dict.fromkeys(found):  # a class may have two names
        if python_class.__module__ == module.__name__ and is_component(python_class):
            yield python_class


def is_component(python_class: type) -> bool:
    """Return whether a class can be scanned for: a component or an adapter, no message."""
    from iop_core.component import Component

    return issubclass(python_class, Component) and bool(kind_of(python_class))


def module_names(folder: Path, prefix: str, place: str, skipped: list[str]) -> Iterator[str]:
    """Yield the names of the modules in a folder that define classes, with those of its packages.

    Files are read and not run for this, so that a script without classes beside the
    components is left alone.

    Args:
        folder: Where to look.
        prefix: Package that the folder is, with a dot at the end; empty: none.
        place: For error texts.
        skipped: Gets the files that define classes and cannot be imported by their names.

    Raises:
        SettingsFileError: A file is not Python.
    """
    for path in sorted(folder.iterdir()):
        if path.suffix == ".py":
            if not path.stem.isidentifier():
                with suppress(SettingsFileError):  # nor is it Python then
                    skipped += [path.name] if _has_classes(path, place) else []
            elif _has_classes(path, place):
                yield prefix.rstrip(".") if path.stem == "__init__" and prefix else prefix + path.stem
        elif (path / "__init__.py").is_file() and path.name.isidentifier():
            yield from module_names(path, f"{prefix}{path.name}.", place, skipped)


def _has_classes(file: Path, place: str) -> bool:
    try:
        tree = ast.parse(file.read_bytes())
    except SyntaxError as exc:
        raise SettingsFileError(f"{place}: {file}:{exc.lineno or 0}: {exc.msg}") from exc
    except (ValueError, OSError) as exc:
        raise SettingsFileError(f"{place}: {file} cannot be read: {exc}") from exc
    return any(isinstance(node, ast.ClassDef) for node in ast.walk(tree))
