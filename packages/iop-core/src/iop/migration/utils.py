"""``iop.migration.utils``: the functions of earlier versions, from the package ``iop-migrate``."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_migrate.migration_calls import *
else:
    from iop_core._facade import names_of

    __getattr__, __dir__ = names_of("iop_migrate.migration_calls", "iop-migrate")
    del TYPE_CHECKING, names_of
