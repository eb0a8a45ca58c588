"""``iop doctor``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from iop_cli.application import Application, local_url, pass_application
from iop_cli.checkups import (
    check_backend,
    check_interpreter,
    check_machine,
    check_offered,
    check_packages,
    check_plugins,
    plugins_of,
)
from iop_cli.exit_codes import ExitCode
from iop_cli.options import query_options
from iop_cli.output import print_json
from iop_core.checkups import CheckupPlace, Finding, Health
from iop_core.errors import IopError
from iop_director.safe_text import one_line

_MARKS = {Health.GOOD: "ok", Health.WARNING: "warning", Health.FAULT: "FAULT"}


@click.command()
@query_options
@pass_application
@click.pass_context
def doctor(
    ctx: click.Context,
    application: Application,
    *,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Find out what is wrong with this installation and with the place that it works with.

    Nothing is changed. Each fault comes with its repair; ends with exit code 3 when there is
    one, and with 4 when it is the backend that does not answer.
    """
    findings = list(_findings(application, namespace, data_dir))
    faults = [finding for finding in findings if finding.health is Health.FAULT]
    if as_json:
        print_json({"is_healthy": not faults, "findings": [finding.to_dict() for finding in findings]})
    else:
        for finding in findings:
            click.echo(f"{_MARKS[finding.health]:<8}{finding.subject}: {one_line(finding.text)}")
            if finding.repair and finding.health is not Health.GOOD:
                click.echo(f"        repair: {one_line(finding.repair)}")
        warnings = sum(finding.health is Health.WARNING for finding in findings)
        click.echo(f"{len(faults)} faults, {warnings} warnings")
    if faults:
        only_backend = all(finding.subject == "backend" for finding in faults)
        ctx.exit(ExitCode.UNAVAILABLE if only_backend else ExitCode.NOT_CONVERGED)


def _findings(application: Application, namespace: str | None, data_dir: Path | None) -> Iterator[Finding]:
    yield check_interpreter()
    yield from check_packages()
    yield from check_plugins()
    yield from check_machine()
    registry = plugins_of(application.registry)
    if registry is None:
        text = "it was not looked at, as a plug-in cannot be loaded"
        yield Finding("backend", Health.WARNING, text, "repair the plug-in first")
        return
    application.registry = registry
    try:
        director = application.query(data_dir, namespace)
    except IopError as exc:
        repair = "look at --url, --data-dir, --remote-settings, IOP_URL and IOP_SETTINGS"
        yield Finding("place", Health.FAULT, str(exc), repair)
        return
    backend = director.backend
    where = f"{backend.location}, namespace {director.namespace}"
    yield Finding("place", Health.GOOD, where)
    url = backend.location if "://" in backend.location else local_url(Path(backend.location))
    yield from check_offered(registry, CheckupPlace(url, director.namespace))
    yield check_backend(director)
