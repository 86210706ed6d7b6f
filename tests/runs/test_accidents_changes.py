"""Accidents that change invoices and lose none, each played through a whole feed: nothing is delivered unasked."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import SourceError
from support.feeds.feed import HEADER, Feed, Row, codes, invoices
from support.plugins.strangers import install

WIDE = [*HEADER, "customer_id", "customer_email"]


def started(folder: Path, rows: list[Row], header: list[str] | None = None, **known: object) -> Feed:
    """A feed that has delivered these rows once."""
    feed = Feed(folder, **known)  # type: ignore[arg-type]
    feed.export(rows, header=header)
    feed.approved()
    return feed


def refused(feed: Feed, rows: list[Row], header: list[str] | None = None) -> list[str]:
    """Export other rows, and return what is asked; nothing has been sent."""
    before = feed.reports()
    feed.export(rows, header=header)
    result = feed.sync()
    assert result.receipt is None
    assert feed.reports() == before
    return codes(result)


@pytest.mark.parametrize("count", [3, 20, 100])
def test_an_export_in_the_home_currency_is_asked_about(tmp_path: Path, count: int) -> None:
    rows = [{**row, "currency": "GBP"} for row in invoices(count)]
    feed = started(tmp_path, rows)
    assert refused(feed, [{**row, "currency": "USD"} for row in rows]) == ["currency-changed"]


def test_another_default_currency_in_the_configuration_is_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "currency": ""} for row in invoices(4)]
    feed = started(tmp_path, rows, sources={"erp": {"currency": "EUR"}})
    feed.sources["erp"]["currency"] = "USD"
    assert refused(feed, rows) == ["currency-changed"]
    assert "the configuration has changed" in feed.plan().objections[0].message


@pytest.mark.parametrize("count", [3, 5])
def test_a_lost_decimal_mark_is_asked_about_in_a_small_feed(tmp_path: Path, count: int) -> None:
    rows = [{**row, "amount": "", "balance": f"{1250 + number}.00"} for number, row in enumerate(invoices(count))]
    feed = started(tmp_path, rows)
    lost = [{**row, "balance": f"{Decimal(row['balance']) / 1000:.2f}"} for row in rows]
    assert refused(feed, lost) == ["balances-scaled"]


def customers(count: int) -> list[Row]:
    return [
        {**row, "customer_id": f"C{n}", "customer_name": f"Firm {n}", "customer_email": f"ap{n}@example.com"}
        for n, row in enumerate(invoices(count))
    ]


@pytest.mark.parametrize("count", [3, 100])
def test_names_and_emails_that_were_sorted_without_their_numbers_are_asked_about(tmp_path: Path, count: int) -> None:
    rows = customers(count)
    feed = started(tmp_path, rows, WIDE)
    others = [*rows[1:], *rows[:1]]
    moved = [
        {**row, **{name: other[name] for name in ("customer_name", "customer_email")}}
        for row, other in zip(rows, others, strict=True)
    ]
    assert refused(feed, moved, WIDE) == ["customer-changed"]


def test_a_number_that_a_regular_customer_gets_again_in_a_new_year_is_asked_about(tmp_path: Path) -> None:
    rows = [{**row, "issued_on": "2025-11-20"} for row in customers(12)]
    feed = started(tmp_path, rows, WIDE)
    again = {"issued_on": "2026-02-20", "due_on": "2026-03-20", "amount": "64.00", "balance": "64.00"}
    assert refused(feed, [{**rows[0], **again}, *rows[1:]], WIDE) == ["number-reused"]


@pytest.mark.parametrize("count", [5, 20, 100])
@pytest.mark.parametrize("column", ["issued_on", "due_on"])
def test_a_column_of_dates_that_was_sorted_alone_is_asked_about(tmp_path: Path, column: str, count: int) -> None:
    days = [date(2026, 1 + 7 * n % 9, 13 + 5 * n % 14) for n in range(count)]
    rows = [{**row, column: day.isoformat()} for row, day in zip(invoices(count), days, strict=True)]
    feed = started(tmp_path, rows)
    dates = sorted(row[column] for row in rows)
    assert refused(feed, [{**row, column: day} for row, day in zip(rows, dates, strict=True)]) == ["dates-changed"]


def test_part_payments_that_an_export_no_longer_deducts_are_asked_about(tmp_path: Path) -> None:
    rows = invoices(20)
    paid = [
        {**row, "balance": f"{Decimal(row['balance']) * 4 / 10:.2f}"} if n in (5, 9) else row
        for n, row in enumerate(rows)
    ]
    feed = started(tmp_path, [{**row, "amount": rows[n]["balance"]} for n, row in enumerate(paid)])
    assert refused(feed, [{**row, "amount": row["balance"]} for row in rows]) == ["total-as-balance"]


def test_an_approval_of_one_correction_delivers_no_other_one(tmp_path: Path) -> None:
    rows = invoices(50)
    feed = started(tmp_path, rows)
    feed.export([{**row, "amount": "", "balance": f"{Decimal(row['balance']) + 1}"} for row in rows])
    shown = feed.sync().plan.approval
    feed.export([{**row, "amount": "", "balance": "0.01"} for row in rows])
    assert feed.sync(shown).receipt is None
    feed.export([{**row, "amount": "", "balance": f"{Decimal(row['balance']) + 1}"} for row in rows])
    assert feed.sync(shown).receipt


def test_an_approved_correction_survives_a_new_invoice_that_nobody_was_asked_about(tmp_path: Path) -> None:
    rows = invoices(50)
    feed = started(tmp_path, rows)
    wrong = [{**row, "currency": "USD"} if number == 7 else row for number, row in enumerate(rows)]
    feed.export(wrong)
    shown = feed.sync().plan.approval
    feed.export([*wrong, *invoices(1, first=99)])
    assert feed.sync(shown).receipt


@pytest.mark.parametrize("other", [{"currency": "USD"}, {"customer_name": "Other"}, {"due_on": "2026-09-01"}], ids=str)
def test_the_approval_of_a_first_delivery_is_not_that_of_the_same_numbers_otherwise(tmp_path: Path, other: Row) -> None:
    feed = Feed(tmp_path)
    feed.export(invoices(10))
    shown = feed.sync().plan.approval
    feed.export([{**row, **other} for row in invoices(10)])
    assert feed.sync(shown).receipt is None
    feed.export(invoices(10))
    assert feed.sync(shown).receipt


SHIFTY = """
from pathlib import Path
from arfeed import Transform, hookimpl

