"""``iop settings``: system default settings, and where the values of settings come from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import click

from iop_cli.application import Application, pass_application
from iop_cli.options import (
    data_dir_option,
    json_option,
    namespace_option,
    production_option,
    query_options,
    who_options,
)
from iop_cli.output import print_json, print_table, tell, time_text
from iop_cli.production_source import source_of
from iop_core.actors import current_user
from iop_core.errors import SettingError, did_you_mean
from iop_core.secret_references import is_secret_reference, masked
from iop_core.setting_layers import ANY, DefaultSetting, ResolvedSetting

_keys = (
    click.option("--production", default=ANY, show_default=True, metavar="NAME", help="Only for that production."),
    click.option("--item", default=ANY, show_default=True, metavar="ITEM", help="Only for that item."),
    click.option("--class", "host_class", default=ANY, show_default=True, metavar="CLASS", help="Only for that class."),
)
_COLUMNS = ("Production", "Item", "Class", "Setting", "Value", "Changed", "By", "Description")


@click.group()
def settings() -> None:
    """Show and change system default settings; say where the value of a setting comes from."""


def _key_options(function: click.decorators.FC) -> click.decorators.FC:
    for option in reversed(_keys):
        function = option(function)
    return function


@settings.command(name="list")
@query_options
@pass_application
def list_settings(application: Application, *, namespace: str | None, data_dir: Path | None, as_json: bool) -> None:
    """List the system default settings of the namespace."""
    rows = application.query(data_dir, namespace).default_settings.all()
    secrets = {row.name for row in rows if is_secret_reference(row.value)}
    if as_json:
        print_json([_plain(row, secrets) for row in rows])
    else:
        print_table(_COLUMNS, (_row(row, secrets) for row in rows))


@settings.command(name="set")
@click.argument("name", metavar="SETTING")
@click.argument("value")
@_key_options
@click.option("--description", default="", metavar="TEXT", help="For people.")
@click.option("--deployable", is_flag=True, help="Note that it is part of a deployment to other places.")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept with the value.")
@click.option("--actor", default="", metavar="NAME", help="Who sets it; default: the user of this process.")
@query_options
@pass_application
def set_setting(
    application: Application,
    /,
    *,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    actor: str,
    **keys: Any,
) -> None:
    """Set a system default: used from the next start on by every item that it fits and that says nothing else.

    VALUE may be a reference: env:NAME for an environment variable, secret://NAME for a file in the
    directory that IOP_SECRETS_DIR names. An empty VALUE is a value too.
    """
    default = DefaultSetting(**keys, changed=datetime.now(timezone.utc), actor=actor or current_user())
    application.query(data_dir, namespace).default_settings.put(default)
    if as_json:
        print_json(_plain(default))
    else:
        tell(f"{default.name} is set for {default.production}/{default.item}/{default.host_class}.")


@settings.command(name="delete")
@click.argument("name", metavar="SETTING")
@_key_options
@who_options
@query_options
@pass_application
def delete_setting(
    application: Application,
    /,
    *,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
    actor: str,
    reason: str,
    name: str,
    **keys: str,
) -> None:
    """Remove the system default with exactly these keys."""
    table = application.query(data_dir, namespace).default_settings
    if not table.remove(name, actor=actor, reason=reason, **keys):
        known = sorted({row.name for row in table.all()})
        raise SettingError(
            f"there is no default setting {name!r} for {'/'.join(keys.values())}{did_you_mean(name, known)}; see "
            "'iop settings list'"
        )
    if as_json:
        print_json({"name": name, **keys, "result": "removed"})
    else:
        tell(f"{name} is no longer set for {'/'.join(keys.values())}.")


@settings.command()
@click.argument("source", metavar="FILE|PRODUCTION")
@click.argument("item", metavar="[ITEM[.SETTING]]", required=False)
@production_option
@json_option
@data_dir_option(".iop beside the file")
@namespace_option
@pass_application
def explain(
    application: Application,
    *,
    source: str,
    item: str | None,
    name: str | None,
    namespace: str | None,
    data_dir: Path | None,
    as_json: bool,
) -> None:
    """Show every value that a setting has somewhere; the first one of each is used.

    FILE is a settings file, PRODUCTION the name of a deployed one. Without ITEM the settings of
    the production itself are shown. A secret value is hidden, and a reference to one is shown.
    """
    found = source_of(application, source, production=name, namespace=namespace, data_dir=data_dir)
    known = {known.name for known in found.definition.items}
    wanted, setting = (item, "") if item is None or item in known else item.rpartition(".")[::2]
    explained = found.director.explain_settings(found.definition, wanted or item)
    if setting:
        names = [one.name for one in explained]
        explained = [one for one in explained if one.name == setting]
        if not explained:
            raise SettingError(f"item {wanted!r} has no setting {setting!r}{did_you_mean(setting, names)}")
    if as_json:
        print_json([_explanation(one) for one in explained])
        return
    print_table(("Of", "Setting", "", "Layer", "Value", "Where"), (row for one in explained for row in _layers(one)))


def _layers(one: ResolvedSetting) -> Iterator[tuple[object, ...]]:
    for position, value in enumerate(one.values):
        mark = "" if position else "used"
        yield one.target, one.name, mark, value.layer.value, one.shown(value), value.origin


def _explanation(one: ResolvedSetting) -> dict[str, object]:
    values = [{"layer": value.layer.value, "value": one.shown(value), "origin": value.origin} for value in one.values]
    return {"target": one.target, "name": one.name, "values": values}


def _plain(row: DefaultSetting, secrets: Collection[str] = ()) -> dict[str, object]:
    changed = None if row.changed is None else row.changed.isoformat()
    return {**asdict(row), "value": masked(row.name, row.value, is_secret=row.name in secrets), "changed": changed}


def _row(row: DefaultSetting, secrets: Collection[str]) -> tuple[object, ...]:
    value = masked(row.name, row.value, is_secret=row.name in secrets)
    when = time_text(row.changed)[:19]
    return row.production, row.item, row.host_class, row.name, value, when, row.actor, row.description
