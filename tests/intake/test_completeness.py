"""What every source said of itself is kept, beside its rows: the review depends on it."""

from __future__ import annotations

import hashlib
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from arfeed import Complete, SourceError
from arfeed.intake.extract import Extract, extract, joined
from arfeed.model.results import SourceRead
from support.sources import HEADER, Given, balances, failure, folder, given, problems, rows

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
TWO = rows(issued_on=["2026-04-09", "2026-04-01"], status=["void", "open"])


def named(name: str, source: Given) -> Given:
    source.source = name
    return source


def extracted(*sources: Given) -> Extract:
    return extract(sources, lambda: NOON)


def test_a_source_is_reported_as_it_was_read() -> None:
    complete = Complete(rows=2, as_of=date(2026, 4, 8), lists_closed=True)
    source = given(TWO, complete=complete, absent_means_paid=True)
    (report,) = extracted(source).reports
    assert (report.source, report.connector, report.settings) == ("given", "given", source.settings)
    assert (report.rows, report.open, report.complete) == (2, 1, complete)
    assert report.read == SourceRead(NOON, date(2026, 4, 8), date(2026, 4, 9))
    assert (report.before, report.failed) == (None, None)


def test_the_files_that_were_read_are_named_with_their_hashes(tmp_path: Path) -> None:
    file = tmp_path / "open.csv"
    read = extract([folder(file, HEADER, "INV-1,Ada,GBP,2026-04-07,10.00"), given(rows())], lambda: NOON)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert [report.inputs for report in read.reports] == [((str(file), digest),), ()]


@pytest.mark.parametrize("frames", [(), (TWO.iloc[:0],)], ids=["no frame", "an empty one"])
def test_an_empty_source_has_no_latest_invoice(frames: tuple[pd.DataFrame, ...]) -> None:
    (report,) = extracted(given(*frames, allow_empty=True)).reports
    assert (report.rows, report.open, report.read.latest_issue) == (0, 0, None)


def test_invoices_without_a_date_are_not_the_latest() -> None:
    (report,) = extracted(given(rows(kind="payment", balance="-1", issued_on=["", "2026-04-01"]))).reports
    assert report.read.latest_issue == date(2026, 4, 1)


def test_each_source_is_reported_in_turn_with_the_time_it_was_read() -> None:
    times = iter([NOON, NOON.replace(hour=13)])
    read = extract([named("a", given(rows())), named("b", given(TWO))], lambda: next(times))
    assert [(report.source, report.rows, report.read.at.hour) for report in read.reports] == [
        ("a", 1, 12),
        ("b", 2, 13),
    ]
    assert read.rows["source"].tolist() == ["a", "b", "b"]
    assert read.failed == {}


def test_no_source_at_all_has_no_rows() -> None:
    read = extracted()
    assert (len(read.rows), read.reports, read.failed) == (0, (), {})
    assert "invoice_ref" in read.rows


@pytest.mark.parametrize(
    "word",
    [Complete(rows=1), Complete(totals={"GBP": Decimal("20.01")}), None],
    ids=["count", "total", "no word"],
)
def test_a_failed_source_that_may_be_carried_forward_is_named_and_the_others_are_read(
    word: Complete | None,
) -> None:
    failing = named("bad", given(TWO, complete=word, on_failure="carry-forward"))
    read = extracted(named("a", given(rows())), failing, named("z", given(rows())))
    assert [report.source for report in read.reports] == ["a", "z"]
    assert read.rows["source"].tolist() == ["a", "z"]
    assert [*read.failed] == ["bad"]
    assert str(read.failed["bad"]).startswith("bad: ")


def test_problem_rows_are_never_carried_forward() -> None:
    lines = problems(given(rows(balance="x"), on_failure="carry-forward"), given(TWO))
    assert len(lines) == 2


def test_a_source_with_problem_rows_is_not_also_blamed_for_its_total() -> None:
    source = given(rows(balance=["x", "10"]), complete=Complete(totals={"GBP": Decimal(99)}))
    assert "total" not in " ".join(problems(source))


def test_without_carrying_forward_the_first_failure_is_told() -> None:
    with pytest.raises(SourceError, match=r"^b: "):
        extracted(named("a", given(rows())), named("b", given(complete=None)), named("c", given(complete=None)))


def test_the_messages_say_what_to_do() -> None:
    assert failure(given()) == (
        "given: it has no rows at all, which would mark everything as paid; if that can be right, say "
        "allow_empty = true"
    )
    assert failure(given(TWO, complete=Complete(totals={"GBP": Decimal(21)}))) == (
        "given: its total is 21 GBP, but the rows read sum to 20.0000; it is not complete: export it again; if a "
        "database keeps the balance as REAL or FLOAT, CAST it AS numeric in the query: its sums are not exact"
    )
    assert failure(given(TWO, complete=None)) == (
        "given: its connector 'given' ended without returning Complete(…), so nothing says that it read everything; "
        "found None"
    )


def test_what_is_open_is_the_whole_frame_where_all_is_and_numbered_anew_where_not() -> None:
    all_open, some = extracted(given(rows(balance=["1", "2"]))), extracted(given(TWO))
    assert all_open.open is all_open.rows
    assert some.open["invoice_ref"].to_dict() == {0: "INV-2"}
    assert [*some.open] == [*some.rows]


def test_frames_are_joined_without_their_index() -> None:
    first, second = rows(branch="Leeds").set_axis([7]), rows()
    both = joined([first, second])
    assert both.index.tolist() == [0, 1]
    assert [*both] == [*first]
    assert both["branch"].tolist() == ["Leeds", ""]


def test_a_frame_alone_is_taken_as_it_is() -> None:
    frame = rows()
    assert joined([frame]) is frame


def test_all_frames_of_a_source_are_read() -> None:
    first, second = rows(), rows().assign(invoice_ref="INV-2", balance="5")
    assert balances(extracted(given(first, second)).rows) == {"INV-1": Decimal(10), "INV-2": Decimal(5)}
