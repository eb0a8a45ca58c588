"""The exit codes of ``iop``: the one table."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the number means that ``iop`` ends with."""

    OK = 0
    FAILED = 1
    WRONG_USE = 2
    NOT_CONVERGED = 3
    UNAVAILABLE = 4
    NO_REPLY = 5
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.OK: "done; a production that ran in the foreground was stopped cleanly, also by Ctrl-C or SIGTERM",
    ExitCode.FAILED: "failed at run time: a component cannot start, the store refuses, a fault",
    ExitCode.WRONG_USE: "wrong use: a bad file, option or value, no such production, session or command",
    ExitCode.NOT_CONVERGED: "not as it should be: `iop check` or `iop doctor` found faults, or a plan is not deployed",
    ExitCode.UNAVAILABLE: "the backend cannot be reached or refuses the login, or no data is where it was looked for",
    ExitCode.NO_REPLY: "no reply to a test message in time; it stays stored and may still be handled",
    ExitCode.INTERRUPTED: "interrupted: a second Ctrl-C while stopping, or Ctrl-C in any other command",
}
