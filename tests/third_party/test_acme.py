"""A stranger's plugin, written on the public API alone and installed without pip, does all that ours do."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from support.feeds.command import run, sync_approved, write
from support.files.pdfs import pdf
from support.plugins.strangers import install

SOURCE = Path(__file__).parent / "acme" / "src"

FEED = """
plugins = ["acme"]

[sources.billing]
use = "acme-billing"
file = "billing.json"
currency = "GBP"

[[transforms]]
use = "shout"
mark = "?"

[destination]
use = "acme-collect"
url = "file://{receiver}"
"""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = install(tmp_path / "site", "acme", "")
    site.joinpath("arfeed_acme.py").unlink()
    site.joinpath("arfeed_acme").symlink_to(SOURCE / "arfeed_acme")
    return site


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    write(tmp_path / "feed", FEED.format(receiver=tmp_path / "receiver"))
    tmp_path.joinpath("receiver").mkdir()
    bill(tmp_path / "feed", "Ada", "Bob")
    return tmp_path / "feed"


def bill(feed: Path, *clients: str, count: int | None = None) -> None:
    invoices = [
        {"no": f"00{number}", "client": client, "date": "2026-04-07", "due": 10.10}
        for number, client in enumerate(clients, 1)
    ]
    answer = {"count": count or len(clients), "invoices": invoices, "pdfs": {"001": pdf().decode()}}
    feed.joinpath("billing.json").write_text(json.dumps(answer), encoding="utf-8")


def test_its_source_step_and_receiver_make_a_delivery(feed: Path, site: Path, tmp_path: Path) -> None:
    receipt = sync_approved(feed, path=site)["receipt"]
    (report,) = tmp_path.joinpath("receiver", "in").glob("open-*.txt")
    lines = [*csv.reader(report.read_text().splitlines())]
    assert lines == [["Number", "Customer", "Open"], ["001", "ADA?", "10.10"], ["002", "BOB?", "10.10"]]
    assert tmp_path.joinpath("receiver/in/pdf/001.pdf").read_bytes() == pdf()
    assert receipt["report"]["name"] == report.name


def test_it_learns_of_the_delivery(feed: Path, site: Path) -> None:
    receipt = sync_approved(feed, path=site)["receipt"]
    assert feed.joinpath("delivered.txt").read_text() == f"{receipt['report']['name']} 1"


def test_its_rule_refuses_a_plan(feed: Path, site: Path, tmp_path: Path) -> None:
    bill(feed, "Ada", "Granny")
    done = run(feed, "sync", "--json", path=site)
    assert done.code == 3
    codes = {objection["code"]: objection["refs"] for objection in done.json()["plan"]["objections"]}
    assert codes["never-granny"] == ["002"]
    assert not [*tmp_path.joinpath("receiver").iterdir()]
    assert not feed.joinpath("delivered.txt").exists()


def test_its_count_is_held_against_its_rows(feed: Path, site: Path) -> None:
    bill(feed, "Ada", count=2)
    done = run(feed, "plan", path=site)
    assert done.code == 4
    assert "billing: the source reports 2 rows, but 1 were read" in done.err


def test_its_settings_are_listed_and_checked_like_ours(feed: Path, site: Path) -> None:
    listed = {plugin["name"]: plugin for plugin in run(feed, "plugins", "list", "--json", path=site).json()}
    assert listed["acme"]["provides"] == ["connector acme-billing", "transform shout", "destination acme-collect"]
    assert (listed["acme"]["distribution"], listed["acme"]["version"]) == ("arfeed-acme", "1.2")
    write(feed, feed.joinpath("plugins.toml").read_text().replace("mark =", "marc ="))
    assert "transforms[1].marc: there is no such key; did you mean 'mark'?" in run(feed, "plan", path=site).err


def test_beside_a_broken_plugin_everything_still_runs_and_the_list_names_the_culprit(feed: Path, site: Path) -> None:
    install(site, "wreck", "raise RuntimeError('half written')")
    assert sync_approved(feed, path=site)["delivered"] is True
    write(feed, feed.joinpath("plugins.toml").read_text().replace('["acme"]', '["acme", "wreck"]'))
    listed = run(feed, "plugins", "list", path=site)
    assert listed.code == 0
    assert "✗ wreck (arfeed-wreck 1.2): cannot be imported: RuntimeError: half written\n" in listed.out
    refused = run(feed, "sync", path=site)
    assert refused.code == 2
    assert "plugin wreck (arfeed-wreck 1.2): cannot be imported: RuntimeError: half written" in refused.err


def test_the_receipt_says_how_long_each_plugin_worked(feed: Path, site: Path) -> None:
    seconds = sync_approved(feed, path=site)["receipt"]["seconds"]
    assert {*seconds} == {
        *("source billing", "transform shout", "destination acme-collect", "reviewer acme (arfeed-acme 1.2)")
    }
    assert all(0 <= spent < 60 for spent in seconds.values())
