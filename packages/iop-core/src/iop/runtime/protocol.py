"""``iop.runtime.protocol``: what programs may ask of a director."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_director.protocols import *
else:
    from iop_core._facade import names_of

    __getattr__, __dir__ = names_of("iop_director.protocols", "iop-director")
    del TYPE_CHECKING, names_of
