"""Discovery and lookup of plug-ins, with real distributions on the path."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from iop_core.errors import PluginError, UnknownPluginError
from iop_core.hookspecs import hookimpl
from iop_core.plugins import PluginRegistry, choose
from iop_core.serializers import Codec, Serializer


class UpperSerializer(Serializer):
    name = "upper"
    content_type = "text/plain"

    def accepts(self, message_class: type) -> bool:
        return message_class is str

    def codec_for(self, message_class: type) -> Codec:
        return Codec(lambda value: str(value).upper().encode(), lambda body: body.decode())


class OtherUpperSerializer(UpperSerializer):
    pass


class SerializerPlugin:
    """A plug-in that is an object, as one given in code may be."""

    def __init__(self, *offered: object) -> None:
        self.offered = offered

    @hookimpl
    def iop_serializers(self) -> list[object]:
        return list(self.offered)


@pytest.fixture
def registry() -> PluginRegistry:
    return PluginRegistry(discover=False)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that puts a distribution with one entry point on the path."""
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delenv("IOP_DISABLE_PLUGINS", raising=False)

    def install(name: str, source: str, *, version: str = "1.2.3") -> None:
        module = f"plugged_{name}"
        (tmp_path / f"{module}.py").write_text(source)
        info = tmp_path / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: plugged-{name}\nVersion: {version}\n")
        (info / "entry_points.txt").write_text(f"[iop.plugins]\n{name} = {module}\n")

    return install


GOOD = """
from iop_core.hookspecs import hookimpl
class {cls}:
    name = "{name}"
@hookimpl
def iop_stores():
    return [{cls}]
"""


def test_built_in_answers_come_from_the_same_hooks(registry: PluginRegistry) -> None:
    assert list(registry.names()) == ["iop-core"]
    assert "json" in registry.serializers()
    assert "Ens.InboundAdapter" in registry.components()
    assert registry.backends() == {}


def test_plugin_given_in_code_adds_to_the_built_ins(registry: PluginRegistry) -> None:
    registry.register(SerializerPlugin(UpperSerializer), name="mine")
    assert registry.serializers()["upper"] is UpperSerializer
    assert "json" in registry.serializers()


def test_installed_plugin_is_found_and_named_with_its_distribution(install) -> None:
    install("zinc", GOOD.format(cls="ZincStore", name="zinc"))
    registry = PluginRegistry()
    assert registry.names()["zinc"] == "plugged-zinc 1.2.3"
    assert registry.stores()["zinc"].__name__ == "ZincStore"


def test_installed_plugins_are_registered_in_order_of_their_names(install) -> None:
    for name in ("zeta", "alpha", "mid"):
        install(name, GOOD.format(cls="Store", name=name))
    ours = [name for name in PluginRegistry().names() if name in ("zeta", "alpha", "mid")]
    assert ours == ["alpha", "mid", "zeta"]


def test_registry_without_discovery_ignores_what_is_installed(install, registry: PluginRegistry) -> None:
    install("zinc", GOOD.format(cls="ZincStore", name="zinc"))
    assert "zinc" not in PluginRegistry(discover=False).names()


@pytest.mark.parametrize("value", ["broken", "other, broken ,", "broken,zinc"])
def test_disabled_plugin_is_not_even_imported(install, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    install("broken", "raise RuntimeError('boom')")
    monkeypatch.setenv("IOP_DISABLE_PLUGINS", value)
    assert "broken" not in PluginRegistry().names()


def test_plugin_that_cannot_be_imported_is_named_with_the_way_out(install) -> None:
    install("broken", "raise RuntimeError('boom')")
    with pytest.raises(PluginError, match=r"'broken' \(plugged_broken\).*boom.*IOP_DISABLE_PLUGINS=broken") as caught:
        PluginRegistry()
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_misspelt_hook_is_refused(registry: PluginRegistry) -> None:
    class Misspelt:
        @hookimpl
        def iop_serialisers(self) -> list[object]:
            return []

    with pytest.raises(PluginError, match=r"'mine' implements a hook that does not exist.*iop_serialisers"):
        registry.register(Misspelt(), name="mine")


def test_name_offered_twice_names_both_classes_and_the_plugin(registry: PluginRegistry) -> None:
    registry.register(SerializerPlugin(UpperSerializer), name="first")
    registry.register(SerializerPlugin(OtherUpperSerializer), name="second")
    with pytest.raises(PluginError, match="IOP_DISABLE_PLUGINS=") as caught:
        registry.serializers()
    assert UpperSerializer.__qualname__ in str(caught.value)
    assert OtherUpperSerializer.__qualname__ in str(caught.value)


@pytest.mark.parametrize("offer", [SimpleNamespace(), SimpleNamespace(name=""), SimpleNamespace(name=7)])
def test_offer_without_a_name_is_refused(registry: PluginRegistry, offer: object) -> None:
    registry.register(SerializerPlugin(offer), name="mine")
    with pytest.raises(PluginError, match="plug-in 'mine' has no 'name'"):
        registry.serializers()


def test_plugin_that_raises_is_named_and_its_error_kept(registry: PluginRegistry) -> None:
    class Failing:
        @hookimpl
        def iop_backends(self) -> list[object]:
            raise KeyError("lost")

    registry.register(Failing(), name="mine")
    with pytest.raises(PluginError, match=r"'mine' failed in iop_backends: 'lost'") as caught:
        registry.backends()
    assert isinstance(caught.value.__cause__, KeyError)


def test_component_offered_twice_is_refused(registry: PluginRegistry) -> None:
    class Components:
        @hookimpl
        def iop_components(self) -> dict[str, type]:
            return {"Ens.InboundAdapter": int}

    registry.register(Components(), name="mine")
    with pytest.raises(PluginError, match=r"'Ens\.InboundAdapter' is offered twice"):
        registry.components()


def test_choice_is_by_name() -> None:
    assert choose("serializer", "upper", {"upper": UpperSerializer}) is UpperSerializer


def test_unknown_choice_lists_what_is_installed_and_where_to_get_it() -> None:
    with pytest.raises(UnknownPluginError, match=r"local.*pip install iop-engine") as caught:
        choose("backend", "local", {"http": object()})
    assert "http" in str(caught.value)


def test_unknown_choice_guesses_a_misspelling() -> None:
    with pytest.raises(UnknownPluginError, match=r"did you mean 'upper'\?"):
        choose("serializer", "uper", {"upper": UpperSerializer})
