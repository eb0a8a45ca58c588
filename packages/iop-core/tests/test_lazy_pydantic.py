"""Pydantic is loaded late, perhaps by another thread at this very moment."""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass

import pytest

from iop_core import Message
from iop_core.json_serializer import JsonSerializer


@dataclass
class Late(Message):
    number: int = 0


@pytest.mark.parametrize("half_loaded", ["pydantic", "pydantic.main"])
def test_module_without_its_classes_yet_is_no_obstacle(monkeypatch: pytest.MonkeyPatch, half_loaded: str) -> None:
    monkeypatch.setitem(sys.modules, half_loaded, types.ModuleType(half_loaded))
    assert JsonSerializer().accepts(Late)
    assert not JsonSerializer().accepts(int)
