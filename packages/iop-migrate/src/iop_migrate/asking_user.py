"""Who asks for a change, when nobody is named."""

from __future__ import annotations

import getpass


def asking_user() -> str:
    """Return the name of the user of this process."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container may run under a number that has no name
        return "unknown user"
