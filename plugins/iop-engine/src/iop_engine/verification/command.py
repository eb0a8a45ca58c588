"""``iop verify-durability``."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import click

from iop_engine.verification.campaign import Campaign
from iop_engine.verification.report import Report

_DEFAULT_MINUTES = 1.0


@click.command()
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="How long; default: 1, or until --kills.")
@click.option("--kills", type=click.IntRange(min=1), help="How many kills; default: as many as there is time for.")
@click.option("--seed", type=int, default=1, show_default=True, help="What is sent and killed follows from it.")
@click.option(
    "--data",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Directory on the disk to verify; default: the current one.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def verify_durability(
    context: click.Context,
    /,
    *,
    minutes: float | None,
    kills: int | None,
    seed: int,
    directory: Path | None,
    as_json: bool,
) -> None:
    """Kill productions on this disk and check that nothing is lost.

    A production of its own takes messages in while it is killed again and again, in the start, in
    the middle of its work, and at each named point of the engine. What its senders were told is then compared
    with what its operations did. Ends with 0 when all promises were kept, with 1 when not; then
    the records stay for you to look at.
    """
    if minutes is None and kills is None:
        minutes = _DEFAULT_MINUTES
    place = directory or Path.cwd()
    place.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="iop-verify-", dir=place))
    report = Campaign(
        folder=folder,
        kills=kills,
        seconds=None if minutes is None else minutes * 60,
        seed=seed,
        on_progress=_show_progress,
    ).run()
    click.echo(json.dumps(report.to_dict(), indent=2) if as_json else report.to_text())
    if report.is_good:
        shutil.rmtree(folder)
    else:
        context.exit(1)


def _show_progress(report: Report) -> None:
    click.echo(f"{report.kills} kills, {report.acknowledged} messages acknowledged so far", err=True)
