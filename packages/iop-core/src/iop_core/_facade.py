"""The run-time half of the ``iop`` package: find a public name, import its home."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec

# Import package -> distribution, lowest layer first.
PACKAGES = {
    "iop_core": "iop-core",
    "iop_production": "iop-production",
    "iop_director": "iop-director",
    "iop_migrate": "iop-migrate",
}

# Public names above the core, so that a missing package can be named in the error.
# A test compares this with every package's __all__.
HOMES = {
    "ComponentItem": "iop_production",
    "ComponentRef": "iop_production",
    "Director": "iop_director",
    "DirectorProtocol": "iop_director",
    "GraphEdge": "iop_production",
    "GraphNode": "iop_production",
    "OperationItem": "iop_production",
    "PersistentMessageRegistration": "iop_production",
    "Port": "iop_production",
    "ProcessItem": "iop_production",
    "Production": "iop_production",
    "ProductionApplyResult": "iop_production",
    "ProductionChangePlan": "iop_production",
    "ProductionDiff": "iop_production",
    "ProductionDiffEntry": "iop_production",
    "ProductionGraph": "iop_production",
    "ProductionPlanOperation": "iop_production",
    "ProductionValidationError": "iop_production",
    "ProductionValidationIssue": "iop_production",
    "ProductionValidationReport": "iop_production",
    "ProductionValidationWarning": "iop_production",
    "ProductionVerifyResult": "iop_production",
    "Route": "iop_production",
    "ServiceItem": "iop_production",
    "TargetSettingRef": "iop_production",
    "Utils": "iop_migrate",
    "bind_component": "iop_migrate",
    "list_bindings": "iop_migrate",
    "register_component": "iop_migrate",
    "unbind_component": "iop_migrate",
    "unregister_component": "iop_migrate",
}


def _installed() -> Iterator[str]:
    return (package for package in PACKAGES if find_spec(package) is not None)


def public_names() -> list[str]:
    """Return the names that the installed packages export, sorted."""
    return sorted(name for package in _installed() for name in import_module(package).__all__)


def lazy_names(
    namespace: dict[str, object],
) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of the ``iop`` module.

    Args:
        namespace: The module's ``globals()``; found names are kept there.
    """

    def module_getattr(name: str) -> object:
        if name == "__all__":
            return public_names()
        home = HOMES.get(name)
        if home is not None and find_spec(home) is None:
            distribution = PACKAGES[home]
            # Not AttributeError: Python would replace its text by "cannot import name".
            raise ModuleNotFoundError(
                f"iop.{name} is in the package {distribution!r}, which is not installed. "
                f"Install it with: pip install {distribution}",
                name=home,
            )
        if not name.startswith("_"):
            for package in [home] if home is not None else _installed():
                module = import_module(package)
                if name in module.__all__:
                    namespace[name] = value = getattr(module, name)
                    return value
        raise AttributeError(f"module 'iop' has no attribute {name!r}")

    return module_getattr, public_names


def names_of(module: str, distribution: str) -> tuple[Callable[[str], object], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and ``__dir__`` of a module that only shows the public names of another.

    Args:
        module: The other one, imported when a name is first asked for.
        distribution: What has it, for the error when it is not installed.
    """

    def public() -> list[str]:
        if find_spec(module.partition(".")[0]) is None:
            raise ModuleNotFoundError(
                f"{module!r} is in the package {distribution!r}, which is not installed. Install it with: "
                f"pip install {distribution}",
                name=module,
            )
        return list(import_module(module).__all__)

    def module_getattr(name: str) -> object:
        if name == "__all__":
            return public()
        if not name.startswith("_") and name in public():
            return getattr(import_module(module), name)
        raise AttributeError(f"module {module!r} has no name {name!r}")

    return module_getattr, public
