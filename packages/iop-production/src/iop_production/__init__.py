"""Author and inspect integration productions in plain Python."""

from iop_production.component_ref import ComponentRef
from iop_production.declarations import ComponentItem, OperationItem, ProcessItem, Route, ServiceItem
from iop_production.diff import ProductionDiff, ProductionDiffEntry
from iop_production.graph import GraphEdge, GraphNode, ProductionGraph
from iop_production.port import Port, TargetSettingRef
from iop_production.production import Production
from iop_production.validation_report import (
    ProductionValidationError,
    ProductionValidationIssue,
    ProductionValidationReport,
    ProductionValidationWarning,
)

__all__ = (
    "ComponentItem",
    "ComponentRef",
    "GraphEdge",
    "GraphNode",
    "OperationItem",
    "Port",
    "ProcessItem",
    "Production",
    "ProductionDiff",
    "ProductionDiffEntry",
    "ProductionGraph",
    "ProductionValidationError",
    "ProductionValidationIssue",
    "ProductionValidationReport",
    "ProductionValidationWarning",
    "Route",
    "ServiceItem",
    "TargetSettingRef",
)
