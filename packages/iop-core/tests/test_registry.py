"""The registry of message classes."""

from __future__ import annotations

import sys

import pytest

from iop_core.errors import SerializationError, UnknownMessageClassError
from iop_core.registry import MessageRegistry, class_name_of


class Outer:
    class Inner:
        pass


def test_names_follow_the_nesting_of_classes():
    assert class_name_of(Outer.Inner) == f"{__name__}.Outer.Inner"


def test_a_class_is_found_by_its_name_once_registered():
    registry = MessageRegistry()
    name = class_name_of(Outer.Inner)
    assert name not in registry
    registry.register(Outer.Inner)
    assert name in registry
    assert registry.get(name) is Outer.Inner


def test_the_later_class_of_a_name_takes_the_place_of_the_earlier():
    registry = MessageRegistry()
    first, second = (type("Order", (), {"__module__": "shop"}) for _ in range(2))
    registry.register(first)
    registry.register(second)
    assert registry.get("shop.Order") is second


@pytest.mark.parametrize("name", ["antigravity.fly", "", "no_dot", ".x", "iop_core.registry.MessageRegistry"])
def test_an_unknown_name_is_an_error_and_never_an_import(name: str):
    with pytest.raises(UnknownMessageClassError) as caught:
        MessageRegistry().get(name)
    assert isinstance(caught.value, SerializationError)
    assert repr(name) in str(caught.value)
    assert "antigravity" not in sys.modules
