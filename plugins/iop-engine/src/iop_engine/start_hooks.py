"""What the classes of items do once per start and stop: ``on_production_start`` and ``on_production_stop``."""

from __future__ import annotations

import inspect
import threading
import time
from collections.abc import Iterable
from functools import partial

from iop_core.component import Component
from iop_core.definitions import ItemDefinition
from iop_core.errors import ComponentStartError
from iop_core.logs import ComponentLogger
from iop_core.plugins import installed_plugins
from iop_engine.component_host import ComponentHost
from iop_engine.handler_loop import HandlerLoop
from iop_engine.instances import one_line
from iop_engine.runtime import Runtime

# A stop hook gets what is left of the time for the stop, and at least this.
LEAST_SECONDS = 10.0


class StartHooks:
    """Calls the hooks of the items of each queue: before its jobs are made, and after they have ended.

    Args:
        runtime: What the engine's parts share.
    """

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._begun: dict[str, list[tuple[ItemDefinition, type[Component]]]] = {}

    def begin(self, queue: str, items: Iterable[ItemDefinition]) -> None:
        """Call ``on_production_start`` of the items of a queue.

        Raises:
            ComponentStartError: One failed; ``end`` then takes back those before it.
        """
        begun = self._begun[queue] = []
        for item in items:
            found = item.component_class or installed_plugins().components().get(item.class_name)
            if found is None or not issubclass(found, Component):
                continue  # the start of its jobs says what is wrong
            _check(item, found)
            _call(item, found)
            begun.append((item, found))

    def end(self, queue: str, deadline: float) -> None:
        """Call ``on_production_stop`` of those that have begun, the last first; what fails is logged.

        Args:
            queue: The queue whose jobs have ended.
            deadline: Moment of ``time.monotonic`` after which nothing more is waited for.
        """
        for item, found in reversed(self._begun.pop(queue, [])):
            if not _is_overridden(found, "on_production_stop"):
                continue
            # In a thread: a hook that hangs must not hold up the stop for ever.
            logger = ComponentLogger(found.__name__, ComponentHost(item, self._runtime))
            hook = partial(_stop, item, found, logger)
            thread = threading.Thread(target=hook, name=f"iop-stop-{item.name}", daemon=True)
            thread.start()
            thread.join(max(LEAST_SECONDS, deadline - time.monotonic()))
            if thread.is_alive():
                logger.warning("on_production_stop did not end in time")


def _check(item: ItemDefinition, found: type[Component]) -> None:
    for name in ("on_production_start", "on_production_stop"):
        if not inspect.ismethod(getattr(found, name)):
            raise ComponentStartError(
                item.name,
                f"{found.__name__}.{name} is no class method: it is called once, before or after there are any "
                f"instances. Write @classmethod above 'def {name}(cls, item)'",
            )


def _call(item: ItemDefinition, found: type[Component]) -> None:
    loop = HandlerLoop()
    try:
        loop.call(found.on_production_start, item)
    except Exception as exc:
        raise ComponentStartError(item.name, f"on_production_start failed: {one_line(exc)}") from exc
    finally:
        loop.close()


def _stop(item: ItemDefinition, found: type[Component], logger: ComponentLogger) -> None:
    loop = HandlerLoop()
    try:
        loop.call(found.on_production_stop, item)
    except Exception:
        logger.exception("on_production_stop failed")
    finally:
        loop.close()


def _is_overridden(found: type[Component], name: str) -> bool:
    return getattr(found, name).__func__ is not getattr(Component, name).__func__
