"""What is printed and returned when a command fails."""

from __future__ import annotations

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
from iop_director.safe_text import one_line

# First match wins; every other error means FAILED.
_CODES: tuple[tuple[type[IopError], ExitCode], ...] = (
    (BackendUnavailableError, ExitCode.UNAVAILABLE),
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


def report_usage(error: click.ClickException) -> None:
    """Print what is wrong with a command line as one line on standard error."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    hint = f"; see '{context.command_path} --help'" if context else ""
    click.echo(f"Error: {one_line(error.format_message()).rstrip('.')}{hint}", err=True)


def report_failure(error: Exception, *, debug: bool) -> ExitCode:
    """Print an error as one line on standard error and return the exit code.

    Args:
        error: What went wrong.
        debug: Also print the traceback.
    """
    if debug:
        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    text = one_line(str(error))
    if not isinstance(error, IopError):
        hint = "" if debug else " (unexpected; run 'iop --debug ...' to see where it comes from)"
        text = f"{type(error).__name__}: {text}{hint}"
    click.echo(f"Error: {text}", err=True)
    return exit_code_of(error)
