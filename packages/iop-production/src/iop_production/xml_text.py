"""A production as the XML that IRIS exports and imports.

Text is kept to the character, white space included: line ends and tabs are written so that
no XML reader normalises them. Characters that XML cannot hold are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape

from iop_core.errors import ProductionError
from iop_production.loose_data import list_of, mapping_of
from iop_production.reading import production_body
from iop_production.texts import text_of

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_ELEMENT_NAME = re.compile(r"[A-Za-z_][\w.-]*")
_IN_TEXT = {"\r": "&#13;"}
_IN_ATTRIBUTES = {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"}
# Elements that may come several times, each with attributes of its own, by what they stand in.
_LISTED = {"Production": ("Setting", "Item"), "Item": ("Setting",)}


def render_xml(data: Mapping[str, Any]) -> str:
    """Return an exported production as XML, indented with tabs, without an XML declaration.

    Args:
        data: What ``to_dict()`` gives.

    Raises:
        ProductionError: A text holds a character that XML cannot hold; the error says where.
        ProductionTypeError: Not an exported production.
    """
    _, body = production_body(data)
    return "\n".join(_element("Production", body, "production", ""))


def parse_xml(text: str | bytes) -> dict[str, dict[str, Any]]:
    """Return the dictionary that a production's XML stands for: ``{name: {...}}``.

    A document type declaration is refused, so that no entity can be defined.

    Raises:
        ProductionError: Not well-formed, with a document type, or not a production.

    Example:
        >>> parse_xml('<Production Name="P"><Description> a </Description></Production>')
        {'P': {'@Name': 'P', 'Description': ' a '}}
    """
    root = _parse(text)
    if root.tag != "Production":
        raise ProductionError(f"the XML holds <{root.tag}>, where <Production> is expected")
    return {root.get("Name", "Production"): _data_of(root)}


def _element(tag: str, data: Mapping[str, Any], path: str, indent: str) -> Iterator[str]:
    attributes = "".join(
        f' {_name(key[1:], path)}="{_escaped(value, f"{path} ({key})", _IN_ATTRIBUTES)}"'
        for key, value in data.items()
        if key.startswith("@")
    )
    text = _escaped(data.get("#text"), path, _IN_TEXT)
    children = [line for key in data if key[:1] not in "@#" for line in _children(key, data[key], path, f"{indent}\t")]
    start, end = f"{indent}<{_name(tag, path)}{attributes}>", f"</{tag}>"
    if children:
        yield from (start, *children, f"{indent}{end}")
    else:
        yield f"{start}{text}{end}"


def _children(key: str, value: object, path: str, indent: str) -> Iterator[str]:
    if key not in _LISTED["Production"]:
        field = {"#text": text_of(value)}
        yield from _element(key, field, f"{path}.{key}", indent)
        return
    for entry in list_of(value):
        data = mapping_of(entry)
        parts = ("items",) if key == "Item" else (path, "settings", text_of(data.get("@Target")))
        yield from _element(key, data, ".".join(part for part in (*parts, text_of(data.get("@Name"))) if part), indent)


def _name(name: str, path: str) -> str:
    if not _ELEMENT_NAME.fullmatch(name):
        raise ProductionError(f"{path} has the key {name!r}, which cannot be a name in XML")
    return name


def _escaped(value: object, path: str, entities: Mapping[str, str]) -> str:
    text = text_of(value)
    illegal = _NOT_IN_XML.search(text)
    if illegal:
        raise ProductionError(
            f"{path!r} holds the character {illegal.group()!r} at position {illegal.start()}, which XML cannot hold; "
            "remove it"
        )
    return escape(text, dict(entities))


def _parse(text: str | bytes) -> Element:
    builder = TreeBuilder()
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(text, True)
    except (expat.ExpatError, ValueError) as error:
        if isinstance(error, ProductionError):
            raise
        raise ProductionError(f"the XML cannot be read: {error}") from error
    return builder.close()


def _refuse_document_type(*_: object) -> None:
    raise ProductionError("the XML has a document type declaration (<!DOCTYPE ...>), which is not allowed; remove it")


def _data_of(element: Element) -> dict[str, Any]:
    data: dict[str, Any] = {f"@{name}": value for name, value in element.attrib.items()}
    if element.tag == "Setting":
        return {**data, "#text": element.text or ""}
    for child in element:
        if child.tag in _LISTED[element.tag]:
            data.setdefault(child.tag, []).append(_data_of(child))
        else:
            data[child.tag] = child.text or ""
    return data
