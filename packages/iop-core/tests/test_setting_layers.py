"""Layers of settings: which value wins."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iop_core import BusinessOperation, OutboundAdapter, controls, setting
from iop_core.definitions import ItemDefinition, ProductionDefinition
from iop_core.errors import SettingError
from iop_core.secret_references import dereferenced, masked
from iop_core.setting_discovery import apply_settings
from iop_core.setting_layers import ANY, DefaultSetting, Layer, LayerValue, Place, find_default, resolve
from iop_core.setting_resolution import ObeyedSettings, explain_item, with_defaults


class Line(OutboundAdapter):
    Host: str = "localhost"
    Port: int = 80


class Sender(BusinessOperation):
    Retries: int = 3
    Mode = setting("fast")
    Password: str = ""


def item(**changes: object) -> ItemDefinition:
    sender = ItemDefinition("Out", "operation", Sender, class_name="Demo.Sender", adapter_class=Line)
    return replace(sender, **changes)


def production(*items: ItemDefinition) -> ProductionDefinition:
    return ProductionDefinition("Demo.Production", items or (item(),))


KEYS = st.sampled_from([ANY, "a", "b"])
NAMES = st.sampled_from(["X", "Enabled"])
ROWS = st.dictionaries(st.tuples(KEYS, KEYS, KEYS, NAMES), st.sampled_from(["", "0", "1"]), max_size=20)


def model(rows: dict[tuple[str, str, str, str], str], place: tuple[str, str, str], name: str) -> str | None:
    """Look the value up the plain way: try each key from the most to the least specific."""
    production_name, item_name, class_name = place
    for one in (production_name, ANY):
        for other in (item_name, ANY):
            for third in (class_name, ANY):
                if (one, other, third, name) in rows:
                    return rows[one, other, third, name]
    return None


@given(rows=ROWS, place=st.tuples(*[st.sampled_from(["a", "b", "c"])] * 3), given_value=st.none() | st.just(""))
def test_resolution_agrees_with_a_plain_model(
    rows: dict[tuple[str, str, str, str], str], place: tuple[str, str, str], given_value: str | None
) -> None:
    defaults = [
        DefaultSetting(name=name, value=value, production=one, item=other, host_class=third)
        for (one, other, third, name), value in rows.items()
    ]
    for name, target in (("X", "Host"), ("Enabled", "Item")):
        found = find_default(defaults, Place(place[0], place[1], (place[2],)), name)
        expected = model(rows, place, name)
        assert (None if found is None else found.value) == expected
        own = None if given_value is None else LayerValue(Layer.PRODUCTION, given_value)
        resolved = resolve(target, name, given=own, default=found, class_default=LayerValue(Layer.CLASS, "class"))
        order = [expected, given_value, "class"] if target == "Item" else [given_value, expected, "class"]
        assert resolved.winner is not None
        assert resolved.winner.value == next(value for value in order if value is not None)
        assert [value.value for value in resolved.values] == [value for value in order if value is not None]


def test_defaults_fill_in_what_the_production_does_not_say() -> None:
    defaults = [
        DefaultSetting(name="Retries", value="9"),
        DefaultSetting(name="Mode", value="slow", item="Out"),
        DefaultSetting(name="Port", value="2575", host_class="Demo.Sender"),
        DefaultSetting(name="Elsewhere", value="1"),
    ]
    changed = with_defaults(production(item(host_settings={"Mode": ""})), defaults).items[0]
    assert changed.host_settings == {"Mode": "", "Retries": "9"}
    assert changed.adapter_settings == {"Port": "2575"}


def test_unknown_default_for_that_very_item_goes_to_the_host_which_warns() -> None:
    changed = with_defaults(production(), [DefaultSetting(name="Misspelt", value="1", item="Out")]).items[0]
    assert changed.host_settings == {"Misspelt": "1"}


def test_settings_of_the_engine_are_taken_by_every_class() -> None:
    obeyed = ObeyedSettings(host={"AlertOnError": False})
    changed = with_defaults(production(), [DefaultSetting(name="AlertOnError", value="1")], obeyed=obeyed).items[0]
    assert changed.host_settings == {"AlertOnError": "1"}


def test_overrides_beat_the_production() -> None:
    defaults = [
        DefaultSetting(name="PoolSize", value="4"),
        DefaultSetting(name="PoolSize", value="2", item="Out"),
        DefaultSetting(name="Enabled", value="0", production="Demo.Production"),
        DefaultSetting(name="ActorPoolSize", value="7"),
        DefaultSetting(name="TestingEnabled", value="1", production="Other"),
    ]
    changed = with_defaults(production(item(pool_size=9)), defaults)
    assert (changed.items[0].pool_size, changed.items[0].enabled) == (2, False)
    assert (changed.actor_pool_size, changed.testing_enabled) == (7, False)


class Vault(BusinessOperation):
    Pin: str = setting("0000", control=controls.secret())
    Host: str = "localhost"
    Password: str = ""


@pytest.mark.parametrize(
    ("name", "given", "shown"),
    [
        ("Pin", "4711", ["***", "***"]),  # its class declares it secret
        ("Pin", "secret://pin", ["secret://pin", "***"]),
        ("Password", "hunter2", ["***", ""]),  # it sounds so
        ("Host", "secret://host", ["secret://host", "***"]),  # another layer says so
        ("Host", "env:HOST", ["env:HOST", "localhost"]),
        ("Host", "farm", ["farm", "localhost"]),
    ],
)
def test_secrets_are_not_shown(name: str, given: str, shown: list[str]) -> None:
    vault = ItemDefinition("Vault", "operation", Vault, host_settings={name: given})
    (found,) = [one for one in explain_item(production(vault), vault, []) if one.name == name]
    assert [found.shown(value) for value in found.values] == shown


@pytest.mark.parametrize("value", ["many", "-1", "", "1.5"])
def test_override_that_is_no_number_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match="PoolSize"):
        with_defaults(production(), [DefaultSetting(name="PoolSize", value=value)])


def test_explanation_shows_each_layer() -> None:
    defaults = [DefaultSetting(name="Retries", value="9", item="Out")]
    explained = explain_item(
        production(item(host_settings={"Retries": "5"})), item(host_settings={"Retries": "5"}), defaults
    )
    retries = next(one for one in explained if one.name == "Retries")
    assert [(value.layer, value.value) for value in retries.values] == [
        (Layer.PRODUCTION, "5"),
        (Layer.DEFAULT, "9"),
        (Layer.CLASS, 3),
    ]
    assert retries.values[1].origin == "*/Out/*"
    assert {(one.target, one.name) for one in explained} == {
        ("Item", "Enabled"), ("Item", "PoolSize"), ("Host", "Retries"), ("Host", "Mode"), ("Host", "Password"),
        ("Adapter", "Host"), ("Adapter", "Port"),
    }  # fmt: skip


@pytest.mark.parametrize("keys", [{"item": "In*"}, {"production": ""}, {"name": "*"}, {"host_class": " x"}])
def test_other_wildcards_are_refused(keys: dict[str, str]) -> None:
    with pytest.raises(SettingError, match="cannot be used"):
        DefaultSetting(**{"name": "Port", "value": "1", **keys})


def test_reference_is_resolved_only_in_the_instance(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("SENDER_PASSWORD", "canary")
    monkeypatch.setenv("IOP_SECRETS_DIR", str(tmp_path))
    (tmp_path / "mode").write_text("slow\n", encoding="utf-8")
    sender = Sender.__new__(Sender)
    given = with_defaults(production(), [DefaultSetting(name="Password", value="env:SENDER_PASSWORD")]).items[0]
    assert "canary" not in repr(given)
    apply_settings(sender, {**given.host_settings, "Mode": "secret://mode"})
    assert (sender.Password, sender.Mode) == ("canary", "slow")


def test_errors_never_show_what_a_reference_names(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setenv("SENDER_RETRIES", "canary")
    monkeypatch.setenv("IOP_SECRETS_DIR", str(tmp_path))
    sender = Sender.__new__(Sender)
    with pytest.raises(SettingError, match="env:SENDER_RETRIES") as caught:
        apply_settings(sender, {"Retries": "env:SENDER_RETRIES"}, owner="Out")
    assert "canary" not in str(caught.value)
    assert caught.value.__cause__ is None
    for missing in ("env:NOT_SET_ANYWHERE", "secret://nothing"):
        with pytest.raises(SettingError, match="Password of Out"):
            apply_settings(sender, {"Password": missing}, owner="Out")


def test_only_whole_references_are_references() -> None:
    for text in ("environment", "env: x", "secret://../x/../../etc/passwd", "see env:X"):
        assert dereferenced(text) == text


def test_values_that_sound_secret_are_hidden() -> None:
    assert [masked(name, "x") for name in ("Password", "ApiKey", "AuthToken", "Port")] == ["***", "***", "***", "x"]
