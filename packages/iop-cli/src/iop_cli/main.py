"""The entry point of ``iop``."""

from __future__ import annotations

import sys

import click

from iop_cli.application import Application
from iop_cli.command_group import CommandGroup


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
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_versions,
    help="Show the versions of all installed packages of IoP and leave.",
)
@click.pass_context
def iop(ctx: click.Context, *, debug: bool) -> None:
    """Run productions and look into them."""
    ctx.ensure_object(Application).debug = debug
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def main() -> None:
    """Run the command line of this process; ends by SystemExit."""
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # A terminal that cannot show a character gets its code instead of an error.
        reconfigure(errors="backslashreplace")
    iop(prog_name="iop")
