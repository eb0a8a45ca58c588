"""Component classes of a demo, and the production of the user documentation."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from iop_core import BusinessOperation, BusinessProcess, InboundAdapter, PollingBusinessService, target
from iop_production import Production


class FileService(PollingBusinessService):
    __module__ = "demo_app"
    Output = target()
    Limit: int = 5


class OrderProcess(BusinessProcess):
    __module__ = "demo_app"
    Output = target()


class OrderOperation(BusinessOperation):
    __module__ = "demo_app"


class FileInboundAdapter(InboundAdapter):
    __module__ = "demo_app"


@pytest.fixture(scope="session")
def demo() -> SimpleNamespace:
    """The classes, as if they came from a module ``demo_app``."""
    return SimpleNamespace(
        FileService=FileService,
        OrderProcess=OrderProcess,
        OrderOperation=OrderOperation,
        FileInboundAdapter=FileInboundAdapter,
    )


@pytest.fixture
def prod() -> Production:
    """A service that is connected to an operation."""
    prod = Production("Demo.Production")
    file = prod.service("FileInput", FileService)
    orders = prod.operation(OrderOperation)
    prod.connect(file.Output, orders)
    return prod
