"""What receivers said became of deliveries: a rejected one does not become the baseline in silence."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.records import OutcomeOfDelivery
from arfeed.history.transitions import baseline_runs, insert_rows, replace_rows
from arfeed.model.outcome import Rejection


def read_outcome(connection: sa.Connection, run: str) -> OutcomeOfDelivery | None:
    """Return what became of a delivery, None if the receiver has not told yet."""
    found = _read(connection, tables.receiver_outcomes.c.run == run)
    return found[0] if found else None


def read_open_rejections(connection: sa.Connection, destination: str) -> list[OutcomeOfDelivery]:
    """Return what the receiver rejected, and no later delivery has answered, the oldest first."""
    columns = tables.receiver_outcomes.c
    found = _read(connection, columns.destination == destination, columns.answered_by.is_(None))
    return [each for each in found if each.is_rejection]


def _read(connection: sa.Connection, *conditions: sa.ColumnElement[bool]) -> list[OutcomeOfDelivery]:
    columns = tables.receiver_outcomes.c
    query = sa.select(columns.run, columns.at, columns.state, columns.reopens, columns.rejected).where(*conditions)
    return [
        OutcomeOfDelivery(run, at, state, reopens, tuple(Rejection(**each) for each in json.loads(rejected)))
        for run, at, state, reopens, rejected in connection.execute(query.order_by(columns.run))
    ]


def write_outcome(connection: sa.Connection, destination: str, outcome: OutcomeOfDelivery) -> None:
    """Record what became of a delivery, and let the baseline follow.

    Of a rejected delivery it is not known whether anything was taken, so what it was compared with counts beside it
    again. One that was taken leaves only what came after it in doubt.
    """
    row: dict[str, Any] = {
        "run": outcome.run,
        "destination": destination,
        "at": outcome.at,
        "state": outcome.state,
        "reopens": outcome.reopens,
        "rejected": json.dumps([asdict(each) for each in outcome.rejected], ensure_ascii=False),
        "answered_by": None,
    }
    replace_rows(connection, tables.receiver_outcomes, [row])
    baselines = tables.baselines.c
    there = baseline_runs(connection, destination)
    if outcome.reopens:
        for run in sorted(find_predecessors(connection, [outcome.run]) - there):
            insert_rows(connection, tables.baselines, [{"destination": destination, "run": run}])
        return
    open_ones = [each.run for each in read_open_rejections(connection, destination) if each.reopens]
    settled = _older(connection, there, outcome.run) - find_predecessors(connection, open_ones)
    where = (baselines.destination == destination, baselines.run.in_(sorted(settled)))
    connection.execute(sa.delete(tables.baselines).where(*where))


def _older(connection: sa.Connection, baseline: Collection[str], run: str) -> set[str]:
    """Return what is in the baseline and older than a run that is in it."""
    if run not in baseline:
        return set()
    runs = tables.runs.c
    this = sa.select(runs.report_at).where(runs.id == run).scalar_subquery()
    query = sa.select(runs.id).where(runs.id.in_(sorted(baseline)), runs.report_at < this)
    return {*connection.execute(query).scalars()}


def find_predecessors(connection: sa.Connection, runs: Collection[str]) -> set[str]:
    """Return the deliveries that these were compared with, and those before them that were rejected themselves."""
    found, left = set[str](), [*runs]
    receipts, kept = tables.runs.c, sa.select(tables.reports.c.run)
    while left:
        receipt = connection.execute(sa.select(receipts.receipt).where(receipts.id == left.pop())).scalar_one_or_none()
        for before in _compared_with(receipt) - found:
            found.add(before)
            known = read_outcome(connection, before)
            if known and known.reopens:
                left.append(before)
    # Nothing can be compared with a report that is no longer kept.
    query = sa.select(receipts.id).where(receipts.id.in_(sorted(found)), receipts.id.in_(kept))
    return {*connection.execute(query).scalars()}


def _compared_with(receipt: str | None) -> set[str]:
    try:
        before = json.loads(receipt or "{}").get("baseline")
    except (ValueError, AttributeError):
        return set()
    return {*before.split("+")} if isinstance(before, str) else set()


def answer_rejections(connection: sa.Connection, destination: str, run: str, since: datetime) -> None:
    """Count what was rejected as answered by a delivery, whose plan has shown all that was known when it began."""
    columns = tables.receiver_outcomes.c
    where = (columns.destination == destination, columns.answered_by.is_(None), columns.at <= since, columns.run != run)
    connection.execute(sa.update(tables.receiver_outcomes).where(*where).values(answered_by=run))
