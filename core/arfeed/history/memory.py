"""What deliveries record so that the next plan can weigh evidence, and the answers that people gave in advance."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal

import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.records import Closing, Memory
from arfeed.model.results import Expectation, LedgerState


def remember(connection: sa.Connection, run: str, memory: Memory) -> None:
    """Record what a run leaves for the next plan; its packed parts are kept with its report."""
    ledgers = [{"run": run, **_as_row(state)} for state in memory.ledgers]
    closings = [
        {
            "run": run,
            "source": each.source,
            "currency": each.currency,
            "evidence": each.evidence,
            "count": each.documents,
            # Amounts are text in every table: SQLite has no decimals, and would keep them as floats.
            "balance": str(each.balance),
        }
        for each in memory.closings
    ]
    for table, rows in ((tables.ledgers, ledgers), (tables.closings, closings)):
        # SQLAlchemy would insert one row of defaults for an empty list.
        if rows:
            connection.execute(sa.insert(table), rows)
    if memory.expected:
        ours = tables.expectations.c.id.in_(list(memory.expected))
        connection.execute(sa.update(tables.expectations).where(ours).values(used_by=run))


def read_ledgers(connection: sa.Connection, run: str) -> dict[tuple[str, str], LedgerState]:
    """Return the balances of lists and control accounts when a run's report was made, by source and currency."""
    columns = tables.ledgers.c
    query = sa.select(columns.source, columns.currency, columns.listed, columns.account, columns.customers)
    found = {}
    for source, currency, listed, account, customers in connection.execute(query.where(columns.run == run)):
        differences = None if customers is None else {name: Decimal(by) for name, by in json.loads(customers).items()}
        found[source, currency] = LedgerState(source, currency, Decimal(listed), Decimal(account), differences)
    return found


def _as_row(state: LedgerState) -> dict[str, object]:
    differences = state.differences
    customers = None if differences is None else json.dumps({name: str(by) for name, by in differences.items()})
    return {
        "source": state.source,
        "currency": state.currency,
        "listed": str(state.listed),
        "account": str(state.account),
        "customers": customers,
    }


def read_closings(
    connection: sa.Connection, destination: str, since: datetime, states: Collection[str]
) -> list[Closing]:
    """Return what deliveries since a moment marked as paid, by source, currency and evidence."""
    closings, runs = tables.closings.c, tables.runs.c
    query = (
        sa.select(closings.source, closings.currency, closings.evidence, closings.count, closings.balance)
        .join(tables.runs, runs.id == closings.run)
        .where(runs.destination == destination, runs.started_at >= since, runs.state.in_(states))
    )
    sums: dict[tuple[str, str, str], tuple[int, Decimal]] = {}
    # Summed here and not by the database, which can't add texts exactly.
    for *group, count, balance in connection.execute(query):
        key = (group[0], group[1], group[2])
        documents, owed = sums.get(key, (0, Decimal(0)))
        sums[key] = documents + count, owed + Decimal(balance)
    return [Closing(*group, count, balance) for group, (count, balance) in sorted(sums.items())]


def write_expectation(connection: sa.Connection, destination: str, expectation: Expectation) -> None:
    """Record an answer that somebody gives in advance."""
    row = {**expectation._asdict(), "destination": destination}
    row["below"] = None if expectation.below is None else str(expectation.below)
    connection.execute(sa.insert(tables.expectations), row)


def read_expectations(connection: sa.Connection, destination: str, on: date) -> list[Expectation]:
    """Return the answers that hold on a day and have not been used by a delivery, in the order they were given."""
    columns = tables.expectations.c
    query = (
        sa.select(*(columns[name] for name in Expectation._fields))
        .where(columns.destination == destination, columns.until >= on, _is_unused())
        .order_by(columns.at, columns.id)
    )
    return [_expectation(row) for row in connection.execute(query).mappings()]


def read_all_expectations(connection: sa.Connection, destination: str) -> list[tuple[Expectation, str | None]]:
    """Return every answer that was given, the newest first, and the run that used it."""
    columns = tables.expectations.c
    query = sa.select(tables.expectations).where(columns.destination == destination).order_by(columns.at.desc())
    return [(_expectation(row), row["used_by"]) for row in connection.execute(query).mappings()]


def withdraw(connection: sa.Connection, destination: str, expectation: str) -> bool:
    """Delete an answer that no delivery has used; return False if there is none."""
    columns = tables.expectations.c
    # A used answer is part of a delivery's explanation, and stays.
    ours = sa.and_(columns.destination == destination, columns.id == expectation, _is_unused())
    return connection.execute(sa.delete(tables.expectations).where(ours)).rowcount == 1


def _is_unused() -> sa.ColumnElement[bool]:
    """Match answers that no delivery has used; an answer used by a failed run is free again."""
    used_by = tables.expectations.c.used_by
    failed = sa.select(tables.runs.c.id).where(tables.runs.c.state == "failed")
    return sa.or_(used_by.is_(None), used_by.in_(failed))


def _expectation(row: Mapping[str, object] | sa.RowMapping) -> Expectation:
    values = {name: row[name] for name in Expectation._fields}
    values["below"] = None if values["below"] is None else Decimal(str(values["below"]))
    return Expectation(**values)  # type: ignore[arg-type]  # the columns are of these types
