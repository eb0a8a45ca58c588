"""The source of the methods that a component class really has, read without running any of it."""

from __future__ import annotations

import ast
import linecache
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import CodeType, FunctionType
from typing import TypeAlias

from iop_core.annotations import own_annotations
from iop_core.class_members import is_framework

Function: TypeAlias = "ast.FunctionDef | ast.AsyncFunctionDef"

# What leaves a method's body as it is; with any other decorator something else may run.
_HARMLESS_DECORATORS = frozenset({"handler", "override"})


@dataclass(frozen=True, eq=False)
class MethodSource:
    """One method of a user's class.

    Attributes:
        owner: The class in whose body it stands.
        code: What Python runs.
        global_names: The names of its module.
        cells: The names of enclosing functions that it uses.
        annotations: Those of its parameters, as far as they have a meaning.
        node: Its source.
    """

    owner: type
    code: CodeType
    global_names: Mapping[str, object]
    cells: Mapping[str, object]
    annotations: Mapping[str, object]
    node: Function

    @property
    def name(self) -> str:
        """Name of the method."""
        return self.node.name

    @property
    def place(self) -> str:
        """``Class.method``."""
        return f"{self.owner.__name__}.{self.name}"

    @property
    def file(self) -> str:
        """Name of its file, without the folder."""
        return Path(self.code.co_filename).name

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of all parameters, the instance first."""
        given = self.node.args
        several = [one for one in (given.vararg, given.kwarg) if one is not None]
        return tuple(one.arg for one in (*given.posonlyargs, *given.args, *given.kwonlyargs, *several))

    @property
    def self_name(self) -> str:
        """What the method calls its instance."""
        return self.parameters[0]

    @cached_property
    def optional_parameters(self) -> frozenset[str]:
        """Parameters that a caller may leave out."""
        given = self.node.args
        by_position = [*given.posonlyargs, *given.args]
        optional = by_position[len(by_position) - len(given.defaults) :] if given.defaults else []
        named = [one for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True) if default is not None]
        several = [one for one in (given.vararg, given.kwarg) if one is not None]
        return frozenset(one.arg for one in (*optional, *named, *several))

    @cached_property
    def bindings(self) -> dict[str, list[ast.AST | None]]:
        """Name to everything that binds it: the value assigned, the loop or the block that does, or None."""
        return _bindings_of(self.node)


def methods_of(component_class: type) -> Iterator[MethodSource]:
    """Yield the methods in the classes of users that a component class has, also overridden ones.

    Left out are those whose source cannot be found, no longer fits the code, or is wrapped.
    """
    for owner in component_class.__mro__:
        if is_framework(owner):
            continue
        for name, value in vars(owner).items():
            found = _find(owner, name, value) if isinstance(value, FunctionType) else None
            if found is not None:
                yield found


def is_plain(function: object) -> bool:
    """Return whether a call of this gives what its return annotation says: no wrapper, no coroutine."""
    if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        return False
    generator_or_async = 0x20 | 0x80 | 0x200  # CO_GENERATOR, CO_COROUTINE, CO_ASYNC_GENERATOR
    return not function.__code__.co_flags & generator_or_async and function.__code__.co_name == function.__name__


def cells_of(function: FunctionType) -> dict[str, object]:
    """Return what the names of enclosing functions stand for in a function."""
    found: dict[str, object] = {}
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not bound yet
            continue
    return found


def _find(owner: type, name: str, function: FunctionType) -> MethodSource | None:
    code = function.__code__
    node = _functions_in(code.co_filename).get((name, code.co_firstlineno))
    if node is None or hasattr(function, "__wrapped__") or not all(map(_is_harmless, node.decorator_list)):
        return None
    annotations = own_annotations(function)
    found = MethodSource(owner, code, function.__globals__, cells_of(function), annotations, node)
    is_current = set(found.parameters) <= set(code.co_varnames) and _attributes_in(node) <= _names_in(code)
    return found if found.parameters and is_current else None


def _is_harmless(decorator: ast.expr) -> bool:
    named = decorator.func if isinstance(decorator, ast.Call) else decorator
    word = named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""
    return word in _HARMLESS_DECORATORS


def _functions_in(file: str) -> dict[tuple[str, int], Function]:
    """Return the functions in a file by name and first line, that of the first decorator."""
    linecache.checkcache(file)
    lines = linecache.getlines(file)
    known = _FILES.get(file)
    if known is not None and known[0] is lines:
        return known[1]
    try:
        tree = ast.parse("".join(lines))
    except (SyntaxError, ValueError):  # changed since it was loaded
        tree = ast.Module([], [])
    found: dict[tuple[str, int], Function] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            first = node.decorator_list[0] if node.decorator_list else node
            found[node.name, first.lineno] = node
    _FILES[file] = (lines, found)
    return found


def _attributes_in(function: Function) -> set[str]:
    """Return the attributes that the code of a function uses; annotations are not run with it."""
    nodes = [node for statement in function.body for node in ast.walk(statement)]
    annotations = [
        node.annotation if isinstance(node, (ast.arg, ast.AnnAssign)) else node.returns
        for node in nodes
        if isinstance(node, (ast.arg, ast.AnnAssign, ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    not_run = {id(node) for written in annotations if written is not None for node in ast.walk(written)}
    return {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute) and id(node) not in not_run and not node.attr.startswith("__")
    }


def _names_in(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names |= _names_in(constant)
    return names


def _bindings_of(function: Function) -> dict[str, list[ast.AST | None]]:
    found: dict[str, list[ast.AST | None]] = {}

    def note(name: str | None, value: ast.AST | None) -> None:
        if name is not None:
            found.setdefault(name, []).append(value)

    simple: set[int] = set()
    for node in ast.walk(function):
        if isinstance(node, (ast.Assign, ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    simple.add(id(target))
                    note(target.id, node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            for name in _names_stored(node.target):
                simple.add(id(name))
                note(name.id, node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                for name in _names_stored(item.optional_vars):
                    simple.add(id(name))
                    note(name.id, item)
        elif isinstance(node, ast.ExceptHandler):
            note(node.name, node)
        elif isinstance(node, (ast.MatchAs, ast.MatchStar)):
            note(node.name, None)
        elif isinstance(node, ast.MatchMapping):
            note(node.rest, None)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                note((alias.asname or alias.name).partition(".")[0], None)
        elif isinstance(node, (ast.Global, ast.Nonlocal)):
            for text in node.names:
                note(text, None)
        elif node is not function and isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            note(node.name, None)
        elif node is not function.args and isinstance(node, ast.arguments):
            for argument in ast.walk(node):  # of a function inside: the name means something else there
                if isinstance(argument, ast.arg):
                    note(argument.arg, None)
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load) and id(node) not in simple:
            note(node.id, None)
    return found


def _names_stored(target: ast.expr | None) -> list[ast.Name]:
    nodes = ast.walk(target) if target is not None else ()
    return [node for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]


_FILES: dict[str, tuple[list[str], dict[tuple[str, int], Function]]] = {}
