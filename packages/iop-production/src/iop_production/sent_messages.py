"""The messages that a component sends for certain, as its source says."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from inspect import getattr_static
from types import FunctionType
from weakref import WeakKeyDictionary

from iop_core.business_host import BusinessHost
from iop_core.class_members import is_framework
from iop_core.dispatch import DispatchTable
from iop_core.errors import DispatchError
from iop_core.processes import BusinessProcess
from iop_core.services import BusinessService, PollingBusinessService
from iop_core.settings import Setting
from iop_production.certain_path import may_always_fail, reached_in
from iop_production.message_expressions import MessageType, Scope, find_member, message_types_in
from iop_production.method_source import MethodSource, methods_of
from iop_production.static_values import Origin, origin_of, sole_binding, static_value

_SENDS = ("send_request_sync", "send_request_async", "send_request_async_ng", "send_generator_request")
_SEVERAL = "send_multi_request_sync"
_HOOKS = (
    "on_init",
    "on_connected",
    "on_tear_down",
    "on_keepalive",
    "on_response",
    "on_complete",
    "on_document",
)
# Calls that do not change the instance they are given.
_READ_ONLY = frozenset({"isinstance", "type", "str", "repr", "len", "id", "print", "super", "bool"})
# With any of these an instance can get attributes that the source does not name.
_DYNAMIC = frozenset({"setattr", "delattr", "exec", "eval", "vars", "__dict__", "__class__", "__setattr__"})


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One send that is reached whatever the configuration.

    Attributes:
        place: ``Class.method`` it stands in.
        file: File of the method.
        line: Line in it.
        setting: Name of the setting that holds the target; empty for a target written as text.
        target: The target written as text; empty for a setting.
        types: Types of the message, one of which it has; empty when not known.
        is_guarded: Whether an error of the send is expected there.
    """

    place: str
    file: str
    line: int
    setting: str
    target: str
    types: tuple[MessageType, ...]
    is_guarded: bool

    @property
    def where(self) -> str:
        """Place, file and line, for a person."""
        return f"{self.place} ({self.file}:{self.line})"


def sent_messages(component_class: type) -> tuple[SentMessage, ...]:
    """Return what a component class sends for certain; looked up once per class."""
    found = _FOUND.get(component_class)
    if found is None:
        found = _FOUND[component_class] = tuple(_Search(component_class).run())
    return found


class _Search:
    def __init__(self, component_class: type) -> None:
        self._class = component_class
        self._is_host = issubclass(component_class, BusinessHost)
        self._is_service = issubclass(component_class, BusinessService)
        self._failing: dict[tuple[MethodSource, bool], bool] = {}
        self._default_hook = _default_hook(component_class)
        self._methods = {(method.owner, method.name): method for method in methods_of(component_class)}
        self._changed = frozenset(_attributes_set(self._methods.values()))

    def run(self) -> Iterator[SentMessage]:
        """Yield the sends in all methods that are reached from the hooks and handlers."""
        if not self._is_host or self._is_dynamic():
            return
        todo = [(self._method(name), True, False) for name in self._entries()]
        seen: set[tuple[MethodSource, bool, bool]] = set()
        while todo:
            visit = todo.pop(0)
            method, is_entry, is_guarded = visit
            if method is None or (method, is_entry, is_guarded) in seen:
                continue
            seen.add((method, is_entry, is_guarded))
            scope = Scope(method, self._class, self._given(method) if is_entry else {}, self._changed)
            for reached in reached_in(method, is_entry=is_entry, fails=partial(self._fails, method, is_entry)):
                guarded = is_guarded or reached.is_guarded
                todo += [(called, takes_input, guarded) for called, takes_input in self._called(reached.node, method)]
                if isinstance(reached.node, ast.Call):
                    yield from self._sends(reached.node, scope, is_guarded=guarded)

    def _is_dynamic(self) -> bool:
        """Return whether the source does not tell what an instance is like."""
        special = ("__getattribute__", "__getattr__", "__setattr__")
        if type(self._class).__call__ is not type.__call__ or any(
            not self._is_framework(name) for name in (*special, *_SENDS, _SEVERAL) if hasattr(self._class, name)
        ):
            return True
        return any(_changes_instance(method) for method in self._methods.values())

    def _fails(self, method: MethodSource, is_entry: bool, call: ast.Call) -> bool:
        """Return whether a call in a method may always fail; one that leads back to itself counts as failing."""
        given = (*call.args, *(keyword.value for keyword in call.keywords))
        # What a method does with anything else than input may be the same each time.
        takes_input = all(origin_of(each, method, is_entry=is_entry) is Origin.DATA for each in given)
        handed_over = [each.attr for each in given if isinstance(each, ast.Attribute) and _is_self(each.value, method)]
        methods = [*(called for called, _ in self._called(call, method)), *map(self._method, handed_over)]
        return any(self._may_fail(each, takes_input) for each in methods if each is not None)

    def _may_fail(self, method: MethodSource, takes_input: bool) -> bool:
        visit = method, takes_input
        if visit not in self._failing:
            self._failing[visit] = True
            fails = partial(self._fails, method, takes_input)
            self._failing[visit] = may_always_fail(method, fails, is_entry=takes_input)
        return self._failing[visit]

    def _is_framework(self, name: str) -> bool:
        owner, _ = find_member(self._class, name)
        return owner is None or is_framework(owner)

    def _method(self, name: str, *, after: type | None = None) -> MethodSource | None:
        owner, _ = find_member(self._class, name, after=after) if name not in self._changed else (None, None)
        return None if owner is None else self._methods.get((owner, name))

    def _entries(self) -> list[str]:
        names = [name for name in _HOOKS if not self._is_framework(name)]
        first = "on_process_input" if self._is_service else "on_message"
        names.append(self._default_hook if self._is_framework(first) else first)
        return names if self._is_service else [*names, *(method for _, method in _entries_of(self._class))]

    def _given(self, method: MethodSource) -> Mapping[str, tuple[MessageType, ...]]:
        if self._is_service or len(method.parameters) != 2:
            return {}
        types = DispatchTable.of(self._class).types_of(method.name)
        if not types or any(isinstance(one, str) for one in types) or method.name in ("on_message", "on_request"):
            return {}
        return {method.parameters[1]: tuple(MessageType(one) for one in types if isinstance(one, type))}

    def _called(self, node: ast.expr, method: MethodSource) -> Iterator[tuple[MethodSource | None, bool]]:
        """Yield the methods of the same instance that an expression calls, or gives away to be called with input."""
        if not isinstance(node, ast.Call):
            return
        called = node.func
        if isinstance(called, ast.Attribute):
            if _is_self(called.value, method):
                yield _unless_lazy(self._method(called.attr)), False
            elif isinstance(called.value, ast.Call) and _calls_super(called.value):
                # The hook of a base class is called with the input of the one that overrides it.
                yield _unless_lazy(self._method(called.attr, after=method.owner)), called.attr == method.name
        if _is_own_code(called, method):
            return  # it may call what it is given with anything, or never
        for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
            if isinstance(argument, ast.Attribute) and _is_self(argument.value, method):
                yield _unless_lazy(self._method(argument.attr)), True

    def _sends(self, node: ast.Call, scope: Scope, *, is_guarded: bool) -> Iterator[SentMessage]:
        called = node.func
        if not isinstance(called, ast.Attribute) or not _is_self(called.value, scope.method):
            return
        if any(isinstance(each, ast.Starred) for each in node.args) or any(each.arg is None for each in node.keywords):
            return
        for target, request in _arguments(called.attr, node):
            setting, text = self._target(target, scope.method)
            if setting or text:
                types = () if request is None else message_types_in(request, scope)
                yield SentMessage(scope.method.place, scope.method.file, node.lineno, setting, text, types, is_guarded)

    def _target(self, node: ast.expr, method: MethodSource) -> tuple[str, str]:
        """Return the setting that a target is read from, or the name written as text."""
        if isinstance(node, ast.Name):
            only = sole_binding(node.id, method)
            node = node if only is None else only
        if isinstance(node, ast.Attribute) and _is_self(node.value, method):
            declared = getattr_static(self._class, node.attr, None)
            is_setting = isinstance(declared, (Setting, str)) and node.attr not in self._changed
            return (node.attr if is_setting else ""), ""
        value = static_value(node, method)
        return "", value if isinstance(value, str) else ""


