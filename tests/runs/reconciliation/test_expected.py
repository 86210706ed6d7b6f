"""What is no payment, no conversion and no import that is still running is told as a difference."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.model.errors import RefusedError
from arfeed.model.settings import ReconcileSettings
from arfeed.runs import adoption
from arfeed.runs.context import begin_run
from arfeed.runs.reconciliation.expected import CONVERTED, FUTURE, PAYMENT
from arfeed.runs.reconciliation.reconciling import reconcile
from arfeed.runs.reconciliation.verdict import Verdict, judge
from support.feeds.feed import REPORTS, Feed, invoices
from support.files.receiver_lists import Row, Silent, delivered, judged, read, sent, write_csv

CENT = Decimal("0.01")


def compared(tmp_path: Path, rows: list[Row], there: list[Row], *before: list[Row]) -> Verdict:
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows, *before))
    assert not verdict.reasons
    return verdict


def known(verdict: Verdict) -> dict[str, int]:
    counts = verdict.found["known"].value_counts().to_dict()
    return {str(reason): int(count) for reason, count in counts.items() if reason}


def lowered(rows: list[Row], which: list[int], change: Callable[[Decimal], Decimal]) -> list[Row]:
    """Return rows with the balances of some of them changed."""
    return [
        {**row, "balance": str(change(Decimal(row["balance"])))} if number in which else row
        for number, row in enumerate(rows)
    ]


@pytest.mark.parametrize("closed", ["Paid", "Void", "zero"])
def test_an_invoice_of_tomorrow_that_is_listed_as_closed_is_paid_there(tmp_path: Path, closed: str) -> None:
    rows = sent(12)
    rows[4]["issued_on"] = "2026-04-20"
    headings = {"invoice_ref": "Number", "balance": "Outstanding", "currency": "Currency", "status": "Status"}
    there = [{**row, "status": "Open"} for row in rows]
    there[4] |= {"balance": "0.00"} if closed == "zero" else {"status": closed}
    verdict = judged(write_csv(tmp_path / "open.csv", there, headings=headings), delivered(rows))
    assert (verdict.outcome, known(verdict)) == ("differences", {})
    del there[4]
    verdict = judged(write_csv(tmp_path / "open.csv", there, headings=headings), delivered(rows))
    assert (verdict.outcome, known(verdict)) == ("same", {FUTURE: 1})


@pytest.mark.parametrize(
    "change",
    [lambda sent: (sent / 100).quantize(CENT), lambda sent: sent / 10, lambda sent: sent // 1],
    ids=["a hundredth", "a tenth", "no cents"],
)
def test_a_balance_in_another_notation_is_no_payment(tmp_path: Path, change: Callable[[Decimal], Decimal]) -> None:
    rows = sent(40)
    there = lowered(rows, [6], change)
    there[30] = {**there[30], "balance": "12.34"}
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {PAYMENT: 1})
    assert verdict.found["known"][6] == ""
    assert "in EUR, 1 balance is lower there by a power of ten" in " ".join(verdict.notes)


def test_three_that_are_lower_by_one_ratio_are_no_payments(tmp_path: Path) -> None:
    rows = sent(60)
    there = lowered(rows, [0, 3, 36], lambda sent: (sent / Decimal("1.19")).quantize(CENT))
    there = lowered(there, [10], lambda _: Decimal("12.34"))
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {PAYMENT: 1})
    assert verdict.found["known"][10] == PAYMENT


@pytest.mark.parametrize(
    ("sent_as", "there"),
    [
        ("5418.20", "4518.20"),
        ("5418.20", "518.20"),
        ("5418.20", "541.82"),
        ("5418.27", "5418.20"),
        ("5418.20", "4553.11"),
        ("5418.20", "5135.73"),
        ("5418.20", "5118.20"),
        ("5418.00", "5417.99"),
    ],
    ids=[
        "changed places",
        "one missing",
        "a tenth",
        "the last missing",
        "without 19 %",
        "without 5.5 %",
        "another",
        "a cent",
    ],
)
def test_a_slip_or_a_tax_is_no_payment_even_once(tmp_path: Path, sent_as: str, there: str) -> None:
    rows = sent(40)
    rows[7]["balance"] = sent_as
    verdict = compared(tmp_path, rows, lowered(rows, [7], lambda _: Decimal(there)))
    assert (verdict.outcome, known(verdict)) == ("differences", {})


def test_two_that_are_lower_by_one_ratio_are_no_payments(tmp_path: Path) -> None:
    rows = sent(60)
    there = lowered(rows, [0, 36], lambda sent: (sent * Decimal("0.7313")).quantize(CENT))
    assert known(compared(tmp_path, rows, there)) == {}


def test_payments_are_counted_for_each_currency(tmp_path: Path) -> None:
    rows = sent(40)
    pounds = [number for number, row in enumerate(rows) if row["currency"] == "GBP"]
    # 3 of 13 pounds, and 3 of all 40.
    there = lowered(rows, pounds[:3], lambda sent: sent - Decimal("7.17"))
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {})
    assert "3 balances of 13 in GBP are lower there, too many for payments" in " ".join(verdict.notes)
    there = lowered(rows, pounds[:2], lambda sent: sent - Decimal("7.17"))
    assert known(compared(tmp_path, rows, there)) == {PAYMENT: 2}


def test_signs_are_forgiven_only_where_no_credit_note_has_one(tmp_path: Path) -> None:
    rows = sent(40)
    for row in rows[:2]:
        row |= {"kind": "credit_note", "balance": "-20.00"}
    unsigned = [{**row, "balance": "20.00"} for row in rows[:2]]
    file = write_csv(tmp_path / "open.csv", [*unsigned, *rows[2:]])
    assert judged(file, delivered(rows), credits_positive=True).outcome == "same"
    file = write_csv(tmp_path / "open.csv", [*unsigned[:1], *rows[1:]])
    verdict = judged(file, delivered(rows), credits_positive=True)
    assert verdict.outcome == "differences"
    assert verdict.found["outcome"].tolist()[:2] == ["differs", "same"]


def test_a_list_of_one_currency_without_credit_notes_is_still_one_currency(tmp_path: Path) -> None:
    rows = sent(60)
    # Credit notes in pounds, too: the list has none of any currency.
    for row in rows[:3]:
        row |= {"kind": "credit_note", "balance": "-20.00"}
    there = [row for row in rows[3:] if row["currency"] == "GBP"]
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows))
    assert verdict.outcome == "not comparable"
    assert "none of the invoices in EUR is in it" in verdict.reasons[0]


@pytest.mark.parametrize("closed", ["Paid", "zero"])
def test_a_list_that_has_everything_as_closed_is_all_paid_there(tmp_path: Path, closed: str) -> None:
    rows = sent(40)
    headings = {"invoice_ref": "Number", "balance": "Balance", "currency": "Currency", "status": "Status"}
    there = [
        {**row, "status": "Open", **({"balance": "0.00"} if closed == "zero" else {"status": closed})} for row in rows
    ]
    file = write_csv(tmp_path / "open.csv", there, headings=headings)
    columns = {"invoice_ref": "Number", "balance": "Balance", "status": "Status"}
    verdict = judged(file, delivered(rows), columns=columns)
    assert not verdict.reasons
    assert verdict.found["outcome"].tolist() == ["paid there"] * 40


def test_a_list_of_what_is_closed_alone_accuses_nobody(tmp_path: Path) -> None:
    rows, before = sent(60)[20:], sent(30)
    headings = {"invoice_ref": "Number", "balance": "Balance", "currency": "Currency", "status": "Status"}
    there = [{**row, "status": "Paid"} for row in before]
    file = write_csv(tmp_path / "paid.csv", there, headings=headings)
    columns = {"invoice_ref": "Number", "balance": "Balance", "status": "Status"}
    verdict = judged(file, delivered(rows, before), columns=columns)
    assert verdict.reasons == ("none of its rows is open",)


@pytest.mark.parametrize("count", [0, 25])
def test_a_receiver_that_was_asked_itself_says_all_that_it_has(tmp_path: Path, count: int) -> None:
    rows = sent(60)
    last = delivered(rows)
    export = read(write_csv(tmp_path / "open.csv", rows[:25]), rows)
    export = replace(export, rows=export.rows.iloc[:count])
    assert judge(last, export, ReconcileSettings(), whole=None).outcome == "not comparable"
    verdict = judge(last, export, ReconcileSettings(), whole="receiver")
    assert verdict.found["outcome"].tolist() == ["same"] * count + ["paid there"] * (60 - count)


def test_what_is_near_the_rate_of_most_is_converted_and_the_rest_is_told(tmp_path: Path) -> None:
    rows = sent(60)
    there = [
        {**row, "currency": "EUR", "balance": f"{float(row['balance']) * 1.17:.2f}"}
        if row["currency"] == "GBP"
        else row
        for row in rows
    ]
    there[2]["balance"], there[5]["balance"] = "60.00", "0.00"
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {CONVERTED: 18})
    assert verdict.found["outcome"][[2, 5]].tolist() == ["differs", "paid there"]
    assert "18 balances in GBP are shown in EUR, at 1.17 EUR each" in verdict.notes


def test_a_rate_that_is_a_little_off_is_told(tmp_path: Path) -> None:
    rows = sent(60)
    pounds = [number for number, row in enumerate(rows) if row["currency"] == "GBP"]
    there = lowered(rows, pounds, lambda sent: (sent * Decimal("1.17")).quantize(CENT))
    there = [{**row, "currency": "EUR"} if number in pounds else row for number, row in enumerate(there)]
    assert known(compared(tmp_path, rows, there)) == {CONVERTED: len(pounds)}
    there[2]["balance"] = str(Decimal(there[2]["balance"]) + Decimal("0.03"))
    there[5]["balance"] = str((Decimal(there[5]["balance"]) * Decimal("1.018")).quantize(CENT))
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {CONVERTED: len(pounds) - 2})


def test_no_rate_that_most_have_is_no_conversion(tmp_path: Path) -> None:
    rows = sent(60)
    there = [
        {**row, "currency": "EUR", "balance": f"{float(row['balance']) * (1 + number / 20):.2f}"}
        if row["currency"] == "GBP"
        else row
        for number, row in enumerate(rows)
    ]
    assert known(compared(tmp_path, rows, there)) == {}


@pytest.mark.parametrize(
    "there",
    [
        [*sent(20)[:2], *sent(24)[2:-1]],  # what was new is there, but for one, and what was closed is open still
        sent(20)[1:],  # one of two that were closed is closed, and nothing new is there
    ],
    ids=["new", "closed"],
)
def test_after_an_import_that_has_run_nothing_is_pending(tmp_path: Path, there: list[Row]) -> None:
    before, rows = sent(20), sent(24)[2:]
    verdict = judged(write_csv(tmp_path / "open.csv", there), delivered(rows, before), whole=True)
    assert (verdict.outcome, known(verdict)) == ("differences", {})


# --- our own report, and a witness for `adopt` ------------------------------------------------------------------------


@pytest.fixture
def foreign(feed: Feed) -> Feed:
    """A feed to whose receiver somebody has sent a report by hand, which lacks two invoices."""
    feed.export(invoices(33))
    feed.approved()
    lines = (feed.receiver / feed.reports()[-1]).read_text().splitlines(keepends=True)
    for name in ("by_hand.csv", LATER):
        feed.receiver.joinpath(REPORTS, name).write_text("".join(lines[:-2]))
    return feed


LATER = "open_ar_20260405T090000Z.csv"


def adopt(feed: Feed, export: Path, report: str = "by_hand.csv") -> int:
    begun = begin_run(feed.project(), feed.steps, feed.clock)
    return adoption.adopt(begun, report, adoption.Grounds(witness=(export, Silent()))).open_count


def resaved(feed: Feed, report: str) -> Path:
    """Return a copy of a report as a spreadsheet saves it: with a blank line more, and later."""
    copy = feed.folder / "copy.csv"
    copy.write_text((feed.receiver / report).read_text() + "\n")
    os.utime(copy, (feed.now.timestamp() + 60,) * 2)
    return copy


def test_a_copy_of_our_report_is_not_the_receivers_list(foreign: Feed) -> None:
    copied = next(name for name in foreign.reports() if "by_hand" not in name and LATER not in name)
    copy = resaved(foreign, copied)
    compared = reconcile(begin_run(foreign.project(), foreign.steps, foreign.clock), copy, Silent())
    assert compared.outcome == "not comparable"
    assert "its headings are those of open_ar_" in compared.body
    # Its cells betray it under other headings, too, until the receiver adds something of its own.
    head, *lines = copy.read_text().replace("memo", "Note", 1).splitlines()
    for content, outcome, why in (
        ([head, *lines], "not comparable", "every cell of it stands in open_ar_"),
        ([f"{head},status", *(f"{line},Open" if line else "" for line in lines)], "same", ""),
    ):
        copy.write_text("\n".join(content))
        os.utime(copy, (foreign.now.timestamp() + 60,) * 2)
        compared = reconcile(begin_run(foreign.project(), foreign.steps, foreign.clock), copy, Silent())
        assert compared.outcome == outcome
        assert why in compared.body


def test_a_report_is_no_witness_for_itself(foreign: Feed) -> None:
    with pytest.raises(RefusedError, match=r"its headings are those of by_hand\.csv"):
        adopt(foreign, resaved(foreign, f"{REPORTS}/by_hand.csv"))


def test_a_witness_from_before_the_adopted_report_refuses(foreign: Feed) -> None:
    file = write_csv(foreign.folder / "open.csv", invoices(31), at=foreign.now)
    with pytest.raises(RefusedError, match="and the last delivery 2026-04-05 09:00 UTC"):
        adopt(foreign, file, LATER)
    file = write_csv(foreign.folder / "open.csv", invoices(31), at=foreign.now + timedelta(days=2))
    assert adopt(foreign, file, LATER) == 31


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        (LATER, datetime(2026, 4, 5, 9, 0, tzinfo=UTC)),
        ("open-2026-04-05.csv", datetime(2026, 4, 5, tzinfo=UTC)),
        ("open_20261399.csv", None),
        ("by_hand.csv", None),
    ],
)
def test_a_report_is_of_the_moment_in_its_name(name: str, moment: datetime | None) -> None:
    assert adoption._moment_of(name) == moment


def test_what_may_be_a_payment_is_no_agreement(foreign: Feed) -> None:
    rows = invoices(31)
    rows[4]["balance"] = "17.00"
    file = write_csv(foreign.folder / "open.csv", rows, at=foreign.now)
    with pytest.raises(RefusedError, match=r"does not fully agree with by_hand\.csv, .* taken a payment since"):
        adopt(foreign, file)
    with foreign.records() as history:
        assert history.runs()[0].kind == "sync"
