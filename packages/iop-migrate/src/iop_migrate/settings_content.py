"""What the module-level names of a settings file say, checked as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from iop_core.deployments import ComponentRegistration
from iop_core.errors import SettingsFileError
from iop_core.remote_settings import RemoteSettings
from iop_director.remote_settings import REMOTE_SETTINGS, checked_section
from iop_migrate.class_entries import CLASSES, ClassReader
from iop_migrate.production_entries import PRODUCTIONS, ProductionEntry, object_entry, read_productions
from iop_migrate.project_imports import ProjectImports
from iop_migrate.registrations import Registrations
from iop_migrate.schema_entries import SCHEMAS, read_schemas
from iop_production import Production

SECTIONS = (PRODUCTIONS, CLASSES, SCHEMAS, REMOTE_SETTINGS)


@dataclass(frozen=True, slots=True)
class SettingsContent:
    """What a settings file holds.

    Attributes:
        components: The registered classes: those of ``CLASSES``, then those that productions bring.
        registered: The same before they were described.
        schemas: ``module.Class`` to JSON text.
        productions: The productions, their items with Python classes where these are known.
        remote: Where the file belongs; None: not said.
        class_lines: The registered classes, one line each in words.
        warnings: What is right, but probably not meant.
    """

    components: tuple[ComponentRegistration, ...]
    registered: Registrations
    schemas: Mapping[str, str]
    productions: tuple[ProductionEntry, ...]
    remote: RemoteSettings | None
    class_lines: tuple[str, ...]
    warnings: tuple[str, ...]


def read_content(names: Mapping[str, object], file: Path, imports: ProjectImports) -> SettingsContent:
    """Return what a settings file holds.

    A file without any section means the ``Production`` objects among its names.

    Args:
        names: The module-level names of the file.
        file: The file.
        imports: Where the modules that it names are imported from.

    Raises:
        SettingsFileError: Anything in it cannot be used, or a name looks like a misspelt section.
    """
    near_misses = _near_misses(names, file)
    reader = ClassReader(file, imports)
    reader.read_section(names)
    listed = {line.strip().partition(" ->")[0] for line in reader.lines}
    if any(names.get(section) is not None for section in SECTIONS):
        productions = read_productions(names, reader)
    else:
        # By identity: the same production may have two names.
        found = {id(value): value for value in names.values() if isinstance(value, Production)}
        productions = [object_entry(value, f"{file}: production {value.name!r}", reader) for value in found.values()]
    schemas = read_schemas(names, file)
    components = reader.registrations.described()
    for entry in productions:
        entry.attach(components, reader.registrations.classes())
    brought = [
        f"{each.iris_name} -> {each.python_name} (component)" for each in components if each.iris_name not in listed
    ]
    return SettingsContent(
        components,
        reader.registrations,
        schemas,
        tuple(productions),
        None
        if names.get(REMOTE_SETTINGS) is None
        else checked_section(names[REMOTE_SETTINGS], f"{file}: {REMOTE_SETTINGS}", error=SettingsFileError),
        (*dict.fromkeys([*reader.lines, *brought]),),
        (*near_misses, *reader.warnings),
    )


def _near_misses(names: Mapping[str, object], file: Path) -> list[str]:
    """Return warnings for names like those of sections; one in place of a section is an error."""
    warnings: list[str] = []
    for name, value in names.items():
        if name in SECTIONS or not isinstance(value, (list, tuple, dict)):
            continue
        # Lower-case names are ordinary variables, unless the section itself is missing.
        if not name.isupper() and PRODUCTIONS in names:
            continue
        close = get_close_matches(name.upper(), SECTIONS if name.isupper() else (PRODUCTIONS,), n=1, cutoff=0.85)
        if close and close[0] not in names:
            raise SettingsFileError(f"{file}: {name!r} is no section of a settings file (did you mean {close[0]!r}?)")
        if close:
            warnings.append(f"{name!r} is no section of a settings file and is ignored, unlike {close[0]!r}")
    return warnings
