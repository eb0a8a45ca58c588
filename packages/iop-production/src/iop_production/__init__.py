"""Author and inspect integration productions in plain Python."""

from iop_production.apply_result import ProductionApplyResult
from iop_production.change_plan import ProductionChangePlan
from iop_production.component_ref import ComponentRef
from iop_production.declarations import ComponentItem, OperationItem, ProcessItem, Route, ServiceItem
from iop_production.diff import ProductionDiff, ProductionDiffEntry
from iop_production.graph import GraphEdge, GraphNode, ProductionGraph
from iop_production.message_registrations import PersistentMessageRegistration
from iop_production.plan_operation import ProductionPlanOperation
from iop_production.port import Port, TargetSettingRef
from iop_production.production import Production
from iop_production.validation_report import (
    ProductionValidationError,
    ProductionValidationIssue,
    ProductionValidationReport,
    ProductionValidationWarning,
)
from iop_production.verify_result import ProductionVerifyResult

__all__ = (
    "ComponentItem",
    "ComponentRef",
    "GraphEdge",
    "GraphNode",
    "OperationItem",
    "PersistentMessageRegistration",
    "Port",
    "ProcessItem",
    "Production",
    "ProductionApplyResult",
    "ProductionChangePlan",
    "ProductionDiff",
    "ProductionDiffEntry",
    "ProductionGraph",
    "ProductionPlanOperation",
    "ProductionValidationError",
    "ProductionValidationIssue",
    "ProductionValidationReport",
    "ProductionValidationWarning",
    "ProductionVerifyResult",
    "Route",
    "ServiceItem",
    "TargetSettingRef",
)
