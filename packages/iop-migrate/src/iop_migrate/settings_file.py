"""Settings files: Python files that say which productions and classes there are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from iop_core.errors import IopError, SettingsFileError, did_you_mean
from iop_migrate.file_module import FileModule, forget_module, run_file
from iop_migrate.settings_content import SettingsContent, read_content

if TYPE_CHECKING:
    from types import ModuleType

    from iop_production import Production


@dataclass(frozen=True, slots=True)
class Settings:
    """What a settings file holds.

    Attributes:
        path: The file, absolute.
        productions: Its productions, in the order of the file.
        module: The module it became.
    """

    path: Path
    productions: tuple[Production, ...]
    module: ModuleType


def load_settings(path: str | Path) -> Settings:
    """Run a settings file and return what it holds.

    The file becomes the module of its name without ``.py``, so that a message class in
    ``orders.py`` is stored as ``orders.Order``. As for a script, its folder is first on
    ``sys.path`` from then on: components may import from it at any time. When the file
    cannot be used, the folder and all modules loaded from it are taken out again.

    Productions are the entries of ``PRODUCTIONS``, a list of ``Production`` objects or
    subclasses, or of dictionaries as IRIS exports them. A file without sections means the
    ``Production`` objects among its module-level names. Persistent message classes in
    ``CLASSES``, a dict, stand for the classes of those names on IRIS from then on.

    Args:
        path: The file; a relative one starts from the current directory.

    Raises:
        SettingsFileError: No such file, not Python, it fails while it runs, or what it
            holds cannot be used. The text names the file and, where known, the line.

    Example:
        >>> load_settings("orders.py").productions[0].name  # doctest: +SKIP
        'Demo.Orders'
    """
    loaded, content = open_settings(path, fresh=False)
    try:
        if not content.productions:
            raise SettingsFileError(f"{loaded.file} has no production; add a line: PRODUCTIONS = [production]")
        content.registered.register_messages()
    except BaseException:
        loaded.forget()
        raise
    return Settings(loaded.file, tuple(entry.production for entry in content.productions), loaded.module)


def open_settings(path: str | Path, *, fresh: bool) -> tuple[FileModule, SettingsContent]:
    """Run a settings file and read all its sections; the caller forgets the module at last.

    Args:
        path: The file; a relative one starts from the current directory.
        fresh: True: whatever of the project is loaded already is set aside until then.

    Raises:
        SettingsFileError: The file, or anything in it, cannot be used; nothing of it is left.
    """
    file = Path(path).absolute()
    _check_file(file, path)
    loaded = run_file(file, fresh=fresh)
    try:
        return loaded, read_content(vars(loaded.module), file, loaded.imports)
    except IopError as exc:
        loaded.forget()
        if isinstance(exc, SettingsFileError):
            raise
        raise SettingsFileError(f"{file}: {exc}") from exc
    except BaseException:
        loaded.forget()
        raise


def unload_settings(settings: Settings) -> None:
    """Take the file's module, the modules loaded from its folder and the folder out again.

    For a process that loads several settings files one after the other, such as a test.
    """
    forget_module(settings.module)


def choose_production(settings: Settings, name: str | None = None) -> Production:
    """Return the production of that name; without a name, the only one.

    Raises:
        SettingsFileError: There is none, none of that name, or several and no name.
    """
    names = [production.name for production in settings.productions]
    if not names:
        raise SettingsFileError(f"{settings.path}: PRODUCTIONS is empty; add a Production to it")
    if name is None:
        if len(names) > 1:
            raise SettingsFileError(
                f"{settings.path} has several productions; choose one with --production: {', '.join(names)}"
            )
        return settings.productions[0]
    for production in settings.productions:
        if production.name == name:
            return production
    raise SettingsFileError(
        f"{settings.path} has no production {name!r}{did_you_mean(name, names)}; productions: {', '.join(names)}"
    )


def _check_file(file: Path, given: str | Path) -> None:
    if file.is_dir():
        raise SettingsFileError(f"{given} is a folder; name a file in it, such as {Path(given) / 'settings.py'}")
    if not file.exists():
        raise SettingsFileError(f"there is no file {given} (looked for {file})")
    if file.suffix != ".py":
        raise SettingsFileError(f"{given} is not a Python file; the name of a settings file ends in .py")
