"""Uploads of code: checked, tried, and then switched to in one step."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from iop_core.errors import BackendError
from iop_server.call import Call
from iop_server.migrating import MigrationOrder, MigrationReport, migrate_apart
from iop_server.refusals import RefusedRequestError
from iop_server.releases import Releases, folder_for
from iop_server.upload_bundle import Bundle, checked_bundle
from iop_server.wire import Upload

if TYPE_CHECKING:
    from collections.abc import Generator


def migrate(call: Call, given: Upload) -> dict[str, object]:
    """Deploy uploaded code: all of it or nothing; the uploads before are kept.

    The server has to allow uploads. Names stay below the folder for uploads; hidden files and
    virtual environments are left out. The code is tried in a process of its own first.
    """
    root = call.options.upload_root
    if root is None:
        raise uploads_are_off()
    bundle = checked_bundle(given, most_files=call.options.most_upload_files)
    target = folder_for(root, given.remote_folder, call.director.namespace)
    with _only_one(root):
        report = _deploy(call, given, bundle, Releases(target, given.package))
    return {**report.result, "ignored": list(bundle.ignored), "log": report.log}


def uploads_are_off() -> RefusedRequestError:
    """Return the refusal of a server that takes no code."""
    return RefusedRequestError(
        403, "uploads-off", "this server takes no code; start it with 'iop serve --upload-root FOLDER' if it should"
    )


def _deploy(call: Call, given: Upload, bundle: Bundle, releases: Releases) -> MigrationReport:
    before = releases.current()
    release = releases.write(bundle.files, bundle.digest, call.options.clock.now())
    order = MigrationOrder(
        file=str(release / bundle.settings_file),
        url=call.options.url or f"{call.director.backend.name}:",
        namespace=call.director.namespace,
        dry_run=True,
        strict=given.strict_production_validation,
        actor=call.user.name,
        reason=call.reason,
    )
    try:
        tried = migrate_apart(order, timeout_seconds=call.options.upload_seconds)
    except BaseException:
        releases.remove(release)
        raise
    if given.dry_run:
        releases.remove(release)
        return tried
    try:
        releases.switch(release)
        real = replace(order, file=str(releases.link / bundle.settings_file), dry_run=False)
        done = migrate_apart(real, timeout_seconds=call.options.upload_seconds)
    except BaseException:
        # What is deployed is as before, so the code has to be, too.
        releases.switch(before)
        releases.remove(release)
        raise
    releases.prune()
    return done


@contextmanager
def _only_one(root: Path) -> Generator[None]:
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        with FileLock(root / ".iop-upload.lock", timeout=0):
            yield
    except Timeout as exc:
        raise RefusedRequestError(409, "busy", "another upload is being deployed; try again in a moment") from exc
    except OSError as exc:
        raise BackendError(f"the folder for uploads {str(root)!r} cannot be used: {exc.strerror or exc}") from exc
