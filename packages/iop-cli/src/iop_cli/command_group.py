"""The group behind ``iop``: sub-commands are found through the hook and loaded on use."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from iop_cli.application import Application
from iop_cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from iop_core.commands import CommandEntry

# These work also when a plug-in is broken, so they are found without asking the plug-ins.
_SELF_RELIANT = ("doctor", "completion")


class CommandGroup(click.Group):
    """A click group whose commands are those of the plug-ins.

    ``iop --help`` imports no command: the summaries are part of the entries. Every error
    ends as one line on standard error and an exit code of ``ExitCode``.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands; called by click."""
        return sorted(_entries(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a command, None when there is none of that name; called by click."""
        if cmd_name in _SELF_RELIANT:
            from iop_core.commands import CommandEntry

            return _load(CommandEntry(cmd_name, "", f"iop_cli.commands.{cmd_name}:{cmd_name}"))
        entry = _entries(ctx).get(cmd_name)
        return None if entry is None else _load(entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the arguments name; called by click."""
        from iop_core.errors import did_you_mean

        known = _SELF_RELIANT if args[0] in _SELF_RELIANT else _entries(ctx)
        if args[0] not in known and not ctx.resilient_parsing:
            ctx.fail(f"no such command {args[0]!r}{did_you_mean(args[0], known)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them; called by click."""
        entries = _entries(ctx)
        with formatter.section("Commands"):
            formatter.write_dl([(name, entries[name].summary) for name in sorted(entries)] or [("none", "")])

    def invoke(self, ctx: click.Context) -> None:
        """Run the command; called by click. What it returns is not an exit code."""
        super().invoke(ctx)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command line; takes what click takes, and ends by SystemExit just like it."""
        application = extra.setdefault("obj", Application())
        standalone = extra.pop("standalone_mode", True)
        from iop_cli.old_flags import sub_command_line

        given: Sequence[str] | None = args[0] if args else extra.pop("args", None)
        line = list(sys.argv[1:] if given is None else given)
        as_json = "--json" in line[: line.index("--") if "--" in line else None]
        try:
            code: int = super().main(sub_command_line(line), standalone_mode=False, **extra) or ExitCode.OK
        except (click.Abort, KeyboardInterrupt):
            code = ExitCode.INTERRUPTED
        except click.ClickException as exc:
            from iop_cli.failures import report_usage

            code = report_usage(exc, as_json=as_json)
        except Exception as exc:  # noqa: BLE001 - boundary: a command may raise anything
            from iop_cli.failures import report_failure

            code = report_failure(exc, debug=application.debug, as_json=as_json)
        if standalone:
            sys.exit(code)
        return code


def _entries(ctx: click.Context) -> dict[str, CommandEntry]:
    return ctx.ensure_object(Application).plugins.commands()


def _load(entry: CommandEntry) -> click.Command:
    from iop_core.errors import PluginError

    module, _, attribute = entry.location.partition(":")
    try:
        command: object = getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as exc:
        raise PluginError(f"command {entry.name!r} could not be loaded from {entry.location!r}: {exc}") from exc
    if not isinstance(command, click.Command):
        raise PluginError(f"command {entry.name!r}: {entry.location!r} is not a click command")
    return command
