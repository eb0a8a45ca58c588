"""The option ``--durability`` of commands that run productions."""

from __future__ import annotations

import click

from iop_core.backends import DURABILITIES

durability_option = click.option(
    "--durability",
    type=click.Choice(DURABILITIES),
    default="full",
    show_default=True,
    help="full: a message is on the disk before its send returns; normal: a power cut may lose the last ones.",
)
