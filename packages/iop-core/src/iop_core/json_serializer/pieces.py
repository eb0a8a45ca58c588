"""Large bodies of pydantic models, whose lists are read in pieces.

Pydantic first makes a tree of the whole text, which takes as much again as the models do.
So the lists right inside a large model are taken out of it and read some items at a time;
then the model is read, with a mark in the place of each list.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any, cast

from pydantic_core import ValidationError, from_json, to_json

from iop_core.json_serializer.charges import Charges
from iop_core.json_serializer.memory import ALWAYS_ALLOWED, AT_A_TIME, Account, fits_at_once
from iop_core.json_serializer.nodes import OPAQUE
from iop_core.json_serializer.rules import Node
from iop_core.json_serializer.sizes import size_of
from iop_core.json_serializer.validator import JsonValidator, has_ambiguous_alias
from iop_core.refusals import Refusal

_READ: ContextVar[dict[str, list[object]]] = ContextVar("lists that are read already")
_MOST_AT_ONCE = 64
# A list with other entries has rules for the list as a whole.
_PLAIN_LIST = frozenset({"type", "items_schema", "metadata", "serialization", "fail_fast"})


class PieceReader:
    """Reads the lists of one model in pieces.

    Args:
        schema: Pydantic's core schema of it.
        plain: Reads it as a whole.
    """

    def __init__(self, schema: Any, plain: JsonValidator) -> None:
        self._plain = plain
        self._schema = schema
        self._model = _model_of(schema)
        self._readers: dict[str, JsonValidator] = {}
        self._whole: JsonValidator | None = None

    def read(self, payload: bytes, charges: Charges, account: Account) -> Any:
        """Return the model that a text holds.

        Args:
            payload: JSON, too large to be read at once.
            charges: What the values of the model take in memory.
            account: Of the payload.

        Raises:
            Refusal: It would take too much memory.
            pydantic.ValidationError: It is no JSON, or does not fit.
        """
        account.take(0)  # refuses what would take too much when it is parsed
        whole = self._prepared()
        if whole is None:
            if account.may_read_whole_model():
                return self._plain.read_or_explain(payload, ALWAYS_ALLOWED)
            raise account.refusal()
        raw = from_json(payload)
        if not isinstance(raw, dict):
            raise Refusal(f"expected a JSON object, got {type(raw).__name__}")
        entries, lists = cast("dict[str, Any]", raw), dict[str, list[object]]()
        for key, reader in self._readers.items():
            found: object = entries.get(key)
            if isinstance(found, list):
                items = cast("list[object]", found)
                self._read_list(key, items, reader, account)
                # Nobody who writes a body knows it.
                mark = secrets.token_hex()
                lists[mark], entries[key] = items, mark
            elif isinstance(found, dict):
                entries[key] = {}  # pydantic refuses that as well, and has no large tree to build for it
        text = to_json(entries, inf_nan_mode="constants")
        if not fits_at_once(text, charges, account.room_for_whole_model):
            raise account.refusal()
        token = _READ.set(lists)
        try:
            return whole.read_or_explain(text, max(AT_A_TIME, account.left))
        finally:
            _READ.reset(token)

    def _read_list(self, key: str, items: list[object], reader: JsonValidator, account: Account) -> None:
        """Change every item of a list into what it means."""
        start, count = 0, _MOST_AT_ONCE
        while start < len(items):
            part = items[start : start + count]
            text = to_json(part, inf_nan_mode="constants")
            room = account.room_for_whole_model if count == 1 else max(AT_A_TIME, account.left)
            if not fits_at_once(text, reader.charges, room):
                if count == 1:
                    raise account.refusal()
                count = 1
                continue
            found = _read_part(reader, text, key, start, max(AT_A_TIME, account.left))
            account.take(size_of(found) - size_of(part))
            items[start : start + count] = found
            start, count = start + count, _MOST_AT_ONCE

    def _prepared(self) -> JsonValidator | None:
        """Return what reads the model with marks, None when its lists cannot be taken out."""
        if self._whole is None:
            fields = _plain_fields(self._model)
            marked = {id(found): found for field in fields.values() if (found := _list_in(field)) is not None}
            for name, field in fields.items():
                found = _list_in(field)
                if found is not None:
                    reader = JsonValidator(_beside(self._schema, found), self._model.get("config"))
                    self._readers.update(dict.fromkeys(_keys(name, field), reader))
            if self._readers:
                self._whole = JsonValidator(_with_marks(self._schema, marked))
        return self._whole


def _read_part(reader: JsonValidator, text: bytes, key: str, start: int, room: int) -> Any:
    try:
        return reader.read_or_explain(text, room)
    except ValidationError as exc:
        error = exc.errors(include_url=False, include_context=False, include_input=False)[0]
        refusal = Refusal(error["msg"])
        for number, step in reversed(list(enumerate(error["loc"]))):
            refusal.within(start + step if number == 0 and isinstance(step, int) else step)
        raise refusal.within(key) from exc


def _model_of(schema: Any) -> Node:
    """Return the node of the outermost model; an empty one when validators come before it."""
    node = cast("Node", schema)
    if node["type"] == "definitions":
        named = {each["ref"]: each for each in node["definitions"]}
        node = node["schema"]
        node = named[node["schema_ref"]] if node["type"] == "definition-ref" else node
    while node["type"] == "function-after":
        node = node["schema"]
    is_plain = node["type"] == "model" and not node.get("custom_init") and node["schema"]["type"] == "model-fields"
    return node if is_plain else {}


def _plain_fields(model: Node) -> dict[str, Node]:
    """Return name to node of the fields of a model, none when it is not sure which key is whose."""
    if not model or has_ambiguous_alias([model["schema"]]):
        return {}
    return cast("dict[str, Node]", model["schema"]["fields"])


def _list_in(field: Node) -> Node | None:
    """Return the list that a field takes, None for anything else."""
    node = field["schema"]
    while node["type"] in ("default", "nullable"):
        node = node["schema"]
    return node if node["type"] == "list" and node.keys() <= _PLAIN_LIST else None


def _keys(name: str, field: Node) -> list[str]:
    alias = field.get("validation_alias", name)
    return [name, alias] if isinstance(alias, str) else []


def _beside(schema: Any, items: Node) -> Node:
    """Return the schema of a part of a type, with the definitions that it may name."""
    return {**schema, "schema": items} if schema["type"] == "definitions" else items


def _with_marks(part: Any, lists: dict[int, Node]) -> Any:
    """Return a copy of a schema in which some lists may also be a mark."""
    if isinstance(part, dict):
        node = cast("Node", part)
        copy = {key: value if key in OPAQUE else _with_marks(value, lists) for key, value in node.items()}
        if id(node) not in lists:
            return copy
        return {"type": "function-wrap", "function": {"type": "no-info", "function": _list_of_mark}, "schema": copy}
    if isinstance(part, (list, tuple)):
        parts = [_with_marks(each, lists) for each in cast("Iterable[Any]", part)]
        return parts if isinstance(part, list) else tuple(parts)
    return part


def _list_of_mark(value: object, validate: Callable[[object], object]) -> object:
    found = _READ.get().get(value) if isinstance(value, str) else None
    return validate(value) if found is None else found
