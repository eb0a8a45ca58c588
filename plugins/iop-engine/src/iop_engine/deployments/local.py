"""What is deployed in a data directory."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from iop_core.clock import Clock, SystemClock
from iop_core.deployments import ComponentRegistration, DeploymentChange, DeploymentOptions, Deployments, Export
from iop_core.errors import DeploymentError
from iop_engine.deed_recorder import DeedRecorder, record_nowhere
from iop_engine.deployments.file import FILE_NAME, open_for_reading, open_for_writing
from iop_engine.deployments.tables import DeploymentTables, DeploymentWriter


class LocalDeployments(Deployments):
    """What is deployed in one namespace of a data directory.

    Usable from several processes and threads at once, also while an engine runs there.
    Reading makes no file.

    Args:
        location: The data directory; made by the first change.
        namespace: The namespace.
        clock: Where the times of changes come from; None: the time of this machine.
        record: Told of each group of changes, once it is made.
    """

    def __init__(
        self,
        location: str,
        *,
        namespace: str,
        clock: Clock | None = None,
        record: DeedRecorder = record_nowhere,
    ) -> None:
        self._path = Path(location) / FILE_NAME
        self._namespace = namespace
        self._clock = clock or SystemClock()
        self._record = record

    @contextmanager
    def transaction(self, *, actor: str, reason: str) -> Generator[DeploymentWriter]:
        """Return a group of changes for a ``with`` statement."""
        if not actor.strip():
            raise DeploymentError("a change needs an actor: say who asks for it")
        with open_for_writing(self._path) as connection:
            writer = DeploymentWriter(connection, self._namespace, actor=actor, reason=reason, time=self._clock.now())
            yield writer
        if writer.made:
            self._record("deploy", writer.made, actor=actor, reason=reason)

    def production_names(self) -> list[str]:
        """Return the names of the deployed productions, sorted."""
        with self._reading() as tables:
            return tables.production_names()

    def export_production(self, name: str) -> Export:
        """Return a deployed production as ``{name: {...}}``; the caller may change it."""
        with self._reading() as tables:
            return tables.export_production(name)

    def options(self, name: str) -> DeploymentOptions:
        """Return what a deployed production has besides its export."""
        with self._reading() as tables:
            return tables.options(name)

    def components(self) -> list[ComponentRegistration]:
        """Return all registered classes, sorted by their names on IRIS."""
        with self._reading() as tables:
            return tables.components()

    def schemas(self) -> dict[str, str]:
        """Return the JSON schemas of messages: ``module.Class`` to JSON text."""
        with self._reading() as tables:
            return tables.schemas()

    def default_production(self) -> str:
        """Return the name of the default production; empty when none was chosen."""
        with self._reading() as tables:
            return tables.default_production()

    def changes(self, *, limit: int | None = None) -> list[DeploymentChange]:
        """Return the list of changes, oldest first; with ``limit`` the newest that many."""
        with self._reading() as tables:
            return tables.changes(limit=limit)

    @contextmanager
    def _reading(self) -> Generator[DeploymentTables]:
        with open_for_reading(self._path) as connection:
            yield DeploymentTables(connection, self._namespace)
