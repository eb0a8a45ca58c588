"""The services that one director made, kept for its next calls."""

from __future__ import annotations

import threading

from iop_core.backends import Backend
from iop_core.errors import BackendError
from iop_core.events import ProductionStatus
from iop_core.services import BusinessService
from iop_director.outside_services import make_service


class ServiceCache:
    """Makes instances of services in this process and keeps one of each.

    What is kept is dropped when another run of the production answers.

    Args:
        backend: Where the production runs.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._lock = threading.Lock()
        self._kept: dict[str, BusinessService] = {}
        self._run: ProductionStatus | None = None

    def get(self, item: str) -> BusinessService:
        """Return the instance that is kept for an item, making it when there is none."""
        with self._lock:
            running = self._backend.connect()
            status = running.status()
            if status != self._run:
                self._drop()
                self._run = status
            service = self._kept.get(item)
            if service is None:
                service = self._kept[item] = make_service(running, item)
            return service

    def make(self, item: str) -> BusinessService:
        """Return a new instance, which the caller keeps."""
        return make_service(self._backend.connect(), item)

    def _drop(self) -> None:
        kept, self._kept = self._kept, {}
        for service in kept.values():
            try:
                service.on_tear_down()
            except BackendError:
                pass  # it wanted to tell a production that is gone
            except Exception:
                service.logger.exception("on_tear_down failed")
