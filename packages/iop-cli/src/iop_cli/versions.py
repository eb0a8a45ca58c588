"""Versions of the packages of IoP that are installed."""

from __future__ import annotations

from importlib import metadata


def installed_versions() -> dict[str, str]:
    """Return distribution name to version for every distribution named ``iop-...``, sorted."""
    found = {
        name: distribution.version
        for distribution in metadata.distributions()
        # There is no name where an installation was cut short.
        if (name := distribution.metadata["Name"] or "").lower().startswith("iop-")
    }
    return dict(sorted(found.items()))
