"""Virtual environments of their own for plugins: what they install stays there, and nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).parents[3]
_BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment; `cache` is where mypy keeps what it has read, for all that share it."""

    folder: Path
    cache: Path | None = None

    def run(self, folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command with this environment's programs first."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1", "PIP_QUIET": "1"}
        told = {"PATH": path, "COLUMNS": "200", "PYTHONPATH": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        if self.cache:
            told["MYPY_CACHE_DIR"] = str(self.cache)
        ran = subprocess.run(
            command, cwd=folder, env={**os.environ, **offline, **told}, capture_output=True, text=True, check=False
        )
        assert not check or ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}\n{ran.stderr}"
        return ran

    def install(self, *wheels: Path) -> None:
        """Install wheels by the tests' own pip, as they are."""
        self.run(self.folder, sys.executable, "-m", "pip", "--python", str(self.folder), "install", *map(str, wheels))


def make_environment(folder: Path, cache: Path | None = None) -> Environment:
    """Make one that sees all packages of the tests' own, pip and arfeed among them.

    The program `arfeed` is what pip would write: it starts this environment's Python.
    """
    venv.create(folder, symlinks=True, with_pip=False)
    _site(folder).joinpath("tests_own.pth").write_text(
        f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n"
    )
    program = Path(sys.executable).with_name("arfeed").read_text().partition("\n")[2]
    folder.joinpath("bin/arfeed").write_text(f"#!{folder}/bin/python\n{program}")
    folder.joinpath("bin/arfeed").chmod(0o755)
    return Environment(folder, cache)


def make_clean_environment(folder: Path) -> Environment:
    """Make one that holds what `arfeed[testing]` says it needs, and nothing else: no arfeed, no pip, no plugins."""
    venv.create(folder, symlinks=True, with_pip=False)
    site = _site(folder)
    for name in needed("arfeed", frozenset({"testing"})) - {"arfeed"}:
        found = distribution(name)
        tops = {file.parts[0] for file in found.files or () if file.parts[0] not in ("..", "__pycache__")}
        for top in tops:
            if not site.joinpath(top).is_symlink():
                site.joinpath(top).symlink_to(Path(str(found.locate_file(top))))
    return Environment(folder)


def needed(name: str, extras: frozenset[str], known: frozenset[str] = frozenset()) -> frozenset[str]:
    """Return a distribution's name with all that it requires, near and far."""
    known |= {name}
    for line in distribution(name).requires or ():
        wanted = Requirement(line)
        chosen = [wanted.marker is None or wanted.marker.evaluate({"extra": extra}) for extra in (extras or {""})]
        if any(chosen) and wanted.name not in known:
            known |= needed(wanted.name, frozenset(wanted.extras), known)
    return known


def build_wheel(project: Path, into: Path) -> Path:
    """Build a wheel of a project by hatchling, as pip would."""
    into.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", _BUILD, str(into)], cwd=project, capture_output=True, text=True, check=True
    )
    return into / done.stdout.split()[-1]


def _site(folder: Path) -> Path:
    (site,) = folder.glob("lib/python*/site-packages")
    return site
