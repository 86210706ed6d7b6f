"""A page of every delivery lies beside the history, and none of them is worth a failed run."""

from __future__ import annotations

import json
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path

import pytest

from arfeed.model.errors import ConfigError
from arfeed.runs.page_files import check_page_file, pages_folder, rewrite_page
from support.feeds.feed import Feed, invoices


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    feed = Feed(tmp_path / "feed", pages=True)
    feed.export(invoices(5))
    return feed


def words(page: Path) -> str:
    """What a page says, without its markup, styles and scripts."""

    class Words(HTMLParser):
        said: str = ""
        inside = ""

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.inside = tag

        def handle_data(self, data: str) -> None:
            self.said += f" {data}" if self.inside not in ("style", "script") else ""

    parser = Words()
    parser.feed(page.read_text(encoding="utf-8"))
    return re.sub(r"\s+", " ", parser.said)


def test_a_delivery_writes_its_page_beside_the_history(feed: Feed) -> None:
    result = feed.approved()
    assert result.receipt
    page = feed.folder / ".arfeed" / "pages" / f"{result.receipt.run}.html"
    assert result.page == page
    assert [*page.parent.iterdir()] == [page]
    said = words(page)
    assert result.receipt.report.sha256 in said
    assert json.loads(result.receipt.body)["approval"]["code"] in said
    assert "unknown-baseline" in said


def test_the_page_names_what_was_marked_as_paid_and_draws_earlier_runs(feed: Feed) -> None:
    feed.sources["erp"]["absent_means_paid"] = True
    feed.approved()
    feed.export([*invoices(1), *invoices(3, first=3)])
    page = feed.sync().page
    assert page
    assert "INV-0002 Customer 2 102.00 EUR" in words(page)
    assert "Open in EUR over the last 2 runs" in words(page)


def test_a_refused_run_writes_no_page_of_its_own(feed: Feed) -> None:
    assert feed.sync().page is None
    assert not feed.folder.joinpath(".arfeed", "pages").exists()


def test_a_page_that_cannot_be_written_is_a_warning_and_changes_nothing(feed: Feed) -> None:
    feed.folder.joinpath(".arfeed").mkdir()
    feed.folder.joinpath(".arfeed", "pages").write_text("in the way")
    result = feed.approved()
    assert result.page is None
    assert feed.states() == ["delivered"]
    (warning,) = feed.steps.warnings
    assert "the page " in warning
    assert "could not be written: FileExistsError" in warning


