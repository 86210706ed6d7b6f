"""Accidents by which a list loses what is still owed, each through a whole feed: nothing is delivered, nobody unasked.

Each is staged twice: at a source that says nothing about what is gone, and at one whose absent invoices count as paid.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from support.feeds.feed import Feed, Row, codes, invoice

Rows = list[Row]

STRANGE = {"surprise", "pattern", "missing-money", "missing-share", "older-list", "empty-report"}


def books(count: int = 200, customers: int = 8) -> Rows:
    """Return invoices of a few customers, some overdue, some not due yet, in the order of their numbers."""
    return [
        invoice(
            number,
            customer_name=f"Customer {number % customers}",
            currency="EUR",
            issued_on=f"2026-{1 + number % 3:02}-{1 + number % 27:02}",
            due_on=f"2026-{2 + number % 4:02}-{1 + number % 27:02}",
        )
        for number in range(1, count + 1)
    ]


def without(rows: Rows, gone: Callable[[Row], bool]) -> Rows:
    return [row for row in rows if not gone(row)]


def of(customer: int) -> Callable[[Row], bool]:
    return lambda row: row["customer_name"] == f"Customer {customer}"


def by_customer(rows: Rows) -> Rows:
    return sorted(rows, key=lambda row: row["customer_name"])


def few_with_most_of_the_money() -> Rows:
    return [
        {**row, "amount": "400000.00", "balance": "400000.00"} if n < 5 else row for n, row in enumerate(books(100))
    ]


def with_new_ones_and_one_dated_ahead() -> Rows:
    ahead = invoice(900, invoice_ref="SUB-1", customer_name="Customer 1", issued_on="2026-05-01", due_on="2026-06-01")
    new = [
        invoice(number, customer_name=f"Customer {number % 3}", issued_on="2026-04-03", due_on="2026-05-03")
        for number in range(500, 520)
    ]
    return [*books(150), ahead, *new]


ACCIDENTS: dict[str, tuple[Rows, Callable[[Rows], Rows]]] = {
    "a customer is archived and leaves the join": (books(), lambda rows: without(rows, of(3))),
    "six invoices, filtered to one customer": (books(6, 6), lambda rows: rows[:1]),
    "five invoices with most of the money": (few_with_most_of_the_money(), lambda rows: rows[5:]),
    "cut off at a line's end": (by_customer(books()), lambda rows: rows[:170]),
    "a replica lags, with an invoice dated ahead": (with_new_ones_and_one_dated_ahead(), lambda rows: rows[:151]),
    "a tap ends early with exit 0": (books(200, 9), lambda rows: rows[:165]),
    "one page of two": (books(), lambda rows: rows[:100]),
    "two branches are left out": (books(), lambda rows: without(without(rows, of(2)), of(6))),
    "only what is overdue": (books(), lambda rows: without(rows, lambda row: row["due_on"] > "2026-04-04")),
    "only this year's quarter": (books(), lambda rows: without(rows, lambda row: row["issued_on"] < "2026-02-01")),
}


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_source_that_cannot_say_what_became_of_them_is_refused(feed: Feed, accident: str) -> None:
    before, lose = ACCIDENTS[accident]
    feed.export(before)
    feed.approved()
    held = feed.held()
    feed.export(lose(before))
    refused = feed.sync()
    assert "unexplained" in codes(refused)
    assert feed.held() == held


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_a_source_whose_absence_is_payment_is_asked_about(feed: Feed, accident: str) -> None:
    before, lose = ACCIDENTS[accident]
    feed.sources["erp"]["absent_means_paid"] = True
    feed.export(before)
    feed.approved()
    held = feed.held()
    feed.now += timedelta(days=1)
    feed.export(lose(before))
    refused = feed.sync()
    assert STRANGE & set(codes(refused))
    assert feed.held() == held


def test_a_filter_that_loses_a_little_more_each_day_is_asked_about_within_days(feed: Feed) -> None:
    rows = books()
    feed.sources["erp"]["absent_means_paid"] = True
    feed.export(rows)
    feed.approved()
    left, lost = len(rows), []
    for _ in range(10):
        feed.now += timedelta(days=1)
        left -= max(1, left // 20)
        feed.export(rows[:left])
        if codes(feed.sync()):
            break
        lost.append(left)
    assert len(lost) <= 1, f"asked only after {len(lost)} days, with {lost} left"


def test_a_company_that_may_owe_nothing_is_asked_about_when_all_it_owed_is_gone(feed: Feed) -> None:
    """`allow_empty` lets a source be empty; it takes no guard off what was owed there."""
    small = [
        invoice(number, customer_name="Harbour plc", amount="20000.00", balance="20000.00")
        for number in range(700, 705)
    ]
    feed.sources["small"] = {"allow_empty": True, "absent_means_paid": True}
    feed.export(books(100))
    feed.export(small, "small")
    feed.approved()
    held = feed.held()
    feed.export([], "small")
    assert "missing-share" in codes(feed.sync())
    del feed.sources["small"]["absent_means_paid"]
    assert "unexplained" in codes(feed.sync())
    assert feed.held() == held


def test_a_file_that_was_read_last_time_and_is_gone_is_named(feed: Feed) -> None:
    feed.sources["erp"] = {"absent_means_paid": True, "path": "branch-*.csv", "files": "all"}
    for branch in range(3):
        feed.export([row for n, row in enumerate(books(90, 30)) if n % 3 == branch], f"branch-{branch}")
    feed.approved()
    (feed.folder / "branch-2.csv").unlink()
    refused = feed.sync()
    assert "file-gone" in codes(refused)
    (objection,) = (each for each in refused.plan.objections if each.code == "file-gone")
    assert "branch-2.csv (30 invoices missing)" in objection.message


def test_a_file_is_missed_at_once_however_ordinary_its_invoices(feed: Feed) -> None:
    feed.sources["erp"] = {"absent_means_paid": True, "path": "branch-*.csv", "files": "all"}
    feed.export(books(60, 30), "branch-0")
    feed.export([invoice(900, due_on="2026-04-02")], "branch-1")
    feed.approved()
    (feed.folder / "branch-1.csv").unlink()
    assert codes(feed.sync()) == ["file-gone"]
    feed.export([], "branch-1")
    assert codes(feed.sync()) == []
