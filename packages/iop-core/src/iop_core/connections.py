"""Where a component may send to, as its source says: for diagrams, without running it."""

from __future__ import annotations

import ast
import inspect
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any, cast
from weakref import WeakKeyDictionary

from iop_core.class_members import is_framework
from iop_core.settings import Setting

_ONE_TARGET = ("send_request_sync", "send_request_async", "send_request_async_ng", "send_generator_request")
_MANY_TARGETS = "send_multi_request_sync"

# How far a name may lead to another name before it is given up.
_DEPTH = 8

_MISSING = object()

_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Send:
    """A place where a method sends.

    Attributes:
        target: The expression that names the target.
        self_name: What the method calls its instance.
        local_values: Local name to what is assigned to it.
        global_values: The names of the module.
    """

    target: ast.expr
    self_name: str
    local_values: Mapping[str, list[ast.expr]]
    global_values: Mapping[str, object]


def find_connections(component: object) -> list[str]:
    """Return the names of the items that a component may send to.

    Looked for are sends of the component itself in the methods of its class and its bases.
    Their targets are followed where that needs no running: texts, settings and other
    attributes of the instance, constants of the module, local variables with such values, and
    lists or dictionaries of them.

    Args:
        component: An instance; none of its code is run.

    Returns:
        Names in order of their appearance, each once; empty when there is no source.
    """
    names: dict[str, None] = {}
    for send in _sends_of(type(component)):
        for value in _values(send.target, send, component, _DEPTH):
            for text in _texts(value):
                names.update(dict.fromkeys(name for part in text.split(",") if (name := part.strip())))
    return list(names)


def _sends_of(component_class: type) -> tuple[Send, ...]:
    found = _SENDS.get(component_class)
    if found is None:
        with _SEARCHING:
            found = _SENDS.setdefault(component_class, tuple(_search(component_class)))
    return found


def _search(component_class: type) -> Iterator[Send]:
    overridden: set[str] = set()
    for owner in component_class.__mro__:
        if is_framework(owner):
            continue
        for method in _methods(owner):
            if method.name in overridden:
                continue
            if not _calls_super(method):
                overridden.add(method.name)
            yield from _sends_in(method, owner)


def _methods(owner: type) -> list[_Function]:
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(owner)))
    except (OSError, TypeError, SyntaxError):  # made by exec or at the prompt, or its file has changed
        return []
    body = tree.body[0]
    return [node for node in body.body if isinstance(node, _Function)] if isinstance(body, ast.ClassDef) else []


def _calls_super(method: _Function) -> bool:
    return any(isinstance(node, ast.Name) and node.id == "super" for node in ast.walk(method))


def _sends_in(method: _Function, owner: type) -> Iterator[Send]:
    arguments = [*method.args.posonlyargs, *method.args.args]
    if not arguments:
        return
    self_name = arguments[0].arg
    local_values = _assignments(method)
    module = sys.modules.get(owner.__module__)
    global_values = vars(module) if module is not None else {}
    calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        function = call.func
        if (
            isinstance(function, ast.Attribute)
            and isinstance(function.value, ast.Name)
            and function.value.id == self_name
        ):
            for target in _targets_of(function.attr, call, local_values):
                yield Send(target, self_name, local_values, global_values)


def _targets_of(name: str, call: ast.Call, local_values: Mapping[str, list[ast.expr]]) -> Iterator[ast.expr]:
    """Yield the expressions for targets in a call of a method of that name."""
    if name in _ONE_TARGET:
        yield from _argument(call, "target")
    elif name == _MANY_TARGETS:
        for given in _argument(call, "target_request"):
            requests = local_values.get(given.id, []) if isinstance(given, ast.Name) else [given]
            yield from (pair.elts[0] for request in requests for pair in _pairs(request))


def _argument(call: ast.Call, name: str) -> list[ast.expr]:
    named = [keyword.value for keyword in call.keywords if keyword.arg == name]
    return call.args[:1] or named


def _pairs(requests: ast.expr) -> Iterator[ast.Tuple]:
    elements = requests.elts if isinstance(requests, ast.List) else []
    if isinstance(requests, ast.ListComp):
        elements = [requests.elt]
    yield from (element for element in elements if isinstance(element, ast.Tuple) and element.elts)


def _assignments(method: _Function) -> dict[str, list[ast.expr]]:
    """Return local name to the expressions that give it a value; loops give the one they go through."""
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(method):
        if isinstance(node, ast.Assign):
            _note(found, node.targets, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value is not None:
            _note(found, [node.target], node.value)
        elif isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
            _note(found, [node.target], node.iter)
    return found


def _note(found: dict[str, list[ast.expr]], targets: Iterable[ast.expr], value: ast.expr) -> None:
    for target in targets:
        if isinstance(target, ast.Name):
            found.setdefault(target.id, []).append(value)


def _values(node: ast.expr, send: Send, component: object, depth: int) -> Iterator[object]:
    """Yield what an expression may stand for, as far as that can be seen without running it."""
    if depth == 0:
        return

    def follow(*nodes: ast.expr) -> Iterator[object]:
        for each in nodes:
            yield from _values(each, send, component, depth - 1)

    if isinstance(node, ast.Constant):
        yield node.value
    elif isinstance(node, ast.Name):
        yield from _values_of_name(node.id, send, component, follow)
    elif isinstance(node, ast.Attribute):
        is_own = isinstance(node.value, ast.Name) and node.value.id == send.self_name
        for owner in (component,) if is_own else tuple(follow(node.value)):
            yield _attribute(owner, node.attr)
    elif isinstance(node, ast.IfExp):
        yield from follow(node.body, node.orelse)
    elif isinstance(node, ast.BoolOp):
        yield from follow(*node.values)
    elif isinstance(node, (ast.List, ast.Tuple, ast.Set)):
        yield from follow(*node.elts)
    elif isinstance(node, ast.Dict):
        yield from follow(*node.values)
    elif isinstance(node, ast.Subscript):
        yield from follow(node.value)
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in ("get", "values", "strip", "resolve"):
            yield from follow(node.func.value, *node.args[1:])


def _values_of_name(
    name: str, send: Send, component: object, follow: Callable[..., Iterator[object]]
) -> Iterator[object]:
    if name in send.local_values:
        yield from follow(*send.local_values[name])
    elif name in send.global_values:
        yield send.global_values[name]
    else:
        yield _attribute(component, name)


def _attribute(owner: object, name: str) -> object:
    """Return an attribute without running code of its class; the value of a setting."""
    value = inspect.getattr_static(owner, name, _MISSING)
    return getattr(owner, name) if isinstance(value, Setting) else value


def _texts(value: object) -> Iterator[str]:
    """Yield the item names in a value: a text, something that resolves to one, or several of these."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for each in cast("Mapping[object, object]", value).values():
            yield from _texts(each)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for each in cast("Iterable[object]", value):
            yield from _texts(each)
    elif hasattr(type(value), "resolve") and type(value).__module__.startswith("iop_"):
        resolved: object = cast("Any", value).resolve()
        if isinstance(resolved, str):
            yield resolved


_SENDS: WeakKeyDictionary[type, tuple[Send, ...]] = WeakKeyDictionary()
_SEARCHING = Lock()
