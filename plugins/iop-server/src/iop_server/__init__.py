"""Productions over HTTP: the REST API v1 of IoP."""

from typing import TYPE_CHECKING

# Every command of ``iop`` loads this package for its plug-in; a web server is loaded when one is used.
if TYPE_CHECKING:
    from iop_server.application import Application
    from iop_server.options import ServerOptions
    from iop_server.roles import Role
    from iop_server.serving import Listener
    from iop_server.users import UserFile
else:
    _HOMES = {
        "Application": "application",
        "Listener": "serving",
        "Role": "roles",
        "ServerOptions": "options",
        "UserFile": "users",
    }

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value


__all__ = ("Application", "Listener", "Role", "ServerOptions", "UserFile")
