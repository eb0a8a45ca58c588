"""Reading JSON text with pydantic, so that a text that does not fit takes no more memory than one that does.

Pydantic keeps the input of each part of an error; for a missing field that is the whole object
around it. Of objects inside each other there is one copy per level: a body of 50 KB took 600 MiB.
So the first look at a text stops at the first field that is missing and says only whether all
fits. The reason is looked for afterwards, in a way that is chosen by what it would take.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cached_property, partial
from typing import Any, Final, cast

from pydantic_core import SchemaValidator, from_json
from pydantic_core.core_schema import DictSchema

from iop_core.json_serializer.branching import most_recursive_choices
from iop_core.json_serializer.charges import charges_of
from iop_core.json_serializer.contents import contents_of
from iop_core.json_serializer.nodes import changed_nodes, iter_nodes
from iop_core.json_serializer.rules import Node
from iop_core.refusals import MAX_DEPTH, Refusal

MISFIT: Final = object()
"""What ``read`` gives for a text that does not fit."""

_FIELDS = frozenset({"dataclass-field", "model-field"})
_RECORDS = frozenset({"dataclass", "model"})
_UNIONS = frozenset({"union", "tagged-union"})
# Older versions of pydantic cannot do it for a dict.
_FAIL_FAST = {"list", "set", "frozenset", "tuple", *(("dict",) if "fail_fast" in DictSchema.__annotations__ else ())}


class JsonValidator:
    """Pydantic's validator of one type, for JSON text.

    Args:
        schema: Pydantic's core schema of the type.
        config: Of the model that the type is a part of.
    """

    def __init__(self, schema: Any, config: Any = None) -> None:
        self._config = config
        self._schema = fail_fast(schema)
        nodes = list(iter_nodes(schema))
        self.charges = charges_of(nodes)
        """What the values of the type take in memory."""
        self.recursive_choices = most_recursive_choices(schema)
        """How many choices of one union may contain that union again."""
        self._by_alias = not has_ambiguous_alias(nodes)
        self._errors_per_level = sum(len(node.get("fields") or node.get("choices") or ()) for node in nodes)
        self._is_recursive = any(node["type"] == "definition-ref" for node in nodes)
        # Of a union, a field that one choice misses says nothing about the others.
        hasty = _with_one_error_each if any(node["type"] in _UNIONS for node in nodes) else _with_no_field_missing
        first_look = {"type": "default", "schema": hasty(self._schema), "default": MISFIT, "on_error": "default"}
        validate = _compiled(first_look, config).validate_json
        self.read: Callable[[bytes], Any] = partial(validate, by_alias=self._by_alias, by_name=True)
        """Return what a text holds, MISFIT when it does not fit; raises ValidationError when it is no JSON."""

    @property
    def is_branching(self) -> bool:
        """True when a text takes twice the time with every level, because pydantic tries all choices."""
        return self.recursive_choices > 1

    def read_or_explain(self, text: bytes, room: int) -> Any:
        """Return what a text holds.

        Args:
            text: JSON.
            room: Bytes of memory that the reason why it does not fit may take.

        Raises:
            pydantic.ValidationError: It is no JSON, or does not fit.
            Refusal: It does not fit, and pydantic cannot say why without taking much memory.
            Exception: Whatever validators of the user raise.
        """
        value = self.read(text)
        if value is not MISFIT:
            return value
        contents = contents_of(text)
        if self.charges.at_once(contents) + contents.parsed * self._copies(text) <= room:
            return self._patient.validate_json(text, by_alias=self._by_alias, by_name=True)
        # Python objects are not copied into errors; pydantic's rules for them differ only a little.
        self._patient.validate_python(from_json(text), by_alias=self._by_alias, by_name=True)
        raise Refusal("does not fit its type")

    @cached_property
    def _patient(self) -> SchemaValidator:
        return _compiled(self._schema, self._config)

    def _copies(self, text: bytes) -> int:
        """Return how often a part of the text may be in an error, at most."""
        levels = min(text.count(b"{"), MAX_DEPTH) if self._is_recursive else 1
        return 1 + levels * self._errors_per_level


def _compiled(schema: Any, config: Any) -> SchemaValidator:
    try:
        # Otherwise pydantic takes the validators that models have already, which do not fail fast.
        return SchemaValidator(schema, config, _use_prebuilt=False)
    except TypeError:  # a version of pydantic that does not know the argument
        return SchemaValidator(schema, config)


def has_ambiguous_alias(nodes: Iterable[Node]) -> bool:
    """Return whether the alias of a field is the name of another field beside it.

    Models are written by name and read by alias or name; then only the name is sure.
    """
    for node in nodes:
        if node["type"] != "model-fields":
            continue
        aliases = {name: field.get("validation_alias") for name, field in node["fields"].items()}
        if any(isinstance(alias, str) and alias != name and alias in aliases for name, alias in aliases.items()):
            return True
    return False


def fail_fast(schema: Any) -> Any:
    """Return a copy of a schema whose containers stop at the first item that does not fit.

    A hostile array must not make one error object per item.
    """
    return changed_nodes(schema, lambda node: {**node, "fail_fast": True} if node["type"] in _FAIL_FAST else node)


def _with_no_field_missing(schema: Any) -> Any:
    """Return a copy that is left at once when a required field is missing."""

    def stop() -> object:
        raise Refusal("a field is missing")

    def change(node: Node) -> Node:
        if node["type"] not in _FIELDS or _has_default(node["schema"]):
            return node
        return {**node, "schema": {"type": "default", "schema": node["schema"], "default_factory": stop}}

    return changed_nodes(schema, change)


def _with_one_error_each(schema: Any) -> Any:
    """Return a copy in which objects inside each other have one error together."""

    def change(node: Node) -> Node:
        if node["type"] not in _RECORDS:
            return node
        inner = {key: value for key, value in node.items() if key != "ref"}
        ref = {"ref": node["ref"]} if "ref" in node else {}
        return {
            "type": "custom-error",
            "schema": inner,
            "custom_error_type": "misfit",
            "custom_error_message": "",
            **ref,
        }

    return changed_nodes(schema, change)


def _has_default(schema: Any) -> bool:
    while isinstance(schema, dict):
        node = cast("Node", schema)
        if node["type"] == "default":
            return True
        schema = node.get("schema")
    return False
