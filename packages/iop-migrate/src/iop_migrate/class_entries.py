"""The section ``CLASSES``, and what else of a settings file names Python classes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import cast

from iop_core.deployments import PERSISTENT_MESSAGE
from iop_core.errors import SettingsFileError, did_you_mean
from iop_core.message_types import is_message_class
from iop_director.registered_classes import import_root
from iop_migrate.project_imports import ProjectImports
from iop_migrate.registrations import Registrations, kind_of, python_name
from iop_migrate.scanning import components_in, load_module, module_names

CLASSES = "CLASSES"

_FORMS = ({"module", "class", "path"}, {"package", "path"}, {"file", "path"}, {"path"})
_SHOWN_FORMS = (
    "{'module', 'class', 'path'}, {'package', 'path'}, {'file', 'path'} (one file) or {'path'} (all files of a folder)"
)


@dataclass(frozen=True, slots=True)
class ClassReader:
    """Turns what a settings file says about classes into registrations.

    Attributes:
        file: The settings file; paths in it start from its folder.
        imports: Where modules are imported from.
        registrations: Filled by the methods.
        lines: What ``CLASSES`` says, one line for each class in words.
        warnings: What is right, but probably not meant.
    """

    file: Path
    imports: ProjectImports
    registrations: Registrations = field(default_factory=Registrations)
    lines: list[str] = field(default_factory=list[str])
    warnings: list[str] = field(default_factory=list[str])

    def read_section(self, names: Mapping[str, object]) -> None:
        """Read ``CLASSES`` among the module-level names.

        Raises:
            SettingsFileError: An entry is wrong; nothing is written for any of this.
        """
        section = names.get(CLASSES)
        if section is None:
            return
        if not isinstance(section, dict):
            raise SettingsFileError(
                f"{self.file}: CLASSES is a {type(section).__name__}; write a dict: CLASSES = {{'Demo.Order': Order}}"
            )
        for key, value in cast("dict[object, object]", section).items():
            place = f"{self.file}: CLASSES[{key!r}]"
            if not isinstance(key, str):
                raise SettingsFileError(f"{place}: the key has to be the name of the class on IRIS, as text")
            self.read(key, value, place)

    def read(self, key: str, value: object, place: str) -> list[str]:
        """Register what one entry stands for; return the names on IRIS of its classes.

        Args:
            key: Name on IRIS of a class; where the names of several start.
            value: A class, a module, or a dict with a path.
            place: For error texts.

        Raises:
            SettingsFileError: It is none of these, or what it names cannot be used.
        """
        if isinstance(value, type):
            return [self._add_class(key, value, place)]
        if isinstance(value, ModuleType):
            return self._add_module(key, value, place)
        if isinstance(value, dict):
            return self._add_described(key, cast("dict[object, object]", value), place)
        raise SettingsFileError(
            f"{place} is a {type(value).__name__}: {value!r:.60}; give a class, a module, or a dict: {_SHOWN_FORMS}"
        )

    def _add_class(self, key: str, python_class: type, place: str) -> str:
        kind = kind_of(python_class)
        if not kind and is_message_class(python_class):
            raise SettingsFileError(
                f"{place} is a message that is not persistent and needs no class on IRIS; drop it, or use SCHEMAS"
            )
        if not kind:
            raise SettingsFileError(
                f"{place} is {python_name(python_class)}, which derives from none of the component classes; give a "
                "service, process, operation, adapter or PersistentMessage of yours"
            )
        self.registrations.add(key, python_class, place)
        shown = PERSISTENT_MESSAGE if kind == PERSISTENT_MESSAGE else "component"
        self.lines.append(f"{key} -> {python_name(python_class)} ({shown})")
        return key

    def _add_module(self, key: str, module: ModuleType, place: str) -> list[str]:
        root = import_root(module)
        if not root:
            raise SettingsFileError(f"{place} is the module {module.__name__!r}, which has no file; name its classes")
        name = module.__name__
        if hasattr(module, "__path__"):
            folder = Path(root, *name.split("."))
            return self._scan(
                key, f"{name}.*", self._names_in(folder, f"{name}.", place), Path(root), place, within=name
            )
        return self._scan(key, f"{name}.*", iter([name]), Path(root), place, within=name.rpartition(".")[0])

    def _add_described(self, key: str, entry: dict[object, object], place: str) -> list[str]:
        texts = _checked_texts(entry, place)
        folder = (self.file.parent / texts["path"]).resolve()
        if not folder.is_dir():
            raise SettingsFileError(f"{place}: there is no folder {str(folder)!r}; 'path' is the one to import from")
        if "class" in texts:
            return [self._add_named(key, texts["module"], texts["class"], folder, place)]
        if "package" in texts:
            name = texts["package"]
            package = folder.joinpath(*name.split("."))
            if not package.is_dir():
                raise SettingsFileError(f"{place}: there is no package {name!r} in {str(folder)!r}")
            names = self._names_in(package, f"{name}.", place)
            return self._scan(key, f"{name} package", names, folder, place, within=name)
        if "file" in texts:
            file = folder / texts["file"]
            if file.suffix != ".py" or not file.is_file() or folder not in file.resolve().parents:
                raise SettingsFileError(
                    f"{place}: there is no file {texts['file']!r}, ending in .py, in {str(folder)!r}"
                )
            name = ".".join(file.resolve().relative_to(folder).with_suffix("").parts)
            return self._scan(key, texts["file"], iter([name]), folder, place, within=name.rpartition(".")[0])
        return self._scan(key, texts["path"], self._names_in(folder, "", place), folder, place, within="")

    def _add_named(self, key: str, module_name: str, class_name: str, folder: Path, place: str) -> str:
        module = load_module(module_name.removesuffix(".py"), folder, self.imports, place)
        found: object = getattr(module, class_name, None)
        if not isinstance(found, type):
            known = [name for name, value in vars(module).items() if isinstance(value, type)]
            raise SettingsFileError(
                f"{place}: module {module.__name__!r} has no class {class_name!r}{did_you_mean(class_name, known)}"
            )
        return self._add_class(key, found, place)

    def _names_in(self, folder: Path, prefix: str, place: str) -> Iterator[str]:
        skipped: list[str] = []
        yield from module_names(folder, prefix, place, skipped)
        said = place.removeprefix(f"{self.file}: ")
        self.warnings.extend(f"{said}: {name} is left out, as no module can have that name" for name in skipped)

    def _scan(self, key: str, target: str, names: Iterator[str], folder: Path, place: str, *, within: str) -> list[str]:
        """Register the components of modules, each under key, module and class without underscores."""
        self.lines.append(f"{key} -> {target} (component)")
        found: list[str] = []
        for name in names:
            known = sys.modules.get(name)
            # The settings file itself is a module already, and must not be run a second time.
            is_this_file = known is not None and getattr(known, "__file__", None) == str(self.file)
            module = known if known and is_this_file else load_module(name, folder, self.imports, place)
            inner = name[len(within) :].lstrip(".") if within else name
            for python_class in components_in(module):
                parts = [key, inner, python_class.__name__]
                iris_name = ".".join(part for part in parts if part).replace("_", "")
                self.registrations.add(iris_name, python_class, place)
                self.lines.append(f"  {iris_name} -> {python_name(python_class)}")
                found.append(iris_name)
        if not found:
            self.warnings.append(f"{place.removeprefix(f'{self.file}: ')}: no component was found there")
        return found


def _checked_texts(entry: dict[object, object], place: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    for name, value in entry.items():
        if name not in {"module", "class", "package", "file", "path"}:
            hint = did_you_mean(str(name), ("module", "class", "package", "file", "path"))
            raise SettingsFileError(f"{place} has the key {name!r}{hint}; give {_SHOWN_FORMS}")
        if not isinstance(value, (str, Path)) or not str(value):
            raise SettingsFileError(f"{place}: {name!r} is {value!r}, not a text")
        texts[str(name)] = str(value)
    if "path" not in texts:
        raise SettingsFileError(f"{place} has no 'path'; give {_SHOWN_FORMS}")
    if texts.keys() not in _FORMS:
        raise SettingsFileError(f"{place} has the keys {', '.join(texts)}; give {_SHOWN_FORMS}")
    return texts
