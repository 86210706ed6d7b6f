"""Text to exact values."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arfeed.intake.values import misfits, parse_dates, parse_money

DAYS = [date(1999, 1, 1) + timedelta(days=number) for number in range((date(2031, 1, 1) - date(1999, 1, 1)).days)]

amounts = st.integers(-(10**20) + 1, 10**20 - 1).map(lambda units: Decimal(units) / 10_000)


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def money(*values: str, decimal: str | None = None) -> list[Decimal | None]:
    parsed = parse_money(texts(*values), decimal)
    assert [value is None for value in parsed.values.to_pylist()] == parsed.wrong.to_pylist()
    return list(parsed.values.to_pylist())


def days(*values: str, order: str) -> list[date | None]:
    parsed = parse_dates(texts(*values), order)
    assert [value is None for value in parsed.values.to_pylist()] == parsed.wrong.to_pylist()
    return list(parsed.values.to_pylist())


@given(st.lists(amounts, min_size=1))
def test_any_plain_amount_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:f}" for value in values)) == values


@given(st.lists(amounts, min_size=1))
def test_any_amount_with_a_point_and_grouped_thousands_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:,.4f}" for value in values), decimal=".") == values


@given(st.lists(amounts, min_size=1))
def test_any_amount_with_a_decimal_comma_is_read_exactly(values: list[Decimal]) -> None:
    swapped = str.maketrans(",.", ".,")
    assert money(*(f"{value:,.4f}".translate(swapped) for value in values), decimal=",") == values


@given(st.lists(amounts, min_size=1))
def test_an_ungrouped_amount_with_a_decimal_comma_is_read_exactly(values: list[Decimal]) -> None:
    assert money(*(f"{value:f}".replace(".", ",") for value in values), decimal=",") == values


@pytest.mark.parametrize("decimal", [None, ".", ","])
@pytest.mark.parametrize(
    "text",
    [
        "1e3", "1E3", "+3.10", "+3,10", ".5", ",5", "5.", "5,", "1,23.4", "1.23,4", "1.2345,6", "0x10",
        "12345678901234567", "NaN", "nan", "inf", "-inf", "--5", "- 5", "5-", "(40.00)", "$5.00", "5 GBP",
        "1 234.50", "1'234.50", "1_000",
        "٣", "１２", "−5", "1.23456", "1..5", "1,,5", "-", "12,34,567.89", "1,234,56", "1.5\n2",
    ],
)  # fmt: skip
def test_no_doubtful_notation_is_ever_taken_for_an_amount(text: str, decimal: str | None) -> None:
    assert money(text, decimal=decimal) == [None]


@pytest.mark.parametrize(("text", "decimal"), [("1,234", None), ("1.234,50", "."), ("1,234.50", ","), ("1,5", ".")])
def test_the_other_mark_is_never_read_as_the_decimal_one(text: str, decimal: str | None) -> None:
    assert money(text, decimal=decimal) == [None]


@pytest.mark.parametrize(
    ("text", "value"),
    [("1265.0000", "1265"), ("0.00", "0"), ("-0", "0"), ("-12.5", "-12.5"), ("0007.10", "7.1"), ("1.50000000", "1.5")],
)
def test_zeros_that_say_nothing_do_no_harm(text: str, value: str) -> None:
    assert money(text) == [Decimal(value)]


def test_a_blank_amount_is_nothing_and_not_wrong() -> None:
    parsed = parse_money(texts("", "0"), None)
    assert parsed.values.to_pylist() == [None, Decimal(0)]
    assert parsed.wrong.to_pylist() == [False, False]


def unpadded(form: str) -> Callable[[date], str]:
    return lambda day: form.format(d=day.day, m=day.month, y=day.year)


@pytest.mark.parametrize(
    ("order", "text"),
    [
        pytest.param("DMY", unpadded("{d}/{m}/{y}"), id="7/4/2026"),
        pytest.param("DMY", unpadded("{d:02}.{m:02}.{y}"), id="07.04.2026"),
        pytest.param("MDY", unpadded("{m}/{d}/{y}"), id="4/7/2026"),
        pytest.param("MDY", unpadded("{m:02}-{d:02}-{y}"), id="04-07-2026"),
        pytest.param("YMD", unpadded("{y}-{m}-{d}"), id="2026-4-7"),
        pytest.param("YMD", unpadded("{y}/{m:02}/{d:02}"), id="2026/04/07"),
        pytest.param("%d %B %Y", lambda day: f"{day:%d %B %Y}", id="07 April 2026"),
    ],
)
def test_every_day_of_a_generation_is_read_right(order: str, text: Callable[[date], str]) -> None:
    assert days(*map(text, DAYS), order=order) == DAYS


@pytest.mark.parametrize("order", ["DMY", "MDY", "YMD"])
@pytest.mark.parametrize("text", ["2026-04-07", "2026-04-07T00:00:00", "2026-04-07 00:00:00.000"])
def test_an_iso_date_is_read_in_every_order(text: str, order: str) -> None:
    assert days(text, order=order) == [date(2026, 4, 7)]


@pytest.mark.parametrize(
    ("order", "text"),
    [
        ("DMY", "31/02/2026"), ("DMY", "29/02/2026"), ("DMY", "31/04/2026"), ("DMY", "04/13/2026"), ("DMY", "0/1/2026"),
        ("MDY", "02/31/2026"), ("MDY", "13/04/2026"), ("YMD", "2026-13-01"), ("YMD", "2026-02-29"),
        ("YMD", "2026-00-10"), ("DMY", "07/04/26"), ("MDY", "04/07/26"), ("YMD", "26-04-07"), ("DMY", "0000-00-00"),
        ("DMY", "07042026"),
        ("DMY", "07/04/2026 13:30"), ("DMY", "07/04/20266"), ("DMY", "7 April 2026"), ("DMY", "45000"),
        ("YMD", "1026-01-01"), ("DMY", "٠٧/٠٤/٢٠٢٦"), ("%d.%m.%Y", "31.02.2026"), ("%d.%m.%Y", "7/4/2026"),
    ],
)  # fmt: skip
def test_what_is_no_day_of_the_calendar_is_never_bent_into_one(order: str, text: str) -> None:
    assert days(text, order=order) == [None]


def test_the_29th_of_february_exists_in_leap_years_only() -> None:
    assert days("29/02/2024", "29/02/2000", "29/02/2100", "29/02/2025", order="DMY") == [
        date(2024, 2, 29),
        date(2000, 2, 29),
        None,
        None,
    ]


def test_a_blank_date_is_nothing_and_not_wrong() -> None:
    parsed = parse_dates(texts("", "7/4/2026", ""), "DMY")
    assert parsed.values.to_pylist() == [None, date(2026, 4, 7), None]
    assert parsed.wrong.to_pylist() == [False, False, False]


def test_the_dates_that_an_order_can_not_read_are_counted() -> None:
    assert misfits(texts("13/04/2026", "04/05/2026", "2026-01-01", "")) == {"DMY": 0, "MDY": 1, "YMD": 2}
