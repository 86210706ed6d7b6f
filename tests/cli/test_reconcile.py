"""`arfeed reconcile`: from an export to an exit code, a receipt in the history, and what to do."""

from __future__ import annotations

import json
import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from arfeed.testing.commands import run_command
from support.feeds.command import Cli
from support.feeds.feed import Feed, Row, invoices
from support.files.receiver_lists import HEADINGS, write_csv, write_xlsx

if TYPE_CHECKING:
    from datetime import datetime

COUNT = 33


def later() -> datetime:
    """The next minute: an export is made after the delivery."""
    from datetime import UTC, datetime, timedelta

    return datetime.now(UTC) + timedelta(minutes=1)


def deliver(feed: Feed) -> Feed:
    feed.export(invoices(COUNT))
    feed.configure()
    approval = run_command(feed.folder, "plan", "--json").json()["approval"]
    done = run_command(feed.folder, "sync", "--approve", approval)
    assert done.code == 0, done.err
    return feed


@pytest.fixture
def delivered(tmp_path: Path) -> Feed:
    """A feed of 33 invoices that were delivered into a folder."""
    return deliver(Feed(tmp_path / "feed"))


@pytest.fixture
def rehearsed(tmp_path: Path) -> Feed:
    """The same, delivered to a receiver to rehearse with."""
    return deliver(Feed(tmp_path / "feed", destination={"url": "rehearsal://demo"}))


def there() -> list[Row]:
    return invoices(COUNT)


def save(feed: Feed, rows: list[Row], name: str = "open.csv") -> str:
    write_csv(feed.folder / name, rows, at=later())
    return name


def test_the_same_ends_with_0_and_says_how_it_was_judged(arfeed: Cli, delivered: Feed) -> None:
    ran = arfeed(delivered.folder, "reconcile", save(delivered, there()))
    assert ran.code == 0, ran.err
    assert "invoice_ref: the column 'Invoice number': 33 of 33 are numbers of the last report" in ran.out
    assert "✓ the receiver has what was delivered" in ran.out


def test_differences_end_with_3_and_say_what_to_do_for_each_kind(arfeed: Cli, delivered: Feed) -> None:
    rows = there()
    rows[2]["balance"] = "999.00"
    rows[3]["balance"] = "1,2,3"
    rows[4]["due_on"] = "2026-12-24"
    rows[5]["balance"] = "1.00"
    rows.append({**rows[0], "invoice_ref": "ODD-1"})
    del rows[1]
    ran = arfeed(delivered.folder, "reconcile", save(delivered, rows))
    assert ran.code == 3
    assert "1 paid there: delivered as open, and not open there\n  INV-0002  Customer 2  102.00 EUR" in ran.out
    assert "ODD-1" in ran.out
    assert "balance 103.00 → 999.00" in ran.out
    assert "due 2026-04-06 → 2026-12-24" in ran.out
    assert "Outstanding '1,2,3' is not a plain amount" in ran.out
    assert "known: 1 lower there: the platform may have taken a payment since" in ran.out
    for advice in (
        "→ Paid there:",
        "`arfeed resend ",
        "→ Open there only:",
        "→ Differs: tell the receiver",
        "→ Unreadable:",
    ):
        assert advice in ran.out
    assert "nothing was corrected" in ran.err


def test_what_is_not_comparable_ends_with_4_and_accuses_nothing(arfeed: Cli, delivered: Feed) -> None:
    ran = arfeed(delivered.folder, "reconcile", save(delivered, there()[:25]), "--json")
    assert ran.code == 4
    document = ran.json()
    assert document["outcome"] == "not comparable"
    assert document["rows"] == []
    assert "exactly 25 rows and 33 invoices were delivered" in document["reasons"][0]
    assert arfeed(delivered.folder, "reconcile", "open.csv", "--whole").code == 3


def test_an_older_file_is_not_comparable(arfeed: Cli, delivered: Feed) -> None:
    save(delivered, there())
    os.utime(delivered.folder / "open.csv", (time.time() - 86_400,) * 2)
    ran = arfeed(delivered.folder, "reconcile", "open.csv")
    assert ran.code == 4
    assert "and the last delivery" in ran.out


