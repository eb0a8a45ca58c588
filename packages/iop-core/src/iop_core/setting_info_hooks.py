"""``NAME_info`` functions: the older way to say more about the setting NAME.

The return annotation is a dictionary of what to say, the value returned (unless None)
the default:

    Port = 0

    @staticmethod
    def Port_info() -> {"IsRequired": True, "Category": "Connection"}:
        return 8080
"""

from __future__ import annotations

from collections.abc import Mapping
from inspect import getattr_static
from types import FunctionType
from typing import Any, cast

from iop_core.annotations import nested_classes, own_annotations, resolve, signature_of
from iop_core.class_members import unbound
from iop_core.errors import SettingError
from iop_core.settings import Setting


def apply_info_hook(component_class: type, name: str, declared: Setting[Any]) -> Setting[Any]:
    """Return the setting with what its ``NAME_info`` function says; the same when there is none.

    Raises:
        SettingError: The function cannot be called without arguments, or fails.
    """
    hook_name = f"{name}_info"
    written = getattr_static(component_class, hook_name, None)
    function: object = unbound(written)
    if not isinstance(function, FunctionType):
        return declared
    namespace = {**function.__globals__, **nested_classes(component_class)}
    said = resolve(own_annotations(function).get("return"), namespace)
    if not isinstance(said, dict) and not (function is not written or not signature_of(function).parameters):
        return declared  # a method that happens to have such a name
    default = _call(component_class, hook_name)
    options: Mapping[str, object] = cast("dict[str, object]", said) if isinstance(said, dict) else {}
    return _combine(declared, options, declared.default if default is None else default)


def _call(component_class: type, hook_name: str) -> object:
    try:
        return getattr(component_class, hook_name)()
    except Exception as exc:
        raise SettingError(
            f"{hook_name}() failed: {type(exc).__name__}: {exc}; make it a static method without parameters"
        ) from exc


def _combine(declared: Setting[Any], options: Mapping[str, object], default: object) -> Setting[Any]:
    """Make the setting anew, so that everything said is checked as if it stood in ``setting()``."""
    combined: Setting[Any] = Setting(
        default,
        data_type=cast("Any", options.get("DataType", declared.data_type)),
        iris_type=None if "DataType" in options else declared.iris_type,
        category=cast("Any", options.get("Category", declared.category)),
        required=bool(options.get("IsRequired", declared.required)),
        description=str(options.get("Description", declared.description)),
        control=cast("Any", options.get("Control", options.get("EditorContext", declared.control))),
        exclude=bool(options.get("ExcludeFromSettings", declared.exclude)),
    )
    combined.name = declared.name
    return combined