def test_a_feed_without_pages_loads_nothing_for_them(feed: Feed) -> None:
    feed.pages = False
    program = (
        "import sys; sys.argv = ['arfeed', 'sync', *sys.argv[1:]]\nfrom arfeed.cli.app import main\ntry:\n    main()\n"
    )
    program += "finally:\n    print({'arfeed.runs.page.charts', 'jinja2'} & {*sys.modules})"
    feed.configure()
    approval = str(feed.plan().approval)
    ran = subprocess.run(
        [sys.executable, "-c", program, "--approve", approval], cwd=feed.folder, capture_output=True, text=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[-1] == "set()"
    assert not feed.folder.joinpath(".arfeed", "pages").exists()


def test_pages_go_where_the_feed_says(feed: Feed) -> None:
    feed.pages = "for mail"
    page = feed.approved().page
    assert page
    assert page.parent == feed.folder / "for mail"


def test_a_history_that_is_no_file_has_no_pages_beside_it(feed: Feed) -> None:
    feed.history = "sqlite:///:memory:"
    assert pages_folder(feed.project()) is None


def test_the_page_of_an_old_run_is_written_again_from_its_receipt(feed: Feed) -> None:
    result = feed.approved()
    assert result.receipt
    assert result.page
    first = result.page.read_text()
    feed.sync()
    result.page.unlink()
    assert rewrite_page(feed.project(), result.receipt.run) == result.page
    assert result.page.read_text() == first


def test_a_run_without_a_receipt_has_no_page(feed: Feed) -> None:
    feed.approved()
    with pytest.raises(ConfigError, match=r"no receipt of a run '\.\./\.\./etc'"):
        rewrite_page(feed.project(), "../../etc")


@pytest.mark.parametrize(
    "damage",
    [lambda body: body.replace("INV-0001", "INV-0009"), lambda _: "{}", lambda _: "[]", lambda body: body[:-9]],
    ids=["another invoice", "empty", "a list", "cut off"],
)  # fmt: skip
def test_no_page_is_made_of_a_receipt_that_was_changed(feed: Feed, damage: Callable[[str], str]) -> None:
    feed.approved()
    feed.export(invoices(4, first=2))
    run = feed.approved().receipt
    assert run
    damaged(feed, run.run, damage)
    done = feed.run("history", "page", run.run, "--html", "again.html")
    assert done.returncode == 2
    assert f"run {run.run}: its receipt was changed" in done.stderr
    assert "restore a backup" in done.stderr
    assert not (feed.folder / "again.html").exists()


def test_the_page_of_a_sound_run_leaves_out_earlier_ones_whose_receipts_were_damaged(feed: Feed) -> None:
    first, second = feed.approved().receipt, feed.sync().receipt
    assert first
    assert second
    damaged(feed, first.run, lambda _: "{}")
    page = words(rewrite_page(feed.project(), second.run))
    assert "This is the first" in page


def damaged(feed: Feed, run: str, damage: Callable[[str], str]) -> None:
    """Change a receipt as somebody does who has the database at hand."""
    with closing(sqlite3.connect(feed.folder / ".arfeed/history.db")) as database, database:
        (body,) = database.execute("SELECT receipt FROM runs WHERE id = ?", [run]).fetchone()
        assert damage(body) != body
        database.execute("UPDATE runs SET receipt = ? WHERE id = ?", [damage(body), run])


@pytest.mark.parametrize("place", [".", "erp.csv/x.html"], ids=["a folder", "below a file"])
def test_a_page_is_not_written_again_to_a_place_that_is_none(feed: Feed, place: str) -> None:
    result = feed.approved()
    assert result.receipt
    done = feed.run("history", "page", result.receipt.run, "--html", place)
    assert done.returncode == 2
    assert f"--html {place}: name a file in a folder that exists" in done.stderr


def test_a_page_that_can_not_be_written_again_is_not_a_bug(feed: Feed) -> None:
    result = feed.approved()
    assert result.receipt
    feed.pages = "erp.csv"
    with pytest.raises(ConfigError, match=r"the page .* could not be written: .* --html FILE"):
        rewrite_page(feed.project(), result.receipt.run)


def test_the_command_line_writes_the_page_of_a_plan_and_of_a_refusal(feed: Feed) -> None:
    for command in ("plan", "sync"):
        done = feed.run(command, "--html", f"{command}.html", "--json")
        assert done.returncode == 3
        document = json.loads(done.stdout)
        assert document["page"] == f"{command}.html"
        approval = document.get("plan", document)["approval"]
        assert f"arfeed sync --approve {approval}" in words(feed.folder / f"{command}.html")


def test_the_command_line_writes_a_page_again(feed: Feed) -> None:
    result = feed.approved()
    assert result.receipt
    done = feed.run("history", "page", result.receipt.run, "--html", "again.html")
    assert done.returncode == 0, done.stderr
    assert "The page: again.html" in done.stdout
    assert result.receipt.report.sha256 in words(feed.folder / "again.html")


@pytest.mark.parametrize("place", ["nowhere/page.html", "."])
def test_a_place_that_is_none_is_refused_before_anything_is_read(
    feed: Feed, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(feed.folder)
    with pytest.raises(ConfigError, match=r"--html .*: name a file in a folder that exists"):
        check_page_file(Path(place))


def test_no_secret_is_on_a_page(feed: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = 'quux"<&é'
    monkeypatch.setenv("TOKEN", secret)
    feed.destination["password"] = "${TOKEN}"
    feed.export([{**row, "customer_name": f"Ada {secret}"} for row in invoices(3)])
    page = feed.approved().page
    assert page
    assert "quux" not in page.read_text()
    assert "Ada ***" in words(page)
