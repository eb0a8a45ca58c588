"""What is printed and returned when a command fails."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback

import click

from iop_cli.exit_codes import ExitCode
from iop_core.errors import (
    BackendUnavailableError,
    ConfigurationError,
    DispatchError,
    IopError,
    MissingPackageError,
    RequestTimeoutError,
    UnknownPluginError,
)
from iop_core.server_errors import AccessDeniedError
from iop_director.safe_text import one_line

# First match wins; every other error means FAILED.
_CODES: tuple[tuple[type[IopError], ExitCode], ...] = (
    (BackendUnavailableError, ExitCode.UNAVAILABLE),
    (AccessDeniedError, ExitCode.UNAVAILABLE),
    (ConfigurationError, ExitCode.WRONG_USE),
    (DispatchError, ExitCode.WRONG_USE),
    (UnknownPluginError, ExitCode.WRONG_USE),
    (MissingPackageError, ExitCode.WRONG_USE),
    (RequestTimeoutError, ExitCode.NO_REPLY),
)


def exit_code_of(error: Exception) -> ExitCode:
    """Return the exit code for an error."""
    for error_class, code in _CODES:
        if isinstance(error, error_class):
            return code
    return ExitCode.FAILED


def report_usage(error: click.ClickException, *, as_json: bool = False) -> ExitCode:
    """Print what is wrong with a command line as one line on standard error and return the exit code."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "iop"
    code = ExitCode(error.exit_code)
    _print(f"{one_line(error.format_message()).rstrip('.')}; see '{command} --help'", "Usage", code, as_json=as_json)
    return code


def report_failure(error: Exception, *, debug: bool, as_json: bool = False) -> ExitCode:
    """Print an error as one line on standard error and return the exit code.

    Args:
        error: What went wrong. The traceback of one that IoP does not raise on purpose goes to a file.
        debug: Also print the traceback.
        as_json: Print an object with ``code``, ``kind`` and ``message`` instead of words.
    """
    trace = "".join(traceback.format_exception(error))
    if debug:
        click.echo(trace, err=True, nl=False)
    kind, text = type(error).__name__, one_line(str(error))
    if not isinstance(error, IopError):
        text = f"{kind}: {text}{'' if debug else _where_to_look(trace)}"
    code = exit_code_of(error)
    _print(text, kind, code, as_json=as_json)
    return code


def _print(text: str, kind: str, code: ExitCode, *, as_json: bool) -> None:
    if as_json:
        record = {"error": {"code": int(code), "kind": kind, "message": text}}
        click.echo(json.dumps(record, ensure_ascii=False), err=True)
    else:
        click.echo(f"Error: {text}", err=True)


def _where_to_look(trace: str) -> str:
    """Keep a traceback in a file that only its owner can read, and return words about that."""
    try:
        handle, path = tempfile.mkstemp(prefix="iop-error-", suffix=".log")
        with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(f"iop {' '.join(sys.argv[1:2])} with Python {sys.version}\n{trace}")
    except OSError:
        return " (unexpected; run 'iop --debug ...' to see where it comes from)"
    return f" (unexpected; {one_line(path)} shows where it comes from: please report it with that)"
