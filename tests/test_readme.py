"""What the README and its companions say is true: commands, configuration, connector, exit codes, output, links."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest
import typer

from arfeed.cli.app import assemble
from arfeed.model import errors
from arfeed.planning.approval import OUR_CODES
from arfeed.plugins.config import read_project

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
DOCUMENTS = [README, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
ARFEED = Path(sys.executable).with_name("arfeed")
FIRST_FEED = ROOT / "docs" / "first-feed.md"
ONE_PAGE = ROOT / "docs" / "plugins" / "one-page.md"
EXIT_CODES = ROOT / "docs" / "exit-codes.md"

INVOICES = [
    {"no": "00017", "client": "Ångström & Söhne", "date": "2026-04-01", "due": 1250.5},
    {"no": "00018", "client": "Quill Ltd", "date": "2026-04-02", "due": 80},
]
LARCH_FEED = """
plugins = ["larch", "kolleno"]

[sources.larch]
use = "larch"
path = "larch.json"
currency = "EUR"

[destination]
use = "kolleno"
mode = "open-ar"
url = "file:out"
"""


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_make_target_that_is_named_exists(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text(ROOT / "Makefile"), re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", text(document), re.MULTILINE))
    assert named <= targets


def test_the_readme_names_both_commands_that_set_everything_up() -> None:
    assert {"make demo", "make test"} <= set(re.findall(r"make \w+", text(README)))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text(document)) if "://" not in link]
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", [README, FIRST_FEED], ids=lambda path: path.name)
def test_the_configuration_is_valid(document: Path, tmp_path: Path) -> None:
    config = tmp_path / "plugins.toml"
    config.write_text(block(document, "plugins.toml"), encoding="utf-8")
    project = read_project(config)
    (tmp_path / "exports").mkdir()
    shutil.copy(next((ROOT / "examples" / "exports").glob("SalesInvoices*.csv")), tmp_path / "exports")
    project.sources[0].check()


def test_the_connector_feeds_a_report(larch: Path) -> None:
    write_larch(larch, count=2)
    done = arfeed(larch, "plan", "--json")
    assert done.returncode == 3, done.stderr
    plan = json.loads(done.stdout)
    assert [objection["code"] for objection in plan["objections"]] == ["unknown-baseline"]
    assert [Decimal(total["balance"]) for total in plan["totals"]] == [Decimal("1330.50")]


def test_the_connector_fails_where_a_row_is_missing(larch: Path) -> None:
    write_larch(larch, count=3)
    done = arfeed(larch, "plan")
    assert done.returncode == 4
    assert "reports 3 rows, but 2 were read" in done.stderr


def test_the_exit_codes_are_those_of_the_errors() -> None:
    documented = {
        int(code): meaning for code, meaning in re.findall(r"^\| (\d) \| ([^|]+) \|", text(EXIT_CODES), re.MULTILINE)
    }
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, errors.ArfeedError)]
    assert set(documented) == {0} | {kind.exit_code for kind in kinds}
    assert [
        f"{code} {meaning}"
        for code, meaning in documented.items()
        if f"{code} {meaning}" not in str(assemble().info.help)
    ] == []


def test_the_commands_are_all_of_them() -> None:
    documented = re.findall(r"^\| `arfeed (\w+)", text(README), re.MULTILINE)
    assert sorted(documented) == sorted(typer.main.get_group(assemble()).commands)


def test_the_objections_are_all_of_them() -> None:
    table = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \|", text(FIRST_FEED), re.MULTILINE)
    documented = [code for codes in table for code in re.findall("`([a-z-]+)`", codes)]
    assert sorted(documented) == sorted(OUR_CODES)


def test_the_output_is_what_the_demo_prints(tmp_path: Path) -> None:
    shutil.copy(ROOT / "plugins.toml", tmp_path)
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    done = subprocess.run(
        ["sh", "examples/demo.sh"],
        cwd=tmp_path,
        env={**os.environ, "ARFEED": str(ARFEED), "PYTHON": sys.executable},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = lasting(done.stdout)
    (shown,) = re.findall(r"```console\n(\$ arfeed plan\n.*?)```", text(README), re.DOTALL)
    assert [line for line in lasting(shown) if line not in printed] == [], "run `make demo` and copy what it prints"


@pytest.fixture
def larch(tmp_path: Path) -> Path:
    """A folder with the README's plugin, installed as pip would leave it, and a feed that uses it."""
    (tmp_path / "arfeed_larch.py").write_text(block(ONE_PAGE, "arfeed_larch.py"), encoding="utf-8")
    points = tomllib.loads(block(ONE_PAGE, "pyproject.toml"))["project"]["entry-points"]["arfeed"]
    installed = tmp_path / "arfeed_larch-1.0.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: arfeed-larch\nVersion: 1.0\n")
    lines = [f"{name} = {module}" for name, module in points.items()]
    (installed / "entry_points.txt").write_text("\n".join(["[arfeed]", *lines]))
    (tmp_path / "plugins.toml").write_text(LARCH_FEED.replace("file:out", tmp_path.joinpath("out").as_uri()))
    return tmp_path


def write_larch(folder: Path, count: int) -> None:
    (folder / "larch.json").write_text(json.dumps({"count": count, "invoices": INVOICES}))


def arfeed(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [ARFEED, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def block(document: Path, name: str) -> str:
    """Return the code block whose first line is a comment with a file's name."""
    (found,) = re.findall(rf"```\w+\n(# {re.escape(name)}\n.*?)```", text(document), re.DOTALL)
    return str(found)


def lasting(output: str) -> list[str]:
    """Return the lines without what differs from run to run: run ids, approval codes and the day."""
    masked = re.sub(r"\d{8}T\d{6}Z-[0-9a-f]{6}", "RUN", output)
    masked = re.sub(r"(?<=past due on )\d{4}-\d\d-\d\d", "DATE", masked)
    return [line.rstrip() for line in re.sub(r"\b(\d+)-[0-9a-f]{6}\b", r"\1-HASH", masked).splitlines()]


def text(file: Path) -> str:
    return file.read_text(encoding="utf-8")
