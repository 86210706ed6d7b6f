"""What else is installed, plugin or not, neither stops arfeed nor is run by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.feeds.command import run, sync_approved, write
from support.plugins.strangers import install

FEED = """
plugins = ["folder", "kolleno"]
[sources.erp]
use = "folder"
path = "erp.csv"
[destination]
use = "kolleno"
mode = "open-ar"
url = "out"
"""
CSV = "invoice_ref,customer_name,currency,issued_on,balance\nINV-1,Ada Ltd,EUR,2026-04-07,1.00\n"
MALFORMED = {"a line without =": b"[arfeed]\nmine\n", "no UTF-8": b"[console_scripts]\n\xff = a\n"}


@pytest.fixture
def feed(tmp_path: Path) -> Path:
    write(tmp_path / "feed", FEED)
    tmp_path.joinpath("feed/erp.csv").write_text(CSV)
    tmp_path.joinpath("feed/out").mkdir()
    return tmp_path / "feed"


@pytest.mark.parametrize("content", [*MALFORMED.values()], ids=[*MALFORMED])
def test_with_a_malformed_distribution_arfeed_delivers_and_the_list_names_it(
    feed: Path, tmp_path: Path, content: bytes
) -> None:
    site = install(tmp_path / "site", "mine", "")
    site.joinpath("arfeed_mine-1.2.dist-info", "entry_points.txt").write_bytes(content)
    assert sync_approved(feed, path=site)["delivered"] is True
    (broken,) = [plugin for plugin in run(feed, "plugins", "list", "--json", path=site).json() if plugin["broken"]]
    assert (broken["distribution"], broken["version"]) == ("arfeed-mine", "1.2")
    assert broken["broken"].startswith("its entry_points.txt can't be read (")
    assert broken["broken"].endswith("); reinstall it, or uninstall it")
    assert "✗ arfeed-mine 1.2: its entry_points.txt can't be read (" in run(feed, "plugins", "list", path=site).out
    write(feed, FEED.replace('"folder", ', '"mine", "folder", '))
    unknown = run(feed, "plan", path=site)
    assert unknown.code == 2
    assert "there is no plugin 'mine' installed" in unknown.err
    assert "; what arfeed-mine offers can't be read" in unknown.err


def test_a_distribution_whose_own_metadata_cannot_be_read_is_named_by_its_folder(feed: Path, tmp_path: Path) -> None:
    site = install(tmp_path / "site", "mine", "raise RuntimeError('half')")
    site.joinpath("arfeed_mine-1.2.dist-info", "METADATA").write_bytes(b"Name: \xff\n")
    write(feed, FEED.replace('"folder", ', '"mine", "folder", '))
    plugins = {plugin["name"]: plugin for plugin in run(feed, "plugins", "list", "--json", path=site).json()}
    assert plugins["mine"]["distribution"] == str(site / "arfeed_mine-1.2.dist-info")
    assert plugins["mine"]["broken"] == "cannot be imported: RuntimeError: half"


@pytest.mark.parametrize("allowed", [False, True])
def test_what_a_distribution_offers_to_pydantic_is_run_only_where_that_is_wanted(
    feed: Path, tmp_path: Path, allowed: bool
) -> None:
    site = install(tmp_path / "site", "mine", f"import pathlib\npathlib.Path({str(tmp_path / 'ran')!r}).touch()\n")
    site.joinpath("arfeed_mine-1.2.dist-info", "entry_points.txt").write_text("[pydantic]\nmine = arfeed_mine:none\n")
    run(feed, "plan", path=site, env={"PYDANTIC_DISABLE_PLUGINS": ""} if allowed else None)
    assert tmp_path.joinpath("ran").exists() is allowed
