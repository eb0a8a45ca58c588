"""The command ``iop``: its own options, and what it says without a sub-command."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application
from iop_cli.command_group import CommandGroup
from iop_cli.options import data_dir_option, json_option, namespace_option, yes_option


def _print_versions(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted:
        from iop_cli.versions import installed_versions

        for name, version in installed_versions().items():
            click.echo(f"{name} {version}")
        ctx.exit()


@click.group(
    cls=CommandGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="The flags of older programs, such as 'iop -s NAME -D' and 'iop -x', go on working.",
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option("--quiet", is_flag=True, help="Show only what was asked for: no progress, no word on what was done.")
@yes_option
@json_option
@namespace_option
@data_dir_option(".iop below the current directory")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of all installed packages of IoP and leave.",
)
@click.pass_context
def iop(
    ctx: click.Context,
    *,
    debug: bool,
    quiet: bool,
    yes: bool,
    as_json: bool,
    namespace: str | None,
    data_dir: Path | None,
) -> None:
    """Run productions and look into them.

    Options of a command may stand before it, too: 'iop --json status' is 'iop status --json'.
    """
    application = ctx.ensure_object(Application)
    application.debug, application.quiet = debug, quiet
    if ctx.invoked_subcommand is not None:
        return
    if yes or as_json:
        raise click.UsageError(f"{'--yes' if yes else '--json'} says nothing without a sub-command")
    from iop_cli.overview import print_namespace, print_overview

    if namespace == "":
        print_namespace()
    else:
        click.echo(ctx.get_help())
        print_overview(application, data_dir, namespace)
