"""A virtual environment of its own for plugins: what they install stays there, and nothing is downloaded."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import venv
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment that sees the packages of the tests' own one, pip among them."""

    folder: Path

    def run(self, folder: Path, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a command with this environment's programs first."""
        path = os.pathsep.join([str(self.folder / "bin"), os.environ["PATH"]])
        offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_NO_DEPS": "1", "PIP_QUIET": "1"}
        ran = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, **offline, "PATH": path, "COLUMNS": "200", "PYTHONPATH": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or ran.returncode == 0, f"{' '.join(command)}\n{ran.stdout}\n{ran.stderr}"
        return ran


def make_environment(folder: Path) -> Environment:
    """Make one. The program `arfeed` is what pip would write: it starts this environment's Python."""
    venv.create(folder, symlinks=True, with_pip=False)
    (site,) = folder.glob("lib/python*/site-packages")
    site.joinpath("tests_own.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")
    program = Path(sys.executable).with_name("arfeed").read_text().partition("\n")[2]
    folder.joinpath("bin/arfeed").write_text(f"#!{folder}/bin/python\n{program}")
    folder.joinpath("bin/arfeed").chmod(0o755)
    return Environment(folder)
