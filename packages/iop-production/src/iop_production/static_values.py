"""What an expression in a method stands for, as far as that is sure without running it."""

from __future__ import annotations

import ast
import builtins
from enum import Enum
from inspect import getattr_static
from types import ModuleType

from iop_production.method_source import MethodSource

MISSING = object()
_DEPTH = 12

# What a component learns from outside while it runs.
_INPUTS = frozenset({"adapter", "Adapter", "context"})
_READERS = frozenset({"open", "input"})
# Their answer may depend on things that are not written in the call.
_OPAQUE = frozenset({"getattr", "hasattr", "vars", "globals", "locals", "eval", "isinstance", "issubclass", "type"})


class Origin(Enum):
    """Where a value comes from."""

    DATA = "what a message or an adapter brings: it can be anything, sooner or later"
    FIXED = "written in the source"
    UNKNOWN = "anything else, such as the configuration: it may be the same for ever"


def static_value(node: ast.expr, method: MethodSource, depth: int = _DEPTH) -> object:
    """Return the object that a name, or an attribute of a module or class, stands for; MISSING when not sure."""
    if depth == 0:
        return MISSING
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return _value_of_name(node.id, method, depth)
    if isinstance(node, ast.Attribute):
        owner = static_value(node.value, method, depth - 1)
        if isinstance(owner, ModuleType):
            return vars(owner).get(node.attr, MISSING)
        return getattr_static(owner, node.attr, MISSING) if isinstance(owner, type) else MISSING
    return MISSING


def sole_binding(name: str, method: MethodSource) -> ast.expr | None:
    """Return what is assigned to a local name when that happens in one place only."""
    bindings = method.bindings.get(name, [])
    only = bindings[0] if len(bindings) == 1 and name not in method.parameters else None
    return only if isinstance(only, ast.expr) else None


def _value_of_name(name: str, method: MethodSource, depth: int) -> object:
    if name in method.bindings or name in method.parameters:
        only = sole_binding(name, method)
        return MISSING if only is None else static_value(only, method, depth - 1)
    if name in method.code.co_freevars:
        return method.cells.get(name, MISSING)
    return method.global_names.get(name, getattr(builtins, name, MISSING))


def origin_of(node: ast.AST | None, method: MethodSource, *, is_entry: bool, depth: int = _DEPTH) -> Origin:
    """Return where the value of an expression comes from.

    Args:
        node: The expression, or the loop or block that binds a name.
        method: The method it stands in.
        is_entry: Whether the parameters of the method are input.
        depth: How many names may lead to other names.
    """
    return _Origins(method, is_entry=is_entry).of(node, depth)


class _Origins:
    def __init__(self, method: MethodSource, *, is_entry: bool) -> None:
        self._method = method
        self._is_entry = is_entry

    def of(self, node: ast.AST | None, depth: int) -> Origin:
        if node is None or depth == 0:
            return Origin.UNKNOWN
        if isinstance(node, ast.Constant):
            return Origin.FIXED
        if isinstance(node, ast.Name):
            return self._of_name(node.id, depth - 1)
        if isinstance(node, ast.Attribute):
            is_own = isinstance(node.value, ast.Name) and node.value.id == self._method.self_name
            return (Origin.DATA if node.attr in _INPUTS else Origin.UNKNOWN) if is_own else self.of(node.value, depth)
        if isinstance(node, ast.Call):
            return self._of_call(node, depth - 1)
        if isinstance(node, ast.BoolOp):  # each of them decides alone
            found = {self.of(value, depth) for value in node.values}
            return Origin.DATA if found == {Origin.DATA} else Origin.UNKNOWN
        if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            return Origin.UNKNOWN if self.is_configuration(node.iter, depth) else Origin.DATA
        if isinstance(node, ast.ExceptHandler):
            return Origin.DATA
        if isinstance(node, ast.withitem):
            return self.of(node.context_expr, depth)
        if isinstance(node, ast.NamedExpr):
            return self.of(node.value, depth)
        if isinstance(node, (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)):
            return self.of(node.generators[0], depth)
        parts = (ast.Compare, ast.BinOp, ast.UnaryOp, ast.Subscript, ast.Slice, ast.IfExp, ast.JoinedStr)
        if isinstance(node, (*parts, ast.FormattedValue, ast.Tuple, ast.List, ast.Set, ast.Await)):
            return self._joined([part for part in ast.iter_child_nodes(node) if isinstance(part, ast.expr)], depth)
        return Origin.UNKNOWN

    def is_configuration(self, node: ast.expr, depth: int) -> bool:
        """Return whether the length of something may be fixed by the configuration: loops over it may do nothing."""
        if isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and hasattr(builtins, called.id):
                decisive = node.args if called.id == "range" else node.args[:1]
                return called.id not in _READERS and (
                    not node.args or any(self.is_configuration(each, depth) for each in decisive)
                )
            is_text_method = isinstance(called, ast.Attribute) and called.attr in (
                "split", "items", "values", "keys", "splitlines", "get", "copy",
            )  # fmt: skip
            return is_text_method and self.of(node, depth) is not Origin.DATA
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)):
            return not node.elts or any(isinstance(each, ast.Starred) for each in node.elts)
        only = sole_binding(node.id, self._method) if isinstance(node, ast.Name) else None
        if only is not None and depth:
            return self.is_configuration(only, depth - 1)
        return self.of(node, depth) is not Origin.DATA

    def _of_name(self, name: str, depth: int) -> Origin:
        method = self._method
        bindings = method.bindings.get(name, [])
        if name in method.parameters:
            is_input = self._is_entry and name != method.self_name and name not in method.optional_parameters
            return Origin.DATA if is_input and not bindings else Origin.UNKNOWN
        if bindings:
            return self._joined(bindings, depth)
        value = static_value(ast.Name(name, ast.Load()), method)
        return Origin.FIXED if value is not MISSING else Origin.UNKNOWN

    def _of_call(self, node: ast.Call, depth: int) -> Origin:
        arguments: list[ast.AST | None] = [*node.args, *(keyword.value for keyword in node.keywords)]
        called = node.func
        if isinstance(called, ast.Name) and called.id in _OPAQUE:
            return Origin.UNKNOWN
        if isinstance(called, ast.Name) and called.id in _READERS and called.id not in self._method.bindings:
            return Origin.DATA
        given = self._joined(arguments, depth) if arguments else Origin.FIXED
        if isinstance(called, ast.Attribute):
            receiver = self.of(called.value, depth)
            if receiver is Origin.DATA and given is not Origin.UNKNOWN:
                return Origin.DATA
        return Origin.DATA if given is Origin.DATA else Origin.UNKNOWN

    def _joined(self, nodes: list[ast.AST | None] | list[ast.expr], depth: int) -> Origin:
        found = {self.of(node, depth) for node in nodes}
        for origin in (Origin.UNKNOWN, Origin.DATA):
            if origin in found:
                return origin
        return Origin.FIXED
