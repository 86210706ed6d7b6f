"""The history: what was delivered where, kept in a database for the next comparison."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

import pandas as pd
import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.database import opened
from arfeed.history.lease import Lease, holder, lost_lock, renewed
from arfeed.history.memory import (
    all_expectations,
    closings_since,
    expect,
    expectations_for,
    ledgers_of,
    remember,
    withdraw,
)
from arfeed.history.packing import packed, united, unpacked
from arfeed.history.receipts import Balances, balances_of
from arfeed.history.receivers import Receivers
from arfeed.history.records import INTERRUPTED, Baseline, Closing, Memory, PlannedDocument, RunRecord, State
from arfeed.model.errors import ConfigError
from arfeed.model.results import Expectation, LedgerState, SentDocument, SourceRead

KEPT_REPORTS = 30

_ARRIVED: tuple[State, ...] = ("delivered", "unverified")

NOTHING_LEARNED = Memory()


class History:
    """A history database, opened: use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Open, and bring the schema up to date. Raise `ConfigError` where the database can't be used."""
        self._engine = opened(url)

    def __enter__(self) -> Self:
        """Return the open history."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._engine.dispose()

    @property
    def receivers(self) -> Receivers:
        """What is known of receivers and their addresses."""
        return Receivers(self._engine)

    def lock(self, destination: str, run: str, seconds: float) -> Lease:
        """Return the lock of a destination; entering it raises `LockedError` where another run holds it."""
        return Lease(self._engine, destination, run, seconds)

    def baseline(self, destination: str, arrived: Collection[str] = (), lost: Collection[str] = ()) -> Baseline | None:
        """Return what a new report is compared with, or None where this history knows no delivery.

        A report whose publishing was interrupted counts beside the baseline, unless it is known to have `arrived`,
        which makes it the baseline, or to be `lost`.
        """
        runs = self._baseline_runs(destination, arrived, lost)
        if not runs:
            return None
        settings = {run.settings for run in runs}
        beside, habits = self._learned([run.id for run in runs])
        return Baseline(
            runs=tuple(run.id for run in runs),
            settings=settings.pop() if len(settings) == 1 else "",
            report=united([self.report(run.id, destination) for run in runs]),
            reads={source: read for run in runs for source, read in self.reads(run.id).items()},
            beside=beside,
            habits=habits,
            ledgers=self.ledgers(runs[0].id),
        )

    def _learned(self, runs: list[str]) -> tuple[pd.DataFrame | None, bytes | None]:
        """Return the closed rows that stood beside open ones in any of the runs, and what the last of them learned."""
        columns = tables.reports.c
        query = sa.select(columns.run, columns.beside, columns.habits).where(columns.run.in_(runs))
        with self._engine.connect() as connection:
            found = {run: (beside, habits) for run, beside, habits in connection.execute(query)}
        beside = [unpacked(found[run][0]) for run in runs if run in found and found[run][0] is not None]
        habits = [found[run][1] for run in runs if run in found and found[run][1] is not None]
        return pd.concat(beside, ignore_index=True) if beside else None, habits[-1] if habits else None

    def ledgers(self, run: str) -> dict[tuple[str, str], LedgerState]:
        """Return what lists and control accounts said when a run's report was made, by source and currency."""
        with self._engine.connect() as connection:
            return ledgers_of(connection, run)

    def beside(self, run: str) -> pd.DataFrame | None:
        """Return the closed rows that a run's reading listed beside open ones; None where that is not known."""
        return self._learned([run])[0]

    def closings(self, destination: str, since: datetime) -> list[Closing]:
        """Return what was marked as paid since a moment, by source, currency and evidence."""
        with self._engine.connect() as connection:
            return closings_since(connection, destination, since, _ARRIVED)

    def refused(self, destination: str, baseline: str, on: date) -> None:
        """Note the day of the first plan against a baseline that was refused for what is missing."""
        if self.refused_since(destination, baseline) is None:
            row = {"destination": destination, "baseline": baseline, "on": on}
            with self._engine.begin() as connection:
                _replace(connection, tables.refusals, [row])

    def refused_since(self, destination: str, baseline: str) -> date | None:
        """Return the day of the first such plan, None if there was none."""
        columns = tables.refusals.c
        query = sa.select(columns.on).where(columns.destination == destination, columns.baseline == baseline)
        with self._engine.connect() as connection:
            since: date | None = connection.execute(query).scalar_one_or_none()
            return since

    def kept_reports(self, destination: str) -> list[RunRecord]:
        """Return the deliveries to a destination whose reports are kept still, the oldest first."""
        kept = sa.select(tables.reports.c.run)
        runs = tables.runs.c
        return self._runs(runs.destination == destination, runs.state.in_(_ARRIVED), runs.id.in_(kept))[::-1]

    def expect(self, destination: str, expectation: Expectation) -> None:
        """Write down an answer that somebody gives in advance."""
        with self._engine.begin() as connection:
            expect(connection, destination, expectation)

    def expectations(self, destination: str, on: date) -> list[Expectation]:
        """Return the answers given in advance that hold on a day and that no delivery has used."""
        with self._engine.connect() as connection:
            return expectations_for(connection, destination, on)

    def all_expectations(self, destination: str) -> list[tuple[Expectation, str | None]]:
        """Return every answer given in advance, the newest first, and the run that used it."""
        with self._engine.connect() as connection:
            return all_expectations(connection, destination)

    def withdraw(self, destination: str, expectation: str) -> bool:
        """Take back an answer given in advance that no delivery has used; False if there is none."""
        with self._engine.begin() as connection:
            return withdraw(connection, destination, expectation)

    def _baseline_runs(self, destination: str, arrived: Collection[str], lost: Collection[str]) -> list[RunRecord]:
        runs, recorded = tables.runs.c, sa.select(tables.baselines.c.run)
        of_destination = recorded.where(tables.baselines.c.destination == destination)
        known = self._runs(
            runs.destination == destination, sa.or_(runs.id.in_(of_destination), runs.state == "publishing")
        )
        standing = sorted((run for run in known if run.id not in lost), key=lambda run: (run.report_at, run.id))
        newest = [number for number, run in enumerate(standing) if run.id in arrived]
        return standing[newest[-1] :] if newest else standing

    def latest_report_at(self, destination: str) -> datetime | None:
        """Return the latest time in the name of any report that was ever begun for a destination."""
        query = sa.select(sa.func.max(tables.runs.c.report_at)).where(tables.runs.c.destination == destination)
        with self._engine.connect() as connection:
            latest: datetime | None = connection.execute(query).scalar_one_or_none()
            return latest

    def lock_holder(self, destination: str) -> str | None:
        """Return the run that holds a destination's lock now, if any does."""
        with self._engine.connect() as connection:
            return holder(connection, destination)

    def report(self, run: str, destination: str) -> pd.DataFrame:
        """Return a run's report. Raise `ConfigError` where none is kept (any more) of that run and destination."""
        query = sa.select(tables.reports.c.parquet).join(tables.runs)
        ours = sa.and_(tables.runs.c.id == run, tables.runs.c.destination == destination)
        with self._engine.connect() as connection:
            content = connection.execute(query.where(ours)).scalar_one_or_none()
        if content is None:
            raise ConfigError(
                f"no report of a run {run!r} to {destination} is kept; `arfeed history` lists the runs, and the last "
                f"{KEPT_REPORTS} reports are kept"
            )
        return unpacked(content)

    def keeps_report(self, run: str) -> bool:
        """Whether a run's report is kept still."""
        with self._engine.connect() as connection:
            query = sa.select(tables.reports.c.run).where(tables.reports.c.run == run)
            return connection.execute(query).scalar_one_or_none() is not None

    def reads(self, run: str) -> dict[str, SourceRead]:
        """Return how each source was read for a run's report."""
        columns = tables.source_reads.c
        query = sa.select(columns.source, columns.at, columns.as_of, columns.latest_issue).where(columns.run == run)
        with self._engine.connect() as connection:
            return {source: SourceRead(*rest) for source, *rest in connection.execute(query)}

    def known_reports(self, destination: str) -> set[str]:
        """Return the names of all reports that this history sent, tried to send, or was told of by `adopt`."""
        ours = sa.select(tables.runs.c.report_name).where(tables.runs.c.destination == destination)
        adopted = sa.select(tables.known_reports.c.name).where(tables.known_reports.c.destination == destination)
        with self._engine.connect() as connection:
            return set(connection.execute(ours).scalars()) | set(connection.execute(adopted).scalars())

    def documents(self, destination: str) -> dict[str, SentDocument]:
        """Return what was last sent to a destination under each PDF name."""
        columns = tables.documents.c
        query = sa.select(columns.name, columns.invoice_ref, columns.version, columns.sha256, columns.size).where(
            columns.destination == destination
        )
        with self._engine.connect() as connection:
            return {name: SentDocument(*rest) for name, *rest in connection.execute(query)}

    def touched(self, destination: str, versions: Mapping[str, str]) -> None:
        """Remember new versions of PDFs that hold what was sent before, by name."""
        columns = tables.documents.c
        this = sa.and_(columns.destination == destination, columns.name == sa.bindparam("touched"))
        rows = [{"touched": name, "now": version} for name, version in versions.items()]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(sa.update(tables.documents).where(this).values(version=sa.bindparam("now")), rows)

    def runs(self) -> list[RunRecord]:
        """Return the runs, the newest first."""
        return self._runs()

    def receipt(self, run: str) -> str | None:
        """Return the receipt of a run that delivered, None where there is none."""
        query = sa.select(tables.runs.c.receipt).where(tables.runs.c.id == run, tables.runs.c.state.in_(_ARRIVED))
        with self._engine.connect() as connection:
            receipt: str | None = connection.execute(query).scalar_one_or_none()
            return receipt

    def balances(self, destination: str, *, before: str | None, most: int) -> list[tuple[str, datetime, Balances]]:
        """Return the last deliveries before a run, or before now, the newest first, and what was open by currency.

        Those whose receipts were damaged are left out.
        """
        runs = tables.runs.c
        query = sa.select(runs.id, runs.started_at, runs.receipt).where(
            runs.destination == destination, runs.state.in_(_ARRIVED), runs.receipt.is_not(None)
        )
        if before is not None:
            earlier = sa.select(runs.started_at).where(runs.id == before).scalar_subquery()
            query = query.where(runs.started_at < earlier)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(runs.started_at.desc(), runs.id.desc()).limit(most)).all()
        found = [(run, at, balances_of(receipt)) for run, at, receipt in rows]
        return [(run, at, balances) for run, at, balances in found if balances is not None]

    def interrupted(self, destination: str) -> list[RunRecord]:
        """Return the runs that have not said how they ended, the newest first."""
        return self._runs(tables.runs.c.destination == destination, tables.runs.c.state.in_(INTERRUPTED))

    def _runs(self, *conditions: sa.ColumnElement[bool]) -> list[RunRecord]:
        newest_first = tables.runs.c.started_at.desc(), tables.runs.c.id.desc()
        query = sa.select(tables.runs).where(*conditions).order_by(*newest_first)
        with self._engine.connect() as connection:
            return [RunRecord(**row) for row in connection.execute(query).mappings()]

    def planned_documents(self, run: str) -> list[PlannedDocument]:
        """Return what a run was about to send."""
        planned = tables.planned_documents
        query = sa.select(*(planned.c[item.name] for item in fields(PlannedDocument))).where(planned.c.run == run)
        with self._engine.connect() as connection:
            return [PlannedDocument(*row) for row in connection.execute(query)]

    def begin(
        self,
        run: RunRecord,
        report: bytes,
        reads: Mapping[str, SourceRead],
        planned: Iterable[PlannedDocument] = (),
        memory: Memory = NOTHING_LEARNED,
    ) -> None:
        """Write down a run, with its packed report and what it leaves behind, before it takes its first step."""
        readings = [{"run": run.id, "source": source, **read._asdict()} for source, read in reads.items()]
        documents = [{"run": run.id, **_as_row(document)} for document in planned]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.runs), _as_row(run))
            kept = {"run": run.id, "parquet": report, "beside": memory.beside, "habits": memory.habits}
            connection.execute(sa.insert(tables.reports), kept)
            remember(connection, run.id, memory)
            _insert(connection, tables.source_reads, readings)
            _insert(connection, tables.planned_documents, documents)

    def publishing(self, run: RunRecord, baseline: Baseline | None, receipt: str, seconds: float) -> None:
        """Note that the report is now given its real name, if this run still may.

        Raise `LockedError` if another run has taken the lock, or the baseline is no longer the one compared with: a
        machine may have slept.
        """
        with self._engine.begin() as connection:
            held = renewed(connection, run.destination, run.id, seconds)
            compared_with = set(baseline.runs) if baseline else set()
            if not held or _recorded_baseline(connection, run.destination) != compared_with:
                raise lost_lock(run.id, run.destination)
            _end(connection, run, state="publishing", receipt=receipt)

    def delivered(
        self,
        run: RunRecord,
        *,
        ended_at: datetime,
        receipt: str,
        documents: Iterable[PlannedDocument],
        verified: bool = True,
    ) -> None:
        """Make a run's report the baseline and remember its PDFs, in one transaction.

        A report that could not be verified counts beside the baseline that there was. Raise `LockedError` if another
        run has settled this one meanwhile; a report that it took for lost then counts beside the baseline.
        """
        state: State = "delivered" if verified else "unverified"
        with self._engine.begin() as connection:
            ours = _end(connection, run, state=state, ended_at=ended_at, receipt=receipt)
            if ours:
                if verified:
                    _set_no_baseline(connection, run.destination)
                _count(connection, run)
                _sent(connection, run, documents)
                _forget_old_reports(connection, run.destination)
            elif _unless(connection, run, ("delivered", "unverified"), state="unsettled", receipt=receipt):
                _count(connection, run)
        if not ours:
            raise lost_lock(run.id, run.destination, published=True)

    def failed(
        self, run: RunRecord, *, ended_at: datetime, documents: Iterable[PlannedDocument] = (), unsettled: bool = False
    ) -> None:
        """End a run whose report did not arrive, or is `unsettled`; its PDFs that did arrive are remembered.

        Raise `LockedError` if another run has settled this one meanwhile.
        """
        outcome: dict[str, object] = {"state": "unsettled"} if unsettled else {"state": "failed", "receipt": None}
        with self._engine.begin() as connection:
            if not _end(connection, run, ended_at=ended_at, **outcome):
                raise lost_lock(run.id, run.destination)
            if unsettled:
                _count(connection, run)
            _sent(connection, run, documents)

    def adopted(self, run: RunRecord, report: pd.DataFrame, names: Iterable[str], seconds: float) -> None:
        """Take a report as the only baseline, and know the reports of these names from now on.

        What was learned of the feed's customers stays known, and what its control accounts said. Raise `LockedError`
        if another run has taken the lock.
        """
        known = [{"destination": run.destination, "name": name, "run": run.id} for name in names]
        with self._engine.begin() as connection:
            if not renewed(connection, run.destination, run.id, seconds):
                raise lost_lock(run.id, run.destination)
            connection.execute(sa.insert(tables.runs), _as_row(run))
            before = _oldest_baseline(connection, run.destination)
            reports = tables.reports.c
            query = sa.select(reports.beside).where(reports.run == before)
            beside = connection.execute(query).scalar_one_or_none() if before else None
            habits = _habits(connection, run.destination)
            kept = {"run": run.id, "parquet": packed(report), "habits": habits, "beside": beside}
            connection.execute(sa.insert(tables.reports), kept)
            remember(connection, run.id, Memory(ledgers=[*ledgers_of(connection, before).values()] if before else []))
            _set_no_baseline(connection, run.destination)
            _count(connection, run)
            _replace(connection, tables.known_reports, known)


