"""Starting and stopping whole productions through a backend."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace

from iop_core.backends import Backend, RunningProduction, StartOrder
from iop_core.errors import BackendError, BackendUnavailableError, ConfigurationError, LifeCycleError, did_you_mean

# How long a shutdown waits before it ends the process, as in IRIS.
SHUTDOWN_SECONDS = 10.0

_NONE_NAMED = "no production was named, and there is no default one; name one, or choose it with set_default_production"


def order_for(backend: Backend, name: str | None) -> StartOrder:
    """Return how to start a production.

    Args:
        backend: Where.
        name: One that is deployed there, or that was started last; None or empty: the default
            production, else the one that was started last.

    Raises:
        ConfigurationError: There is none of that name, or none to choose.
    """
    if backend.is_remote:
        return _remote_order(backend, name)
    deployed, default = _deployed(backend)
    last: StartOrder | None = None
    with suppress(BackendUnavailableError, BackendError):
        last = backend.last_start()
    wanted = name or default or (last.production if last is not None else "")
    for each in deployed:
        if each.lower() == wanted.lower():
            return StartOrder(production=each)
    if last is not None and wanted == last.production:
        return last
    names = set(deployed) if last is None else {*deployed, last.production}
    known = sorted(names)
    if not wanted:
        raise ConfigurationError(_NONE_NAMED)
    raise ConfigurationError(
        f"no production {wanted!r} is known here{did_you_mean(wanted, known)}; known: {', '.join(known) or 'none'}. "
        "Start it from its file with 'iop start FILE', or deploy it with 'iop migrate FILE'"
    )


def start(backend: Backend, order: StartOrder) -> RunningProduction:
    """Start a production in a process of its own; returns when it is ready.

    Raises:
        LifeCycleError: One runs there already.
        BackendError: It did not start.
    """
    with suppress(BackendUnavailableError):
        running = backend.connect().status()
        process = f" (process {running.pid})" if running.pid else ""
        raise LifeCycleError(
            f"{running.production!r} runs in namespace {running.namespace!r} already{process}; stop or update it"
        )
    return backend.start(order)


def restart(backend: Backend, *, actor: str = "", reason: str = "") -> RunningProduction:
    """Stop what runs and start it in the way in which it was started.

    Raises:
        LifeCycleError: It was not started in a process of its own.
        BackendError: It did not stop or start.
    """
    if backend.is_remote:
        backend.server().restart_production()
        return backend.connect()
    running = backend.connect()
    status = running.status()
    try:
        order = backend.last_start()
    except BackendUnavailableError as exc:
        raise _not_in_background(status.production, status.pid) from exc
    if order.production != status.production:
        raise _not_in_background(status.production, status.pid)
    running.stop(actor=actor, reason=reason)
    return backend.start(replace(order, production=status.production))


def shut_down(backend: Backend, *, actor: str = "", reason: str = "") -> None:
    """Stop what runs; after ten seconds end its process, so that what is being handled is handled again later.

    Raises:
        BackendUnavailableError: Nothing runs.
        BackendError: It runs in this very process and goes on.
    """
    if backend.is_remote:
        backend.kill()  # the server does the waiting
        return
    running = backend.connect()
    failures: list[BackendError] = []

    def stop() -> None:
        try:
            running.stop(actor=actor, reason=reason)
        except BackendError as exc:
            failures.append(exc)

    thread = threading.Thread(target=stop, name="iop-shutdown", daemon=True)
    thread.start()
    thread.join(SHUTDOWN_SECONDS)
    if failures or thread.is_alive():
        with suppress(BackendUnavailableError):  # it ended just now
            backend.kill()


def _remote_order(backend: Backend, name: str | None) -> StartOrder:
    # Whether there is one of that name is for the server to say.
    wanted = name or backend.deployments().default_production()
    if not wanted:
        raise ConfigurationError(_NONE_NAMED)
    return StartOrder(production=wanted)


def _deployed(backend: Backend) -> tuple[list[str], str]:
    try:
        deployments = backend.deployments()
        return deployments.production_names(), deployments.default_production()
    except BackendError:
        return [], ""


def _not_in_background(production: str, pid: int) -> LifeCycleError:
    return LifeCycleError(
        f"{production!r} was not started with 'iop start' but by process {pid} itself; stop it, and start it "
        "there again"
    )
