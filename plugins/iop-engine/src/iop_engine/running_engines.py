"""Reaching the engine of a namespace: the one of this process, or one that listens for others."""

from __future__ import annotations

import logging
import threading
from typing import cast

from iop_core.backends import RunningProduction
from iop_core.bodies import BodyCodec
from iop_core.definitions import ProductionDefinition
from iop_core.errors import BackendError, BackendUnavailableError
from iop_core.stores import Store
from iop_engine.control.address_file import AddressFile
from iop_engine.control.client import ControlClient
from iop_engine.control.remote_production import RemoteProduction
from iop_engine.control.server import ControlServer
from iop_engine.control.surface import ControlSurface
from iop_engine.engine import Engine
from iop_engine.sqlite.directory import DataDirectory

_LOG = logging.getLogger("iop.engine")

_LOCK = threading.Lock()
_HERE: dict[tuple[str, str], Engine] = {}


def announce(engine: Engine, location: str, namespace: str) -> None:
    """Let directors in this process find an engine until it stops."""
    key = _key(location, namespace)

    def forget() -> None:
        with _LOCK:
            if _HERE.get(key) is engine:
                del _HERE[key]

    with _LOCK:
        _HERE[key] = engine
    engine.at_stop(forget)


def open_to_others(
    engine: Engine, definition: ProductionDefinition, store: Store, codec: BodyCodec, address: AddressFile
) -> None:
    """Let directors in other processes reach an engine until it stops.

    A production that cannot be reached does its work all the same, so that is no error.
    """
    surface = ControlSurface(cast("RunningProduction", engine), definition, codec, store.secret)
    try:
        server = ControlServer(surface.functions(), address)
    except BackendError as exc:
        _LOG.warning("the production cannot be reached from other processes: %s", exc)
    else:
        engine.at_stop(server.close)


def connect(location: str, namespace: str) -> RunningProduction:
    """Return the production that runs in a namespace.

    Raises:
        BackendUnavailableError: None runs, or it cannot be reached.
    """
    with _LOCK:
        here = _HERE.get(_key(location, namespace))
    if here is not None:
        return here
    directory = DataDirectory(location, namespace)
    place = f"{str(directory.path)!r}, namespace {namespace!r}"
    if not directory.is_locked():
        raise BackendUnavailableError(f"no production runs in {place}; start one with 'iop start'")
    address = AddressFile(location, namespace).find()
    if address is None:
        raise BackendUnavailableError(
            f"what runs in {place}, cannot be reached: it is just starting or stopping, or a program that is not open "
            "to others runs it"
        )
    client = ControlClient(address)
    client.check()
    return cast("RunningProduction", RemoteProduction(client, directory.is_locked))


def is_here(location: str, namespace: str) -> bool:
    """Return whether this process runs the engine of a namespace."""
    with _LOCK:
        return _key(location, namespace) in _HERE


def _key(location: str, namespace: str) -> tuple[str, str]:
    return location, namespace.lower()
