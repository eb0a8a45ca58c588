"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from iop_cli.alternatives import alternatives
from iop_cli.application import Application
from iop_cli.completion import items

_Function = TypeVar("_Function", bound=Callable[..., Any])

namespace_option = click.option(
    "--namespace", metavar="NS", help="Namespace to use; default: IOP_NAMESPACE, else USER."
)
production_option = click.option(
    "--production", "name", metavar="NAME", help="Production to run, when the file has several."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
yes_option = click.option("--yes", is_flag=True, help="Do not ask.")


def who_options(function: _Function) -> _Function:
    """Add ``--reason`` and ``--actor``, which the audit keeps."""
    reason = click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit.")
    actor = click.option("--actor", default="", metavar="NAME", help="Who does it; default: the user of this process.")
    decorated: _Function = reason(actor(function))
    return decorated


def _fields(context: click.Context, parameter: click.Parameter, given: tuple[str, ...]) -> dict[str, str] | None:
    """Return name to value for texts such as ``mrn=123``; called by click."""
    pairs = [text.partition("=") for text in given]
    wrong = next((text for text, (name, equals, _) in zip(given, pairs, strict=True) if not (name and equals)), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not NAME=VALUE", context, parameter)
    return {name: value for name, _, value in pairs} or None


_FILTERS = (
    click.option("--session", "session_id", metavar="ID", help="Messages of that session."),
    click.option("--status", metavar="STATUS", help="Name or number, such as Error or 8."),
    click.option("--type", metavar="TYPE", help="Request or Response."),
    click.option("--source", metavar="ITEM", shell_complete=items, help="Sent by that item."),
    click.option("--target", metavar="ITEM", shell_complete=items, help="Sent to that item."),
    click.option("--class", "body_class", metavar="CLASS", help="Full name of the class, or its last part."),
    click.option("--error/--no-error", "is_error", default=None, help="Only with, or only without an error."),
    click.option("--error-text", metavar="TEXT", help="With this text in the error."),
    click.option(
        "--where",
        multiple=True,
        metavar="NAME=VALUE",
        callback=_fields,
        help="With this value in a searchable field of the body; all have to match.",
    ),
    click.option("--since", metavar="TIME", help="ISO time, or an age such as 10m, 2h, 3d."),
    click.option("--until", metavar="TIME", help="The same, for the end."),
    click.option(
        "--any-of",
        multiple=True,
        metavar="NAME=VALUE,...",
        callback=alternatives,
        help="One of several: messages that fit at least one --any-of (all of it), and all other options.",
    ),
)


def _remember(context: click.Context, parameter: click.Parameter, given: object) -> None:
    """Keep where productions run for ``Application.query``; called by click."""
    if given:
        setattr(context.ensure_object(Application), parameter.name, given)


def data_dir_option(default: str) -> Callable[[_Function], _Function]:
    """Return the options that say where productions run: ``--data-dir``, which is passed on, and its alternatives.

    Args:
        default: Words for the directory that is used when nothing says anything.
    """
    options = (
        click.option(
            "--data-dir",
            type=click.Path(path_type=Path, file_okay=False),
            help=f"Directory of the local backend's data; default: IOP_URL, else IOP_SETTINGS, else {default}.",
        ),
        click.option("--url", expose_value=False, callback=_remember, help="URL of the backend, instead."),
        click.option(
            "--remote-settings",
            type=click.Path(path_type=Path, dir_okay=False),
            expose_value=False,
            callback=_remember,
            help="File whose REMOTE_SETTINGS say where; it is read, and not run.",
        ),
        click.option(
            "--local",
            "is_local",
            is_flag=True,
            expose_value=False,
            callback=_remember,
            help="On this machine, whatever the environment says.",
        ),
    )

    def add(function: _Function) -> _Function:
        for option in reversed(options):
            function = option(function)
        return function

    return add


def filter_options(function: _Function) -> _Function:
    """Add the options that choose messages."""
    for option in reversed(_FILTERS):
        function = option(function)
    return function


def query_options(function: _Function) -> _Function:
    """Add the options of all commands that read what a backend keeps."""
    for option in (json_option, data_dir_option(".iop below the current directory"), namespace_option):
        function = option(function)
    return function
