"""A backend that keeps deployments in memory, and project folders."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from iop_core.backends import Backend
from iop_core.deployments import (
    ComponentRegistration,
    DeploymentChange,
    DeploymentOptions,
    Deployments,
    DeploymentTransaction,
    normal_export,
    users_of,
)
from iop_core.errors import ComponentInUseError, UnknownDeploymentError
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry
from iop_director import Director


class MemoryDeployments(Deployments, DeploymentTransaction):
    """Keeps everything in a dict; a transaction works on a copy of it."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {"productions": {}, "options": {}, "components": {}, "schemas": {}}
        self.made: list[DeploymentChange] = []
        self.fails = False

    def production_names(self) -> list[str]:
        return sorted(self.kept["productions"])

    def export_production(self, name: str) -> dict[str, Any]:
        if name not in self.kept["productions"]:
            raise UnknownDeploymentError("production", name, self.production_names())
        return copy.deepcopy(self.kept["productions"][name])

    def options(self, name: str) -> DeploymentOptions:
        return self.kept["options"][name]

    def components(self) -> list[ComponentRegistration]:
        return [self.kept["components"][name] for name in sorted(self.kept["components"])]

    def schemas(self) -> dict[str, str]:
        return dict(self.kept["schemas"])

    def default_production(self) -> str:
        return ""

    def changes(self, *, limit: int | None = None) -> list[DeploymentChange]:
        return self.made

    @contextmanager
    def transaction(self, *, actor: str, reason: str) -> Generator[Any]:
        inner = MemoryTransaction()
        inner.kept = copy.deepcopy(self.kept)
        inner.who = (actor, reason)
        inner.fails = self.fails
        yield inner
        self.kept = inner.kept
        self.made += inner.made


class MemoryTransaction(MemoryDeployments):
    who = ("", "")

    def replace_production(
        self, name: str, export: Mapping[str, Any], options: DeploymentOptions | None = None, **_: object
    ) -> None:
        self.kept["productions"][name] = normal_export(name, export)
        self.kept["options"][name] = options or self.kept["options"].get(name, DeploymentOptions())
        self.note("replace production", name)
        if self.fails:
            raise OSError("the disk is gone")

    def register_component(self, registration: ComponentRegistration, **_: object) -> None:
        self.kept["components"][registration.iris_name.lower()] = registration
        self.note("register component", registration.iris_name)

    def unregister_component(self, iris_name: str, **_: object) -> None:
        if iris_name.lower() not in self.kept["components"]:
            raise UnknownDeploymentError("class", iris_name, self.kept["components"])
        users = users_of(self).get(iris_name.lower())
        if users:
            raise ComponentInUseError(iris_name, users)
        del self.kept["components"][iris_name.lower()]
        self.note("unregister component", iris_name)

    def put_schema(self, name: str, schema: str) -> None:
        self.kept["schemas"][name] = schema
        self.note("put schema", name)

    def note(self, action: str, subject: str) -> None:
        number = len(self.made) + 1
        self.made.append(DeploymentChange(number, datetime.now(timezone.utc), *self.who, action, subject))


class MemoryBackend(Backend):
    name: ClassVar[str] = "local"
    kept: ClassVar[MemoryDeployments]
    history = run = None  # type: ignore[assignment]

    def __init__(self, url: str) -> None:
        self.location = url

    @classmethod
    def open(cls, url: str, *, namespace: str) -> MemoryBackend:
        return cls(url)

    def deployments(self) -> MemoryDeployments:
        return self.kept


@pytest.fixture
def director(monkeypatch: pytest.MonkeyPatch) -> Director:
    """A director of the memory backend, with nothing deployed."""
    for name in ("IOP_URL", "IOP_NAMESPACE"):
        monkeypatch.delenv(name, raising=False)
    MemoryBackend.kept = MemoryDeployments()
    registry = PluginRegistry(discover=False)
    registry.register(SimpleNamespace(offer=hookimpl(lambda: [MemoryBackend], specname="iop_backends")), name="memory")
    return Director("local:", plugins=registry)


@pytest.fixture
def deployments(director: Director) -> MemoryDeployments:
    """What the backend keeps."""
    return MemoryBackend.kept


Project = Callable[..., Path]


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """Write files below the temporary directory and return the one named first.

    Afterwards nothing of them may be left in this process.
    """

    def write(**files: str) -> Path:
        for name, text in files.items():
            file = tmp_path / f"{name.replace('__', '/').replace('INIT', '__init__')}.py"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        return tmp_path / f"{next(iter(files)).replace('__', '/')}.py"

    path, modules = list(sys.path), dict(sys.modules)
    yield write
    assert sys.path == path
    strange = {name for name, module in sys.modules.items() if str(tmp_path) in str(getattr(module, "__file__", ""))}
    assert strange == set()
    assert [name for name, module in modules.items() if sys.modules.get(name) is not module] == []
