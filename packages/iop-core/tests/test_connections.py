"""Where a component may send to, as its source says."""

from __future__ import annotations

import asyncio
import textwrap

import pytest

from iop_core import BusinessOperation, BusinessProcess, BusinessService, InboundAdapter, setting, target

CONSTANT = "Constant"
ROUTES = {"a": "RouteA", "b": "RouteB"}


class Port:
    """Stands for a class of another package that is no port of ours."""

    def resolve(self):
        raise AssertionError("foreign code must not run")


class Names:
    OTHER = "OfAClass"


class Everything(BusinessOperation):
    Output = target("OutputDefault")
    Unset = target()
    Configured = setting("ConfiguredDefault")
    attribute = "Attribute"
    several = ("First", "Second")
    number = 5
    port = Port()

    @property
    def dangerous(self):
        raise AssertionError("properties must not run")

    def on_init(self):
        raise AssertionError("on_init must not run")

    def on_message(self, request):
        self.send_request_sync("Literal", request)
        self.send_request_async(target="Keyword", request=request)
        self.send_request_async(self.Output, request)
        self.send_request_async(self.Unset, request)
        self.send_request_sync(self.Configured, request)
        self.send_request_sync(self.attribute, request)
        for _ in self.send_generator_request("Generator", request):
            pass
        self.send_request_async(CONSTANT, request)
        self.send_request_async(Names.OTHER, request)
        self.send_request_async("Comma1, Comma2", request)
        self.send_request_async("Literal", request)  # again
        other = request
        other.send_request_sync("OfAnotherObject", request)
        self.send_request_sync(self.dangerous, request)
        self.send_request_sync(self.number, request)
        self.send_request_sync(self.port, request)
        self.send_request_sync(undefined, request)  # noqa: F821
        self.send_request_sync(f"{request}", request)

    async def ask(self, request):
        return await asyncio.gather(self.send_request_async_ng("Awaited", request))


class Flow(BusinessProcess):
    several = ("First", "Second")

    def on_request(self, request):
        local = "Local" if request else "Else"
        self.send_request_async(local, request)
        for name in self.several:
            self.send_request_async(name, request)
        self.send_request_async(ROUTES[request.kind], request)
        self.send_request_async(ROUTES.get(request.kind, "Fallback"), request)
        requests = [("Multi1", request)]
        self.send_multi_request_sync(requests)
        self.send_multi_request_sync([("Multi2", request), (CONSTANT, request)])
        self.send_multi_request_sync([(each, request) for each in ("Multi3", "Multi4")])

        def nested():
            self.send_request_async("Nested", request)

        nested()
        endless = endless  # noqa: F821
        self.send_request_async(endless, request)


def new(cls):
    return cls.__new__(cls)


def test_every_way_to_name_a_target() -> None:
    assert new(Everything).on_get_connections() == [
        *("Literal", "Keyword", "OutputDefault", "ConfiguredDefault", "Attribute", "Generator", "Constant"),
        *("OfAClass", "Comma1", "Comma2", "Awaited"),
    ]


def test_names_are_followed() -> None:
    assert new(Flow).on_get_connections() == [
        *("Local", "Else", "First", "Second", "RouteA", "RouteB", "Fallback"),
        *("Multi1", "Multi2", "Constant", "Multi3", "Multi4", "Nested"),
    ]


def test_values_of_the_instance_count() -> None:
    component = new(Everything)
    component.Output = "Connected"
    component.attribute = "Changed"
    found = component.on_get_connections()
    assert {"Connected", "Changed"} < set(found)
    assert "OutputDefault" not in found


def test_inherited_methods_count_unless_they_are_overridden() -> None:
    class Parent(BusinessService):
        def on_message(self, request):
            self.send_request_async("Overridden", request)

        def kept(self, request):
            self.send_request_async("Kept", request)

        def extended(self, request):
            self.send_request_async("Extended", request)

    class Child(Parent):
        def on_message(self, request):
            self.send_request_async("Own", request)

        def extended(self, request):
            super().extended(request)

    assert new(Child).on_get_connections() == ["Own", "Kept", "Extended"]


def test_no_source_gives_nothing() -> None:
    namespace = {"BusinessService": BusinessService, "__name__": "at_the_prompt"}
    exec(
        textwrap.dedent("""
        class Typed(BusinessService):
            def on_message(self, request):
                self.send_request_async("Somewhere", request)
        """),
        namespace,
    )
    assert new(namespace["Typed"]).on_get_connections() == []


@pytest.mark.parametrize("cls", [BusinessService, BusinessProcess, BusinessOperation, InboundAdapter])
def test_own_classes_send_nowhere(cls) -> None:
    assert new(cls).on_get_connections() == []
    assert cls.OnGetConnections() is None
