"""Who does a deed, when nobody says so."""

from __future__ import annotations

import getpass


def current_user() -> str:
    """Return the name of the user of this process; ``unknown`` when it has none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # which one depends on the version of Python and on the system
        return "unknown"
