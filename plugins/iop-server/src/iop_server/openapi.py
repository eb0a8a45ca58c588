"""The OpenAPI 3.1 description of the API, made from the table of routes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from iop_server.__about__ import __version__
from iop_server.roles import Role
from iop_server.routes import BASES, ROUTES, Route
from iop_server.wire import Error, Nothing

if TYPE_CHECKING:
    from iop_server.call import Call

_REFERENCE = "#/components/schemas/{model}"
_PATH_NAME = re.compile(r"\{(\w+)\}")
_REFUSALS = {
    400: "The request cannot be read.",
    401: "Not logged in.",
    403: "The role is not enough, or the server does not allow it.",
    404: "There is no such thing.",
    408: "The body did not arrive in time.",
    409: "It cannot be done as things are now.",
    413: "The body is too large.",
    415: "The body is no JSON.",
    422: "Something in the request does not fit.",
    429: "Too many requests or wrong passwords.",
    500: "It failed.",
    501: "The backend cannot do that.",
    504: "No reply in time.",
    507: "There is no room to store more.",
}
_EVERYWHERE = (
    ("namespace", "The namespace; the body may name it, too. Default: the first one of the server."),
    ("reason", "Why, for the audit."),
)


def description(call: Call, _given: Nothing) -> object:
    """Return this description."""
    return describe(call.options.path_prefix)


ALL_ROUTES = (*ROUTES, Route("GET", "/openapi.json", Role.VIEWER, description, dict[str, Any]))
"""The table of routes, with the one for the description itself."""


def describe(path_prefix: str = "") -> dict[str, Any]:
    """Return the description.

    Args:
        path_prefix: What stands before all paths.

    Example:
        >>> describe()["openapi"]
        '3.1.0'
    """
    bodies = sorted({route.body for route in ALL_ROUTES if route.body is not None}, key=lambda model: model.__name__)
    _, found = models_json_schema([(model, "validation") for model in bodies], ref_template=_REFERENCE)
    schemas: dict[str, Any] = dict(found.get("$defs", {}))
    paths: dict[str, dict[str, Any]] = {}
    for route in ALL_ROUTES:
        operation = _operation(route, schemas)
        # A version in the path is for clients that ask for one; both are the same.
        base = BASES[0] if route.bases == BASES else route.bases[0]
        paths.setdefault(path_prefix + base + route.path, {})[route.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Interoperability on Python, REST API v1",
            "version": __version__,
            "description": f"Paths below {BASES[0]} can be called below {BASES[1]}, too.",
        },
        "paths": paths,
        "security": [{"password": []}, {"token": []}],
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "password": {"type": "http", "scheme": "basic"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    summary, _, more = (route.answer.__doc__ or "").partition("\n\n")
    operation: dict[str, Any] = {
        "operationId": f"{route.method.lower()}{route.path.replace('/', '_').replace('{', '').replace('}', '')}",
        "summary": summary,
        "x-iop-role": route.role.word,
        "parameters": [*_parameters(route), *(_query(name, {"type": "string"}, text) for name, text in _EVERYWHERE)],
        "responses": {
            "200": _content("Done.", _schema(route.reply, schemas)),
            **{str(status): _content(text, _schema(Error, schemas)) for status, text in _REFUSALS.items()},
        },
    }
    if more:
        operation["description"] = " ".join(more.split())
    if route.body is not None:
        content = {"application/json": {"schema": {"$ref": _REFERENCE.format(model=route.body.__name__)}}}
        operation["requestBody"] = {"required": _is_needed(route.body), "content": content}
    if route.role is not Role.VIEWER:
        operation["description"] = f"{operation.get('description', '')} Needs the role {route.role.word}.".strip()
    return operation


def _parameters(route: Route) -> list[dict[str, Any]]:
    if route.body is not None:
        return []
    in_path = set(_PATH_NAME.findall(route.path))
    schema = route.query.model_json_schema(by_alias=True)
    needed = set(schema.get("required", ()))
    parameters: list[dict[str, Any]] = []
    for name, said in schema.get("properties", {}).items():
        text = said.pop("description", "")
        made = _query(name, said, text)
        if name in in_path:
            made.update({"in": "path", "required": True})
        elif name in needed:
            made["required"] = True
        parameters.append(made)
    return parameters


def _query(name: str, schema: dict[str, Any], text: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema, **({"description": text} if text else {})}


def _content(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _schema(reply: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    made = TypeAdapter(reply).json_schema(ref_template=_REFERENCE, mode="serialization")
    schemas.update(made.pop("$defs", {}))
    return made


def _is_needed(body: type[BaseModel]) -> bool:
    return any(field.is_required() for field in body.model_fields.values())
