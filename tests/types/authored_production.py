"""What type checkers have to see in a production; read by mypy and pyright, never run."""

from typing_extensions import assert_type

from iop import (
    BusinessOperation,
    ComponentRef,
    OperationItem,
    PollingBusinessService,
    Port,
    Production,
    ProductionApplyResult,
    ProductionChangePlan,
    ProductionGraph,
    ProductionPlanOperation,
    ProductionVerifyResult,
    Route,
    ServiceItem,
    target,
)


class FileService(PollingBusinessService):
    Output = target()


class OrderOperation(BusinessOperation):
    pass


ORDERS = OperationItem("OrderOperation", OrderOperation)


class DemoProduction(Production):
    name = "Demo.Production"
    testing_enabled = True
    services = (
        ServiceItem(
            "FileInput",
            FileService,
            settings={"Limit": 5, FileService.Output: "OrderOperation"},
            routes=(Route(FileService.Output, ORDERS), Route("TargetConfigNames", (ORDERS, "Audit"))),
        ),
    )
    operations = (ORDERS,)


def author() -> None:
    prod = Production("Demo.Production").testing().timeouts(shutdown=120, update=10)
    assert_type(prod, Production)
    assert_type(DemoProduction().tracing(), DemoProduction)
    file = prod.service("FileInput", FileService, pool_size=2, settings={FileService.Output: "Orders"})
    assert_type(file.pool(2).host_setting("Limit", 10).connect("Output", "Orders"), ComponentRef)
    assert_type(file.Output, Port)
    assert_type(file.Output.resolve(), str)
    assert_type(file.pool_size, int)
    assert_type(prod.graph(), ProductionGraph)
    prod.connect(file.Output, prod.operation(OrderOperation))
    file.connect(FileService.Output, ORDERS, mode="add")
    plan = prod.plan()
    assert_type(plan, ProductionChangePlan)
    assert_type(plan.operations, tuple[ProductionPlanOperation, ...])
    assert_type(prod.apply(plan, allow_destructive=True, reason="release"), ProductionApplyResult)
    assert_type(Production.rollback_backup("b", allow_destructive=True), ProductionVerifyResult)
    file.restart()


def mistakes(prod: Production, file: ComponentRef) -> None:
    prod.service("FileInput", FileService, pool_sise=3)  # wrong
    prod.service("FileInput", FileService, pool_size="3")  # wrong
    prod.component("FileInput", FileService, kind="servce")  # wrong
    prod.update_component(file, zap=1)  # wrong
    prod.connect(file.Output, 5)  # wrong
    prod.connect(file.Output, "Orders", mode="ad")  # wrong
    prod.timeouts(120)  # wrong
    prod.tseting()  # wrong
    file.connect(FileService.Outpt, "Orders")  # wrong
    file.pool_sise = 3  # wrong
    file.pol(3)  # wrong
    file.enabled = "yes"  # wrong
    Production("P", actor_pol_size=2)  # wrong
    ServiceItem("FileInput", FileService, pool_sise=3)  # wrong
    Route(5, "Orders")  # wrong
    prod.graph().to_mermiad()  # wrong
    prod.apply("plan.json")  # wrong
    prod.plan().operations[0].risk = "safe"  # wrong
    prod.apply(allow_destructve=True)  # wrong
