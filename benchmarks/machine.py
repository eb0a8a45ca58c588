"""What the benchmarks ran on."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.disk import flush_ms
from benchmarks.measuring import report


def machine(folder: Path) -> None:
    """Report the machine, its load and its disk at this moment."""
    report(
        "machine",
        date=datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        cores=os.cpu_count(),
        processor=_processor(),
        gigabytes=round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
        system=f"{platform.system()} {platform.release()}",
        file_system=_file_system(folder),
        load=round(os.getloadavg()[0], 1),
        fdatasync_ms=flush_ms(folder),
        threads="with a GIL" if getattr(sys, "_is_gil_enabled", lambda: True)() else "free",
        free_threaded_python=_free_threaded(),
    )


def _processor() -> str:
    lines = Path("/proc/cpuinfo")
    text = lines.read_text() if lines.exists() else ""
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _file_system(folder: Path) -> str:
    done = subprocess.run(["stat", "-f", "-c", "%T", str(folder)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _free_threaded() -> str:
    """Return the free-threaded Python of this machine; empty when there is none."""
    for name in ("python3.14t", "python3.13t"):
        found = shutil.which(name) or next(Path.home().glob(f".pyenv/versions/{name[6:-1]}*t/bin/{name}"), None)
        if found:
            return str(found)
    return ""