ARFEED_CONTRACT = 1


class Shifty(Transform):
    name = "shifty"
    changes = CHANGES

    def apply(self, invoices):
        if not Path("BAD").exists():
            return invoices
        part = invoices["invoice_ref"] < "INV-0081"
        moved = invoices["balance"].copy()
        moved[part] = invoices["balance"][part].to_numpy()[::-1]
        return invoices.assign(balance=moved.astype(invoices["balance"].dtype))


@hookimpl
def arfeed_transforms():
    return [Shifty]
"""


def shifty(folder: Path, monkeypatch: pytest.MonkeyPatch, changes: str) -> Feed:
    """A feed of 200 invoices with a step that will put 80 balances into other rows."""
    name = f"shifty_{len(changes)}"
    source = SHIFTY.replace("CHANGES", changes).replace("BAD", str(folder / "bad"))
    monkeypatch.syspath_prepend(install(folder / "strangers", "shifty", source, module=name))
    rows = [{**row, "amount": ""} for row in invoices(200)]
    feed = started(folder / "feed", rows, plugins=("folder", "shifty", "kolleno"), transforms=[{"use": "shifty"}])
    (folder / "bad").touch()
    return feed


def test_a_step_that_shifts_balances_between_rows_fails_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = shifty(tmp_path, monkeypatch, "frozenset()")
    with pytest.raises(SourceError, match=r"'shifty' changed the balance of 'INV-0001' from 101.00 to 180.00"):
        feed.sync()
    assert len(feed.reports()) == 1


def test_a_step_that_may_change_balances_and_shifts_them_is_asked_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed = shifty(tmp_path, monkeypatch, 'frozenset({"balance"})')
    result = feed.sync()
    assert codes(result) == ["sums-moved"]
    assert "transform shifty changed 80 balances" in result.plan.notes
    assert len(feed.reports()) == 1
