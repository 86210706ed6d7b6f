"""Surprise: more customers than usual have lost invoices that are rarely paid at this age."""

from __future__ import annotations

from collections.abc import Collection
from math import comb

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from arfeed.model.results import GuardFigures
from arfeed.planning.habits.chances import compute_odds, weigh_rows
from arfeed.planning.habits.judgement import judge
from arfeed.planning.habits.memory import Habits
from arfeed.planning.habits.patterns import find_strongest
from arfeed.planning.habits.surprise import Surprise, find_strangest, find_surprises, is_strange
from support.feeds.cases import after_days, case, due_in, heard, listed


def surprises(rows: pd.DataFrame, gone: Collection[int]) -> tuple[Surprise, ...]:
    """What a feed that nothing is known of shows by part of its mean, from the rarest rows to all."""
    return find_surprises(weigh_rows(Habits.none().of("erp"), case(rows, gone)))


@given(st.integers(0, 30), st.floats(0.001, 50))
def test_the_odds_are_those_of_a_negative_binomial_of_shape_two(customers: int, expected: float) -> None:
    p = 2 / (2 + expected)
    fewer = sum(comb(k + 1, k) * p**2 * (1 - p) ** k for k in range(customers))
    assert compute_odds(customers, expected) == pytest.approx(1 - fewer, abs=1e-9)


def test_odds_far_out_are_small_and_not_zero() -> None:
    assert 0 < compute_odds(60, 0.1) < 1e-60


def test_customers_who_lose_what_is_not_due_are_a_surprise() -> None:
    objection = heard(case(listed(), [0, 1, 2]))["surprise"]
    assert objection.message == (
        "3 invoices of 3 customers are missing from erp, and hardly anybody pays at this age; about 0.1 customers were "
        "to be expected: A1 Customer 0 10.00 GBP; A2 Customer 1 10.00 GBP; A3 Customer 2 10.00 GBP. Check in the "
        "source whether they are settled; if so, approve. A write-off run and the like can be announced in advance "
        "with `arfeed expect`; caution in [guards] sets how often arfeed asks this. arfeed has learned from 0 reports "
        "of this feed so far."
    )
    assert objection.refs == ("A1", "A2", "A3")


def test_who_pays_what_is_due_is_no_surprise() -> None:
    assert heard(case(listed(due_on=due_in(-2)), [0, 1, 2])) == {}


def test_one_customer_counts_once_however_many_invoices_are_paid() -> None:
    rows = listed(400, customers=100)
    once, often = (surprises(rows, gone)[-1] for gone in ([7], [7, 107, 207, 307]))
    assert once.customers == often.customers == 1
    assert once.odds == often.odds


def test_what_was_expected_in_advance_is_no_surprise() -> None:
    assert heard(case(listed(), range(12), unproven=np.zeros(40, bool))) == {}


def test_a_feed_that_pays_early_every_day_is_soon_not_asked_any_more() -> None:
    rows = listed()
    habits = after_days(rows, [3, 14], 60)
    assert heard(case(rows, [3, 14]), habits) == {}
    assert "surprise" in heard(case(rows, [0, 1, 2, 5, 6, 7]), habits)


def test_how_little_is_known_of_a_young_feed_is_said_and_of_an_old_one_nothing() -> None:
    rows = listed()
    young, old = (heard(case(rows, [0, 1, 2]), after_days(rows, (), days))["surprise"] for days in (2, 11))
    assert young.message.endswith("arfeed has learned from 2 reports of this feed so far.")
    assert "arfeed has learned" not in old.message


@pytest.mark.parametrize(("caution", "asked"), [(2, True), (20, True), (100, True), (10**9, False)])
def test_caution_sets_how_rare_a_day_must_be(caution: int, asked: bool) -> None:
    rows = listed(200, customers=100)
    assert ("surprise" in heard(case(rows, range(0, 80, 8), caution=caution))) is asked


def test_on_a_day_on_which_everybody_pays_more_is_to_be_expected() -> None:
    rows = listed(400, customers=400, due_on=[*[due_in(21)] * 200, *[due_in(-3)] * 200])
    quiet, lively = (surprises(rows, [0, *range(200, 200 + paid)]) for paid in (15, 150))
    assert lively[-2].expected > 2 * quiet[-2].expected
    assert lively[-2].customers == quiet[-2].customers


def test_several_reports_a_day_learn_their_own_pace() -> None:
    rows = listed(200, customers=50)
    habits = Habits.none()
    for beat in range(80):
        gone = [beat % 50] if beat % 4 == 0 else []
        hour = case(rows, gone, since=due_in(0))
        habits = habits.learn(hour, hour.unproven)
    assert heard(case(rows, [3], since=due_in(0)), habits) == {}
    assert "surprise" in heard(case(rows, [3, 11, 19, 27, 35], since=due_in(0)), habits)


def test_caution_is_meant_by_the_day_however_often_a_feed_reports() -> None:
    rows = listed(200, customers=100)
    daily, hourly = Habits.none(), Habits.none()
    for beat in range(10):
        calm = case(rows, ())
        daily = daily.learn(calm, calm.unproven)
        hour = case(rows, (), since=due_in(-1) if beat % 8 == 0 else due_in(0))
        hourly = hourly.learn(hour, hour.unproven)
    few = case(rows, [0, 1])
    assert "surprise" in heard(few, daily)
    assert "surprise" not in heard(few, hourly)
    assert "surprise" in heard(case(rows, range(5)), hourly)


