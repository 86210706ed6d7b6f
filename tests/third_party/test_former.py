"""A plugin by the API of the first builds loads, runs with all of its parts, and warns of each renamed name."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from support.feeds.command import run, sync_approved, write
from support.plugins.strangers import install

SOURCE = Path(__file__).parent / "former" / "arfeed_former.py"
WARN = {"PYTHONWARNINGS": "always::DeprecationWarning:arfeed_former"}
RENAMED = {
    "MAPPABLE": "SOURCE_COLUMNS",
    "Delivered": "DeliveredFile",
    "masked": "mask_secrets",
    "place_of": "locate",
    "propose": "propose_columns",
    "table": "table_from_records",
}
FEED = """
plugins = ["former", "kolleno"]
[feed]
pages = false
[sources.books]
use = "former"
file = "books.json"
currency = "GBP"
[destination]
use = "kolleno"
mode = "open-ar"
url = "receiver"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return install(tmp_path / "site", "former", SOURCE.read_text(encoding="utf-8"))


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    write(tmp_path / "feed", FEED)
    tmp_path.joinpath("feed/receiver").mkdir()
    book(tmp_path / "feed", "001", "002")
    return tmp_path / "feed"


def book(feed: Path, *refs: str) -> None:
    plain = {"Customer": "Ada", "Invoice Date": "2026-04-07", "Balance": "10.10"}
    feed.joinpath("books.json").write_text(json.dumps([{"Invoice Number": ref, **plain} for ref in refs]))


def test_it_delivers_and_learns_of_the_delivery(feed: Path, site: Path) -> None:
    sync_approved(feed, path=site)
    (report,) = feed.glob("receiver/*/*.csv")
    assert "001" in report.read_text()
    assert "002" in report.read_text()
    assert feed.joinpath("size.txt").read_text() == str(report.stat().st_size)


def whole(feed: Path) -> Path:
    """Give the feed the plugin's step, destination and notifier as well; return the receiver's folder."""
    receiver = feed.parent / "ledger"
    receiver.mkdir()
    text = FEED.replace('plugins = ["former", "kolleno"]', 'plugins = ["former"]').partition("[destination]")[0]
    write(
        feed,
        text + '[[transforms]]\nuse = "without"\ncustomer = "Bo"\n'
        f'[destination]\nuse = "ledger"\nurl = "file://{receiver}"\n'
        '[notifiers.slate]\nuse = "slate"\nfile = "slate.txt"\n',
    )
    return receiver


def test_its_step_destination_and_notifier_run(feed: Path, site: Path) -> None:
    receiver = whole(feed)
    rows = json.loads(feed.joinpath("books.json").read_text())
    feed.joinpath("books.json").write_text(json.dumps([*rows, {**rows[0], "Invoice Number": "003", "Customer": "Bo"}]))
    assert run(feed, "sync", path=site).code == 3
    assert feed.joinpath("slate.txt").read_text() == "refused unknown-baseline"
    sync_approved(feed, path=site)
    (report,) = receiver.glob("in/ledger-*.csv")
    assert report.read_text().splitlines() == ['"No","Who","Owes"', '"001","Ada","10.10"', '"002","Ada","10.10"']
    assert feed.joinpath("slate.txt").read_text() == f"delivered {report.stat().st_size}"
    feed.joinpath("books.json").unlink()
    assert run(feed, "sync", path=site).code == 4
    assert feed.joinpath("slate.txt").read_text() == "failed with 4"


def test_its_errors_name_the_place_and_mask_the_secret(feed: Path, site: Path) -> None:
    book(feed, "001", "secret")
    done = run(feed, "plan", path=site)
    assert done.code == 4
    assert "books.json record 2: it is ***" in done.err


def test_whoever_runs_its_feed_reads_no_warning_but_its_author_one_for_each_name(feed: Path, site: Path) -> None:
    assert "Deprecat" not in run(feed, "plan", path=site).err
    warned = run(feed, "plan", path=site, env=WARN).err
    assert dict(re.findall(r"DeprecationWarning: arfeed\.(\w+) is now arfeed\.(\w+)", warned)) == RENAMED
