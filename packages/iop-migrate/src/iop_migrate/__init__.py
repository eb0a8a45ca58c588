"""Load and check IoP settings files.

Nothing here is a name of the ``iop`` package: ``__all__`` is empty.
"""

from iop_migrate.migration import MigrationResult as MigrationResult
from iop_migrate.migration import migrate as migrate
from iop_migrate.settings_file import Settings as Settings
from iop_migrate.settings_file import choose_production as choose_production
from iop_migrate.settings_file import load_settings as load_settings
from iop_migrate.settings_file import unload_settings as unload_settings

__all__ = ()
