"""Taking over changed code while a production runs."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import click

from iop_cli.production_source import ProductionSource
from iop_core.errors import IopError, MissingPackageError
from iop_director.safe_text import one_line

if TYPE_CHECKING:
    from iop_core.backends import RunningProduction
    from iop_core.definitions import ItemDefinition

_DEBOUNCE_MS = 200
_TRIAL = (
    "import sys; from iop_migrate import choose_production, load_settings; "
    "choose_production(load_settings(sys.argv[1]), sys.argv[2]).definition()"
)


class CodeWatch:
    """Watches the Python files of a folder and has a production take them over, while the ``with`` block runs.

    New code is tried in another process first: code that cannot be loaded changes nothing here.
    Messages in hand are handled to their end by the old code, and queues stay as they are. An item
    whose new code cannot start goes on with the old one; the others run the new one.

    Args:
        file: The settings file.
        source: Where the production is read.
        running: The production.
        say: Shows a line of text.

    Raises:
        MissingPackageError: The library that watches is not installed.
    """

    def __init__(
        self,
        file: Path,
        source: ProductionSource,
        running: RunningProduction,
        say: Callable[[str], object] = click.echo,
    ) -> None:
        try:
            import watchfiles
        except ImportError as exc:
            raise MissingPackageError("'iop dev'", "iop-command[dev]") from exc
        self._watchfiles = watchfiles
        self._file = file
        self._source = source
        self._running = running
        # What the items run; of one that could not start, the definition before.
        self._current = source.definition
        self._say = say
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="iop-code-watch", daemon=True)

    def __enter__(self) -> CodeWatch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        changes = self._watchfiles.watch(
            self._file.parent,
            watch_filter=self._watchfiles.PythonFilter(),
            debounce=_DEBOUNCE_MS,
            rust_timeout=_DEBOUNCE_MS,
            yield_on_timeout=False,
            stop_event=self._is_over,
            raise_interrupt=False,
        )
        for changed in changes:
            names = ", ".join(sorted({Path(path).name for _, path in changed}))
            self._say(one_line(f"Changed: {names}"))
            self.take_over()

    def take_over(self) -> None:
        """Have the production run the code as it is now, if it can be loaded; what goes wrong is shown."""
        problem = self._try_in_another_process()
        if problem is None:
            try:
                self._reload()
            except IopError as exc:
                problem = str(exc)
        if problem is not None:
            self._say(one_line(f"Error: {problem}; the old code goes on"))

    def _reload(self) -> None:
        old, new = self._current, self._source.read_again()
        result = self._running.update(new)
        self._current = new
        failed = result.failed
        done = replace(result, added=_without(failed, result.added), restarted=_without(failed, result.restarted))
        self._say(one_line(f"Reloaded: {replace(done, failed={}).to_text()}"))
        self._put_back([item for item in old.items if item.name in failed and new.item(item.name)], failed)

    def _put_back(self, items: Sequence[ItemDefinition], failed: Mapping[str, str]) -> None:
        """Run items that could not start as they were before."""
        before = {item.name: item for item in items}
        for name, reason in failed.items():
            end = "its old code goes on" if name in before else "it is new, and does not run"
            self._say(one_line(f"Error: item {name} could not start: {reason}; {end}"))
        if not before:
            return
        mixed = replace(self._current, items=tuple(before.get(item.name, item) for item in self._current.items))
        again = self._running.update(mixed)
        self._current = mixed
        for name, reason in again.failed.items():
            self._say(one_line(f"Error: the old code of item {name} could not start again: {reason}"))

    def _try_in_another_process(self) -> str | None:
        """Return why the file cannot be loaded; None when it can."""
        command = [sys.executable, "-c", _TRIAL, str(self._file), self._source.definition.name]
        trial = subprocess.run(  # noqa: S603 - our own interpreter
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", check=False
        )
        if trial.returncode == 0:
            return None
        lines = trial.stderr.strip().splitlines()
        return lines[-1].rpartition("Error: ")[2] if lines else f"its process ended with code {trial.returncode}"


def _without(left_out: Container[str], names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in left_out)