def _arguments(name: str, call: ast.Call) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield target and request of each message in a call of that name."""
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    if name in _SENDS:
        target = call.args[0] if call.args else named.get("target")
        if target is not None:
            yield target, call.args[1] if len(call.args) > 1 else named.get("request")
    elif name == _SEVERAL:
        pairs = call.args[0] if call.args else named.get("target_request")
        for pair in pairs.elts if isinstance(pairs, ast.List) else ():
            if isinstance(pair, ast.Tuple) and len(pair.elts) == 2:
                yield pair.elts[0], pair.elts[1]


def _default_hook(component_class: type) -> str:
    """Return the hook that is called when the first one for messages is not overridden."""
    if issubclass(component_class, PollingBusinessService):
        return "on_poll"
    return "on_request" if issubclass(component_class, BusinessProcess) else "on_message"


def _entries_of(component_class: type) -> list[tuple[str, str]]:
    try:
        return DispatchTable.of(component_class).entries
    except DispatchError:  # reported with the item itself
        return []


def _attributes_set(methods: Iterable[MethodSource]) -> Iterator[str]:
    for method in methods:
        for node in ast.walk(method.node):
            if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
                yield node.attr


def _changes_instance(method: MethodSource) -> bool:
    """Return whether a method may set attributes that are not named in it: by a function, or elsewhere."""
    for node in ast.walk(method.node):
        if (isinstance(node, ast.Name) and node.id in _DYNAMIC) or (
            isinstance(node, ast.Attribute) and node.attr in _DYNAMIC
        ):
            return True
        if isinstance(node, ast.Call) and not (isinstance(node.func, ast.Name) and node.func.id in _READ_ONLY):
            arguments = (*node.args, *(keyword.value for keyword in node.keywords))
            if any(isinstance(each, ast.Name) and each.id == method.self_name for each in arguments):
                return True
    return method.self_name in method.bindings


def _unless_lazy(method: MethodSource | None) -> MethodSource | None:
    """Return a method unless calling it runs nothing yet."""
    if method is None or method.code.co_flags & 0x20:  # CO_GENERATOR
        return None
    return method


def _is_self(node: ast.expr, method: MethodSource) -> bool:
    return isinstance(node, ast.Name) and node.id == method.self_name


def _is_own_code(called: ast.expr, method: MethodSource) -> bool:
    """Return whether a call is one of the instance or of a function beside its class, and not of a library."""
    if isinstance(called, ast.Attribute) and _is_self(called.value, method):
        return True
    value = static_value(called, method)
    return isinstance(value, FunctionType) and value.__module__ == method.owner.__module__


def _calls_super(node: ast.Call) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == "super" and not node.args


_FOUND: WeakKeyDictionary[type, tuple[SentMessage, ...]] = WeakKeyDictionary()
