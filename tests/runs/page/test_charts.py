"""Where the parts of a chart stand."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from arfeed.runs.page.charts import Ageing, Course, ageing, course, shorten
from support.feeds.plans import NOON

MILLION = Decimal(1_000_000)


def bars(owed: dict[str, str], currency: str = "EUR") -> Ageing:
    return ageing(currency, {bucket: Decimal(amount) for bucket, amount in owed.items()})


def runs(*amounts: str, apart: timedelta = timedelta(days=1), last: datetime = NOON, currency: str = "EUR") -> Course:
    count = len(amounts)
    points = [(last - (count - 1 - number) * apart, Decimal(amount)) for number, amount in enumerate(amounts)]
    return course(currency, points)


def test_a_bar_is_as_long_as_its_part_of_the_longest() -> None:
    chart = bars({"not due": "400", "31–60": "100"})
    assert [(bar.bucket, bar.left, bar.width) for bar in chart.bars] == [
        ("not due", 0.0, 100.0), ("1–30", 0.0, 0.0), ("31–60", 0.0, 25.0), ("61–90", 0.0, 0.0), ("over 90", 0.0, 0.0),
    ]  # fmt: skip
    assert [bar.label for bar in chart.bars] == ["400.00", "–", "100.00", "–", "–"]


def test_credits_stand_left_of_zero() -> None:
    chart = bars({"not due": "300", "1–30": "-100"})
    assert chart.zero == 25.0
    assert [(bar.left, bar.width) for bar in chart.bars[:2]] == [(25.0, 75.0), (0.0, 25.0)]
    assert bars({"1–30": "-100"}).zero == 100.0


def test_nothing_owed_is_drawn_as_nothing() -> None:
    for owed in ({}, {"not due": "0"}):
        chart = bars(owed)
        assert {bar.width for bar in chart.bars} == {0.0}
        assert {bar.label for bar in chart.bars} == {"–"}


def test_what_has_no_due_date_is_the_last_bar_of_its_own_colour() -> None:
    assert [bar.colour for bar in bars({"no due date": "1"}).bars] == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("amount", "currency", "label", "room"),
    [
        ("1234.5", "EUR", "1,234.50", "narrow"),
        ("1234567", "EUR", "1,234,567.00", "middle"),
        ("-12345678901.23", "EUR", "−12,345,678,901.23", "wide"),
        ("123456789012.3", "KWD", "123 bn", "narrow"),
        ("9" * 34, "JPY", "10×10³³", "narrow"),
    ],
)
def test_a_label_that_would_not_fit_is_shortened(amount: str, currency: str, label: str, room: str) -> None:
    chart = bars({"not due": amount}, currency)
    assert chart.bars[0].label == label
    assert chart.room == room
    assert chart.description.startswith(f"not due: {'−' if amount[0] == '-' else ''}{amount.strip('-')[0]}")


@pytest.mark.parametrize(
    ("amounts", "ticks"),
    [
        (("0", "1580000"), ["0", "0.5 m", "1 m", "1.5 m", "2 m"]),
        (("5000", "7100"), ["0", "2,000", "4,000", "6,000", "8,000"]),
        (("9000", "9900"), ["0", "2.5 k", "5 k", "7.5 k", "10 k"]),
        (("11", "40000"), ["0", "10 k", "20 k", "30 k", "40 k"]),
        (("-350000", "600000"), ["−500 k", "−250 k", "0", "250 k", "500 k", "750 k"]),
        (("-1", "-7"), ["−8", "−6", "−4", "−2", "0"]),
        (("0", "0"), ["0"]),
        (("0", "0.01"), ["0", "0.01"]),
        (("3e33", "9e33"), ["0", "2.5×10³³", "5×10³³", "7.5×10³³", "10×10³³"]),
    ],
)
def test_an_axis_of_amounts_has_round_ticks_and_zero(amounts: tuple[str, str], ticks: list[str]) -> None:
    chart = runs(*amounts)
    assert [tick.label for tick in chart.amounts] == ticks
    assert chart.zero in {tick.at for tick in chart.amounts}
    assert all(0 <= point.y <= 100 for point in chart.points)


def test_half_a_yen_is_not_a_tick() -> None:
    assert [tick.label for tick in runs("0", "2", currency="JPY").amounts] == ["0", "1", "2"]


def test_points_stand_where_their_time_and_amount_are() -> None:
    chart = course(
        "EUR", [(NOON - timedelta(days=4), MILLION), (NOON - timedelta(days=3), 2 * MILLION), (NOON, -MILLION)]
    )
    assert [tick.label for tick in chart.amounts] == ["−1 m", "0", "1 m", "2 m"]
    assert [(point.x, point.y) for point in chart.points] == [(0.0, 33.33), (25.0, 0.0), (100.0, 100.0)]
    assert chart.points[2].label == "2026-04-10 12:00: −1,000,000.00"


@pytest.mark.parametrize(
    ("count", "apart", "labels"),
    [
        (2, timedelta(seconds=40), [("12:00", "10 Apr")]),
        (2, timedelta(minutes=50), [("11:15", "10 Apr"), ("11:30", ""), ("11:45", ""), ("12:00", "")]),
        (2, timedelta(hours=30), [("12:00", "9 Apr"), ("00:00", "10 Apr"), ("12:00", "")]),
        (30, timedelta(days=1), [("13 Mar", "2026"), ("23 Mar", ""), ("2 Apr", "")]),
        (30, timedelta(days=7), [("1 Nov", "2025"), ("1 Jan", "2026"), ("1 Mar", "")]),
        (30, timedelta(days=400), [("1 Jan", "2000"), ("1 Jan", "2010"), ("1 Jan", "2020")]),
    ],
)
def test_an_axis_of_dates_has_few_round_ticks(count: int, apart: timedelta, labels: list[tuple[str, str]]) -> None:
    chart = runs(*["5"] * count, apart=apart)
    assert [(tick.label, tick.below) for tick in chart.dates] == labels
    assert all(0 <= tick.at <= 100 for tick in chart.dates)


def test_runs_of_one_moment_stand_in_the_middle() -> None:
    chart = runs("5")
    assert [point.x for point in chart.points] == [50.0]
    assert [(tick.at, tick.label) for tick in chart.dates] == [(50.0, "12:00")]


def test_between_two_round_moments_the_first_run_is_the_tick() -> None:
    chart = runs("5", "6", apart=timedelta(seconds=40), last=NOON + timedelta(minutes=3))
    assert [(tick.at, tick.label) for tick in chart.dates] == [(0.0, "12:02")]


def test_every_span_of_a_century_has_between_one_and_five_dates() -> None:
    first = datetime(1999, 12, 31, 23, 59, tzinfo=NOON.tzinfo)
    for days in range(1, 36_500, 37):
        dates = course("EUR", [(first, MILLION), (first + timedelta(days=days), MILLION)]).dates
        assert 1 <= len(dates) <= 5
        assert dates[0].below


def test_a_short_amount_has_the_unit_of_the_largest() -> None:
    assert shorten(Decimal("250000"), MILLION) == "0.25 m"
    assert shorten(Decimal("-2.5e9"), Decimal("5e9")) == "−2.5 bn"
    assert shorten(Decimal(0), MILLION) == "0"
