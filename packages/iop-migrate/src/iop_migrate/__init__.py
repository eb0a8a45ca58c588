"""Read settings files, deploy what they hold, and bind single Python classes."""

from iop_migrate.bindings import (
    bind_component,
    list_bindings,
    register_component,
    unbind_component,
    unregister_component,
)
from iop_migrate.deprecated import Utils
from iop_migrate.file_module import file_fingerprint as file_fingerprint
from iop_migrate.migration import MigrationResult as MigrationResult
from iop_migrate.migration import migrate as migrate
from iop_migrate.settings_file import Settings as Settings
from iop_migrate.settings_file import choose_production as choose_production
from iop_migrate.settings_file import load_settings as load_settings
from iop_migrate.settings_file import unload_settings as unload_settings

__all__ = (
    "Utils",
    "bind_component",
    "list_bindings",
    "register_component",
    "unbind_component",
    "unregister_component",
)
