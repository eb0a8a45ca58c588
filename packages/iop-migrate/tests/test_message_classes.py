"""Persistent message classes in the section CLASSES of a settings file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from iop_core.errors import SettingsFileError
from iop_core.persistent.classes import PERSISTENT_CLASSES, may_sync
from iop_migrate import Settings, load_settings, unload_settings

HEAD = """
from iop_core import BusinessOperation, Message, PersistentMessage
from iop_production import Production
PRODUCTIONS = [Production("Demo.Shop")]
class Order(PersistentMessage):
    OrderId: str
class Named(PersistentMessage):
    class Meta:
        classname = "Shop.Named"
class Unsynced(PersistentMessage):
    class Meta:
        auto_sync = False
class Plain(Message):
    pass
class Operation(BusinessOperation):
    pass
"""


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    names = set(sys.modules)
    yield
    for module in [module for name, module in sys.modules.items() if name not in names]:
        unload_settings(Settings(Path(), (), module))


def load(folder: Path, text: str, name: str = "shop_settings") -> Settings:
    file = folder / f"{name}.py"
    file.write_text(HEAD + text, encoding="utf-8")
    return load_settings(file)


def test_key_names_the_class_on_iris(tmp_path: Path) -> None:
    settings = load(tmp_path, "CLASSES = {'Shop.Msg.Order': Order, 'Shop.Named': Named, 'Shop.Op': Operation}")
    assert PERSISTENT_CLASSES.find("Shop.Msg.Order") is settings.module.Order
    assert PERSISTENT_CLASSES.name_of(settings.module.Order) == "Shop.Msg.Order"
    assert PERSISTENT_CLASSES.name_of(settings.module.Named) == "Shop.Named"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CLASSES = {'Shop.U': Unsynced}", True),
        ("PRODUCTIONS[0].message('Shop.U', Unsynced)", True),
        ("PRODUCTIONS[0].message('Shop.U', Unsynced, sync_schema=False)", False),
    ],
)
def test_registration_says_whether_the_schema_is_written(tmp_path: Path, text: str, expected: bool) -> None:
    settings = load(tmp_path, text)
    assert PERSISTENT_CLASSES.find("Shop.U") is settings.module.Unsynced
    assert may_sync(settings.module.Unsynced) is expected


def test_file_can_be_loaded_again(tmp_path: Path) -> None:
    first = load(tmp_path, "CLASSES = {'Shop.Msg.Order': Order}")
    second = load(tmp_path, "CLASSES = {'Shop.Msg.Order': Order}")
    assert PERSISTENT_CLASSES.find("Shop.Msg.Order") is second.module.Order is not first.module.Order


def test_name_of_an_unloaded_file_is_free(tmp_path: Path) -> None:
    unload_settings(load(tmp_path, "CLASSES = {'Shop.Msg.Order': Order}"))
    again = load(tmp_path, "CLASSES = {'Shop.Msg.Order': Order}", "other_settings")
    assert PERSISTENT_CLASSES.find("Shop.Msg.Order") is again.module.Order


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CLASSES = {'Shop.Other': Named}", r"CLASSES\['Shop.Other'\].*Meta.classname 'Shop.Named'.*'Shop.Other'"),
        ("CLASSES = {'bad name!': Order}", "'bad name!' is no name of a class on IRIS"),
        ("CLASSES = {'': Order}", "'' is no name of a class on IRIS"),
        ("CLASSES = {5: Order}", "the key has to be the name"),
        ("CLASSES = {'Shop.A': Order, 'Shop.B': Order}", "Order is registered under another name too"),
        ("class Late(PersistentMessage): pass\nCLASSES = {'Shop.A': Order, 'shop.a': Late}", "do not differ by case"),
        ("CLASSES = {'Shop.Plain': Plain}", "not persistent.*SCHEMAS"),
        ("CLASSES = [Order]", "CLASSES is a list; write a dict"),
        (
            "CLASSES = {'Shop.A': Order}\nPRODUCTIONS[0].message('Shop.A', Order, sync_schema=False)",
            r"'Shop.A' has sync_schema=False, and True in .*CLASSES\['Shop.A'\]; say the same in both",
        ),
    ],
)
def test_refused_before_anything_is_registered(tmp_path: Path, text: str, expected: str) -> None:
    with pytest.raises(SettingsFileError, match=expected):
        load(tmp_path, text)
    assert PERSISTENT_CLASSES.find("Shop.A") is None
