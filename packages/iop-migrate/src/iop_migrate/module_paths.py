"""Files of modules: from name to file, from file to name, and imported by file."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path, PurePath
from types import ModuleType

from iop_core.errors import ConfigurationError, SettingsFileError


def guess_path(module: str, path: str) -> str:
    """Return the file that a module has when it is imported from a folder.

    Args:
        module: Its name; dots before it go up one folder each, from the second on.
        path: The folder.

    Raises:
        ConfigurationError: The name is empty.

    Example:
        >>> guess_path("a.b", "/p/q"), guess_path("..m", "/p/q"), guess_path("m.py", "/p/q")
        ('/p/q/a/b.py', '/p/m.py', '/p/q/m.py')
    """
    name = module.removesuffix(".py")
    levels = len(name) - len(name.lstrip("."))
    parts = name.lstrip(".").split(".")
    if not all(parts):
        raise ConfigurationError(f"the name of a module is required, such as 'orders.messages', not {module!r}")
    folder = Path(path)
    for _ in range(levels - 1):
        folder = folder.parent
    return str(folder.joinpath(*parts)) + ".py"


def filename_to_module(filename: str) -> str:
    """Return the name under which a file is imported, from the folder that its relative path starts from.

    Args:
        filename: The file; an absolute one is imported from its own folder.

    Raises:
        ConfigurationError: It does not end in ``.py``, or cannot be imported by its name.

    Example:
        >>> filename_to_module("demo/orders.py"), filename_to_module("/src/demo/orders.py")
        ('demo.orders', 'orders')
    """
    path = PurePath(filename)
    parts = [path.stem] if path.is_absolute() else [*path.parts[:-1], path.stem]
    if parts[-1:] == ["__init__"] and len(parts) > 1:
        parts.pop()
    if path.suffix != ".py" or not all(part.isidentifier() for part in parts):
        raise ConfigurationError(f"{filename!r} is no file that can be imported, such as 'demo/orders.py'")
    return ".".join(parts)


def import_module_from_path(module_name: str, file_path: str) -> ModuleType:
    """Run a file as a module of a name of its own and return it; ``sys.path`` stays as it is.

    Args:
        module_name: Its name in ``sys.modules``; a module that has it already is replaced.
        file_path: The file, absolute.

    Raises:
        SettingsFileError: There is no such file, the path is relative, or the file raises;
            ``sys.modules`` is as before.

    Example:
        >>> import_module_from_path("demo_orders", "/src/demo/orders.py")  # doctest: +SKIP
        <module 'demo_orders' from '/src/demo/orders.py'>
    """
    path = Path(file_path)
    if not path.is_absolute():
        raise SettingsFileError(
            f"{file_path!r} is a relative path; give an absolute one, such as {str(path.absolute())!r}"
        )
    spec = spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None or not path.is_file():
        raise SettingsFileError(f"{file_path!r} is no Python file")
    module = module_from_spec(spec)
    before = sys.modules.get(module_name)
    sys.modules[module_name] = module  # classes look for their module while they are made
    try:
        spec.loader.exec_module(module)
    except BaseException as exc:
        del sys.modules[module_name]
        if before is not None:
            sys.modules[module_name] = before
        if not isinstance(exc, (Exception, SystemExit)):
            raise
        text = " ".join(str(exc).split())
        raise SettingsFileError(f"{file_path!r} cannot be imported: {type(exc).__name__}: {text}") from exc
    return module