def _recorded_baseline(connection: sa.Connection, destination: str) -> set[str]:
    query = sa.select(tables.baselines.c.run).where(tables.baselines.c.destination == destination)
    return set(connection.execute(query).scalars())


def _oldest_baseline(connection: sa.Connection, destination: str) -> str | None:
    runs, baselines = tables.runs.c, tables.baselines.c
    query = sa.select(runs.id).join(tables.baselines, baselines.run == runs.id)
    ours = query.where(baselines.destination == destination).order_by(runs.report_at, runs.id)
    run: str | None = connection.execute(ours.limit(1)).scalar_one_or_none()
    return run


def _habits(connection: sa.Connection, destination: str) -> bytes | None:
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


def _set_no_baseline(connection: sa.Connection, destination: str) -> None:
    connection.execute(sa.delete(tables.baselines).where(tables.baselines.c.destination == destination))


def _count(connection: sa.Connection, run: RunRecord) -> None:
    """Let a run's report count: a later one is compared with it."""
    _replace(connection, tables.baselines, [{"destination": run.destination, "run": run.id}])


def _end(connection: sa.Connection, run: RunRecord, **values: object) -> bool:
    """Write down how a run went on, unless another run has settled it."""
    return _update(connection, run, tables.runs.c.state.in_(INTERRUPTED), values)


