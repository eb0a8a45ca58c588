"""The settings that the engine obeys are those that checks of productions know."""

import pytest

from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError
from iop_core.item_settings import ADAPTER_SETTINGS, ITEM_SETTINGS
from iop_engine.engine_settings import DEFAULTS, read_engine_settings
from iop_engine.resolved_settings import OBEYED


def test_engine_obeys_the_known_settings_and_no_others() -> None:
    assert set(DEFAULTS) == set(ITEM_SETTINGS)
    assert set(OBEYED.adapter) == set(ADAPTER_SETTINGS)


@pytest.mark.parametrize("name", ITEM_SETTINGS)
def test_default_is_of_the_type_of_the_setting(name: str) -> None:
    assert type(DEFAULTS[name]) is ITEM_SETTINGS[name].python_type


def item(**settings: object) -> ItemDefinition:
    return ItemDefinition("Op", "operation", None, host_settings=settings)


def test_value_is_read_as_the_type_of_the_setting() -> None:
    settings = read_engine_settings(item(RetryInterval="0.5", ArchiveIO="1", RetryOn="A, B"), object())
    assert (settings.retry_interval, settings.archive_bytes, settings.retry_on) == (0.5, 100_000, {"A", "B"})


def test_wrong_value_names_the_setting() -> None:
    with pytest.raises(ComponentStartError, match="setting RetryInterval: 'soon' is not a number"):
        read_engine_settings(item(RetryInterval="soon"), object())
