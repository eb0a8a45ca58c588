"""What the Python class of an item says about the values of its settings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from iop_core.errors import SettingError
from iop_core.setting_discovery import SettingInfo, settings_of
from iop_core.setting_values import read_value


def known_settings(component_class: type | None) -> Mapping[str, SettingInfo] | None:
    """Return the settings of a class; None when there is no class, or it cannot describe them."""
    if component_class is None:
        return None
    try:
        return settings_of(component_class)
    except SettingError:
        return None


def same_setting(name: str, values: tuple[str | None, str | None], classes: Iterable[type | None]) -> bool:
    """Return whether two texts of a setting mean the same.

    They are compared in the type that one of the classes declares, and as text when none
    does. No text at all and an empty one are the same where the default is empty.

    Args:
        name: Name of the setting.
        values: The texts; None where the setting is absent.
        classes: Python classes that may declare it.
    """
    if values[0] == values[1]:
        return True
    known = (known_settings(component_class) for component_class in classes)
    info = next((settings[name] for settings in known if settings and name in settings), None)
    if info is None:
        return False
    if None in values:
        return info.default == "" and "" in values
    try:
        return read_value(values[0], info.python_type) == read_value(values[1], info.python_type)
    except SettingError:
        return False
