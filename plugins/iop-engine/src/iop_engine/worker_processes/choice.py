"""Which items run their handlers in child processes."""

from __future__ import annotations

import os

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError
from iop_core.headers import BusinessType

WORKERS = "Workers"
THREADS = "threads"
PROCESSES = "processes"


def runs_in_processes(item: ItemDefinition) -> bool:
    """Return whether an item's handlers run in child processes, as it or its class says.

    Raises:
        ComponentStartError: The setting has another value, or the item is no operation.
    """
    given = item.host_settings.get(WORKERS) or getattr(item.component_class, WORKERS, "") or THREADS
    value = str(given).lower()
    if value not in (THREADS, PROCESSES):
        raise ComponentStartError(item.name, f"setting {WORKERS}: {given!r} is not {THREADS!r} or {PROCESSES!r}")
    if value == THREADS:
        return False
    if os.name == "nt":
        raise ComponentStartError(
            item.name,
            f"setting {WORKERS}: {PROCESSES!r} works on Linux and macOS, where a child process can inherit sockets. On "
            f"Windows use {THREADS!r}",
        )
    if item.business_type in (BusinessType.SERVICE, BusinessType.PROCESS):
        raise ComponentStartError(
            item.name,
            f"setting {WORKERS}: only operations run in processes of their own, this is a {item.kind}. Put the part "
            "that takes processor time into an operation and send to that",
        )
    return True
