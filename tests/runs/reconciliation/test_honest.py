"""What is no payment, no conversion and no import that is still running is told as a difference."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed.runs.reconciliation.honest import FUTURE, PAYMENT
from arfeed.runs.reconciliation.verdict import Verdict
from support.receiver_lists import Row, delivered, judged, sent, write_csv

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
    assert "1 balance in EUR lower there by a power of ten" in " ".join(verdict.notes)


def test_three_that_are_lower_by_one_ratio_are_no_payments(tmp_path: Path) -> None:
    rows = sent(60)
    there = lowered(rows, [0, 3, 36], lambda sent: (sent / Decimal("1.19")).quantize(CENT))
    there = lowered(there, [10], lambda _: Decimal("12.34"))
    verdict = compared(tmp_path, rows, there)
    assert (verdict.outcome, known(verdict)) == ("differences", {PAYMENT: 1})
    assert verdict.found["known"][10] == PAYMENT


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
