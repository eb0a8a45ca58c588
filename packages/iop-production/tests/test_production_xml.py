"""Productions as XML, byte by byte."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iop_core.errors import ProductionError
from iop_production import Production

CHARACTERS = st.characters(exclude_categories=("Cs",)).filter(
    lambda character: character in "\t\n\r" or ("\x20" <= character and character not in "\ufffe\uffff")
)
TEXTS = st.text(st.one_of(CHARACTERS, st.sampled_from(" \t\n\r&<>\"']")), max_size=6)
NAMES = st.text(CHARACTERS, min_size=1, max_size=5).filter(lambda name: name == name.strip() and "," not in name)


def test_example_of_the_documentation(prod) -> None:
    item = 'PoolSize="1" Enabled="true" Foreground="false" Comment="" LogTraceEvents="false" Schedule=""'
    assert prod.to_xml() == (
        '<Production Name="Demo.Production" TestingEnabled="false" LogGeneralTraceEvents="false">\n'
        "\t<Description></Description>\n"
        "\t<ActorPoolSize>2</ActorPoolSize>\n"
        f'\t<Item Name="FileInput" Category="" ClassName="Python.demoapp.FileService" {item}>\n'
        '\t\t<Setting Target="Host" Name="Output">OrderOperation</Setting>\n'
        "\t</Item>\n"
        f'\t<Item Name="OrderOperation" Category="" ClassName="Python.demoapp.OrderOperation" {item}></Item>\n'
        "</Production>"
    )


def test_settings_of_the_production() -> None:
    lines = Production("P").timeouts(shutdown=300).to_xml().splitlines()
    assert lines[2:4] == ["\t<ActorPoolSize>2</ActorPoolSize>", '\t<Setting Name="ShutdownTimeout">300</Setting>']


@st.composite
def productions(draw: st.DrawFn) -> Production:
    prod = Production(draw(NAMES), description=draw(TEXTS))
    prod.other_settings += [{"@Name": draw(NAMES), "#text": draw(TEXTS)} for _ in range(draw(st.integers(0, 2)))]
    for name in draw(st.lists(NAMES, max_size=3, unique=True)):
        ref = prod.component(name, class_name=draw(NAMES), comment=draw(TEXTS), category=draw(TEXTS))
        ref.host_settings.update(draw(st.dictionaries(TEXTS, TEXTS, max_size=3)))
        ref.adapter_settings.update(draw(st.dictionaries(TEXTS, TEXTS, max_size=3)))
    return prod


@given(productions())
@settings(max_examples=100, deadline=None)
def test_text_is_kept_to_the_character(prod: Production) -> None:
    xml = prod.to_xml()
    assert Production.from_xml(xml).to_dict() == prod.to_dict()
    assert Production.from_xml(xml.encode()).to_dict() == prod.to_dict()
    root = ElementTree.fromstring(xml)  # another reader of the standard library sees the same
    assert root.get("Name") == prod.name
    assert (root.findtext("Description") or "") == prod.description


def test_white_space_of_an_export_is_kept() -> None:
    prod = Production("P")
    prod.component("A", "D.A", settings={"a": "  x  ", "b": "\t", "c": "1\r\n2"})
    assert "&#13;\n2</Setting>" in prod.to_xml()
    assert Production.from_xml(prod.to_xml()).item("A").host_settings == {"a": "  x  ", "b": "\t", "c": "1\r\n2"}


@pytest.mark.parametrize("character", ["\x01", "\x0b", "\ufffe", "\ud800"])
def test_characters_that_xml_cannot_hold_are_refused_with_their_place(character) -> None:
    prod = Production("P")
    prod.component("A", "D.A", settings={"s": f"ab{character}"})
    with pytest.raises(ProductionError, match=r"'items.A.settings.Host.s' holds the character .* at position 2"):
        prod.to_xml()
    with pytest.raises(ProductionError, match=r"'production.Description' holds"):
        Production("P", description=character).to_xml()
    named = Production("P")
    named.component("A", "D.A", comment=character)
    with pytest.raises(ProductionError, match=r"'items.A \(@Comment\)' holds"):
        named.to_xml()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("<Production", "the XML cannot be read: unclosed token"),
        ("", "the XML cannot be read: no element found"),
        ("<Production Name='\ud800'/>", "the XML cannot be read: "),
        ("<Export/>", "the XML holds <Export>, where <Production> is expected"),
        ('<!DOCTYPE a [<!ENTITY e "x">]><Production Name="&e;"/>', "document type declaration"),
        ('<!DOCTYPE a SYSTEM "file:///etc/passwd"><Production/>', "document type declaration"),
        (b"<Production>\xff</Production>", "the XML cannot be read: not well-formed"),
    ],
)
def test_what_cannot_be_read(text, error) -> None:
    with pytest.raises(ProductionError, match=error):
        Production.from_xml(text)


@pytest.mark.parametrize("tag", ["a", "Item", "Setting"])
def test_deep_nesting_is_no_danger(tag) -> None:
    depth = 100_000
    assert Production.from_xml(f"<Production>{f'<{tag}>' * depth}{f'</{tag}>' * depth}</Production>").items == ()


def test_production_without_a_name_is_called_production() -> None:
    assert Production.from_xml("<Production/>").name == "Production"
