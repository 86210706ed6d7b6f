"""Each source's unproven missing rows are judged by what is usual there; answers given in advance are used up."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest

from arfeed import Complete, Objection, Plan
from arfeed.model.results import Expectation, Ledger, SourceRead
from arfeed.planning.compare import compare
from arfeed.planning.evidence.ledgers import find_accounted_for, sum_outflow
from arfeed.planning.guards.weighing import Weighed, learn, merge_by_code, replay, split_by_source, weigh
from arfeed.planning.habits.case import Source
from arfeed.planning.habits.memory import Habits
from support.feeds.plans import NOON, invoices, planned, source

BEFORE = SourceRead(datetime(2026, 4, 9, 12, tzinfo=UTC), None, None)
WRITTEN_OFF = Expectation("e1", "write-off run", date(2026, 4, 30), None, None, "ada@desk", NOON)


def feed(count: int = 40, **columns: object) -> pd.DataFrame:
    """Invoices of as many customers, all due in a year."""
    names = [f"Firm {number}" for number in range(1, count + 1)]
    return invoices(count, **({"customer_name": names, "due_on": date(2027, 4, 1)} | columns))


def judged(
    rows: pd.DataFrame, missing: int, *expectations: Expectation, reasons: Any = "gone", **known: Any
) -> tuple[Plan, tuple[Source, ...], Weighed]:
    after = rows.iloc[missing:].reset_index(drop=True)
    asserted: dict[str, Any] = {"absent_means_paid": True, "before": BEFORE, "complete": Complete()}
    ledgers = known.pop("ledgers", ())
    plan = planned(rows, after, reasons=reasons, sources=(source(**(asserted | known)),), ledgers=ledgers)
    sources = tuple(split_by_source(plan, compare(after, rows).lost))
    return plan, sources, weigh(Habits.none(), sources, expectations, find_accounted_for(ledgers, sum_outflow(plan)))


def codes(weighed: Weighed) -> set[str]:
    return {objection.code for objection in weighed.objections}


def test_what_hardly_anybody_pays_at_such_a_time_is_a_surprise() -> None:
    assert "surprise" in codes(judged(feed(), 10)[2])


def test_nothing_missing_is_nothing_to_object_to_and_its_figures_are_known_all_the_same() -> None:
    _, _, weighed = judged(feed(), 0)
    assert codes(weighed) == set()
    assert [(each.source, each.rows, each.unproven, each.reports) for each in weighed.figures] == [("erp", 40, 0, 0)]


@pytest.mark.parametrize("reasons", ["paid", "void"])
def test_what_is_proven_is_not_judged(reasons: str) -> None:
    _, sources, weighed = judged(feed(), 10, reasons=reasons)
    assert codes(weighed) == set()
    assert not sources[0].closed.any()


def test_what_is_unexplained_is_learned_from_and_asked_about_elsewhere() -> None:
    _, sources, weighed = judged(feed(), 10, absent_means_paid=False)
    assert codes(weighed) == set()
    assert sources[0].closed.sum() == 10


def test_a_source_that_failed_or_was_never_read_before_is_not_judged() -> None:
    assert judged(feed(), 10, failed="no")[1] == ()
    assert judged(feed(), 10, before=None)[1] == ()


def test_the_sources_beside_one_that_failed_are_judged() -> None:
    rows = feed(40, source=["erp", "shop"] * 20)
    after = rows[rows["source"] == "shop"].iloc[10:]
    after = pd.concat([rows[rows["source"] == "erp"], after], ignore_index=True)
    asserted: dict[str, Any] = {"absent_means_paid": True, "before": BEFORE, "complete": Complete()}
    sources = (source("erp", failed="no", **asserted), source("shop", **asserted))
    plan = planned(rows, after, reasons="gone", sources=sources)
    assert [each.case.source for each in split_by_source(plan, compare(after, rows).lost)] == ["shop"]


STILL = (Ledger("erp", "GBP", Decimal(300), Decimal(300), Decimal(400), Decimal(400)),)
ENOUGH = (STILL[0]._replace(received=Decimal(100)),)


def test_where_the_books_balance_something_must_be_five_times_as_rare() -> None:
    assert [each.case.caution for each in judged(feed(), 10)[1]] == [20]
    assert [each.case.caution for each in judged(feed(), 10, ledgers=STILL)[1]] == [100]
    assert [each.case.caution for each in judged(feed(), 10, complete=Complete(lists_closed=True))[1]] == [20]
    plan, _, _ = judged(feed(), 10)
    lost = compare(plan.report, feed()).lost
    assert [each.case.caution for each in split_by_source(plan, lost, None, {"erp"})] == [100]
    assert [each.case.caution for each in split_by_source(plan, lost, None, {"shop"})] == [20]


def test_where_receipts_account_for_what_left_only_old_and_returned_lists_are_looked_for() -> None:
    assert "surprise" in codes(judged(feed(), 10, ledgers=STILL)[2])
    assert codes(judged(feed(), 10, ledgers=ENOUGH)[2]) == set()
    too_little = (STILL[0]._replace(received=Decimal("99.99")),)
    assert "surprise" in codes(judged(feed(), 10, ledgers=too_little)[2])
    newest = feed(issued_on=[date(2026, 4, 9)] * 10 + [date(2026, 4, 1)] * 30)
    assert codes(judged(newest, 10, ledgers=ENOUGH)[2]) == {"older-list"}


def test_an_answer_given_in_advance_is_used_where_it_spares_a_question() -> None:
    _, _, weighed = judged(feed(), 10, WRITTEN_OFF)
    assert (codes(weighed), weighed.expected) == (set(), (WRITTEN_OFF,))
    assert weighed.notes == (
        "10 missing invoices were expected: “write-off run”, said by ada@desk on 2026-04-10; this delivery uses up "
        "that announcement",
    )


def test_an_answer_that_is_not_needed_stays() -> None:
    _, _, weighed = judged(feed(), 0, WRITTEN_OFF)
    assert (codes(weighed), weighed.expected) == (set(), ())


@pytest.mark.parametrize(
    ("limits", "used"),
    [
        ({"customer": "firm 1"}, False),
        ({"customer": "Others"}, False),
        ({"below": Decimal("10.01")}, True),
        ({"below": Decimal(10)}, False),
    ],
    ids=["one of ten customers", "another customer", "all are below", "none is below"],
)
def test_an_answer_speaks_of_what_it_names_only(limits: dict[str, Any], used: bool) -> None:
    expectation = WRITTEN_OFF._replace(**limits)
    _, _, weighed = judged(feed(), 10, expectation)
    assert weighed.expected == ((expectation,) if used else ())
    assert bool(codes(weighed)) is not used


@pytest.mark.parametrize("said", ["Harbour plc", "harbour PLC", "C-1"], ids=["name", "case", "number"])
def test_a_customer_is_known_by_number_or_name(said: str) -> None:
    before = feed(customer_id=["C-1"] * 10 + ["C-2"] * 30, customer_name=["Harbour plc"] * 10 + ["Oak"] * 30)
    plain = judged(before, 10)[2]
    assert codes(plain)
    assert codes(judged(before, 10, WRITTEN_OFF._replace(customer=said))[2]) == set()


def test_no_answer_settles_that_a_list_is_old() -> None:
    newest = feed(issued_on=[date(2026, 4, 9)] * 10 + [date(2026, 4, 1)] * 30)
    _, _, weighed = judged(newest, 10, WRITTEN_OFF)
    assert codes(weighed) == {"older-list"}


def test_each_delivery_teaches_and_a_refused_plan_does_not() -> None:
    _, sources, _ = judged(feed(), 10)
    known = learn(Habits.none(), sources)
    assert known.reports == {"erp": 1}
    assert known.of("erp").closings.sum() == 10
    assert Habits.none().reports == {}


def test_what_was_announced_teaches_nothing_of_other_days() -> None:
    _, sources, weighed = judged(feed(), 10, WRITTEN_OFF)
    assert learn(Habits.none(), sources, weighed.expected).of("erp").closings.sum() == 0
    assert learn(Habits.none(), sources).of("erp").closings.sum() == 10


def test_of_several_answers_only_those_that_spare_a_question_are_used() -> None:
    others = WRITTEN_OFF._replace(id="e2", words="others", customer="Firm 30")
    again = WRITTEN_OFF._replace(id="e3", words="again")
    _, _, weighed = judged(feed(), 10, others, WRITTEN_OFF, again)
    assert weighed.expected == (WRITTEN_OFF,)


def test_two_reports_of_the_past_teach_what_their_delivery_would_have_taught() -> None:
    before = feed()
    after = before.iloc[10:].reset_index(drop=True)
    proven = set(before["invoice_ref"][:4])
    (then,) = replay(before, after, proven, since=date(2026, 4, 9), on=date(2026, 4, 10))
    assert then.closed.tolist() == [False] * 4 + [True] * 6 + [False] * 30
    assert learn(Habits.none(), [then]).of("erp").closings.sum() == 6


def test_what_several_sources_are_asked_is_one_objection_a_code() -> None:
    two = feed(source="shop", source_ref="x").assign(invoice_ref=[f"S{n}" for n in range(40)])
    before = pd.concat([feed(), two], ignore_index=True)
    after = before.drop(index=[*range(10), *range(40, 50)]).reset_index(drop=True)
    asserted: dict[str, Any] = {"absent_means_paid": True, "before": BEFORE, "complete": Complete()}
    plan = planned(before, after, reasons="gone", sources=(source(**asserted), source("shop", **asserted)))
    weighed = weigh(Habits.none(), tuple(split_by_source(plan, compare(after, before).lost)))
    surprises = [objection for objection in weighed.objections if objection.code == "surprise"]
    assert len(surprises) == 1
    assert "missing from erp" in surprises[0].message
    assert "missing from shop" in surprises[0].message
    assert len(surprises[0].refs) == 20


def test_a_single_invoice_was_expected() -> None:
    _, _, weighed = judged(feed(balance=["9000", *["10"] * 39]), 1, WRITTEN_OFF)
    assert weighed.notes == (
        "1 missing invoice was expected: “write-off run”, said by ada@desk on 2026-04-10; this delivery uses up that "
        "announcement",
    )


def test_a_refused_plan_is_learned_from_as_of_the_day_of_its_delivery() -> None:
    plan, _, _ = judged(feed(), 10)
    (waiting,) = split_by_source(plan, compare(plan.report, feed()).lost, refused=date(2026, 4, 9))
    assert (waiting.case.on, waiting.on) == (date(2026, 4, 9), date(2026, 4, 10))
    assert learn(Habits.none(), [waiting]).of("erp").worked == 1
    assert learn(Habits.none(), [waiting]).of("erp").gone.tolist() == [(date(2026, 4, 10) - date(1970, 1, 1)).days] * 10


def test_the_past_of_several_sources_is_taken_apart() -> None:
    both = pd.concat([invoices(3), invoices(["B1", "B2"], source="shop")], ignore_index=True)
    after = both.drop(index=[1, 3]).reset_index(drop=True)
    erp, shop = replay(both, after, (), since=date(2026, 4, 8), on=date(2026, 4, 10))
    assert (erp.case.source, erp.on, erp.closed.tolist()) == ("erp", date(2026, 4, 10), [False, True, False])
    assert (shop.case.source, shop.on, shop.closed.tolist()) == ("shop", date(2026, 4, 10), [True, False])
    assert erp.case.report["invoice_ref"].tolist() == ["A1", "A3"]
    assert shop.case.report["invoice_ref"].tolist() == ["B2"]
    assert shop.case.report.index.tolist() == [0]
    assert shop.case.before.index.tolist() == [0, 1]
    assert shop.case.before["invoice_ref"].tolist() == ["B1", "B2"]
    assert [*shop.case.before] == [*both]
    assert [*shop.case.report] == [*both]
    assert (shop.case.missing.tolist(), shop.case.unproven.tolist()) == ([True, False], [True, False])
    assert (shop.case.since, shop.case.on) == (date(2026, 4, 8), date(2026, 4, 10))
    assert shop.closed.dtype == bool


def test_what_its_source_had_proven_is_missing_and_not_closed_without_proof() -> None:
    (erp,) = replay(invoices(3), invoices(["A3"]), {"A1"}, since=date(2026, 4, 8), on=date(2026, 4, 10))
    assert erp.case.missing.tolist() == [True, True, False]
    assert erp.case.unproven.tolist() == erp.closed.tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("now", "then", "on", "since"),
    [
        (date(2026, 4, 7), date(2026, 4, 2), date(2026, 4, 7), date(2026, 4, 2)),
        (date(2026, 4, 7), None, date(2026, 4, 10), date(2026, 4, 9)),
        (None, date(2026, 4, 2), date(2026, 4, 10), date(2026, 4, 9)),
        (None, None, date(2026, 4, 10), date(2026, 4, 9)),
    ],
    ids=["both", "now only", "then only", "neither"],
)
def test_a_day_is_that_of_the_data_if_both_readings_state_one(
    now: date | None, then: date | None, on: date, since: date
) -> None:
    _, (only,), _ = judged(feed(), 1, as_of=now, before=BEFORE._replace(as_of=then))
    assert (only.case.on, only.case.since, only.on) == (on, since, on)


def test_a_reading_late_in_the_evening_is_of_the_next_day_where_the_feed_is() -> None:
    plan, _, _ = judged(feed(), 1, before=BEFORE._replace(at=datetime(2026, 4, 8, 20, tzinfo=UTC)))
    there = replace(plan, at=plan.at.astimezone(ZoneInfo("Pacific/Auckland")))
    (only,) = split_by_source(there, compare(plan.report, feed()).lost)
    assert (only.case.on, only.case.since) == (date(2026, 4, 11), date(2026, 4, 9))


def test_a_case_holds_what_is_known_of_its_source() -> None:
    before = pd.concat([feed(3), invoices(["S1"], source="shop")], ignore_index=True)
    after = before.iloc[1:].reset_index(drop=True)
    known: dict[str, Any] = {"absent_means_paid": True, "before": BEFORE, "complete": Complete()}
    read = source(**known)._replace(inputs=(("a.csv", "hash"), ("b.csv", "hash")))
    plan = planned(before, after, reasons="gone", sources=(read, source("shop", **known), source("till", **known)))
    files = pd.Series(["a.csv", "b.csv", "c.csv"], dtype="str")
    erp, shop = split_by_source(plan, compare(after, before).lost, files)
    assert (erp.case.source, erp.case.last_run, erp.case.read) == ("erp", "run-1", frozenset({"a.csv", "b.csv"}))
    assert (erp.case.missing_share, erp.case.missing_floor) == (plan.guards.missing_share, plan.guards.missing_floor)
    assert erp.case.report["arfeed_file"].tolist() == ["a.csv", "b.csv"]
    assert erp.case.report["invoice_ref"].tolist() == ["A2", "A3"]
    assert erp.case.before["invoice_ref"].tolist() == ["A1", "A2", "A3"]
    assert (erp.case.missing.tolist(), erp.case.unproven.tolist()) == ([True, False, False], [True, False, False])
    assert (shop.case.source, shop.case.read, len(shop.case.before)) == ("shop", None, 1)
    assert [*split_by_source(replace(plan, before=None), np.zeros(4, bool))] == []


def test_objections_of_one_code_are_joined_and_a_single_one_is_left_as_it_is() -> None:
    one, two, three = Objection("a", "first.", ("A1",)), Objection("b", "other."), Objection("a", "second.", ("A2",))
    assert [*merge_by_code([one, two, three])] == [Objection("a", "first; second", ("A1", "A2")), two]
