"""The option ``--any-of``: filters of which one has to fit, each written as ``target=Lab,session=7``."""

from __future__ import annotations

import csv

import click

# As the options are called, without their dashes.
_NAMES = {
    "id": "message_id",
    "session": "session_id",
    "status": "status",
    "type": "type",
    "source": "source",
    "target": "target",
    "class": "body_class",
    "error": "is_error",
    "error-text": "error_text",
    "since": "since",
    "until": "until",
}


def alternatives(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> list[dict[str, object]] | None:
    """Return the filters that texts stand for; called by click.

    Args:
        context: Of click.
        parameter: The option.
        given: Criteria in CSV, such as ``status=Error`` or ``where=mrn=1,"error-text=full, or slow"``.

    Returns:
        Filters as ``message_filter`` takes them; None when nothing is given.
    """
    try:
        return [_filter(text) for text in given] or None
    except ValueError as exc:
        raise click.BadParameter(str(exc), context, parameter) from exc


def _filter(text: str) -> dict[str, object]:
    """Return one filter; raise ValueError where the text is none."""
    found: dict[str, object] = {}
    fields: dict[str, str] = {}
    for criterion in _split(text):
        name, equals, value = criterion.partition("=")
        field, has_value, wanted = value.partition("=")
        if name == "where" and field and has_value and field not in fields:
            fields[field] = wanted
        elif name in _NAMES and equals and _NAMES[name] not in found:
            found[_NAMES[name]] = _yes_or_no(value) if name == "error" else value
        else:
            names = ", ".join([*_NAMES, "where"])
            raise ValueError(
                f"{criterion!r} in {text!r} is not NAME=VALUE with a name of its own out of {names}; "
                "of where it is where=FIELD=VALUE"
            )
    return {**found, "fields": fields} if fields else found


def _split(text: str) -> list[str]:
    try:
        return next(csv.reader([text], skipinitialspace=True, strict=True)) or [""]
    except csv.Error as exc:
        raise ValueError(f"{text!r} cannot be read: {exc}") from exc


def _yes_or_no(value: str) -> bool:
    wanted = {"yes": True, "no": False}.get(value.lower())
    if wanted is None:
        raise ValueError(f"error={value} is neither error=yes nor error=no")
    return wanted
