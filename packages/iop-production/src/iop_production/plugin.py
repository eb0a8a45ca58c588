"""What iop-production offers through the hooks of IoP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iop_core.hookspecs import hookimpl

if TYPE_CHECKING:
    from iop_core.exporters import Exporter


@hookimpl
def iop_exporters() -> list[type[Exporter]]:
    """Offer text, Mermaid, JSON, XML and two kinds of Python source."""
    from iop_production import exporters

    return [
        exporters.GraphExporter,
        exporters.MermaidExporter,
        exporters.JsonExporter,
        exporters.XmlExporter,
        exporters.PythonExporter,
        exporters.ClassExporter,
    ]
