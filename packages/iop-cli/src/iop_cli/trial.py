"""Sending a test message from the command line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from iop_cli.application import Application
from iop_cli.output import print_json
from iop_core.errors import ConfigurationError
from iop_core.json_serializer import JsonSerializer
from iop_core.message_types import is_message_class
from iop_core.registry import class_name_of
from iop_director.trial_messages import TrialMessage

_Function = TypeVar("_Function", bound=Callable[..., Any])


def trial_options(function: _Function) -> _Function:
    """Add the options of commands that send a test message."""
    for option in (
        click.option("--no-wait", is_flag=True, help="Only send it, and print its session; the reply goes to nobody."),
        click.option(
            "--timeout",
            type=click.FloatRange(min=0, min_open=True),
            default=30.0,
            show_default=True,
            metavar="SECONDS",
            help="How long to wait for the reply; exit code 5 when none comes.",
        ),
        click.option("--restart/--no-restart", help="Whether to restart the item before; default: not."),
        click.option("-B", "--body", metavar="JSON|@FILE", help="Its fields, or a file that holds them."),
        click.option("-C", "--classname", metavar="CLASS", help="Class of the message; none: an empty message."),
    ):
        function = option(function)
    return function


def try_component(application: Application, name: str, **options: object) -> None:
    """Send a test message as the options say, and print the reply."""
    data_dir, namespace = cast("Path | None", options["data_dir"]), cast("str | None", options["namespace"])
    given = cast("str | None", options["body"])
    if given is not None and given.startswith("@"):
        given = _read(Path(given[1:]))
    director = application.query(data_dir, namespace)
    classname = cast("str | None", options["classname"])
    restart = bool(options["restart"])
    if options["no_wait"]:
        session_id = director.send_test(name, TrialMessage(classname=classname, body=given), restart=restart)
        if options["as_json"]:
            print_json({"session": session_id})
        else:
            click.echo(f"Sent in session {session_id}.")
        return
    timeout_seconds = cast("float", options["timeout"])
    reply = director.test_component(
        name, classname=classname, body=given, restart=restart, timeout_seconds=timeout_seconds
    )
    record = _record(reply)
    if options["as_json"]:
        print_json(record)
    elif record is None:
        click.echo("The item answered without a message.")
    else:
        click.echo(
            f"classname: {record['classname']}\nbody:\n{json.dumps(record['body'], ensure_ascii=False, indent=4)}"
        )


def _record(reply: object) -> dict[str, object] | None:
    """Return a reply as its class and body; None for an empty one."""
    if reply is None:
        return None
    if isinstance(reply, dict):
        found = cast("dict[str, object]", reply)
        return {"classname": found["classname"], "body": _parsed(str(found["body"]))}
    kind = type(reply)
    if is_message_class(kind) and JsonSerializer().accepts(kind):
        text = JsonSerializer().codec_for(kind).encode(reply).decode()
    elif dataclasses.is_dataclass(reply):
        text = json.dumps(dataclasses.asdict(cast("Any", reply)), default=str)
    else:
        text = str(reply)
    return {"classname": class_name_of(kind), "body": _parsed(text)}


def _parsed(text: str) -> object:
    try:
        return cast("object", json.loads(text))
    except ValueError:
        return text


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigurationError(f"the body {str(file)!r} cannot be read: {exc}") from exc
