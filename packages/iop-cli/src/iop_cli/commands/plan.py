"""``iop plan``: change what is deployed in steps that are reviewed first and can be taken back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exit_codes import ExitCode
from iop_cli.options import query_options, yes_option
from iop_cli.output import print_json
from iop_cli.production_source import read_settings
from iop_director import Director
from iop_director.remote_settings import REMOTE_SETTINGS
from iop_director.safe_text import one_line
from iop_migrate import choose_production
from iop_production import Production, ProductionApplyResult, ProductionChangePlan
from iop_production.backup import DEFAULT_FOLDER, read_backup

_plan_argument = click.argument("plan_file", metavar="PLAN", type=click.Path(path_type=Path))
_production_option = click.option("--production", "name", metavar="NAME", help="Which production of FILE.")
_destructive_option = click.option(
    "--allow-destructive", is_flag=True, help="Also remove items, settings and routes, and replace classes."
)
_actor_option = click.option("--actor", metavar="NAME", help="Who does it; default: the user of this process.")
_reason_option = click.option("--reason", default="", metavar="TEXT", help="Why; kept with the change.")
_no_update_option = click.option("--no-update", is_flag=True, help="Leave what runs as it is until its next start.")


@click.group()
def plan() -> None:
    """Change what is deployed in steps that are reviewed first and can be taken back."""


@plan.command()
@click.argument("file", type=click.Path(path_type=Path))
@_production_option
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Write the plan to this file instead of showing it."
)
@query_options
@pass_application
def build(
    application: Application,
    *,
    file: Path,
    name: str | None,
    out: Path | None,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show what has to change in what is deployed to make it the production of FILE.py."""
    made = _production(application, file, name, namespace=namespace, data_dir=data_dir).plan()
    if out is not None:
        made.save(out)
    if as_json:
        print_json(made.to_dict(mask_secrets=True))
    elif out is not None:
        click.echo(f"Production change plan written to {out}")
    else:
        _echo(made)


@plan.command()
@_plan_argument
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with secrets masked.")
def review(*, plan_file: Path, as_json: bool) -> None:
    """Show the plan in the file PLAN; one that was edited is refused."""
    made = ProductionChangePlan.load(plan_file)
    if as_json:
        print_json(made.to_dict(mask_secrets=True))
    else:
        _echo(made)


@plan.command()
@_plan_argument
@click.option("--settings", "file", type=click.Path(path_type=Path), required=True, help="FILE.py of the production.")
@_production_option
@click.option(
    "--backup-dir", type=click.Path(path_type=Path), default=DEFAULT_FOLDER, show_default=True, help="For the backup."
)
@_destructive_option
@click.option("--dry-run", is_flag=True, help="Check everything, say what would be done, and do nothing.")
@_no_update_option
@_actor_option
@_reason_option
@yes_option
@query_options
@pass_application
@click.pass_context
def apply(
    ctx: click.Context,
    application: Application,
    /,
    *,
    plan_file: Path,
    file: Path,
    name: str | None,
    allow_destructive: bool,
    dry_run: bool,
    yes: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    **options: object,
) -> None:
    """Apply the plan in the file PLAN, after a backup of what is deployed.

    The plan has to be of the production of the settings file as it is now.
    """
    made = ProductionChangePlan.load(plan_file)
    production = _production(application, file, name or made.production_name, namespace=namespace, data_dir=data_dir)
    removals = [one for one in made.operations if one.requires_allow_destructive] if allow_destructive else []
    if removals and not dry_run:
        _ask(f"Apply {len(removals)} destructive operation(s) to {made.production_name}?", yes=yes)
    result = production.apply(
        made,
        allow_destructive=allow_destructive,
        backup_dir=Path(str(options["backup_dir"])),
        update=not options["no_update"],
        actor=None if options["actor"] is None else str(options["actor"]),
        reason=str(options["reason"]),
        dry_run=dry_run,
    )
    if as_json:
        print_json({**result.to_dict(), "dry_run": dry_run})
    else:
        _echo(result)
        if dry_run:
            click.echo("Dry run: nothing was changed.")
    if not _is_done(result):
        ctx.exit(ExitCode.FAILED)


@plan.command()
@_plan_argument
@click.option("--allow-destructive", is_flag=True, help="Expect also what needs this to be applied.")
@query_options
@pass_application
@click.pass_context
def verify(
    ctx: click.Context,
    application: Application,
    *,
    plan_file: Path,
    allow_destructive: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Say whether what the plan in the file PLAN wants is deployed; ends with exit code 3 when it is not."""
    made = ProductionChangePlan.load(plan_file)
    director = application.query(data_dir, namespace or made.namespace or None)
    result = Production(made.production_name).with_director(director).verify(made)
    if as_json:
        print_json(result.to_dict())
    else:
        _echo(result)
    if not result.success or (allow_destructive and result.residual_operations):
        ctx.exit(ExitCode.NOT_CONVERGED)


@plan.command()
@click.argument("backup", type=click.Path(path_type=Path))
@_destructive_option
@_no_update_option
@_actor_option
@_reason_option
@yes_option
@query_options
@pass_application
@click.pass_context
def rollback(
    ctx: click.Context,
    application: Application,
    /,
    *,
    backup: Path,
    allow_destructive: bool,
    no_update: bool,
    actor: str | None,
    reason: str,
    yes: bool,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Restore what was deployed before a plan was applied, from the folder BACKUP.

    Everything that was deployed since is replaced, and backed up before. Ends with exit code 3
    when what is deployed then is not what the backup holds.
    """
    if allow_destructive:
        _ask(f"Replace what is deployed by the backup {backup.name}?", yes=yes)
    director = application.query(data_dir, namespace or read_backup(backup).said("namespace") or None)
    result = Production.rollback_backup(
        backup,
        director=director,
        namespace=namespace,
        allow_destructive=allow_destructive,
        update=not no_update,
        actor=actor,
        reason=reason,
    )
    if as_json:
        print_json(result.to_dict())
    else:
        _echo(result)
    if not result.success:
        ctx.exit(ExitCode.NOT_CONVERGED)


def _production(
    application: Application, file: Path, name: str | None, *, namespace: str | None, data_dir: Path | None
) -> Production:
    """Return a production of a settings file, with the director for the place where it is deployed."""
    settings = read_settings(file)
    production = choose_production(settings, name)
    wanted = namespace or production.namespace
    if data_dir is None and not application.names_a_place and hasattr(settings.module, REMOTE_SETTINGS):
        return production.with_director(Director(namespace=wanted, remote_settings=file, plugins=application.plugins))
    return production.with_director(application.query(data_dir, wanted))


def _is_done(result: ProductionApplyResult) -> bool:
    return result.success and not (result.runtime_update or {}).get("failed")


def _ask(question: str, *, yes: bool) -> None:
    if not yes and sys.stdin.isatty():
        click.confirm(one_line(question), abort=True, err=True)


def _echo(text: object) -> None:
    for line in str(text).splitlines():
        click.echo(one_line(line))
