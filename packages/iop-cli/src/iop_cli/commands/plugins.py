"""``iop plugins``."""

from __future__ import annotations

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import json_option
from iop_cli.output import print_json, print_table


@click.command()
@json_option
@pass_application
def plugins(application: Application, *, as_json: bool) -> None:
    """List the installed plug-ins and the hooks they implement."""
    registry = application.plugins
    hooks = registry.hooks()
    records: list[dict[str, object]] = []
    for name, origin in sorted(registry.names().items()):
        distribution, _, version = origin.rpartition(" ")
        records.append({"name": name, "distribution": distribution, "version": version, "hooks": hooks[name]})
    if as_json:
        print_json(records)
    else:
        rows = ((r["name"], r["distribution"], r["version"], ", ".join(hooks[str(r["name"])])) for r in records)
        print_table(("Name", "Distribution", "Version", "Hooks"), rows)
