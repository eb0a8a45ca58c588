"""Versions of the packages of IoP that are installed."""

from __future__ import annotations

import os
import re
import sys

from iop_cli.__about__ import __version__

# The name of the folder that an installer makes for each distribution, as the packaging standard has it.
_RECORD = re.compile(r"(?P<name>iop_\w+)-(?P<version>[^-]+)\.dist-info", re.IGNORECASE)


def own_version() -> str:
    """Return the version of the command itself."""
    return __version__


def installed_versions() -> dict[str, str]:
    """Return distribution name to version for every distribution named ``iop-...``, sorted.

    Only names of folders are read: ``importlib.metadata`` takes longer to import than all the
    rest of ``iop --version``.
    """
    found: dict[str, str] = {}
    for folder in sys.path:
        try:
            names = os.listdir(folder or ".")
        except OSError:
            continue
        for record in filter(None, map(_RECORD.fullmatch, names)):
            # As for imports, what comes first on the path counts.
            found.setdefault(record["name"].lower().replace("_", "-"), record["version"])
    return dict(sorted(found.items()))
