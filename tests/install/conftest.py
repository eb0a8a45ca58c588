"""Wheels of the whole tree, and clean environments that are filled without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

REPOSITORY = Path(__file__).resolve().parents[2]


def run(*command: object) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done


def required_names(distribution: metadata.Distribution) -> list[str]:
    """Return what a distribution needs on this machine, extras left out."""
    wanted = [Requirement(line) for line in distribution.requires or []]
    return [need.name for need in wanted if need.marker is None or need.marker.evaluate({"extra": ""})]


@dataclass
class CleanEnvironment:
    """A virtual environment without pip, in a temporary folder."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    def install(self, *wheels: Path) -> None:
        """Install wheels, and what they declare as copies of what runs this test."""
        pip = [sys.executable, "-m", "pip", "--python", self.python]
        run(*pip, "install", "--quiet", "--no-index", "--no-deps", "--no-compile", *wheels)
        (site,) = self.folder.glob("lib/python*/site-packages")
        present = {found.name for found in metadata.distributions(path=[str(site)])}
        waiting = [name for found in metadata.distributions(path=[str(site)]) for name in required_names(found)]
        while waiting:
            name = waiting.pop()
            if name in present or name.startswith("iop-"):
                continue
            present.add(name)
            distribution = metadata.distribution(name)
            for file in distribution.files or []:
                if ".." not in file.parts and file.suffix != ".pyc":
                    (site / file).parent.mkdir(parents=True, exist_ok=True)
                    shutil.copy2(str(distribution.locate_file(file)), site / file)
            waiting.extend(required_names(distribution))

    def check(self) -> str:
        """Return what ``pip check`` says."""
        pip = [sys.executable, "-m", "pip", "--python", self.python, "check"]
        done = subprocess.run([str(part) for part in pip], capture_output=True, text=True)
        return done.stdout.strip()

    def execute(self, code: str) -> str:
        """Run code outside of the work tree; return what it prints."""
        done = subprocess.run(
            [self.python, "-I", "-c", code], cwd=self.folder, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


def make_environment(folder: Path) -> CleanEnvironment:
    venv.create(folder, with_pip=False, symlinks=True)
    return CleanEnvironment(folder)


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Distribution name to its wheel, built from the work tree."""
    built = {}
    for kind in ("packages", "plugins"):
        for project in sorted((REPOSITORY / kind).glob("*/pyproject.toml")):
            out = tmp_path_factory.mktemp("wheel")
            command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", out]
            done = subprocess.run(command, cwd=project.parent, capture_output=True, text=True)
            assert done.returncode == 0, done.stdout + done.stderr
            (wheel,) = out.glob("*.whl")
            built[wheel.name.split("-")[0].replace("_", "-")] = wheel
    return built


@pytest.fixture(scope="session")
def core_alone(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """An environment with iop-core and what it declares, nothing else."""
    environment = make_environment(tmp_path_factory.mktemp("core-alone"))
    environment.install(wheels["iop-core"])
    return environment


@pytest.fixture(scope="session")
def everything(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """An environment with every package and plug-in."""
    environment = make_environment(tmp_path_factory.mktemp("everything"))
    environment.install(*wheels.values())
    return environment
