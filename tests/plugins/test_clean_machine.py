"""From nothing to a delivery: an environment of its own, arfeed's wheel, a new plugin's wheel beside it."""

from __future__ import annotations

import os
import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FEED = """
plugins = ["larch", "kolleno"]
[sources.billing]
use = "larch"
path = "larch.json"
[destination]
use = "kolleno"
mode = "open-ar"
url = "rehearsal://larch"
"""
ONE = """{"count": 1, "invoices": [{"number": "0001", "customer": "Ada Ltd", "currency": "EUR",
"date": "2026-04-07", "due": "", "total": "5.00", "open": "5.00"}]}"""


@pytest.mark.soak
def test_a_new_plugin_runs_beside_the_wheel_and_beside_a_broken_plugin(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True, symlinks=True)

    def run(*command: str, folder: Path = tmp_path, code: int = 0) -> str:
        path = os.pathsep.join([str(tmp_path / "venv" / "bin"), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "COLUMNS": "200"}
        ran = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == code, f"{command}\n{ran.stdout}\n{ran.stderr}"
        return ran.stdout

    run("python", "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(tmp_path / "wheels"), str(ROOT))
    (wheel,) = tmp_path.glob("wheels/arfeed-*.whl")
    run("python", "-m", "pip", "install", "-q", f"{wheel}[testing]")
    for name in ("larch", "wreck"):
        run("arfeed", "plugins", "new", name)
        package = tmp_path / f"arfeed-{name}"
        if name == "wreck":
            package.joinpath("src/arfeed_wreck/__init__.py").write_text("import no_such_library")
        run("python", "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", "dist", ".", folder=package)
        run("python", "-m", "pip", "install", "-q", *map(str, package.glob("dist/*.whl")))
    run("python", "-m", "pytest", "-q", folder=tmp_path / "arfeed-larch")
    tmp_path.joinpath("plugins.toml").write_text(FEED)
    tmp_path.joinpath("larch.json").write_text(ONE)
    planned = run("arfeed", "plan", code=3)
    approval = planned.rpartition("--approve ")[2].split()[0]
    assert "delivered csv_data_uploads/open_ar_" in run("arfeed", "sync", "--approve", approval)
    tmp_path.joinpath("plugins.toml").write_text(FEED.replace('"larch", ', '"larch", "wreck", ', 1))
    listed = run("arfeed", "plugins", "list")
    said = "cannot be imported: ModuleNotFoundError: No module named 'no_such_library'"
    assert f"✗ wreck (arfeed-wreck 0.1.0): {said}" in listed
    tmp_path.joinpath("plugins.toml").write_text(FEED)
    run("arfeed", "sync")
