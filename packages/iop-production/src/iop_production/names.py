"""Rules for the names in a production: items, ports and IRIS classes."""

from __future__ import annotations

from iop_core.errors import ProductionError, ProductionTypeError

# The route settings of the built-in IRIS classes, by their Python spelling.
_PORT_ALIASES = {
    "target_config_name": "TargetConfigName",
    "target_config_names": "TargetConfigNames",
}

# A setting of one of these names is a port on any class, declared or not.
ROUTE_SETTINGS = frozenset(_PORT_ALIASES.values())
_ROUTE_ENDINGS = tuple(name.lower() for name in _PORT_ALIASES.values())


def port_name(name: str) -> str:
    """Return the name of a port; the two known Python spellings become their IRIS names.

    Raises:
        ProductionError: The name is empty.

    Example:
        >>> port_name("target_config_names")
        'TargetConfigNames'
    """
    if not name.strip():
        raise ProductionError("the name of a port is empty; give the name of a target setting, such as 'Output'")
    return _PORT_ALIASES.get(name, name)


def is_route_name(setting: str) -> bool:
    """Return whether a setting leads to items by its name alone, as in the built-in IRIS classes.

    Example:
        >>> is_route_name("BadMessageTargetConfigName"), is_route_name("Output")
        (True, False)
    """
    return setting.lower().endswith(_ROUTE_ENDINGS)


def proxy_name(python_class: type) -> str:
    """Return the name of the IRIS class that stands for a Python class.

    IRIS allows no underscore in class names, so all of them are left out.

    Example:
        >>> proxy_name(type("Router", (), {"__module__": "demo_app"}))
        'Python.demoapp.Router'
    """
    return f"Python.{python_class.__module__}.{python_class.__name__}".replace("_", "")


def check_item_name(name: object) -> str:
    """Return the name if an item may have it.

    Several targets of one port are kept as a list separated by commas, which is why a
    name can have neither a comma nor spaces around it.

    Raises:
        ProductionTypeError: Not text.
        ProductionError: Empty, or with a comma or spaces around it.
    """
    if not isinstance(name, str):
        raise ProductionTypeError(f"the name of an item is text, got {name!r}; give the name first, then the class")
    if not name.strip():
        raise ProductionError("Production item name is required: give a name that is not empty")
    if "," in name or name != name.strip():
        raise ProductionError(
            f"item name {name!r} holds a comma or spaces around it, which separate targets; use another name"
        )
    return name