def test_a_workbook_is_compared(arfeed: Cli, delivered: Feed) -> None:
    write_xlsx(delivered.folder / "open.xlsx", there(), later())
    assert arfeed(delivered.folder, "reconcile", "open.xlsx").code == 0


def test_settings_name_the_columns(arfeed: Cli, delivered: Feed) -> None:
    headings = {**HEADINGS, "balance": "Money A", "customer_name": "Money B"}
    rows = [{**row, "customer_name": "5.00", "balance": "6.00"} for row in there()]
    write_csv(delivered.folder / "open.csv", rows, headings=headings, at=later())
    asked = arfeed(delivered.folder, "reconcile", "open.csv")
    assert asked.code == 2
    assert 'pass columns.balance = "HEADING" in [destination.reconcile]' in asked.err
    file = delivered.folder / "plugins.toml"
    columns = '{ balance = "Money A", invoice_ref = "Invoice number" }'
    file.write_text(f'{file.read_text()}\n[destination.reconcile]\ncolumns = {columns}\nignore = ["Money B"]\n')
    assert arfeed(delivered.folder, "reconcile", "open.csv").code == 3
    # How the receiver's list is read changes no report.
    assert "config-changed" not in arfeed(delivered.folder, "plan").out


def test_a_further_column_ends_with_2_until_the_line_is_pasted(arfeed: Cli, delivered: Feed) -> None:
    agents = {row["customer_name"]: "Ann" if number % 2 else "Bob" for number, row in enumerate(there())}
    rows = [{**row, "agent": agents[row["customer_name"]]} for row in there()]
    write_csv(delivered.folder / "open.csv", rows, headings={**HEADINGS, "agent": "Assigned to"}, at=later())
    asked = arfeed(delivered.folder, "reconcile", "open.csv", "--unattended")
    assert asked.code == 2
    line = next(line for line in asked.err.splitlines() if line.startswith("  ignore = "))
    file = delivered.folder / "plugins.toml"
    file.write_text(f"{file.read_text()}\n[destination.reconcile]\n{line}\n")
    ran = arfeed(delivered.folder, "reconcile", "open.csv", "--unattended")
    assert ran.code == 0, ran.err
    assert "not looked at, as `ignore` says: Assigned to" in ran.out


def test_what_to_write_for_each_column_is_told_once(arfeed: Cli, delivered: Feed) -> None:
    rows = [{**row, "left": "0.00" if number < 3 else row["balance"]} for number, row in enumerate(there())]
    rows = [{**row, "stage": "Reminder 1" if number % 2 else "Won"} for number, row in enumerate(rows)]
    headings = {**HEADINGS, "left": "Left", "stage": "Stage"}
    write_csv(delivered.folder / "open.csv", rows, headings=headings, at=later())
    asked = arfeed(delivered.folder, "reconcile", "open.csv", "--unattended")
    assert asked.code == 2
    assert asked.err.count('columns.balance or columns.status = "Stage"') == 1
    assert "The choices are" not in asked.err


def test_a_difference_in_a_further_column_is_shown_and_stands_on_the_page(arfeed: Cli, delivered: Feed) -> None:
    rows = [{**row, "left": row["balance"]} for row in there()]
    rows[3]["left"] = "0.00"
    write_csv(delivered.folder / "open.csv", rows, headings={**HEADINGS, "left": "Left"}, at=later())
    ran = arfeed(delivered.folder, "reconcile", "open.csv", "--html", "page.html")
    assert ran.code == 3
    assert "Left 104.00 → 0.00" in ran.out
    assert "Left 104.00 → 0.00" in (delivered.folder / "page.html").read_text(encoding="utf-8")


