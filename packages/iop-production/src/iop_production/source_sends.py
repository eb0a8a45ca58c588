"""The sends in source that is read but never imported: in Python and in ObjectScript."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_INTERACTIONS = {
    "send_request_sync": "sync",
    "send_request_async": "async",
    "send_request_async_ng": "async",
    "send_generator_request": "request",
    "send_multi_request_sync": "sync",
    "sendrequestsync": "sync",
    "sendrequestasync": "async",
    "sendrequestasyncng": "async",
    "sendrequest": "request",
}
_SETTINGS = frozenset({"target", "setting", "Setting", "TargetSetting"})

_COMMENT = re.compile(r'("(?:[^"\n]|"")*")|/\*.*?\*/|(?://|;|#;).*?$', re.S | re.M)
_CLASS = re.compile(r"^\s*Class\s+([%\w.]+)", re.M | re.I)
_PROPERTY = re.compile(r'^\s*Property\s+(\w+)\b[^\n]*?InitialExpression\s*=\s*"([^"]*)"', re.M | re.I)
_SEND = re.compile(r'\.\.(SendRequest(?:Sync|AsyncNG|Async)?)\s*\(\s*(?:"([^"]*)"|\.\.(\w+))', re.I)


@dataclass(frozen=True, slots=True)
class SourceSend:
    """One send.

    Attributes:
        call: The method that sends, as written.
        literal: Target written as text; empty when it is in a name.
        name: Name that holds the target; empty for text.
        written: The name as written, for a person.
    """

    call: str
    literal: str = ""
    name: str = ""
    written: str = ""

    @property
    def interaction(self) -> str:
        """``sync``, ``async`` or ``request``."""
        return _INTERACTIONS[self.call.lower()]

    @property
    def detail(self) -> str:
        """The call and its target as written: ``send_request_sync self.target``."""
        return f"{self.call} {self.written or 'literal'}"


@dataclass(slots=True)
class SourceClass:
    """One class in source.

    Attributes:
        module: Module it is in; empty for ObjectScript.
        name: Its name.
        language: ``Python`` or ``ObjectScript``.
        bases: Names of its bases, without their modules.
        sends: Its sends.
        texts: Name to the texts that are assigned to it.
    """

    module: str
    name: str
    language: str
    bases: tuple[str, ...] = ()
    sends: list[SourceSend] = field(default_factory=list[SourceSend])
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])


def python_classes(source: str, module: str) -> Iterator[SourceClass]:
    """Yield the classes of a Python module.

    Raises:
        SyntaxError: It is no Python.
        ValueError: It holds a null byte.
    """
    tree = ast.parse(source)
    constants = _texts_in(tree.body)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            bases = tuple(base.attr if isinstance(base, ast.Attribute) else ast.unparse(base) for base in node.bases)
            found = SourceClass(module, node.name, "Python", bases)
            found.sends += _python_sends(node)
            found.texts = {**constants, **_texts_in(ast.walk(node))}
            yield found


def objectscript_classes(source: str) -> Iterator[SourceClass]:
    """Yield the class of an ObjectScript file; what is commented out does not count."""
    text = _COMMENT.sub(lambda match: match.group(1) or " ", source)
    declared = _CLASS.search(text)
    if declared is None:
        return
    found = SourceClass("", declared.group(1), "ObjectScript")
    found.texts = {name: [value] for name, value in _PROPERTY.findall(text)}
    for call, literal, name in _SEND.findall(text):
        found.sends.append(SourceSend(call, literal, name, f"..{name}" if name else ""))
    yield found


def _python_sends(node: ast.ClassDef) -> Iterator[SourceSend]:
    for call in ast.walk(node):
        if not (
            isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr in _INTERACTIONS
        ):
            continue
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("target", "target_request")]
        for target in (*call.args[:1], *named):
            pairs = target.elts if isinstance(target, ast.List) else [target]
            for pair in pairs:
                first = pair.elts[0] if isinstance(pair, ast.Tuple) and pair.elts else pair
                yield from _send(call.func.attr, first)


def _send(call: str, target: ast.expr) -> Iterator[SourceSend]:
    if isinstance(target, ast.Constant) and isinstance(target.value, str):
        yield SourceSend(call, literal=target.value)
    elif isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
        yield SourceSend(call, name=target.attr, written=ast.unparse(target))
    elif isinstance(target, ast.Name):
        yield SourceSend(call, name=target.id, written=target.id)


def _texts_in(nodes: Iterator[ast.AST] | list[ast.stmt]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for node in nodes:
        if not isinstance(node, (ast.Assign, ast.AnnAssign)):
            continue
        texts = [*_texts_of(node.value), *(_texts_of(node.annotation) if isinstance(node, ast.AnnAssign) else ())]
        for place in node.targets if isinstance(node, ast.Assign) else [node.target]:
            name = place.id if isinstance(place, ast.Name) else place.attr if isinstance(place, ast.Attribute) else ""
            if name and texts:
                found.setdefault(name, []).extend(texts)
    return found


def _texts_of(value: ast.expr | None) -> Iterator[str]:
    """Yield the text that a value is, or that a setting has as its default."""
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            yield value.value
    elif isinstance(value, ast.Call):
        function = value.func
        if (function.attr if isinstance(function, ast.Attribute) else ast.unparse(function)) in _SETTINGS:
            for given in (*value.args[:1], *(each.value for each in value.keywords if each.arg == "default")):
                yield from _texts_of(given)
    elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Tuple):  # Annotated[str, Setting("x")]
        for part in value.slice.elts[1:]:
            yield from _texts_of(part)
