"""The plugin `acme` byte for byte as it was at 8ce690e, before the house was rebuilt: it loads, warns and runs.

Its step changes customers' names and does not declare so, which no arfeed accepts any more: one line is added.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from support.feeds.command import run, sync_approved, write
from support.files.pdfs import pdf
from support.plugins.strangers import install

SOURCE = Path(__file__).parent / "acme_first" / "src" / "arfeed_acme"
THEN = "2d27aa0d981217ce"
"""Its modules' SHA-256, the beginning of it."""
WARN = {"PYTHONWARNINGS": "always::DeprecationWarning:arfeed_acme.billing"}

FEED = """
plugins = ["acme"]

[sources.billing]
use = "acme-billing"
file = "billing.json"
currency = "GBP"
{step}
[destination]
use = "acme-collect"
url = "file://{receiver}"
"""
SHOUT = '[[transforms]]\nuse = "shout"\nmark = "?"\n'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = install(tmp_path / "site", "acme", "")
    site.joinpath("arfeed_acme.py").unlink()
    shutil.copytree(SOURCE, site / "arfeed_acme", ignore=shutil.ignore_patterns("__pycache__"))
    return site


def feed(folder: Path, step: str = SHOUT) -> Path:
    """Write a feed of two invoices and one PDF, with Acme's source, step, rule, notice and receiver."""
    write(folder / "feed", FEED.format(step=step, receiver=folder / "receiver"))
    folder.joinpath("receiver").mkdir()
    invoices = [
        {"no": f"00{n}", "client": who, "date": "2026-04-07", "due": 10.10} for n, who in ((1, "Ada"), (2, "Bo"))
    ]
    answer = {"count": 2, "invoices": invoices, "pdfs": {"001": pdf().decode()}}
    folder.joinpath("feed/billing.json").write_text(json.dumps(answer), encoding="utf-8")
    return folder / "feed"


def delivered(receiver: Path) -> list[list[str]]:
    (report,) = receiver.joinpath("in").glob("open-*.txt")
    assert receiver.joinpath("in/pdf/001.pdf").read_bytes() == pdf()
    return [*csv.reader(report.read_text().splitlines())]


def test_nobody_has_touched_it() -> None:
    files = sorted(SOURCE.glob("*.py"))
    assert hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16] == THEN


def test_it_loads_and_is_listed(tmp_path: Path, site: Path) -> None:
    listed = {plugin["name"]: plugin for plugin in run(feed(tmp_path), "plugins", "list", "--json", path=site).json()}
    assert listed["acme"]["provides"] == ["connector acme-billing", "transform shout", "destination acme-collect"]


def test_without_its_step_it_delivers_and_learns_of_the_delivery(tmp_path: Path, site: Path) -> None:
    folder = feed(tmp_path, step="")
    receipt = sync_approved(folder, path=site)["receipt"]
    assert delivered(tmp_path / "receiver") == [
        ["Number", "Customer", "Open"],
        ["001", "Ada", "10.10"],
        ["002", "Bo", "10.10"],
    ]
    assert folder.joinpath("delivered.txt").read_text() == f"{receipt['report']['name']} 1"


def test_its_author_reads_a_warning_and_whoever_runs_it_none(tmp_path: Path, site: Path) -> None:
    folder = feed(tmp_path, step="")
    assert "Deprecat" not in run(folder, "plan", path=site).err
    warned = run(folder, "plan", path=site, env=WARN).err
    renamed = set(re.findall(r"DeprecationWarning: arfeed\.(\w+) is now arfeed\.(\w+)", warned))
    assert renamed == {("table", "table_from_records")}


def test_its_step_is_refused_with_the_line_to_add_and_runs_with_it(tmp_path: Path, site: Path) -> None:
    folder = feed(tmp_path)
    refused = run(folder, "plan", path=site)
    assert refused.code == 4
    (line,) = re.findall(r"add the line (changes = \{\"customer_name\"\}) to its class", refused.err)
    assert not [*tmp_path.joinpath("receiver").iterdir()]
    step = site / "arfeed_acme" / "shout.py"
    step.write_text(step.read_text().replace('    name = "shout"\n', f'    name = "shout"\n    {line}\n'))
    sync_approved(folder, path=site)
    assert delivered(tmp_path / "receiver")[1:] == [["001", "ADA?", "10.10"], ["002", "BO?", "10.10"]]