def test_on_a_quiet_day_no_less_is_expected_than_on_others() -> None:
    rows = listed(40, 10)
    chance = -np.expm1(-0.003)
    for gone in ((), [0]):
        assert surprises(rows, gone)[-1].expected == pytest.approx(10 * (1 - np.exp(-4 * chance)))


@pytest.mark.parametrize(
    ("caution", "days", "limit"),
    [(20, 1, 1 / 40), (20, 7, 1 / 24), (80, 1, 1 / 320), (5, 1, 1 / 10)],
    ids=["usual", "a week", "four times as cautious", "less cautious"],
)
def test_how_long_the_odds_must_be(caution: int, days: int, limit: float) -> None:
    chances = weigh_rows(Habits.none().of("erp"), case(listed(), caution=caution, since=due_in(-days)))
    assert is_strange(Surprise(1, 1, 1.0, limit * 0.999), chances)
    assert not is_strange(Surprise(1, 1, 1.0, limit), chances)


def test_the_longest_odds_are_the_strangest() -> None:
    some = [Surprise(part, 1, 1.0, odds) for part, odds in ((1 / 64, 0.5), (1 / 4, 0.01), (1, 0.2))]
    assert find_strangest(some) == some[1]


def test_where_none_was_to_be_expected_that_is_said() -> None:
    rows = listed(5, 5, due_on=due_in(90))
    message = heard(case(rows, [0, 3]))["surprise"].message
    assert message.startswith(
        "2 invoices of 2 customers are missing from erp, and hardly anybody pays at this age; none were to be "
        "expected: A1 Customer 0 10.00 GBP; A4 Customer 3 10.00 GBP. Check"
    )


def test_what_few_customers_pay_is_told_from_what_hardly_anybody_pays() -> None:
    late = listed(201, customers=100, due_on=[*[due_in(-100)] * 200, due_in(90)])
    message = heard(case(late, range(0, 112, 8)))["surprise"].message
    assert message.startswith(
        "14 invoices of 14 customers are missing from erp, and few customers pay at this age; about 2.9 customers were "
        "to be expected: A1 Customer 0 10.00 GBP; A105 Customer 4 10.00 GBP; A17 Customer 16 10.00 GBP; …. Check in "
        "the source whether they are settled; if so, approve."
    )


def test_one_invoice_is_a_surprise_where_nobody_ever_pays_early() -> None:
    rows = listed(40, 40, due_on=due_in(90))
    objection = heard(case(rows, [7]), after_days(rows, (), 300))["surprise"]
    assert objection.message.startswith(
        "1 invoice of 1 customer is missing from erp, and hardly anybody pays at this age"
    )
    assert objection.message.endswith("caution in [guards] sets how often arfeed asks this.")
    assert objection.refs == ("A8",)


def test_only_the_rows_that_were_counted_are_named_and_figures_are_rounded() -> None:
    rows = listed(40, 40, due_on=[*[due_in(21)] * 20, *[due_in(-2)] * 20])
    day = case(rows, [0, 1, 2, 30])
    objections, figures = judge(Habits.none().of("erp"), day)
    assert {objection.code: objection.refs for objection in objections}["surprise"] == ("A1", "A2", "A3")
    rare, usual = -np.expm1(-0.003), -np.expm1(-0.1)
    expected = float(20 * -np.expm1(-rare))
    assert figures == GuardFigures(
        source="erp",
        reports=0,
        days=1,
        rows=40,
        unproven=4,
        expected=round(float(20 * (rare + usual)), 3),
        customers=3,
        usual=round(expected, 4),
        odds=float(f"{compute_odds(3, expected):.3g}"),
        pattern=None,
        score=None,
    )


def test_a_pattern_is_part_of_the_figures_with_a_score_of_two_decimals() -> None:
    day = case(listed(40, 10, due_on=[*[due_in(21)] * 30, *[due_in(22)] * 10]), range(30, 40))
    _, figures = judge(Habits.none().of("erp"), day)
    found = find_strongest(weigh_rows(Habits.none().of("erp"), day))
    assert found is not None
    assert (figures.pattern, figures.score) == (found.what, round(found.score, 2))
    assert figures.score != found.score


@pytest.mark.parametrize("paid", [12, 40], ids=["some", "all"])
def test_on_a_lively_day_more_of_the_rare_is_expected_by_how_much_more_was_paid(paid: int) -> None:
    rows = listed(80, 80, due_on=[*[due_in(21)] * 40, *[due_in(-2)] * 40])
    rare, usual = (40 * -np.expm1(np.expm1(-rate)) for rate in (0.003, 0.1))
    lively = ((paid + 4) / (usual + 4)) ** 0.4
    assert lively > 1.2
    seen = {surprise.part: surprise for surprise in surprises(rows, [0, *range(40, 40 + paid)])}
    assert seen[1 / 8].expected == pytest.approx(lively * rare)
    assert seen[1].expected == pytest.approx(lively * rare)
    assert seen[1 / 16].expected == 0
    assert (seen[1 / 8].customers, seen[1 / 16].customers) == (1, 0)
