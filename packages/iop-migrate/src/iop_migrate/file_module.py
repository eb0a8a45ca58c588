"""A Python file that is run as a module named after it."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import CodeType, ModuleType

from iop_core.errors import SettingsFileError
from iop_migrate.project_imports import ProjectImports, is_protected

_LOADED: dict[str, FileModule] = {}


@dataclass(frozen=True, slots=True)
class FileModule:
    """A module made of a file, with what is needed to undo it.

    Attributes:
        module: The module, in ``sys.modules`` under its name.
        file: The file, absolute.
        imports: Its folder, and others that it is allowed to import from.
    """

    module: ModuleType
    file: Path
    imports: ProjectImports

    def forget(self) -> None:
        """Forget the module, those it brought in, and the folders; repeatable."""
        name = self.module.__name__
        if _LOADED.get(name) is self:
            del _LOADED[name]
        self.imports.forget()


def run_file(file: Path, *, fresh: bool = False) -> FileModule:
    """Run a file as the module of its name; its folder stays first on ``sys.path``.

    A module of that name which an earlier call made is forgotten first; any other is kept.

    Args:
        file: The file, absolute.
        fresh: True: whatever of the project is loaded already is set aside until ``forget``.

    Raises:
        SettingsFileError: The file cannot be read or compiled, would hide another module,
            or raises. Nothing of it is left in ``sys.modules`` and ``sys.path``.
    """
    code = _compile(file)
    earlier = None if fresh else _LOADED.get(file.stem)
    if earlier is not None:
        earlier.forget()
    known = sys.modules.get(file.stem)
    if file.stem in sys.stdlib_module_names or (known is not None and (is_protected(known) or not fresh)):
        raise SettingsFileError(f"{file} would hide the module {file.stem!r} of Python or a package; rename the file")
    made = FileModule(ModuleType(file.stem), file, ProjectImports(fresh=fresh))
    made.module.__file__ = str(file)
    if not fresh:
        _LOADED[file.stem] = made
    try:
        made.imports.open(file.parent)
        sys.modules[file.stem] = made.module
        exec(code, vars(made.module))  # noqa: S102 - running the user's file is what this is for
    except (Exception, SystemExit) as exc:
        made.forget()
        raise SettingsFileError(_failure(exc, file)) from exc
    except BaseException:
        made.forget()
        raise
    return made


def file_fingerprint(file: Path) -> dict[str, str]:
    """Return the fingerprint of a file that was run and of the modules it brought in, which run anew with it.

    Nothing is imported or run.

    Args:
        file: The file, absolute.

    Returns:
        Path, relative to the folder of the file where it is in there, to a hash of the content;
        empty when it cannot be read.
    """
    made = _LOADED.get(file.stem)
    files = {file} if made is None else {file, *made.imports.files()}
    return {_short_name(each, file.parent): _hash_of(each) for each in sorted(files)}


def forget_module(module: ModuleType) -> None:
    """Undo the ``run_file`` that made this module; nothing happens when that was done before."""
    made = _LOADED.get(module.__name__)
    if made is not None and made.module is module:
        made.forget()


def _compile(file: Path) -> CodeType:
    try:
        return compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
    except SyntaxError as exc:
        raise SettingsFileError(f"{file}:{exc.lineno or 0}: {exc.msg}") from exc
    except ValueError as exc:
        raise SettingsFileError(f"{file} is not Python text: {exc}") from exc
    except OSError as exc:
        raise SettingsFileError(f"{file} cannot be read: {exc.strerror or exc}") from exc


def _short_name(file: Path, folder: Path) -> str:
    return str(file.relative_to(folder)) if file.is_relative_to(folder) else str(file)


def _hash_of(file: Path) -> str:
    try:
        return sha256(file.read_bytes()).hexdigest()
    except OSError:
        return ""


def _failure(exc: BaseException, file: Path) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(file)]
    place = f"{file}:{lines[-1]}" if lines else str(file)
    if isinstance(exc, SystemExit):
        return f"{place}: the settings file ends the program (SystemExit {exc.code!r}); it may only define things"
    text = " ".join(str(exc).split())
    return f"{place}: {type(exc).__name__}: {text}" if text else f"{place}: {type(exc).__name__}"
