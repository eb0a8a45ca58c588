"""``iop.runtime.director``: the methods of ``Director`` as functions, each at the default place."""

from iop_core._facade import names_of

__getattr__, __dir__ = names_of("iop_director.director_calls", "iop-director")
del names_of
