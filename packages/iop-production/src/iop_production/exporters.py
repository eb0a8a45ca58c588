"""The formats that productions can be written in."""

from __future__ import annotations

import json
from typing import ClassVar

from iop_core.exporters import ExportedProduction, Exporter


class GraphExporter(Exporter):
    """Writes items and routes as text for a terminal."""

    name: ClassVar[str] = "graph"
    suffix: ClassVar[str] = ".txt"

    def export(self, production: ExportedProduction) -> str:
        """Return what ``print(production.graph())`` shows."""
        return production.graph().to_text() + "\n"


class MermaidExporter(Exporter):
    """Writes items and routes as a Mermaid flowchart."""

    name: ClassVar[str] = "mermaid"
    suffix: ClassVar[str] = ".mmd"

    def export(self, production: ExportedProduction) -> str:
        """Return the flowchart, from left to right."""
        return production.graph().to_mermaid()


class JsonExporter(Exporter):
    """Writes the dictionary that IRIS exports."""

    name: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"

    def export(self, production: ExportedProduction) -> str:
        """Return JSON that ``Production.from_dict`` reads once it is parsed."""
        return json.dumps(production.to_dict(), ensure_ascii=False, indent=4) + "\n"


class XmlExporter(Exporter):
    """Writes the XML that IRIS imports."""

    name: ClassVar[str] = "xml"
    suffix: ClassVar[str] = ".xml"

    def export(self, production: ExportedProduction) -> str:
        """Return XML that ``Production.from_xml`` reads."""
        return production.to_xml()


class PythonExporter(Exporter):
    """Writes Python source that builds the production."""

    name: ClassVar[str] = "python"
    suffix: ClassVar[str] = ".py"

    def export(self, production: ExportedProduction) -> str:
        """Return the draft of ``Production.to_python``."""
        return production.to_python()


class ClassExporter(Exporter):
    """Writes Python source that declares the production as a class."""

    name: ClassVar[str] = "class"
    suffix: ClassVar[str] = ".py"

    def export(self, production: ExportedProduction) -> str:
        """Return the draft of ``Production.to_class``."""
        return production.to_class()
