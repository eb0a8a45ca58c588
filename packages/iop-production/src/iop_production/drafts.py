"""A production as Python source, to take over what was made elsewhere.

A draft is to be reviewed and then kept by hand. Run as it is, it makes a production that is
deployed the same. Items have the names of their classes, as in what IRIS exports.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from iop_production.draft_items import (
    DraftItem,
    draft_items,
    other_production_settings,
    production_fields,
    python_class_comments,
    review_comments,
)
from iop_production.python_source import class_name, variable_names

if TYPE_CHECKING:
    from iop_production.production import Production

_HEADER = (
    "# Generated from the export of a production.",
    "# Review it before use: classes stand here by name, and routes as they were found.",
    "# Run as it is, it makes a production that is deployed the same.",
)
# Class attribute and item class of each kind, in the order in which a production adds them.
_SECTIONS = {
    "component": ("components", "ComponentItem"),
    "service": ("services", "ServiceItem"),
    "process": ("processes", "ProcessItem"),
    "operation": ("operations", "OperationItem"),
}
_RESERVED_CLASSES = ("Production", "PRODUCTIONS", "Route", *(item for _, item in _SECTIONS.values()))


def draft_python(production: Production) -> str:
    """Return source that builds the production step by step."""
    items = draft_items(production)
    variables = variable_names((item.name for item in items), ("prod",))
    lines = [*_HEADER, "from iop import Production", "", ""]
    fields = production_fields(production)
    if fields:
        lines += [f"prod = Production({production.name!r},", *_keywords(fields, "    "), ")"]
    else:
        lines.append(f"prod = Production({production.name!r})")
    lines += [f"prod.other_settings.append({entry})" for entry in other_production_settings(production)]
    for item in items:
        lines += ["", *_component_lines(item, variables[item.name])]
    connections = [
        f"{variables[item.name]}.{'connect_add' if position else 'connect'}({port!r}, {variables[target]})"
        for item in sorted(items, key=lambda item: item.name)
        for port, targets in item.routes.items()
        for position, target in enumerate(targets)
    ]
    lines += _block(connections) + _block(review_comments(production))
    return "\n".join([*lines, "", "PRODUCTIONS = [prod]", ""])


def draft_class(production: Production) -> str:
    """Return source that declares the production as a class."""
    items = draft_items(production)
    name = class_name(production.name, _RESERVED_CLASSES)
    used = sorted({_SECTIONS[item.kind][1] for item in items})
    names = ["Production", *used, *(["Route"] if any(item.routes for item in items) else [])]
    lines = [*_HEADER, *python_class_comments(items), f"from iop import {', '.join(names)}", "", ""]
    lines += [f"class {name}(Production):", f"    name = {production.name!r}"]
    lines += [f"    {field} = {source}" for field, source in production_fields(production).items()]
    settings = other_production_settings(production)
    if settings:
        lines += ["    other_settings = [", *(f"        {entry}," for entry in settings), "    ]"]
    for kind, (section, item_class) in _SECTIONS.items():
        members = [item for item in items if item.kind == kind]
        if members:
            lines += ["", f"    {section} = ("]
            for item in members:
                lines += _declaration_lines(item, item_class)
            lines.append("    )")
    lines += ["", *_block(review_comments(production))]
    return "\n".join([*lines, "", f"PRODUCTIONS = [{name}()]", ""])


def _block(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def _keywords(options: Mapping[str, str], indent: str) -> Iterator[str]:
    return (f"{indent}{name}={source}," for name, source in options.items())


def _component_lines(item: DraftItem, variable: str) -> Iterator[str]:
    kind = {} if item.kind == "component" else {"kind": repr(item.kind)}
    yield f"{variable} = prod.component("
    yield f"    {item.name!r},"
    yield from _keywords({"class_name": repr(item.class_name), **kind, **item.options("    ")}, "    ")
    yield ")"
    for entry in item.other_settings:
        yield f"{variable}.other_setting({entry['@Target']!r}, {entry['@Name']!r}, {entry['#text']!r})"


def _declaration_lines(item: DraftItem, item_class: str) -> Iterator[str]:
    indent = " " * 12
    yield f"        {item_class}("
    yield f"{indent}{item.name!r},"
    yield f"{indent}{item.class_name!r},"
    yield from _keywords(item.options(indent), indent)
    if item.other_settings:
        yield f"{indent}other_settings=("
        yield from (f"{indent}    {entry!r}," for entry in item.other_settings)
        yield f"{indent}),"
    routes = [f"Route({port!r}, {_targets(targets)})" for port, targets in item.routes.items()]
    if len(routes) == 1:
        yield f"{indent}routes=({routes[0]},),"
    elif routes:
        yield from (f"{indent}routes=(", *(f"{indent}    {route}," for route in routes), f"{indent}),")
    yield "        ),"


def _targets(names: tuple[str, ...]) -> str:
    return repr(names[0] if len(names) == 1 else names)
