"""Make or refresh the local virtual environment, ``.venv``.

    python3 tools/environment.py demo     what a user has: the packages and the example's library
    python3 tools/environment.py dev      the same and every tool that ``make test`` runs

Needs nothing but the standard library and a package index (pip's own settings are
honoured). Installs nothing outside of ``.venv``. A second run is immediate: a stamp
remembers what was installed, and any changed ``pyproject.toml`` makes it stale, because
an editable install does not notice a new entry point or dependency by itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
BUILD_TOOLS = ("hatchling>=1.27", "editables>=0.5")
DEMO_LIBRARIES = ("hl7>=0.4.5", "flask>=3.0")
DEV_REQUIREMENTS = "tools/dev-requirements.txt"
PROFILES = ("demo", "dev")
STAMP = "iop-environment.json"
OLDEST_PYTHON = (3, 10)


class EnvironmentSetupError(Exception):
    """The environment cannot be made; the text says what to do."""


def find_projects(repository: Path) -> list[Path]:
    """Return the folder of every package and plug-in, packages first."""
    files = [
        *sorted(repository.glob("packages/*/pyproject.toml")),
        *sorted(repository.glob("plugins/*/pyproject.toml")),
    ]
    return [file.parent for file in files]


def compute_fingerprint(repository: Path, profile: str) -> str:
    """Return a digest of everything that decides what the profile installs."""
    digest = hashlib.sha256(f"{repository} {profile}".encode())
    files = [folder / "pyproject.toml" for folder in find_projects(repository)]
    files.append(Path(__file__))
    if profile == "dev":
        files.append(repository / DEV_REQUIREMENTS)
    for file in files:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()


def read_stamp(venv: Path) -> dict[str, str]:
    """Return profile to fingerprint of what ``venv`` holds; empty when unknown."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def find_interpreter(venv: Path) -> Path | None:
    """Return the environment's Python; None when it is missing or its origin is gone."""
    for relative in ("bin/python", "Scripts/python.exe"):
        if (venv / relative).exists():  # False for a dangling link, too
            return venv / relative
    return None


def is_current(repository: Path, profile: str) -> bool:
    """Return whether ``.venv`` holds what the profile needs; looks only, runs nothing."""
    venv = repository / ".venv"
    if find_interpreter(venv) is None:
        return False
    return read_stamp(venv).get(profile) == compute_fingerprint(repository, profile)


def run_quietly(command: Sequence[str | Path], **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command with no input; its output is kept, to be shown only if it matters."""
    return subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )


def create_venv(venv: Path, python: str = sys.executable) -> None:
    """Make an empty environment with pip in it, in place of whatever is there.

    Debian and its relatives split ``ensurepip`` from Python, so ``python -m venv`` may
    fail. Then virtualenv is fetched into a temporary folder: pip allows ``--target``
    where it refuses to touch the system's packages (PEP 668).

    Raises:
        EnvironmentSetupError: Neither way works.
    """
    if venv.exists():
        shutil.rmtree(venv)
    first = run_quietly([python, "-m", "venv", venv])
    if first.returncode == 0:
        return
    if run_quietly([python, "-m", "pip", "--version"]).returncode != 0:
        raise EnvironmentSetupError(
            f"{python} can make no virtual environment: it has neither ensurepip nor pip. "
            "Install one of them (Debian, Ubuntu: apt install python3-venv) or name another Python with PYTHON=..."
        )
    with tempfile.TemporaryDirectory() as folder:
        fetch = [python, "-m", "pip", "install", "--target", folder, "virtualenv"]
        second = run_quietly(fetch, PIP_REQUIRE_VIRTUALENV="0", PIP_USER="0")
        if second.returncode == 0:
            second = run_quietly([python, "-m", "virtualenv", "--clear", venv], PYTHONPATH=folder)
    if second.returncode != 0:
        raise EnvironmentSetupError(
            f"{python} can make no virtual environment.\n"
            f"--- python -m venv\n{first.stdout}\n--- virtualenv\n{second.stdout}"
        )


def install(venv_python: Path, arguments: Iterable[str | Path]) -> None:
    """Run ``pip install`` in the environment.

    Raises:
        EnvironmentSetupError: pip failed; the text holds all that it printed.
    """
    command: list[str | Path] = [venv_python, "-m", "pip", "install", "--disable-pip-version-check", *arguments]
    # A user's "user = true" or "require-virtualenv" is meant for the system's Python.
    done = run_quietly(command, PIP_USER="0", PIP_REQUIRE_VIRTUALENV="0")
    if done.returncode != 0:
        raise EnvironmentSetupError(f"{done.stdout}\npip failed: {' '.join(map(str, command))}")


def find_usable(venv: Path) -> Path | None:
    """Return the environment's Python if it is new enough and has pip, else None."""
    python = find_interpreter(venv)
    if python is None:
        return None
    question = f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON})"
    return python if run_quietly([python, "-c", question]).returncode == 0 else None


def prepare(repository: Path, profile: str, *, python: str = sys.executable) -> None:
    """Install what the profile needs into ``.venv`` of the repository.

    Args:
        repository: The root of the work tree.
        profile: "demo" or "dev"; an environment made for "dev" serves "demo" as well.
        python: The interpreter for a new environment. A usable environment is kept,
            whatever its Python.

    Raises:
        EnvironmentSetupError: No environment could be made, or pip failed.
    """
    venv = repository / ".venv"
    venv_python = find_usable(venv)
    if venv_python is None:
        create_venv(venv, python)
        venv_python = find_usable(venv)
    if venv_python is None:
        raise EnvironmentSetupError(f"{python} made an environment without a usable Python or pip: {venv}")
    # Gone until all is done, so that an interrupted run is repeated.
    (venv / STAMP).unlink(missing_ok=True)
    editables = [part for folder in find_projects(repository) for part in ("--editable", folder)]
    tools: list[str | Path] = ["--requirement", repository / DEV_REQUIREMENTS] if profile == "dev" else []
    install(venv_python, BUILD_TOOLS)
    # One call for all: pip then takes siblings from their folders, never from the index.
    install(venv_python, ["--no-build-isolation", *editables, *DEMO_LIBRARIES, *tools])
    held = PROFILES if profile == "dev" else ("demo",)
    stamp = {name: compute_fingerprint(repository, name) for name in held}
    (venv / STAMP).write_text(json.dumps(stamp), encoding="utf-8")


def read_python_version(venv: Path) -> str:
    """Return "3.12" of the environment, as its ``pyvenv.cfg`` says; empty when it does not."""
    try:
        settings = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except OSError:
        return ""
    for line in settings.splitlines():
        key, _, value = line.partition("=")
        if key.strip() in ("version", "version_info"):
            return ".".join(value.strip().split(".")[:2])
    return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Make or refresh .venv.")
    parser.add_argument("profile", choices=PROFILES)
    profile: str = parser.parse_args(arguments).profile
    asked = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if not is_current(REPOSITORY, profile):
        print(f"Installing the {profile} environment into .venv ...", flush=True)
        started = time.monotonic()
        try:
            prepare(REPOSITORY, profile)
        except EnvironmentSetupError as exc:
            print(f"environment: {exc}", file=sys.stderr)
            return 1
        print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)
    held = read_python_version(REPOSITORY / ".venv")
    if held not in ("", asked):
        print(f"environment: .venv has Python {held}; for {asked} run 'make clean' first", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
