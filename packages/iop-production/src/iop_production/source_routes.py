"""Routes of an imported production that are concluded from the source of its components."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from iop_production.graph import GraphEdge
from iop_production.source_files import check_roots, read_source, source_files
from iop_production.source_sends import SourceClass, SourceSend, objectscript_classes, python_classes
from iop_production.target_lists import split_targets
from iop_production.texts import text_of

if TYPE_CHECKING:
    from iop_production.component_ref import ComponentRef
    from iop_production.routes import Routes

_DEPTH = 8


def infer_source_routes(
    items: Mapping[str, ComponentRef], routes: Routes, roots: Iterable[str | os.PathLike[str]]
) -> list[str]:
    """Add the sends that are found in source below the roots to the routes; return warnings.

    A route that is known already learns how it is used, as far as that was not known. Only
    sends to items count. Nothing is imported.

    Raises:
        ProductionError: A root does not exist.
        ProductionTypeError: ``roots`` is no list of paths.
    """
    warnings: list[str] = []
    classes = _Classes(_read_all(check_roots(roots), warnings))
    known: dict[tuple[str, str], list[GraphEdge]] = {}
    for edge in routes.edges():
        known.setdefault((edge.source_item, edge.target), []).append(edge)
    for name, ref in items.items():
        source_class = classes.find(ref)
        if source_class is None:
            continue
        found: dict[tuple[str, str], GraphEdge] = {}
        for send, target in _sends_of(source_class, ref, classes):
            if target not in items:
                continue
            metadata = {"source": f"{source_class.language} source", "detail": send.detail}
            here = known.get((name, target)) or [GraphEdge(name, target, "", "inferred", send.interaction, metadata)]
            for edge in here:
                found.setdefault((edge.source_port, target), _described(edge, send, metadata))
        routes.observe(name, found.values())
    return warnings


def _read_all(roots: list[Path], warnings: list[str]) -> Iterator[SourceClass]:
    for suffix in (".py", ".cls"):
        for file in source_files(roots, suffix):
            try:
                source = read_source(file.path)
                yield from python_classes(source, file.module) if suffix == ".py" else objectscript_classes(source)
            except (OSError, SyntaxError, ValueError, RecursionError) as error:  # not UTF-8 is a ValueError
                warnings.append(f"Source cannot be read: {file.path}: {' '.join(str(error).split())}")


class _Classes:
    """The classes in source, to be found by what is known of an item."""

    def __init__(self, classes: Iterable[SourceClass]) -> None:
        self._by_name: dict[str, list[SourceClass]] = {}
        for one in classes:
            self._by_name.setdefault(_folded(one.name), []).append(one)

    def find(self, ref: ComponentRef) -> SourceClass | None:
        """Return the class of an item.

        ObjectScript is found by its name. Python is found by the module and class that IRIS
        reports, else by the name of its proxy class, which holds both.
        """
        native = [one for one in self._by_name.get(_folded(ref.class_name), ()) if one.language == "ObjectScript"]
        if native:
            return native[0]
        said = ref.runtime_metadata
        module = text_of(said.get("module") or ref.host_settings.get("%module"))
        name = text_of(said.get("classname") or ref.host_settings.get("%classname"))
        if not (module and name) and ref.class_name.startswith("Python."):
            module, _, name = ref.class_name.removeprefix("Python.").rpartition(".")
        candidates = (one for one in self._by_name.get(_folded(name), ()) if one.language == "Python")
        return next((one for one in candidates if _is_same_module(one.module, module)), None) if module else None

    def base(self, name: str, module: str) -> SourceClass | None:
        """Return a base class: of the same module, else the only one of that name."""
        named = [one for one in self._by_name.get(_folded(name), ()) if one.name == name and one.language == "Python"]
        near = [one for one in named if one.module == module]
        return near[0] if near else named[0] if len(named) == 1 else None


def _folded(name: str) -> str:
    # Names of classes on IRIS have no underscores.
    return name.replace("_", "")


def _is_same_module(found: str, wanted: str) -> bool:
    left, right = (f".{_folded(module)}" for module in (found, wanted))
    return left.endswith(right) or right.endswith(left)


def _line_of(source_class: SourceClass, classes: _Classes, depth: int = _DEPTH) -> Iterator[SourceClass]:
    yield source_class
    for name in source_class.bases if depth else ():
        base = classes.base(name, source_class.module)
        if base is not None and base is not source_class:
            yield from _line_of(base, classes, depth - 1)


def _sends_of(source_class: SourceClass, ref: ComponentRef, classes: _Classes) -> Iterator[tuple[SourceSend, str]]:
    line = list(_line_of(source_class, classes))
    for send in (send for one in line for send in one.sends):
        if send.literal:
            texts = [send.literal]
        elif send.name in ref.host_settings:
            texts = [text_of(ref.host_settings[send.name])]
        else:
            nearest = next((one for one in line if send.name in one.texts), source_class)
            texts = nearest.texts.get(send.name, [])
        for target in (target for text in texts for target in split_targets(text)):
            yield send, target


def _described(edge: GraphEdge, send: SourceSend, metadata: Mapping[str, str]) -> GraphEdge:
    is_open = edge.interaction in ("request", "unknown")
    return replace(
        edge,
        interaction=send.interaction if is_open else edge.interaction,
        metadata={**metadata, **edge.metadata},
    )
