"""Loading the Python classes that were registered, and no others.

What is imported is what somebody registered with its module and folder; a name in a message
or in a production never leads to an import.
"""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from functools import reduce
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType

from iop_core.component import Component
from iop_core.deployments import PERSISTENT_MESSAGE, ComponentRegistration
from iop_core.errors import DeploymentError
from iop_core.persistent.messages import PersistentMessage


def load_class(registration: ComponentRegistration) -> type:
    """Return the Python class of a registration, importing its module when that is not loaded yet.

    Its folder is then on ``sys.path`` and stays there: components may import from it at any time.

    Raises:
        DeploymentError: The module cannot be imported, comes from another folder, or does not
            have the class.
    """
    label = f"{registration.iris_name!r} is registered as {registration.python_name} in {registration.path!r}"
    module = _load_module(registration, label)
    try:
        found: object = reduce(getattr, registration.class_name.split("."), module)
    except AttributeError as exc:
        raise DeploymentError(f"{label}, but there is no such class any more; migrate its settings file again") from exc
    bases = {PERSISTENT_MESSAGE: (PersistentMessage,), "": (Component, PersistentMessage)}
    allowed = bases.get(registration.kind, (Component,))
    if not isinstance(found, type) or not issubclass(found, allowed):
        names = " or ".join(base.__name__ for base in allowed)
        raise DeploymentError(f"{label}, but that is no subclass of {names}; migrate its settings file again")
    return found


def import_root(module: ModuleType) -> str:
    """Return the folder that a module is imported from, the one above its top package; empty without a file.

    Example:
        >>> import json.decoder
        >>> Path(import_root(json.decoder)) == Path(json.__file__).parents[1]
        True
    """
    file: object = getattr(module, "__file__", None)
    if not isinstance(file, str):
        return ""
    path = Path(file).absolute()
    levels = module.__name__.count(".") + (path.stem == "__init__")
    return str(path.parents[levels]) if levels < len(path.parents) else ""


def _load_module(registration: ComponentRegistration, label: str) -> ModuleType:
    module = sys.modules.get(registration.module)
    if module is None:
        if registration.path not in sys.path:
            sys.path.insert(0, registration.path)
            invalidate_caches()
        try:
            # What a module prints when it is loaded is no part of an answer.
            with redirect_stdout(sys.stderr):
                module = import_module(registration.module)
        except (Exception, SystemExit) as exc:
            text = " ".join(str(exc).split())
            raise DeploymentError(f"{label}, which cannot be imported: {type(exc).__name__}: {text}") from exc
    root = import_root(module)
    if Path(root).resolve() != Path(registration.path).resolve():
        raise DeploymentError(
            f"{label}, but the module {registration.module!r} of this process comes from {root or 'no file'!r}; rename "
            "one of the two modules, or put it into a package"
        )
    return module
