"""What deliveries leave behind for the next plan to weigh evidence by, and the answers given in advance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest

from arfeed.history.packing import pack_report, pack_table
from arfeed.history.records import Closing, Memory, ReconciliationRecord, RunRecord
from arfeed.history.store import History
from arfeed.model.results import Expectation, LedgerState
from support.feeds.recorded_runs import READS, START, WHERE, a_run, report

GBP = LedgerState(
    "erp", "GBP", Decimal("1200.5000"), Decimal("-0.01"), {"Ada & Co": Decimal("0.0001"), "Bø": Decimal(-3)}
)
EUR = LedgerState("shop", "EUR", Decimal("99999999999999.9999"), Decimal("7"), None, None)
PROVEN = Closing("erp", "GBP", "proven", 2, Decimal("30.50"))
UNEXPLAINED = Closing("erp", "GBP", "unexplained", 1, Decimal("7.0000"))


@pytest.fixture
def history(database: str) -> Iterator[History]:
    with History(database) as opened:
        yield opened


def begin(history: History, run: RunRecord, **memory: Any) -> None:
    history.begin(run, pack_report(report("A")), READS, (), Memory(**memory))


def deliver(history: History, run: RunRecord, *, verified: bool = True, **memory: Any) -> None:
    """Let a run go all the way, and leave this behind."""
    begin(history, run, **memory)
    with history.lock(run.destination, run.id, 60):
        history.begin_publishing(run, history.baseline(run.destination, lost=[run.id]), "{}", 60)
    history.record_delivery(run, ended_at=run.started_at, receipt="{}", documents=[], verified=verified)


def stood(*refs: str) -> bytes:
    return pack_table(pd.DataFrame({"source": "erp", "kind": "invoice", "ref": [*refs]}, dtype="str"))


def test_a_baseline_of_many_deliveries_that_may_have_arrived_has_room(history: History) -> None:
    # An API that breaks off each time adds one with each run; the column used to end after seventeen.
    many = "+".join(f"20260404T10150{number % 10}Z-{number:06x}" for number in range(60))
    history.note_refusal(WHERE, many, date(2026, 4, 4))
    history.note_refusal(WHERE, many, date(2026, 4, 9))
    assert history.refused_since(WHERE, many) == date(2026, 4, 4)
    assert history.refused_since(WHERE, many.rpartition("+")[0]) is None
    compared = ReconciliationRecord("r1", "acme", WHERE, START, many, "open.csv", "same", 1, 0, "Ann", "{}")
    history.record_reconciliation(compared)
    assert [each.baseline for each in history.reconciliations(WHERE)] == [many]


# --- ledgers ----------------------------------------------------------------------------------------------------------


def test_list_and_account_come_back_to_the_last_digit(history: History) -> None:
    deliver(history, a_run(1), ledgers=[GBP, EUR])
    baseline = history.baseline(WHERE)
    assert baseline
    assert baseline.ledgers == {("erp", "GBP"): GBP, ("shop", "EUR"): EUR}
    assert str(baseline.ledgers["erp", "GBP"].listed) == "1200.5000"
    assert history.ledgers("run-001") == baseline.ledgers


def test_only_the_last_delivery_s_ledgers_count(history: History) -> None:
    deliver(history, a_run(1), ledgers=[GBP, EUR])
    deliver(history, a_run(2), ledgers=[EUR])
    begin(history, a_run(3), ledgers=[GBP])
    history.record_failure(a_run(3), ended_at=START)
    baseline = history.baseline(WHERE)
    assert baseline
    assert [*baseline.ledgers] == [("shop", "EUR")]


def test_where_it_is_not_settled_which_delivery_arrived_the_older_ledger_counts(history: History) -> None:
    deliver(history, a_run(1), ledgers=[GBP])
    deliver(history, a_run(2), ledgers=[GBP._replace(listed=Decimal(1))], verified=False)
    baseline = history.baseline(WHERE)
    assert baseline
    assert len(baseline.runs) == 2
    assert baseline.ledgers["erp", "GBP"].listed == GBP.listed


# --- rows that stood beside, habits -----------------------------------------------------------------------------------


def test_rows_that_stood_beside_others_and_habits_come_back(history: History) -> None:
    deliver(history, a_run(1), beside=stood("a1", "a2"), habits=b"\x00learned")
    baseline = history.baseline(WHERE)
    assert baseline
    assert baseline.beside is not None
    assert baseline.beside["ref"].tolist() == ["a1", "a2"]
    assert baseline.habits == b"\x00learned"


def test_a_delivery_that_left_nothing_behind_says_so(history: History) -> None:
    deliver(history, a_run(1))
    baseline = history.baseline(WHERE)
    assert baseline
    assert (baseline.beside, baseline.habits, baseline.ledgers) == (None, None, {})


def test_of_two_deliveries_that_may_stand_both_besides_count_and_the_later_habits(history: History) -> None:
    deliver(history, a_run(1), beside=stood("a1"), habits=b"old")
    deliver(history, a_run(2), beside=stood("a2"), habits=b"new", verified=False)
    baseline = history.baseline(WHERE)
    assert baseline
    assert baseline.beside is not None
    assert sorted(baseline.beside["ref"]) == ["a1", "a2"]
    assert baseline.habits == b"new"


def test_adopting_keeps_habits_ledgers_and_what_stood_beside(history: History) -> None:
    deliver(history, a_run(1), beside=stood("a1"), habits=b"learned", ledgers=[GBP])
    adopted = a_run(2, kind="adopt", state="delivered")
    with history.lock(WHERE, adopted.id, 60):
        history.record_adoption(adopted, report("B"), ["b.csv"], 60)
    baseline = history.baseline(WHERE)
    assert baseline
    assert (baseline.runs, baseline.habits) == (("run-002",), b"learned")
    assert baseline.beside is not None
    assert baseline.beside["ref"].tolist() == ["a1"]
    assert baseline.ledgers["erp", "GBP"].listed == GBP.listed


def test_adopting_as_the_first_act_learns_from_nothing(history: History) -> None:
    deliver(history, a_run(1, destination="file:///elsewhere"), habits=b"others")
    with history.lock(WHERE, "run-002", 60):
        history.record_adoption(a_run(2, kind="adopt", state="delivered"), report("B"), [], 60)
    baseline = history.baseline(WHERE)
    assert baseline
    assert baseline.habits is None


# --- closings ---------------------------------------------------------------------------------------------------------


def test_what_was_closed_is_summed_by_source_currency_and_evidence(history: History) -> None:
    euros = UNEXPLAINED._replace(currency="EUR", documents=4)
    deliver(history, a_run(1), closings=[PROVEN, UNEXPLAINED])
    deliver(history, a_run(2), closings=[UNEXPLAINED._replace(balance=Decimal("0.01")), euros])
    both = UNEXPLAINED._replace(documents=2 * UNEXPLAINED.documents, balance=UNEXPLAINED.balance + Decimal("0.01"))
    assert sorted(history.closings(WHERE, START)) == sorted([euros, PROVEN, both])


def test_only_what_was_delivered_there_since_then_counts(history: History) -> None:
    deliver(history, a_run(1), closings=[UNEXPLAINED])
    deliver(history, a_run(2), closings=[UNEXPLAINED], verified=False)
    begin(history, a_run(3), closings=[UNEXPLAINED])
    history.record_failure(a_run(3), ended_at=START)
    begin(history, a_run(4), closings=[UNEXPLAINED])
    deliver(history, a_run(5, destination="file:///elsewhere"), closings=[UNEXPLAINED])

    def count(days: int) -> int:
        return sum(closing.documents for closing in history.closings(WHERE, START + timedelta(days=days)))

    assert [count(1), count(2), count(3)] == [2, 1, 0]


# --- answers given in advance -----------------------------------------------------------------------------------------


def expected(number: int = 1, **changes: Any) -> Expectation:
    plain = Expectation(f"e{number}", "write-off run", date(2026, 4, 20), None, None, "ada on laptop", START)
    return plain._replace(at=START + timedelta(hours=number), **changes)


def free(history: History, on: date = date(2026, 4, 20)) -> list[str]:
    return [each.id for each in history.expectations(WHERE, on)]


def test_an_answer_given_in_advance_comes_back_as_it_was_given(history: History) -> None:
    one, two = expected(customer="Bø & Co", below=Decimal("12.50")), expected(2)
    for each in (two, one):
        history.expect(WHERE, each)
    assert history.expectations(WHERE, date(2026, 4, 20)) == [one, two]
    assert history.all_expectations(WHERE) == [(two, None), (one, None)]


def test_it_holds_until_its_last_day_and_for_its_destination(history: History) -> None:
    history.expect(WHERE, expected())
    assert free(history, date(2026, 4, 20)) == ["e1"]
    assert free(history, date(2026, 4, 21)) == []
    assert history.expectations("file:///elsewhere", date(2026, 4, 20)) == []


def test_it_is_used_once(history: History) -> None:
    for number in (1, 2):
        history.expect(WHERE, expected(number))
    deliver(history, a_run(1), expected=["e1"])
    assert free(history) == ["e2"]
    assert {each.id: run for each, run in history.all_expectations(WHERE)} == {"e1": "run-001", "e2": None}


def test_it_is_taken_while_the_run_that_uses_it_is_under_way_and_free_again_if_that_fails(history: History) -> None:
    history.expect(WHERE, expected())
    begin(history, a_run(1), expected=["e1"])
    assert free(history) == []
    history.record_failure(a_run(1), ended_at=START)
    assert free(history) == ["e1"]
    deliver(history, a_run(2), expected=["e1"])
    assert free(history) == []


def test_it_stays_used_where_nobody_can_say_whether_the_report_arrived(history: History) -> None:
    history.expect(WHERE, expected())
    begin(history, a_run(1), expected=["e1"])
    history.record_failure(a_run(1), ended_at=START, unsettled=True)
    assert free(history) == []


def test_it_can_be_taken_back_until_it_is_used(history: History) -> None:
    for number in (1, 2, 3):
        history.expect(WHERE, expected(number))
    deliver(history, a_run(1), expected=["e1"])
    begin(history, a_run(2), expected=["e2"])
    assert not history.withdraw(WHERE, "e2")
    history.record_failure(a_run(2), ended_at=START)
    assert [history.withdraw(WHERE, name) for name in ("e1", "e2", "e3", "e3", "e9")] == [
        False,
        True,
        True,
        False,
        False,
    ]
    assert not history.withdraw("file:///elsewhere", "e1")
    assert [each.id for each, _ in history.all_expectations(WHERE)] == ["e1"]
