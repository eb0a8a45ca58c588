"""How a server works: what it answers for, whom it believes, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from iop_core.clock import Clock, SystemClock

if TYPE_CHECKING:
    from iop_core.plugins import PluginRegistry


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """Options of a server.

    Attributes:
        users_file: The users; None: no log-in, everybody is an operator. Only for this machine.
        audit_file: Where changes are recorded.
        url: URL of the backend; None: as for ``Director``.
        namespaces: Namespaces to answer for; the first is the default. Empty: that of ``Director``.
        upload_root: Folder for uploaded code; None: uploads are refused.
        hosts: Names by which the server may be called, without port; empty: any.
        path_prefix: What stands before ``/api/iop`` in paths.
        requests_per_second: How often one user may ask.
        burst: How many requests a user can save up.
        most_body_bytes: Size of the largest body of a request other than an upload.
        most_upload_bytes: Size of the largest body of an upload.
        most_upload_files: How many files an upload may have.
        test_seconds: How long a test message waits for its reply.
        upload_seconds: How long the code of an upload may take to be read.
        clock: Where time comes from.
        plugins: Where the backend is looked up; None: what is installed.
    """

    users_file: Path | None
    audit_file: Path
    url: str | None = None
    namespaces: tuple[str, ...] = ()
    upload_root: Path | None = None
    hosts: tuple[str, ...] = ()
    path_prefix: str = ""
    requests_per_second: float = 50.0
    burst: int = 200
    most_body_bytes: int = 1_048_576
    most_upload_bytes: int = 16_777_216
    most_upload_files: int = 2_000
    test_seconds: float = 25.0
    upload_seconds: float = 120.0
    clock: Clock = field(default_factory=SystemClock)
    plugins: PluginRegistry | None = None
