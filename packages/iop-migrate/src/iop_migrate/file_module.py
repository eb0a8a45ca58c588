"""A Python file that is run as a module named after it."""

from __future__ import annotations

import sys
import traceback
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType

from iop_core.errors import SettingsFileError

_LOADED: dict[str, FileModule] = {}


@dataclass(frozen=True, slots=True)
class FileModule:
    """A module made of a file, with what is needed to undo it.

    Attributes:
        module: The module, in ``sys.modules`` under its name.
        file: The file, absolute.
        loaded_before: Names of the modules that were there before it ran.
    """

    module: ModuleType
    file: Path
    loaded_before: frozenset[str]

    def forget(self) -> None:
        """Forget the module, those it brought in from its folder, and the folder; repeatable."""
        name = self.module.__name__
        if _LOADED.get(name) is not self:
            return
        del _LOADED[name]
        for other, loaded in list(sys.modules.items()):
            if loaded is self.module or (other not in self.loaded_before and self._is_own(loaded)):
                del sys.modules[other]
        if str(self.file.parent) in sys.path:
            sys.path.remove(str(self.file.parent))

    def _is_own(self, module: ModuleType) -> bool:
        origin: object = getattr(module, "__file__", None)
        if not isinstance(origin, str) or self.file.parent not in Path(origin).parents:
            return False
        # A virtual environment in the folder is not part of the project.
        return not {"site-packages", "dist-packages"}.intersection(Path(origin).parts[len(self.file.parent.parts) :])


def run_file(file: Path) -> FileModule:
    """Run a file as the module of its name; its folder stays first on ``sys.path``.

    A module of that name which an earlier call made is forgotten first; any other is kept.

    Raises:
        SettingsFileError: The file cannot be read or compiled, would hide another module,
            or raises. Nothing of it is left in ``sys.modules`` and ``sys.path``.
    """
    code = _compile(file)
    earlier = _LOADED.get(file.stem)
    if earlier is not None:
        earlier.forget()
    elif file.stem in sys.modules or file.stem in sys.stdlib_module_names:
        raise SettingsFileError(f"{file} would hide the module {file.stem!r} of Python or a package; rename the file")
    made = FileModule(ModuleType(file.stem), file, frozenset(sys.modules))
    made.module.__file__ = str(file)
    _LOADED[file.stem] = made
    sys.modules[file.stem] = made.module
    sys.path.insert(0, str(file.parent))
    try:
        exec(code, vars(made.module))  # noqa: S102 - running the user's file is what this is for
    except (Exception, SystemExit) as exc:
        made.forget()
        raise SettingsFileError(_failure(exc, file)) from exc
    except BaseException:
        made.forget()
        raise
    return made


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


def _failure(exc: BaseException, file: Path) -> str:
    lines = [frame.lineno for frame in traceback.extract_tb(exc.__traceback__) if frame.filename == str(file)]
    place = f"{file}:{lines[-1]}" if lines else str(file)
    if isinstance(exc, SystemExit):
        return f"{place}: the settings file ends the program (SystemExit {exc.code!r}); it may only define things"
    text = " ".join(str(exc).split())
    return f"{place}: {type(exc).__name__}: {text}" if text else f"{place}: {type(exc).__name__}"