def test_nothing_to_compare_and_no_file_are_told_apart(arfeed: Cli, delivered: Feed, tmp_path: Path) -> None:
    fresh = Feed(tmp_path / "fresh")
    fresh.export(invoices(2))
    fresh.configure()
    none = arfeed(fresh.folder, "reconcile", "open.csv")
    assert (none.code, "knows no delivery there" in none.err) == (2, True)
    missing = arfeed(delivered.folder, "reconcile", "nowhere.csv")
    assert (missing.code, "there is no such file" in missing.err) == (2, True)
    asked = arfeed(delivered.folder, "reconcile")
    assert (asked.code, "only a receiver to rehearse with can be asked" in asked.err) == (2, True)


def test_a_rehearsed_receiver_is_asked_itself(arfeed: Cli, rehearsed: Feed) -> None:
    ran = arfeed(rehearsed.folder, "reconcile", "--json")
    assert ran.code == 0, ran.err
    assert ran.json()["counts"]["same"] == COUNT
    books = rehearsed.folder / ".arfeed" / "rehearsal" / "demo" / "books.json"
    kept = json.loads(books.read_text())
    del kept["open"]["INV-0007"]
    kept["open"]["INV-0008"] = "999.00"
    books.write_text(json.dumps(kept))
    ran = arfeed(rehearsed.folder, "reconcile", "--json")
    assert ran.code == 3
    assert {row["invoice_ref"]: row["outcome"] for row in ran.json()["rows"]} == {
        "INV-0007": "paid there",
        "INV-0008": "differs",
    }


def test_it_is_in_the_history_with_a_receipt_that_shows_changes(arfeed: Cli, delivered: Feed) -> None:
    arfeed(delivered.folder, "reconcile", save(delivered, there()[1:]))
    listed = arfeed(delivered.folder, "history", "--json").json()
    assert [(run["kind"], run["state"], run["open"], run["missing"]) for run in listed] == [
        ("reconcile", "differences", COUNT - 1, 1),
        ("sync", "delivered", COUNT, 0),
    ]
    assert listed[0]["receipt"]["compared_with"]["run"] == listed[1]["run"]
    assert "reconcile    differences    open.csv" in arfeed(delivered.folder, "history").out
    assert arfeed(delivered.folder, "history", "verify").code == 0
    with closing(sqlite3.connect(delivered.folder / ".arfeed" / "history.db")) as history:
        history.execute("UPDATE reconciliations SET outcome = 'same'")
        history.commit()
    verified = arfeed(delivered.folder, "history", "verify")
    assert verified.code == 2
    assert f"reconciliation {listed[0]['run']}: it differs from its receipt" in verified.err


def test_nothing_is_corrected_by_it(arfeed: Cli, delivered: Feed) -> None:
    held, before = delivered.held(), arfeed(delivered.folder, "plan", "--json").json()
    arfeed(delivered.folder, "reconcile", save(delivered, there()[3:]))
    after = arfeed(delivered.folder, "plan", "--json").json()
    assert delivered.held() == held
    assert (after["counts"], after["baseline"]) == (before["counts"], before["baseline"])


def test_the_page_says_what_the_receipt_says_and_can_be_written_again(arfeed: Cli, delivered: Feed) -> None:
    ran = arfeed(delivered.folder, "reconcile", save(delivered, there()[1:]), "--html", "page.html", "--json")
    text = (delivered.folder / "page.html").read_text(encoding="utf-8")
    assert ran.json()["page"] == "page.html"
    assert ran.json()["sha256"] in text
    assert "The receiver has something else than was delivered." in text
    assert "INV-0001" in text
    again = arfeed(delivered.folder, "history", "page", ran.json()["run"], "--html", "again.html")
    assert again.code == 0, again.err
    assert (delivered.folder / "again.html").read_text(encoding="utf-8") == text


def test_of_a_pattern_the_newest_file_is_read(arfeed: Cli, delivered: Feed) -> None:
    save(delivered, there()[:5], "open_a.csv")
    os.utime(delivered.folder / "open_a.csv", (0, 0))
    save(delivered, there(), "open_b.csv")
    os.utime(delivered.folder / "open_b.csv")
    ran = arfeed(delivered.folder, "reconcile", "open_*.csv", "--json")
    assert ran.code == 0, ran.err
    assert ran.json()["export"]["name"] == "open_b.csv"