def _unless(connection: sa.Connection, run: RunRecord, states: Collection[State], **values: object) -> bool:
    return _update(connection, run, tables.runs.c.state.not_in(states), values)


def _update(
    connection: sa.Connection, run: RunRecord, condition: sa.ColumnElement[bool], values: Mapping[str, object]
) -> bool:
    statement = sa.update(tables.runs).where(tables.runs.c.id == run.id, condition).values(**values)
    return connection.execute(statement).rowcount == 1


def _sent(connection: sa.Connection, run: RunRecord, documents: Iterable[PlannedDocument]) -> None:
    """Remember the PDFs that arrived, and forget what stood under the names of those of which nobody can say."""
    planned, known = tables.planned_documents, tables.documents
    names = sa.select(planned.c.name).where(planned.c.run == run.id)
    connection.execute(sa.delete(known).where(known.c.destination == run.destination, known.c.name.in_(names)))
    _insert(connection, known, [{"destination": run.destination, **_as_row(document)} for document in documents])
    connection.execute(sa.delete(planned).where(planned.c.run == run.id))


def _insert(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(sa.insert(table), rows)


def _replace(connection: sa.Connection, table: sa.Table, rows: list[dict[str, Any]]) -> None:
    """Insert rows in place of those with the same primary key; plain SQL that every database has."""
    if not rows:
        return
    keys = [column.name for column in table.primary_key]
    where = sa.and_(*(table.c[key] == sa.bindparam(f"old_{key}") for key in keys))
    connection.execute(sa.delete(table).where(where), [{f"old_{key}": row[key] for key in keys} for row in rows])
    _insert(connection, table, rows)


def _forget_old_reports(connection: sa.Connection, destination: str) -> None:
    """Keep the last reports of a destination, and every one that is a baseline."""
    of_destination = sa.select(tables.runs.c.id).where(tables.runs.c.destination == destination)
    latest = of_destination.order_by(tables.runs.c.started_at.desc()).limit(KEPT_REPORTS)
    keep = set(connection.execute(latest).scalars()) | _recorded_baseline(connection, destination)
    reports = tables.reports
    connection.execute(sa.delete(reports).where(reports.c.run.in_(of_destination), reports.c.run.not_in(keep)))


def _as_row(record: RunRecord | PlannedDocument) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}
