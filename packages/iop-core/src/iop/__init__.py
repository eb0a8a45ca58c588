"""The names that users import: ``from iop import Message, Production``.

Each name lives in one package (``iop_core``, ``iop_production``, ...). A type
checker sees the names of the packages that are installed; at run time a name is
imported when it is first asked for. Asking for a name whose package is not
installed raises ModuleNotFoundError, for ``hasattr`` too.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # keep in step with iop_core._facade.PACKAGES (a test checks it)
    from iop_core import *
    from iop_director import *
    from iop_migrate import *
    from iop_production import *
else:
    from iop_core._facade import lazy_names

    __getattr__, __dir__ = lazy_names(globals())
    del TYPE_CHECKING, lazy_names
