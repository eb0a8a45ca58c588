"""Productions over HTTP: the REST API v1 of IoP."""

from iop_server.application import Application
from iop_server.options import ServerOptions
from iop_server.roles import Role
from iop_server.serving import Listener
from iop_server.users import UserFile

__all__ = ("Application", "Listener", "Role", "ServerOptions", "UserFile")
