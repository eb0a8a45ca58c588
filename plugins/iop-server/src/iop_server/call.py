"""One request, as the code that answers it sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iop_director import Director
    from iop_server.options import ServerOptions
    from iop_server.users import User


@dataclass(frozen=True, slots=True)
class Call:
    """Who asks, and where it is to be done.

    Attributes:
        director: The director of the namespace.
        user: Who asks.
        reason: Why, in the words of the user.
        options: How the server was started.
    """

    director: Director
    user: User
    reason: str
    options: ServerOptions
