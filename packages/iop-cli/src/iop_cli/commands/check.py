"""``iop check``."""

from __future__ import annotations

from pathlib import Path

import click

from iop_cli.application import Application, pass_application
from iop_cli.exit_codes import ExitCode
from iop_cli.options import json_option
from iop_cli.output import print_json
from iop_cli.production_source import read_settings
from iop_director.safe_text import one_line
from iop_migrate import choose_production
from iop_production.route_checks import handler_warnings
from iop_production.validation import build_report


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--production", "name", metavar="NAME", help="Only that production; default: all of the file.")
@click.option("--strict", is_flag=True, help="Let warnings count as mistakes.")
@json_option
@pass_application
@click.pass_context
def check(
    ctx: click.Context, _application: Application, *, file: Path, name: str | None, strict: bool, as_json: bool
) -> None:
    """Look for mistakes in the productions of FILE.py without running them.

    Ends with exit code 3 when there are any. Warnings are about handlers that never count,
    such as a second one for the same message.
    """
    settings = read_settings(file)
    productions = settings.productions if name is None else [choose_production(settings, name)]
    is_wrong = False
    records: list[dict[str, object]] = []
    for production in productions:
        report, warnings = build_report(production), handler_warnings(production)
        is_wrong = is_wrong or report.has_issues or (strict and bool(warnings))
        records.append({**report.to_dict(), "warnings": warnings})
        if not as_json:
            for line in report.to_text().splitlines():
                click.echo(one_line(line))
            for warning in warnings:
                click.echo(f"  warning {one_line(warning)}")
    if as_json:
        print_json({"has_issues": is_wrong, "productions": records})
    if is_wrong:
        ctx.exit(ExitCode.NOT_CONVERGED)
