"""The folders that a settings file imports from, so that all of it can be undone."""

from __future__ import annotations

import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from importlib import invalidate_caches
from pathlib import Path
from types import ModuleType

from iop_core.persistent.classes import PERSISTENT_CLASSES
from iop_core.registry import MESSAGE_CLASSES

# The modules of a process are one and the same for all its threads.
_ONE_AT_A_TIME = threading.RLock()
_INSTALLED = {"site-packages", "dist-packages"}


class ProjectImports:
    """Folders on ``sys.path`` for one settings file, and the modules that came from them.

    Args:
        fresh: True: modules that were loaded before are set aside while a folder has modules
            of the same names, and put back by ``forget``, so that nothing stale is used and
            nothing that runs is disturbed.
    """

    def __init__(self, *, fresh: bool) -> None:
        self._fresh = fresh
        self._before = frozenset(sys.modules)
        self._path = list(sys.path)
        self._folders: list[str] = []
        self._set_aside: dict[str, ModuleType] = {}

    def open(self, folder: Path) -> None:
        """Put a folder first on ``sys.path``; it is not put there twice."""
        if str(folder) in self._folders:
            return
        self._folders.append(str(folder))
        sys.path.insert(0, str(folder))
        invalidate_caches()
        if self._fresh:
            self._make_room(folder)

    def forget(self) -> None:
        """Take out the folders and the modules that came from them; repeatable."""
        for name, module in list(sys.modules.items()):
            if name not in self._before and (self._is_own(module) or (self._fresh and not is_protected(module))):
                del sys.modules[name]
        sys.modules.update(self._set_aside)
        self._set_aside.clear()
        for folder in self._folders:
            if folder in sys.path:
                sys.path.remove(folder)
        if self._fresh and self._folders:
            sys.path[:] = self._path  # the code itself may have changed it
        self._folders.clear()

    def files(self) -> list[Path]:
        """Return the files of the modules that ``forget`` takes out."""
        own = [each for name, each in list(sys.modules.items()) if name not in self._before and self._is_own(each)]
        origins: list[object] = [getattr(each, "__file__", None) for each in own]
        return [Path(origin) for origin in origins if isinstance(origin, str)]

    def _make_room(self, folder: Path) -> None:
        names = {path.stem for path in folder.iterdir() if path.suffix == ".py" or path.is_dir()}
        for name, module in list(sys.modules.items()):
            top = name.partition(".")[0]
            if (
                name != "__main__"
                and name in self._before
                and top in names
                and not is_protected(sys.modules.get(top, module))
            ):
                self._set_aside[name] = sys.modules.pop(name)
        self._before -= self._set_aside.keys()

    def _is_own(self, module: ModuleType) -> bool:
        origin: object = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), None)
        if not isinstance(origin, str):
            return False
        parts = Path(origin).parts
        for folder in map(Path, self._folders):
            # A virtual environment in the folder is not part of the project.
            if folder.parts == parts[: len(folder.parts)] and not _INSTALLED.intersection(parts[len(folder.parts) :]):
                return True
        return False


@contextmanager
def only_looking() -> Generator[None]:
    """Let the block import code of a project to look at it, without its messages becoming known."""
    with _ONE_AT_A_TIME, MESSAGE_CLASSES.preserved(), PERSISTENT_CLASSES.preserved():
        yield


def is_protected(module: ModuleType) -> bool:
    """Return whether a module belongs to Python, to IoP or to an installed package."""
    name = module.__name__.partition(".")[0]
    module = sys.modules.get(name, module)
    if name in sys.stdlib_module_names or name == "iop" or name.startswith("iop_"):
        return True
    origin: object = getattr(module, "__file__", None)
    return isinstance(origin, str) and bool(_INSTALLED.intersection(Path(origin).parts))
