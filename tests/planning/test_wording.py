"""Objections name numbers, amounts and examples so that a bookkeeper reads them at a glance."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from arfeed.model.results import StatusWord
from arfeed.planning.wording import (
    describe_statuses,
    format_age,
    format_money,
    format_span,
    largest,
    name_first,
    name_largest,
    pluralize,
)
from support.feeds.plans import invoices, source


@pytest.mark.parametrize(("count", "text"), [(0, "0 days"), (1, "1 day"), (2, "2 days"), (12345, "12,345 days")])
def test_things_are_counted(count: int, text: str) -> None:
    assert pluralize(count, "day") == text


@pytest.mark.parametrize(
    ("items", "text"),
    [
        ([], ""), (["a"], "a"), (list("abc"), "a, b, c"), (list("abcd"), "a, b, c and 1 more"),
        (["x"] * 2003, "x, x, x and 2,000 more"),
    ],
    ids=["none", "one", "three", "four", "many"],
)  # fmt: skip
def test_the_first_few_are_named(items: list[str], text: str) -> None:
    assert name_first(iter(items)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1234567.8", "GBP", "1,234,567.80 GBP"), ("-5", "JPY", "−5 JPY"), ("1.5", "KWD", "1.500 KWD"),
        ("1", "???", "1.00 ???"), ("1.2345", "???", "1.2345 ???"),
    ],
)  # fmt: skip
def test_amounts_have_their_currency_s_digits_and_code(amount: str, currency: str, text: str) -> None:
    assert format_money(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("hours", "text"),
    [(0, "0 days"), (1, "1 hour"), (23, "23 hours"), (24, "1 day"), (36, "36 hours"), (72, "3 days")],
)
def test_spans_are_whole_days_or_hours(hours: int, text: str) -> None:
    assert format_span(timedelta(hours=hours)) == text


def test_the_largest_are_named_credits_included_and_equal_ones_by_reference() -> None:
    rows = invoices(["d", "c", "b", "a"], balance=["1", "-9", "1", "1"])
    assert largest(rows)["invoice_ref"].tolist() == ["c", "a", "b"]
    assert name_largest(rows) == "c Ada −9.00 GBP; a Ada 1.00 GBP; b Ada 1.00 GBP; …"


def test_the_largest_of_each_currency_are_named_in_turn() -> None:
    balances, currencies = ["95000", "800000", "-900000", "700000", "5"], ["GBP", "JPY", "JPY", "JPY", "GBP"]
    rows = invoices(["a", "b", "c", "d", "e"], balance=balances, currency=currencies)
    assert largest(rows)["invoice_ref"].tolist() == ["a", "c", "e"]
    assert largest(rows, 9)["invoice_ref"].tolist() == ["a", "c", "e", "b", "d"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_few_are_all_named(count: int) -> None:
    assert name_largest(invoices(count)) == "; ".join(f"A{number} Ada 10.00 GBP" for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ""),
        ([("Open", "open", 1200), ("", "open", 3)], "1,200 Open, 3 blank (taken as open)"),
        ([("bezahlt", "paid", 7), ("PAID", "paid", 1)], "7 bezahlt (taken as paid), 1 PAID"),
        ([(f"W{n}", "void", n) for n in range(12)], ", ".join(f"{n} W{n} (taken as void)" for n in range(12))),
        (
            [(f"W{n}", "void", n) for n in range(14)],
            ", ".join(f"{n} W{n} (taken as void)" for n in range(12)) + ", and 2 more words",
        ),
    ],
    ids=["none", "itself and blank", "another language", "twelve", "fourteen"],
)
def test_the_words_of_a_status_are_counted_with_what_they_are_taken_for(
    words: list[tuple[str, str, int]], said: str
) -> None:
    assert describe_statuses(source()._replace(statuses=tuple(StatusWord(*word) for word in words))) == said


@pytest.mark.parametrize(
    ("age", "text"),
    [
        (timedelta(days=2), "2 days"),
        (timedelta(days=1, hours=23), "47 hours"),
        (timedelta(minutes=119), "119 minutes"),
        (timedelta(seconds=59), "0 minutes"),
    ],
)
def test_an_age_has_at_least_two_of_its_unit(age: timedelta, text: str) -> None:
    assert format_age(age) == text
