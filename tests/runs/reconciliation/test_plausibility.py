"""What is not the receiver's whole list of now is not compared, and is named for what it is."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from arfeed.runs.reconciliation.verdict import Verdict
from support.files.receiver_lists import NEXT_DAY, Row, delivered, judged, sent, write_csv

ROWS = sent(212)
EARLIER = datetime(2026, 4, 3, 9, 0, tzinfo=UTC)


def refused(tmp_path: Path, there: list[Row], at: datetime = NEXT_DAY, name: str = "open.csv") -> str:
    return reason(judged(write_csv(tmp_path / name, there, at=at), delivered(ROWS)))


def reason(verdict: Verdict) -> str:
    assert verdict.outcome == "not comparable"
    assert not len(verdict.found)
    return "; ".join(verdict.reasons)


def test_the_whole_list_of_the_next_day_is_compared(tmp_path: Path) -> None:
    verdict = judged(write_csv(tmp_path / "open.csv", ROWS), delivered(ROWS))
    assert verdict.outcome == "same"
    assert verdict.judged == (
        "its file was written 2026-04-05 09:00; nothing in it states a date",
        "it states no total",
    )


def test_a_file_from_before_the_delivery_is_too_old(tmp_path: Path) -> None:
    assert "it is dated 2026-04-03 09:00 UTC, and the last delivery 2026-04-04 10:15" in refused(
        tmp_path, ROWS, EARLIER
    )


def test_a_date_in_the_name_counts_more_than_the_time_of_a_copy(tmp_path: Path) -> None:
    said = refused(tmp_path, ROWS, name="open_2026-04-03.csv")
    assert "it is dated 2026-04-03, and the last delivery 2026-04-04" in said


def test_a_later_date_in_the_name_counts_more_than_an_old_copy(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open_20260406.csv", ROWS, at=EARLIER)
    assert judged(file, delivered(ROWS)).outcome == "same"


@pytest.mark.parametrize(("unknown", "outcome"), [(20, "differences"), (30, "not comparable")])
def test_nine_in_ten_numbers_must_be_known(tmp_path: Path, unknown: int, outcome: str) -> None:
    there = [{**row, "invoice_ref": f"X{number}"} if number < unknown else row for number, row in enumerate(ROWS)]
    assert judged(write_csv(tmp_path / "open.csv", there), delivered(ROWS), whole=True).outcome == outcome


def test_numbers_of_earlier_reports_are_known(tmp_path: Path) -> None:
    rows = sent(40)
    verdict = judged(write_csv(tmp_path / "o.csv", rows), delivered(rows[20:], rows[10:], rows), whole=True)
    assert verdict.outcome == "differences"


def test_another_ledger_is_named(tmp_path: Path) -> None:
    other = [{**row, "invoice_ref": f"RE-{number}"} for number, row in enumerate(ROWS)]
    assert "0 of its 212 open numbers (0%) are of a report that was delivered" in refused(tmp_path, other)


def test_a_page_of_fifty_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, ROWS[::4][:50])
    assert "it has exactly 50 rows and 212 invoices were delivered: it seems to be a page of the list" in said
    assert "Or the receiver has taken in this much of the report only" in said


def test_whole_says_that_it_is_no_page(tmp_path: Path) -> None:
    verdict = judged(write_csv(tmp_path / "open.csv", ROWS[:50]), delivered(ROWS), whole=True)
    assert (verdict.found["outcome"] == "paid there").sum() == 162


def test_a_list_that_stops_half_way_is_named(tmp_path: Path) -> None:
    assert "by number, all 81 invoices that it lacks come after, or before" in refused(tmp_path, ROWS[:131])


def test_a_list_of_what_is_overdue_is_named(tmp_path: Path) -> None:
    assert "a list of what is overdue" in refused(tmp_path, [row for row in ROWS if row["due_on"] < "2026-04-05"])


def test_a_list_of_one_currency_is_named(tmp_path: Path) -> None:
    said = refused(tmp_path, [row for row in ROWS if row["currency"] == "GBP"])
    assert "none of the invoices in EUR is in it" in said


def test_the_report_itself_and_a_source_s_file_are_named(tmp_path: Path) -> None:
    file = write_csv(tmp_path / "open.csv", ROWS)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert "the report that arfeed delivered" in reason(judged(file, replace(delivered(ROWS), sha256=digest)))
    assert "this is erp.csv, which the report was made from" in reason(
        judged(file, replace(delivered(ROWS), inputs={digest: "erp.csv"}))
    )


def test_what_was_open_before_the_last_delivery_is_named(tmp_path: Path) -> None:
    before = sent(212)
    rows = [*before[5:], *[{**row, "invoice_ref": f"NEW-{row['invoice_ref']}"} for row in before[:3]]]
    last = delivered(rows, before)
    assert "it shows what was open before the last delivery" in reason(
        judged(write_csv(tmp_path / "o.csv", before), last)
    )
    # With a date of its own two days later, no import is running any more.
    file = write_csv(tmp_path / "open_2026-04-07.csv", before)
    verdict = judged(file, last)
    assert verdict.outcome == "differences"
    assert verdict.found["outcome"].value_counts().to_dict() == {"same": 207, "open there only": 5, "paid there": 3}
