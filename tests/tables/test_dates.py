"""Text to dates."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

import pyarrow as pa
import pytest

from arfeed.tables.values.dates import _LANGUAGES, _months, count_misfits, parse_dates

DAYS = [date(1999, 1, 1) + timedelta(days=number) for number in range((date(2031, 1, 1) - date(1999, 1, 1)).days)]


def texts(*values: str) -> pa.Array:
    return pa.array(values, pa.large_string())


def days(*values: str, order: str, declared: bool = False) -> list[date | None]:
    parsed = parse_dates(texts(*values), order, declared=declared)
    assert [value is None for value in parsed.values.to_pylist()] == parsed.wrong.to_pylist()
    return list(parsed.values.to_pylist())


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
        ("YMD", "2026-00-10"), ("DMY", "07/04/26"), ("MDY", "04/07/26"), ("YMD", "26-04-07"), ("DMY", "0000-00-07"),
        ("DMY", "07042026"),
        ("DMY", "07/04/2026 13:30"), ("DMY", "07/04/20266"), ("DMY", "7 Aprile 26"), ("DMY", "45000"),
        ("DMY", "31 Feb 2026"),
        ("DMY", "2026-04-06T22:00:00Z"), ("DMY", "1 listopad 2026"),
        ("excel", "60"), ("excel", "-5"), ("excel", "45000.5"),
        ("YMD", "1026-01-01"), ("DMY", "٠٧/٠٤/٢٠٢٦"), ("%d.%m.%Y", "31.02.2026"), ("%d.%m.%Y", "7/4/2026"),
    ],
)  # fmt: skip
def test_a_day_that_does_not_exist_is_never_turned_into_another(order: str, text: str) -> None:
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
    assert count_misfits(texts("13/04/2026", "04/05/2026", "2026-01-01", "")) == {"DMY": 0, "MDY": 1, "YMD": 2}


@pytest.mark.parametrize(
    "text",
    [
        "30-Mar-2026", "30 March 2026", "30. März 2026", "30 mars 2026", "30 mrt. 2026", "30 de marzo de 2026",
        "Mar 30 2026", "March 30, 2026", "30th March 2026", "30MAR2026", "2026-03-30T00:00:00Z",
        "2026-03-30 00:00:00+02:00", "2026-03-30", "20260330",
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", ["DMY", "MDY", "YMD", "excel"])
def test_a_date_that_names_its_month_is_read_in_every_order(text: str, order: str) -> None:
    assert days(text, order=order) == [date(2026, 3, 30)]


@pytest.mark.parametrize(
    ("order", "text", "day"),
    [
        ("DMY", "07/04/26", date(2026, 4, 7)), ("MDY", "04/07/26", date(2026, 4, 7)),
        ("DMY", "7.4.68", date(2068, 4, 7)),
        ("DMY", "7.4.69", date(1969, 4, 7)), ("DMY", "7-Apr-26", date(2026, 4, 7)),
        ("MDY", "4/7/2026 12:00:00 AM", date(2026, 4, 7)),
        ("excel", "45000", date(2023, 3, 15)), ("excel", "61", None), ("excel-1904", "43538", date(2023, 3, 15)),
    ],
)  # fmt: skip
def test_two_digit_years_and_serial_numbers_are_read_if_declared(order: str, text: str, day: date | None) -> None:
    assert days(text, order=order, declared=True) == [day or date(1900, 3, 1)]


@pytest.mark.parametrize("text", ["20261301", "20260230", "30032026", "18991231", "202603301"])
@pytest.mark.parametrize("order", ["DMY", "MDY", "YMD"])
def test_other_numbers_of_eight_digits_are_no_dates(text: str, order: str) -> None:
    assert parse_dates(texts(text), order).wrong.to_pylist() == [True]


@pytest.mark.parametrize("text", ["0000-00-00", "00000000", "1900-01-01", "01/01/1900", "0000-00-00 00:00:00"])
def test_placeholder_dates_are_null_and_not_wrong(text: str) -> None:
    parsed = parse_dates(texts(text), "DMY")
    assert (parsed.values.to_pylist(), parsed.wrong.to_pylist()) == ([None], [False])


def test_no_english_month_is_another_one_in_any_other_language() -> None:
    everywhere = _months(*_LANGUAGES)
    assert {name: everywhere.get(name) for name in _months("en")} == _months("en")
