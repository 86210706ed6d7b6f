"""What the history makes of what receivers say became of deliveries."""

from __future__ import annotations

import json
from datetime import timedelta

from arfeed.history.records import OutcomeOfDelivery
from arfeed.history.store import History
from arfeed.model.outcome import Rejection
from support.feeds.recorded_runs import START, WHERE, a_run, publish, refs


def deliver(history: History, number: int, *invoices: str, verified: bool = True) -> None:
    run, before = a_run(number), history.baseline(WHERE)
    publish(history, run, *invoices)
    receipt = json.dumps({"baseline": before.id if before else None})
    history.record_delivery(run, ended_at=run.started_at, receipt=receipt, documents=[], verified=verified)


def told(number: int, state: str = "rejected", *rows: Rejection, reopens: bool = True) -> OutcomeOfDelivery:
    at = START + timedelta(days=number, hours=1)
    return OutcomeOfDelivery(f"run-{number:03}", at, state, reopens, rows)  # type: ignore[arg-type]


def rejected_runs(history: History) -> list[str]:
    baseline = history.baseline(WHERE)
    return [each.run for each in baseline.rejections] if baseline else []


def test_what_a_rejected_delivery_was_compared_with_counts_beside_it_until_another_is_delivered(database: str) -> None:
    with History(database) as history:
        deliver(history, 1, "A", "B")
        deliver(history, 2, "B")
        unrecorded = history.baseline(WHERE, outcomes=[told(2)])
        history.record_outcome(WHERE, told(2))
        recorded = history.baseline(WHERE)
        assert unrecorded
        assert recorded
        assert unrecorded.id == recorded.id == "run-001+run-002"
        assert refs(recorded) == ["A", "B"]
        assert rejected_runs(history) == ["run-002"]
        deliver(history, 3, "B", "C")
        assert refs(history.baseline(WHERE)) == ["B", "C"]
        assert rejected_runs(history) == []


def test_a_rejection_that_was_told_too_late_reaches_back_to_what_was_taken(database: str) -> None:
    with History(database) as history:
        for number, invoices in enumerate(("ABC", "BC", "C"), 1):
            deliver(history, number, *invoices)
        unrecorded = history.baseline(WHERE, outcomes=[told(2), told(3)])
        history.record_outcome(WHERE, told(2))
        history.record_outcome(WHERE, told(3))
        assert unrecorded
        assert refs(unrecorded) == refs(history.baseline(WHERE)) == ["A", "B", "C"]


def test_a_delivery_that_was_taken_leaves_only_what_was_rejected_and_not_answered_beside_it(database: str) -> None:
    with History(database) as history:
        deliver(history, 1, "A")
        deliver(history, 2, "B", verified=False)
        taken = told(2, "taken", reopens=False)
        assert refs(history.baseline(WHERE)) == ["A", "B"]
        assert refs(history.baseline(WHERE, outcomes=[taken])) == ["B"]
        history.record_outcome(WHERE, taken)
        assert refs(history.baseline(WHERE)) == ["B"]
        deliver(history, 3, "C")
        deliver(history, 4, "D")
        # What the third closed was rejected, and the fourth knew nothing of it.
        outcomes = [told(3), told(4, "taken", reopens=False)]
        assert refs(history.baseline(WHERE, outcomes=outcomes)) == ["B", "D"]
        for outcome in outcomes:
            history.record_outcome(WHERE, outcome)
        assert refs(history.baseline(WHERE)) == ["B", "D"]


def test_rejected_invoices_are_objected_to_and_change_no_baseline(database: str) -> None:
    with History(database) as history:
        deliver(history, 1, "A", "B")
        deliver(history, 2, "A")
        history.record_outcome(WHERE, told(2, "taken", Rejection("no such customer", "A"), reopens=False))
        baseline = history.baseline(WHERE)
        assert baseline
        assert refs(baseline) == ["A"]
        assert baseline.rejections[0].rejected == (Rejection("no such customer", "A"),)
        assert history.untold_deliveries(WHERE, 10) == []
