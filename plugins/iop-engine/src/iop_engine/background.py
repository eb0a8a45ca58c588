"""Productions in processes of their own: starting, remembering how, ending."""

from __future__ import annotations

import atexit
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict
from importlib.util import find_spec
from typing import IO

from iop_core.backends import RunningProduction, StartOrder
from iop_core.errors import (
    BackendError,
    BackendUnavailableError,
    ConfigurationError,
    IopError,
    MissingPackageError,
    StoreLockedError,
)
from iop_engine.control.address_file import AddressFile
from iop_engine.running_engines import connect
from iop_engine.sqlite.directory import DataDirectory

_PAUSE_SECONDS = 0.03
_KILL_SECONDS = 10.0
# A log that is larger at a start is put aside, and the one before it forgotten.
_MOST_LOG_BYTES = 16_777_216
# The exit codes of ``iop`` that mean more than "failed".
_ERRORS: dict[int, type[IopError]] = {2: ConfigurationError, 4: BackendUnavailableError}
# A process nobody asks any more for its end would stay as a zombie, and warn when it is forgotten.
_STARTED: list[subprocess.Popen[bytes]] = []


class Background:
    """The process that runs the production of one namespace.

    What it writes goes to ``<namespace>.log`` in the data directory. At a start a large one is
    put aside as ``<namespace>.log.1``.

    Args:
        location: The data directory.
        namespace: The namespace.
    """

    def __init__(self, location: str, namespace: str) -> None:
        self._location = location
        self._namespace = namespace
        self._directory = DataDirectory(location, namespace)
        self._order_file = self._directory.path / f"{namespace.lower()}.start.json"
        self.log_file = self._directory.path / f"{namespace.lower()}.log"

    def start(self, order: StartOrder) -> RunningProduction:
        """Start the process and wait until the production is ready.

        Raises:
            StoreLockedError: One runs there already.
            ConfigurationError: The file or the production cannot be used.
            BackendError: It did not start; the text says why and where its log is.
            MissingPackageError: The command ``iop`` is not installed.
        """
        if find_spec("iop_cli") is None:
            raise MissingPackageError("a production in a process of its own", "iop-command")
        if self._directory.is_locked():
            raise StoreLockedError(
                f"a production runs in {str(self._directory.path)!r}, namespace {self._namespace!r}, already. Stop it "
                "first, or give another directory or namespace"
            )
        self._directory.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._put_aside_log()
        with self.log_file.open("ab") as log:
            begin = log.seek(0, os.SEEK_END)
            process = _spawn(self._command(order), log)
        try:
            running = self._wait_until_ready(process, order, begin)
        except BaseException:
            _end(process)
            raise
        self._order_file.write_text(json.dumps(asdict(order)), encoding="utf-8")
        return running

    def last_start(self) -> StartOrder:
        """Return the order of the latest start.

        Raises:
            BackendUnavailableError: There was none, or it cannot be read.
        """
        try:
            return StartOrder(**json.loads(self._order_file.read_text(encoding="utf-8")))
        except FileNotFoundError as exc:
            raise BackendUnavailableError(
                f"nothing was ever started with 'iop start' in {str(self._directory.path)!r}, namespace "
                f"{self._namespace!r}; name a file"
            ) from exc
        except (OSError, ValueError, TypeError) as exc:
            raise BackendUnavailableError(
                f"{str(self._order_file)!r} cannot be read: {exc}; name the file to start"
            ) from exc

    def kill(self) -> None:
        """End the process at once; what it had not handled stays stored.

        Raises:
            BackendUnavailableError: None runs.
            BackendError: It is this very process, or it does not end.
        """
        if not self._directory.is_locked():
            raise BackendUnavailableError(f"no production runs in {str(self._directory.path)!r}; nothing was ended")
        pid = self._directory.owner()
        if pid is None or pid == os.getpid():
            raise BackendError("the production runs in this very process: stop it instead")
        os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        deadline = time.monotonic() + _KILL_SECONDS
        while self._directory.is_locked():
            if time.monotonic() > deadline:
                raise BackendError(f"process {pid} does not end; its data is still taken")
            time.sleep(_PAUSE_SECONDS)

    def _put_aside_log(self) -> None:
        if self.log_file.exists() and self.log_file.stat().st_size > _MOST_LOG_BYTES:
            self.log_file.replace(f"{self.log_file}.1")

    def _command(self, order: StartOrder) -> list[str]:
        what = [order.file, *(["--production", order.production] if order.production else [])]
        place = ["--data-dir", self._location, "--namespace", self._namespace, "--durability", order.durability]
        return [sys.executable, "-m", "iop_cli", "run", *(what if order.file else [order.production]), *place]

    def _wait_until_ready(self, process: subprocess.Popen[bytes], order: StartOrder, begin: int) -> RunningProduction:
        file = AddressFile(self._location, self._namespace)
        deadline = time.monotonic() + order.timeout_seconds
        while True:
            code = process.poll()
            if code is not None:
                error = _ERRORS.get(code, BackendError)
                raise error(f"the production did not start: {self._reason(begin, code)} (log: {self.log_file})")
            address = file.find()
            if address is not None and address.pid == process.pid:
                return connect(self._location, self._namespace)
            if time.monotonic() > deadline:
                raise BackendError(
                    f"the production was not ready within {order.timeout_seconds:g} s, and its process was ended; its "
                    f"log is {self.log_file}. Give it more time with --timeout"
                )
            time.sleep(_PAUSE_SECONDS)

    def _reason(self, begin: int, code: int) -> str:
        with self.log_file.open("rb") as log:
            log.seek(begin)
            lines = log.read().decode("utf-8", "replace").splitlines()
        said = [line.removeprefix("Error: ") for line in lines if line.startswith("Error: ")]
        return said[-1] if said else f"its process ended with code {code}"


def _spawn(command: list[str], log: IO[bytes]) -> subprocess.Popen[bytes]:
    _STARTED[:] = [process for process in _STARTED if process.poll() is None]
    flags = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "DETACHED_PROCESS", 0)
    # The current directory stays: paths in settings may start from it. Its own session: Ctrl-C is not for it.
    process = subprocess.Popen(  # noqa: S603 - our own command line
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        start_new_session=True,
        creationflags=flags,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    _STARTED.append(process)
    return process


@atexit.register
def _forget_started() -> None:
    """Take note of the processes that ended, and leave the others alone: they outlive this one."""
    for process in _STARTED:
        if process.poll() is None:
            process.returncode = 0  # else it counts as forgotten by mistake


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.kill()
        process.wait()
