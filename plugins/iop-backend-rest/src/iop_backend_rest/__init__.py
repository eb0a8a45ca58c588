"""The backends ``http`` and ``https``: productions on a server that has the REST API v1."""

from typing import TYPE_CHECKING

# Every command of ``iop`` loads this package for its plug-in; a client is loaded when one is used.
if TYPE_CHECKING:
    from iop_backend_rest.backend import HttpBackend, HttpsBackend
else:

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.backend"), name)
        return value


__all__ = ("HttpBackend", "HttpsBackend")
