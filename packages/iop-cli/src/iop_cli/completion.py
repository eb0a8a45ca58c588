"""Names for the completion of a shell: productions and items, as the place knows them.

Whatever goes wrong, the shell is told nothing: there is nobody to read an error.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from click.shell_completion import CompletionItem

from iop_cli.application import Application

if TYPE_CHECKING:
    import click

    from iop_director import Director


def deployed_productions(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return files, and the productions that are deployed, run or ran last; called by click."""
    names = _ask(context, lambda director: director.list_productions())
    found = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return [*found, CompletionItem(incomplete, type="file")]


def productions(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the productions that are deployed, run or ran last; called by click."""
    return [item for item in deployed_productions(context, _parameter, incomplete) if item.type == "plain"]


def items(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the items of the production that runs, else of the default one; called by click."""
    return [CompletionItem(name) for name in _ask(context, _items) if name.startswith(incomplete)]


def _items(director: Director) -> Iterable[str]:
    from iop_core.errors import BackendUnavailableError

    try:
        return [item.name for item in director.items()]
    except BackendUnavailableError:
        name = director.get_default_production()
        counters = director.export_production_queue_info(name)["items"]
        return [entry["item"] for entry in counters]


def _ask(context: click.Context, question: Callable[[Director], Iterable[str]]) -> list[str]:
    try:
        application = context.ensure_object(Application)
        director = application.query(context.params.get("data_dir"), context.params.get("namespace"))
        return sorted(question(director))
    except Exception:  # noqa: BLE001 - boundary: the shell shows whatever a completion prints
        return []
