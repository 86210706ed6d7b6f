"""The wheel: what a user installs."""

from __future__ import annotations

import configparser
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hatchling.build import build_wheel

from arfeed_connectors.sql.presets import PRESETS

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        return zipfile.ZipFile(folder / build_wheel(str(folder)))


def text(wheel: zipfile.ZipFile, name: str) -> str:
    (found,) = [member for member in wheel.namelist() if member.partition(".dist-info/")[2] == name]
    return wheel.read(found).decode()


def test_the_wheel_holds_three_packages_and_their_description(wheel: zipfile.ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    (info,) = [name for name in top if name.endswith(".dist-info")]
    assert top == {"arfeed", "arfeed_connectors", "arfeed_transforms", info}
    assert info.startswith("arfeed-")


@pytest.mark.parametrize("package", ["arfeed", "arfeed_connectors", "arfeed_transforms"])
def test_each_package_says_that_it_is_typed(wheel: zipfile.ZipFile, package: str) -> None:
    assert f"{package}/py.typed" in wheel.namelist()


def test_every_file_of_the_packages_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    roots = [ROOT / "core", ROOT / "connectors", ROOT / "transforms"]
    ours = {file.relative_to(root).as_posix() for root in roots for file in root.rglob("*.py")}
    assert ours == {name for name in wheel.namelist() if name.endswith(".py")}


def test_the_built_in_plugins_come_by_the_same_door_as_strangers(wheel: zipfile.ZipFile) -> None:
    points = configparser.ConfigParser()
    points.read_string(text(wheel, "entry_points.txt"))
    assert dict(points["console_scripts"]) == {"arfeed": "arfeed.cli.app:main"}
    modules = {module.replace(".", "/") for module in points["arfeed"].values()}
    assert {"xero", "folder", "sql", "kolleno", "transforms"} <= set(points["arfeed"])
    files = {name.removesuffix(".py").removesuffix("/__init__") for name in wheel.namelist()}
    assert modules <= files


def test_the_presets_are_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    assert {f"arfeed_connectors/sql/presets/{name}/list.sql" for name in PRESETS} <= set(wheel.namelist())


def test_the_licence_is_in_the_wheel_and_named(wheel: zipfile.ZipFile) -> None:
    assert "License-Expression: Apache-2.0" in text(wheel, "METADATA").splitlines()
    assert "Apache License" in text(wheel, "licenses/LICENSE")


def test_the_wheel_asks_for_a_python_that_is_tested(wheel: zipfile.ZipFile) -> None:
    assert "Requires-Python: >=3.11" in text(wheel, "METADATA").splitlines()


def test_ci_fails_where_no_python_can_count_lines(tmp_path: Path) -> None:
    """With programs that do nothing in place of make, the installers and the newer Pythons."""
    names = ["python3.12", "python3.13", "python3.14", "pyenv"]
    for name, code in [("make", 0), ("apt-get", 0), ("sudo", 0), *((name, 1) for name in names)]:
        tmp_path.joinpath(name).write_text(f"#!/bin/sh\nexit {code}\n")
        tmp_path.joinpath(name).chmod(0o755)
    path = f"{tmp_path}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "ARFEED_TEST_DAGSTER": sys.executable}
    ran = subprocess.run(["bash", ROOT / ".ci" / "run"], env=environment, capture_output=True, text=True, timeout=60)
    assert (ran.returncode, "coverage needs Python 3.12 or newer" in ran.stderr) == (1, True)
