"""Arfeed's wheel and a stranger's in an environment that holds nothing but what they say they need."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.feeds.command import write
from support.files.pdfs import pdf
from support.plugins.environment import ROOT, Environment, build_wheel, make_clean_environment

ACME = Path(__file__).parent / "acme"
FEED = """
plugins = ["acme", "kolleno"]
[sources.billing]
use = "acme-billing"
file = "billing.json"
currency = "GBP"
[[transforms]]
use = "shout"
[destination]
use = "acme-collect"
url = "receiver"
"""
REPORT = '"Number","Customer","Open"\n"001","ADA!","10.10"\n'
BROKEN = "cannot be imported: ModuleNotFoundError: No module named 'no_such_library'"
WRECK = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "arfeed-wreck"
version = "6.6"
[project.entry-points.arfeed]
wreck = "arfeed_wreck"
"""


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder = tmp_path_factory.mktemp("clean")
    environment = make_clean_environment(folder / "venv")
    environment.install(build_wheel(ROOT, folder / "dist"), build_wheel(ACME, folder / "dist"))
    return environment


def wreck(folder: Path) -> Path:
    """A wheel whose plugin is half written."""
    folder.joinpath("arfeed_wreck").mkdir(parents=True)
    folder.joinpath("arfeed_wreck/__init__.py").write_text("import no_such_library\n")
    folder.joinpath("pyproject.toml").write_text(WRECK)
    return build_wheel(folder, folder / "dist")


def test_a_strangers_wheel_delivers_beside_ours_and_a_broken_one_is_named(
    environment: Environment, tmp_path: Path
) -> None:
    feed = tmp_path / "feed"
    write(feed, FEED)
    feed.joinpath("receiver").mkdir()
    invoice = {"no": "001", "client": "Ada", "date": "2026-04-07", "due": 10.10}
    feed.joinpath("billing.json").write_text(
        json.dumps({"count": 1, "invoices": [invoice], "pdfs": {"001": pdf().decode()}})
    )
    planned = environment.run(feed, "arfeed", "plan", check=False)
    assert planned.returncode == 3, planned.stderr
    (code,) = re.findall(r"sync --approve (\S+)", planned.stdout)
    environment.run(feed, "arfeed", "sync", "--approve", code)
    assert [file.read_text() for file in feed.glob("receiver/in/open-*")] == [REPORT]

    environment.install(wreck(tmp_path / "wreck"))
    environment.run(feed, "arfeed", "sync")
    write(feed, FEED.replace('"acme", ', '"acme", "wreck", '))
    listed = environment.run(feed, "arfeed", "plugins", "list").stdout
    assert f"✗ wreck (arfeed-wreck 6.6): {BROKEN}\n" in listed
    refused = environment.run(feed, "arfeed", "sync", check=False)
    assert refused.returncode == 2
    assert f"plugin wreck (arfeed-wreck 6.6): {BROKEN}" in refused.stderr


def test_a_strangers_own_tests_pass_where_only_wheels_are_installed(environment: Environment, tmp_path: Path) -> None:
    for file in ("pyproject.toml", "tests/conftest.py", "tests/test_conformance.py"):
        tmp_path.joinpath(file).parent.mkdir(exist_ok=True)
        tmp_path.joinpath(file).write_text(ACME.joinpath(file).read_text())
    assert " passed" in environment.run(tmp_path, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider").stdout
    where = environment.run(tmp_path, "python", "-c", "import arfeed; print(arfeed.__file__)").stdout
    assert where.startswith(str(environment.folder))
