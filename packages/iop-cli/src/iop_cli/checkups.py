"""What ``iop doctor`` looks at for every installation: interpreter, packages, plug-ins, machine, backend."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone
from importlib import metadata
from typing import TYPE_CHECKING

from iop_core.checkups import CheckupPlace, Finding, Health
from iop_core.errors import BackendUnavailableError, IopError, PluginError
from iop_core.plugins import ENTRY_POINT_GROUP

if TYPE_CHECKING:
    from iop_core.plugins import PluginRegistry
    from iop_director import Director

_OLDEST_PYTHON = (3, 10)
_FEW_FILES = 1024
# Nobody sets a clock to before the day this was written: such a clock was never set.
_WRITTEN = datetime(2026, 11, 1, tzinfo=timezone.utc)


def check_interpreter() -> Finding:
    """Look at the version of Python."""
    text = f"Python {platform.python_version()} at {sys.executable} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] < _OLDEST_PYTHON:
        needed = ".".join(map(str, _OLDEST_PYTHON))
        return Finding("interpreter", Health.FAULT, text, f"install IoP with Python {needed} or later")
    return Finding("interpreter", Health.GOOD, text)


def check_packages() -> Iterator[Finding]:
    """Look at the installed packages of IoP: whether what each needs is there, in a version that fits."""
    from packaging.requirements import InvalidRequirement, Requirement

    own: dict[str, metadata.Distribution] = {}
    for found in metadata.distributions():
        if (found.metadata["Name"] or "").lower().startswith("iop-"):
            own.setdefault(found.metadata["Name"], found)  # as for imports, the first on the path counts
    for name, distribution in sorted(own.items()):
        problems: list[str] = []
        for line in distribution.requires or ():
            try:
                needed = Requirement(line)
            except InvalidRequirement:
                continue
            if needed.marker is not None and not needed.marker.evaluate({"extra": ""}):
                continue
            try:
                version = metadata.version(needed.name)
            except metadata.PackageNotFoundError:
                problems.append(f"{needed.name} is not installed")
                continue
            if not needed.specifier.contains(version, prereleases=True):
                problems.append(f"{needed.name} {version} is not {needed.specifier}")
        text = f"{name} {distribution.version}"
        if problems:
            repair = f"{sys.executable} -m pip install --upgrade {name}"
            yield Finding("package", Health.FAULT, f"{text}: {'; '.join(problems)}", repair)
        else:
            yield Finding("package", Health.GOOD, text)


def check_plugins() -> Iterator[Finding]:
    """Load each installed plug-in by itself, so that a broken one does not hide the others."""
    from iop_core.plugins import PluginRegistry

    blocked = {name.strip() for name in os.environ.get("IOP_DISABLE_PLUGINS", "").split(",")}
    for point in sorted(metadata.entry_points(group=ENTRY_POINT_GROUP), key=lambda found: found.name):
        origin = f"{point.name} of {point.dist.name} {point.dist.version}" if point.dist else point.name
        if point.name in blocked:
            yield Finding("plug-in", Health.WARNING, f"{origin} is left out by IOP_DISABLE_PLUGINS")
            continue
        try:
            PluginRegistry(discover=False).register(point.load(), name=point.name)
        except Exception as exc:  # noqa: BLE001 - boundary: a plug-in may raise anything when it is imported
            package = point.dist.name if point.dist else point.value
            repair = f"reinstall or remove {package}, or set IOP_DISABLE_PLUGINS={point.name}"
            yield Finding("plug-in", Health.FAULT, f"{origin} cannot be loaded: {type(exc).__name__}: {exc}", repair)
        else:
            yield Finding("plug-in", Health.GOOD, origin)


def check_machine() -> Iterator[Finding]:
    """Look at the clock and at how many files a process may have open."""
    now = datetime.now(timezone.utc)
    text = f"{now:%Y-%m-%d %H:%M:%S} UTC, local zone {now.astimezone().tzname()}"
    if now < _WRITTEN:
        yield Finding("clock", Health.FAULT, text, "set the clock of this machine, for example with NTP")
    else:
        yield Finding("clock", Health.GOOD, text)
    try:
        import resource
    except ImportError:
        return  # Windows has no such limit
    limit, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    words = "without limit" if limit == resource.RLIM_INFINITY else f"{limit} at once"
    if limit != resource.RLIM_INFINITY and limit < _FEW_FILES:
        more = "65536" if most == resource.RLIM_INFINITY else min(most, 65536)
        repair = f"ulimit -n {more}, or LimitNOFILE= in the unit of systemd"
        yield Finding("file descriptors", Health.WARNING, words, repair)
    else:
        yield Finding("file descriptors", Health.GOOD, words)


def check_backend(director: Director) -> Finding:
    """Ask the backend what runs there."""
    try:
        status = director.status()
    except BackendUnavailableError as exc:
        if not director.is_remote:
            return Finding("backend", Health.GOOD, f"nothing was ever stored here: {exc}")
        repair = "look at the address in IOP_URL or REMOTE_SETTINGS, the network, and whether the server runs"
        return Finding("backend", Health.FAULT, str(exc), repair)
    except IopError as exc:
        return Finding("backend", Health.FAULT, str(exc), "see the findings about the place above")
    named = f"production {status.production} is {status.state.lower()}" if status.production else "no production"
    return Finding("backend", Health.GOOD, f"it answers: {named}")


def check_offered(registry: PluginRegistry, place: CheckupPlace) -> Iterator[Finding]:
    """Ask the checkups of the plug-ins."""
    for name, checkup in sorted(registry.checkups().items()):
        try:
            found: Iterable[Finding] = list(checkup.find(place))
        except Exception as exc:  # noqa: BLE001 - boundary: the checkup of a plug-in may raise anything
            text = f"the checkup {name!r} failed: {type(exc).__name__}: {exc}"
            yield Finding("plug-in", Health.FAULT, text, "report it to the makers of the plug-in")
            continue
        yield from found


def plugins_of(registry: PluginRegistry | None) -> PluginRegistry | None:
    """Return the plug-ins to use; None when a broken one keeps all of them from being used."""
    from iop_core.plugins import installed_plugins

    if registry is not None:
        return registry
    try:
        return installed_plugins()
    except PluginError:
        return None
