"""Steps of the transactions that record a run's progress: the baseline, sent PDFs, and which reports are kept."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any

import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.records import INTERRUPTED, OutcomeRecord, PlannedDocument, ReconciliationRecord, RunRecord, State


def baseline_runs(connection: sa.Connection, destination: str) -> set[str]:
    """Return the runs that make up a destination's baseline."""
    query = sa.select(tables.baselines.c.run).where(tables.baselines.c.destination == destination)
    return set(connection.execute(query).scalars())


def oldest_baseline(connection: sa.Connection, destination: str) -> str | None:
    """Return the run of the baseline that has the oldest report."""
    runs, baselines = tables.runs.c, tables.baselines.c
    query = sa.select(runs.id).join(tables.baselines, baselines.run == runs.id)
    ours = query.where(baselines.destination == destination).order_by(runs.report_at, runs.id)
    run: str | None = connection.execute(ours.limit(1)).scalar_one_or_none()
    return run


def latest_habits(connection: sa.Connection, destination: str) -> bytes | None:
    """Return what was learned by the last delivery behind the baseline."""
    reports, runs = tables.reports.c, tables.runs.c
    query = (
        sa.select(reports.habits)
        .join(tables.runs, runs.id == reports.run)
        .join(tables.baselines, tables.baselines.c.run == reports.run)
        .where(tables.baselines.c.destination == destination, reports.habits.is_not(None))
        .order_by(runs.report_at.desc())
    )
    habits: bytes | None = connection.execute(query.limit(1)).scalar_one_or_none()
    return habits


def clear_baseline(connection: sa.Connection, destination: str) -> None:
    """Remove every report from a destination's baseline."""
    connection.execute(sa.delete(tables.baselines).where(tables.baselines.c.destination == destination))


def add_to_baseline(connection: sa.Connection, run: RunRecord) -> None:
    """Add a run's report to the baseline, with which later ones are compared."""
    replace_rows(connection, tables.baselines, [{"destination": run.destination, "run": run.id}])


def end_run(connection: sa.Connection, run: RunRecord, **values: object) -> bool:
    """Record a run's progress unless another run has settled it; return whether it was recorded."""
    # The state is part of the statement's condition, so of two runs that settle one at the same time only the first
    # does.
    return _update(connection, run, tables.runs.c.state.in_(INTERRUPTED), values)


def update_unless(connection: sa.Connection, run: RunRecord, states: Collection[State], **values: object) -> bool:
    """Update a run unless it is in one of these states; return whether it was updated."""
    return _update(connection, run, tables.runs.c.state.not_in(states), values)


def _update(
    connection: sa.Connection, run: RunRecord, condition: sa.ColumnElement[bool], values: Mapping[str, object]
) -> bool:
    statement = sa.update(tables.runs).where(tables.runs.c.id == run.id, condition).values(**values)
    return connection.execute(statement).rowcount == 1


def record_sent(connection: sa.Connection, run: RunRecord, documents: Iterable[PlannedDocument]) -> None:
    """Record the PDFs that arrived. What the names of the others hold is not known any more; they stay ours."""
    planned, known = tables.planned_documents, tables.documents
    names = sa.select(planned.c.name).where(planned.c.run == run.id)
    # A PDF that may have been replaced is sent again; to believe the old record would leave a wrong one there for ever.
    forget_contents(connection, run.destination, names)
    replace_rows(connection, known, [{"destination": run.destination, **as_row(document)} for document in documents])
    connection.execute(sa.delete(planned).where(planned.c.run == run.id))


def forget_contents(connection: sa.Connection, destination: str, names: sa.Select[tuple[str]] | list[str]) -> None:
    """Keep the names of PDFs sent to a destination, so that they may be replaced, and forget what they hold."""
    known = tables.documents
    where = (known.c.destination == destination, known.c.name.in_(names))
    connection.execute(sa.update(known).where(*where).values(version="", sha256="", size=-1))


def insert_rows(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows, if there are any: SQLAlchemy would insert a row of defaults for an empty list."""
    if rows:
        connection.execute(sa.insert(table), rows)


def replace_rows(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows in place of those with the same primary key; plain SQL that every database has."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    where = sa.and_(*(table.c[key] == sa.bindparam(f"old_{key}") for key in keys))
    connection.execute(sa.delete(table).where(where), [{f"old_{key}": row[key] for key in keys} for row in rows])
    insert_rows(connection, table, rows)


def forget_old_reports(connection: sa.Connection, destination: str, kept: int) -> None:
    """Delete all but the last `kept` reports of a destination and those of its baseline."""
    of_destination = sa.select(tables.runs.c.id).where(tables.runs.c.destination == destination)
    latest = of_destination.order_by(tables.runs.c.started_at.desc()).limit(kept)
    keep = set(connection.execute(latest).scalars()) | baseline_runs(connection, destination)
    reports = tables.reports
    # Only the packed rows go. Runs and receipts stay: they are small, and are what an auditor asks for.
    connection.execute(sa.delete(reports).where(reports.c.run.in_(of_destination), reports.c.run.not_in(keep)))


def as_row(record: RunRecord | PlannedDocument | ReconciliationRecord | OutcomeRecord) -> dict[str, Any]:
    """Return a record as a row of its table."""
    return {item.name: getattr(record, item.name) for item in fields(record)}
