"""``iop messages resend``, ``resubmit``, ``abort``, ``discard``, ``suspend``, ``delete``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from iop_cli.application import Application, pass_application
from iop_cli.exit_codes import ExitCode
from iop_cli.options import filter_options, query_options
from iop_cli.output import print_json
from iop_cli.progress import busy
from iop_core.message_control import BulkResult
from iop_director import Director
from iop_director.safe_text import one_line

_Function = TypeVar("_Function", bound=Callable[..., Any])

# Of what was refused, so many reasons are shown; --json shows all.
_SHOWN = 10

_body_option = click.option(
    "--body", metavar="TEXT|@FILE", help="Another body, for one message: its text, or @ and the file that holds it."
)


def _deed_options(function: _Function) -> _Function:
    options = (
        click.argument("ids", nargs=-1, type=click.IntRange(min=1), metavar="[ID]..."),
        filter_options,
        click.option("--reason", default="", metavar="TEXT", help="Why; kept in the audit."),
        click.option("--actor", default="", metavar="NAME", help="Who does it; default: the user of this process."),
        click.option("--dry-run", is_flag=True, help="Only say what would be done."),
        click.option("--yes", is_flag=True, help="Do not ask."),
        query_options,
    )
    for option in reversed(options):
        function = option(function)
    return function


@click.command()
@click.option("--to", "new_target", default="", metavar="ITEM", help="Item that gets them instead.")
@click.option("--at-head", is_flag=True, help="Before everything else that waits for the item.")
@_body_option
@_deed_options
@pass_application
def resend(application: Application, /, **options: Any) -> None:
    """Send requests again as new messages, oldest first."""
    _do(application, Director.resend_messages, options, ("new_target", "at_head", "body"))


@click.command()
@_body_option
@_deed_options
@pass_application
def resubmit(application: Application, /, **options: Any) -> None:
    """Have suspended messages handled, under their old ids."""
    _do(application, Director.resubmit_messages, options, ("body",))


@click.command()
@_deed_options
@pass_application
def abort(application: Application, /, **options: Any) -> None:
    """End messages that have not ended; who waits for an answer gets an error."""
    _do(application, Director.abort_messages, options)


@click.command()
@_deed_options
@pass_application
def discard(application: Application, /, **options: Any) -> None:
    """End waiting or suspended messages; they stay stored."""
    _do(application, Director.discard_messages, options)


@click.command()
@_deed_options
@pass_application
def suspend(application: Application, /, **options: Any) -> None:
    """Set waiting messages aside until they are resubmitted or discarded."""
    _do(application, Director.suspend_messages, options)


@click.command()
@_deed_options
@pass_application
def delete(application: Application, /, **options: Any) -> None:
    """Remove ended or suspended messages and their bodies for good."""
    _do(application, Director.delete_messages, options)


COMMANDS = (resend, resubmit, abort, discard, suspend, delete)


def _do(
    application: Application, deed: Callable[..., BulkResult], options: dict[str, Any], own: tuple[str, ...] = ()
) -> None:
    """Say how many messages it is about, ask where somebody can answer, do it to just these, and tell."""
    director = application.query(options.pop("data_dir"), options.pop("namespace"))
    as_json, yes, dry_run = options.pop("as_json"), options.pop("yes"), options.pop("dry_run")
    if options.get("body") is not None:
        options["body"] = _text_of(options["body"])
    ids = list(options.pop("ids")) or None
    common = {name: options.pop(name) for name in (*own, "actor", "reason")}
    do = partial(deed, director, **common)
    with busy("Looking for messages"):
        result = do(ids, dry_run=True, **options)
    if not dry_run:
        if not as_json:
            _tell(result, err=True)
        if result.ids:
            if not yes and sys.stdin.isatty():
                click.confirm(f"{result.action.capitalize()} {_messages(len(result.ids))}?", abort=True, err=True)
            refused = result.refused
            with busy(f"{result.action.capitalize()} of {_messages(len(result.ids))}"):
                result = do(list(result.ids))
            result = BulkResult(result.action, False, result.ids, {**refused, **result.refused}, result.marked)
    if as_json:
        print_json({**asdict(result), "counts": result.counts})
    elif dry_run or result.ids or result.marked:
        _tell(result)
    if result.refused and not dry_run:
        raise click.exceptions.Exit(ExitCode.FAILED)


def _tell(result: BulkResult, *, err: bool = False) -> None:
    verb = "would be done to" if result.is_dry_run else "done to"
    text = f"{result.action}: {verb} {_messages(len(result.ids))}"
    if result.marked:
        text += f", {len(result.marked)} marked (being handled: ends that way unless its handling succeeds)"
    if result.refused:
        text += f", {len(result.refused)} refused"
    click.echo(text, err=err)
    for message_id in sorted(result.refused)[:_SHOWN]:
        click.echo(f"  {message_id}: {one_line(result.refused[message_id])}", err=err)
    if len(result.refused) > _SHOWN:
        click.echo(f"  and {len(result.refused) - _SHOWN} more; see --json", err=err)


def _messages(count: int) -> str:
    return "1 message" if count == 1 else f"{count} messages"


def _text_of(given: str) -> str:
    if not given.startswith("@"):
        return given
    try:
        return Path(given[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeError) as exc:
        raise click.UsageError(f"--body: {given[1:]!r} cannot be read: {exc}") from exc
