"""Exporters: turning a production into text for people or other programs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol


class ExportedGraph(Protocol):
    """The items of a production and the routes between them."""

    def to_dict(self) -> dict[str, Any]:
        """Return ``production``, ``nodes`` and ``edges`` as plain data."""
        ...

    def to_text(self) -> str:
        """Return the graph for a terminal."""
        ...

    def to_mermaid(self, direction: str = ...) -> str:
        """Return the graph as a Mermaid flowchart."""
        ...


class ExportedProduction(Protocol):
    """What an exporter can ask of a production; a ``Production`` is one."""

    name: str

    def to_dict(self) -> Mapping[str, Any]:
        """Return the production as the dictionary that IRIS exports."""
        ...

    def graph(self) -> ExportedGraph:
        """Return its items and routes."""
        ...

    def to_xml(self) -> str:
        """Return the XML that IRIS imports."""
        ...

    def to_python(self) -> str:
        """Return Python source that builds it."""
        ...

    def to_class(self) -> str:
        """Return Python source that declares it as a class."""
        ...


class Exporter(ABC):
    r"""One format that productions can be written in; offered with the hook ``iop_exporters``.

    Attributes:
        name: What users write after ``--format``: lower case.
        suffix: How the names of its files end, such as ``.json``.

    Example:
        >>> class Names(Exporter):
        ...     name, suffix = "names", ".txt"
        ...     def export(self, production):
        ...         return "\n".join(node["name"] for node in production.graph().to_dict()["nodes"])
    """

    name: ClassVar[str]
    suffix: ClassVar[str]

    @abstractmethod
    def export(self, production: ExportedProduction) -> str:
        """Return a production as text.

        Args:
            production: Must not be changed.

        Raises:
            ConfigurationError: The production holds something that the format cannot.
        """
