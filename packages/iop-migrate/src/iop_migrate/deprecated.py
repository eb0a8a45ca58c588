"""The class ``Utils`` of earlier versions: other names for what is a function now."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from iop_migrate import migration_calls as calls

P = ParamSpec("P")
R = TypeVar("R")


def _warning(function: Callable[P, R]) -> staticmethod[P, R]:
    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> R:
        name = function.__name__
        # Level 2: the line that calls the method.
        warnings.warn(
            f"iop.Utils.{name} is deprecated and will be removed in version 5.0; use iop.migration.utils.{name}",
            DeprecationWarning,
            stacklevel=2,
        )
        return function(*args, **kwargs)

    return staticmethod(call)


class Utils:
    """Static methods of earlier versions; every call warns, and names what to use instead.

    Arguments, results and errors are those of the functions of the same name.

    Example:
        >>> import warnings
        >>> with warnings.catch_warnings(record=True) as caught:
        ...     warnings.simplefilter("always")
        ...     path = Utils.guess_path("demo.orders", "/src")
        >>> caught[0].category.__name__
        'DeprecationWarning'
    """

    register_component = _warning(calls.register_component)
    bind_component = _warning(calls.bind_component)
    unregister_component = _warning(calls.unregister_component)
    unbind_component = _warning(calls.unbind_component)
    list_bindings = _warning(calls.list_bindings)
    register_file = _warning(calls.register_file)
    register_folder = _warning(calls.register_folder)
    register_package = _warning(calls.register_package)
    register_schema = _warning(calls.register_schema)
    register_message_schema = _warning(calls.register_message_schema)
    register_persistent_message = _warning(calls.register_persistent_message)
    register_production = _warning(calls.register_production)
    register_production_definition = _warning(calls.register_production_definition)
    export_production = _warning(calls.export_production)
    export_production_connections = _warning(calls.export_production_connections)
    export_production_queue_info = _warning(calls.export_production_queue_info)
    apply_production_plan = _warning(calls.apply_production_plan)
    migrate = _warning(calls.migrate)
    explain_migration = _warning(calls.explain_migration)
    format_migration_plan = _warning(calls.format_migration_plan)
    format_migration_success = _warning(calls.format_migration_success)
    setup = _warning(calls.setup)
    set_classes_settings = _warning(calls.set_classes_settings)
    set_productions_settings = _warning(calls.set_productions_settings)
    raise_on_error = _warning(calls.raise_on_error)
    dict_to_xml = _warning(calls.dict_to_xml)
    xml_to_json = _warning(calls.xml_to_json)
    guess_path = _warning(calls.guess_path)
    filename_to_module = _warning(calls.filename_to_module)
    import_module_from_path = _warning(calls.import_module_from_path)
    string_to_stream = _warning(calls.string_to_stream)
    stream_to_string = _warning(calls.stream_to_string)
