"""The history: what was delivered where, kept in a database for the next comparison."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

import pandas as pd
import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.locking.lease import Lease, lock_lost, renew
from arfeed.history.memory import read_ledgers, remember, withdraw, write_expectation
from arfeed.history.outcomes import answer_rejections, write_outcome
from arfeed.history.packing import pack_report
from arfeed.history.reading import KEPT_REPORTS, Reader
from arfeed.history.records import (
    ARRIVED,
    Baseline,
    Memory,
    OutcomeOfDelivery,
    OutcomeRecord,
    PlannedDocument,
    ReconciliationRecord,
    RunRecord,
    State,
    forget_content,
)
from arfeed.history.transitions import (
    add_to_baseline,
    as_row,
    baseline_runs,
    clear_baseline,
    end_run,
    forget_contents,
    forget_old_reports,
    insert_rows,
    latest_habits,
    oldest_baseline,
    record_sent,
    replace_rows,
    update_unless,
)
from arfeed.model.results import DocumentReading, Expectation, SourceRead

NOTHING_LEARNED = Memory()


class History(Reader):
    """An open history database, for reading and writing; use it as a context manager."""

    def lock(self, destination: str, run: str, seconds: float) -> Lease:
        """Return the lock of a destination; entering it raises `LockedError` if another run holds it."""
        return Lease(self._engine, destination, run, seconds)

    def note_refusal(self, destination: str, baseline: str, on: date) -> None:
        """Record the day on which a plan against a baseline was first refused for what is missing."""
        # The first day stays: plans are judged as of it until something is delivered, however often they are refused.
        if self.refused_since(destination, baseline) is None:
            row = {"destination": destination, "baseline": baseline, "on": on}
            with self._engine.begin() as connection:
                replace_rows(connection, tables.refusals, [row])

    def note_outcome(self, record: OutcomeRecord) -> None:
        """Record how a run ended, in place of what was recorded of the one before it."""
        with self._engine.begin() as connection:
            replace_rows(connection, tables.outcomes, [as_row(record)])

    def record_outcome(self, destination: str, outcome: OutcomeOfDelivery) -> None:
        """Record what the receiver says became of a delivery, and let the baseline follow. Needs the lock."""
        with self._engine.begin() as connection:
            write_outcome(connection, destination, outcome)

    def expect(self, destination: str, expectation: Expectation) -> None:
        """Record an answer that somebody gives in advance."""
        with self._engine.begin() as connection:
            write_expectation(connection, destination, expectation)

    def withdraw(self, destination: str, expectation: str) -> bool:
        """Delete an answer given in advance that no delivery has used; return False if there is none."""
        with self._engine.begin() as connection:
            return withdraw(connection, destination, expectation)

    def record_reconciliation(self, record: ReconciliationRecord) -> None:
        """Record what an export of the receiver's list said."""
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.reconciliations), as_row(record))

    def keep_readings(self, destination: str, readings: Mapping[str, DocumentReading]) -> None:
        """Record what was read in PDFs, by name, in place of what was read under these names before."""
        rows = [{"destination": destination, "name": name, **reading._asdict()} for name, reading in readings.items()]
        if rows:
            with self._engine.begin() as connection:
                replace_rows(connection, tables.document_readings, rows)

    def update_versions(self, destination: str, versions: Mapping[str, str]) -> None:
        """Record new versions, by name, of PDFs that were sent before with the same content."""
        columns = tables.documents.c
        # Not bound as "name": SQLAlchemy reserves the names of columns for the values that an UPDATE sets.
        this = sa.and_(columns.destination == destination, columns.name == sa.bindparam("touched"))
        rows = [{"touched": name, "now": version} for name, version in versions.items()]
        if rows:
            with self._engine.begin() as connection:
                connection.execute(sa.update(tables.documents).where(this).values(version=sa.bindparam("now")), rows)

    def begin(
        self,
        run: RunRecord,
        report: bytes,
        reads: Mapping[str, SourceRead],
        planned: Iterable[PlannedDocument] = (),
        memory: Memory = NOTHING_LEARNED,
    ) -> None:
        """Record a run, its packed report and what it leaves for the next plan, before anything is sent."""
        readings = [{"run": run.id, "source": source, **read._asdict()} for source, read in reads.items()]
        documents = [{"run": run.id, **as_row(document)} for document in planned]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.runs), as_row(run))
            kept = {"run": run.id, "parquet": report, "beside": memory.beside, "habits": memory.habits}
            connection.execute(sa.insert(tables.reports), kept)
            remember(connection, run.id, memory)
            insert_rows(connection, tables.source_reads, readings)
            insert_rows(connection, tables.planned_documents, documents)

    def begin_publishing(self, run: RunRecord, baseline: Baseline | None, receipt: str, seconds: float) -> None:
        """Record that the report now gets its real name, if this run may still publish.

        Raise `LockedError` if another run has taken the lock, or the baseline is no longer the one compared with: a
        machine may have slept.
        """
        with self._engine.begin() as connection:
            # In one transaction: if another run could take the lock between question and record, both would publish.
            held = renew(connection, run.destination, run.id, seconds)
            compared_with = set(baseline.runs) if baseline else set()
            if not held or baseline_runs(connection, run.destination) != compared_with:
                raise lock_lost(run.id, run.destination)
            # With its receipt, so that the next run has one to complete if this one dies after the report got its
            # name.
            end_run(connection, run, state="publishing", receipt=receipt)

    def record_delivery(
        self,
        run: RunRecord,
        *,
        ended_at: datetime,
        receipt: str,
        documents: Iterable[PlannedDocument],
        verified: bool = True,
    ) -> None:
        """Make a run's report the baseline and remember its PDFs, in one transaction.

        A report that could not be verified counts in addition to the previous baseline. Raise `LockedError` if another
        run has settled this one meanwhile; if it judged the report lost, that report counts in addition, too.
        """
        state: State = "delivered" if verified else "unverified"
        with self._engine.begin() as connection:
            ours = end_run(connection, run, state=state, ended_at=ended_at, receipt=receipt)
            if ours:
                # The receiver may never have seen an unverified report, so what the last one listed must still be
                # guarded.
                if verified:
                    clear_baseline(connection, run.destination)
                add_to_baseline(connection, run)
                answer_rejections(connection, run.destination, run.id, run.started_at)
                record_sent(connection, run, documents)
                forget_old_reports(connection, run.destination, KEPT_REPORTS)
            # Another run took this one for dead although it did publish, so what either report lists still counts.
            elif update_unless(connection, run, ARRIVED, state="unsettled", receipt=receipt):
                add_to_baseline(connection, run)
        if not ours:
            raise lock_lost(run.id, run.destination, published=True)

    def record_failure(
        self, run: RunRecord, *, ended_at: datetime, documents: Iterable[PlannedDocument] = (), unsettled: bool = False
    ) -> None:
        """End a run with a report that did not arrive, or is `unsettled`; PDFs that did arrive are remembered.

        Raise `LockedError` if another run has settled this one meanwhile.
        """
        # A failed run loses the receipt that it wrote before publishing, which would prove a delivery that never was.
        outcome: dict[str, object] = {"state": "unsettled"} if unsettled else {"state": "failed", "receipt": None}
        with self._engine.begin() as connection:
            if not end_run(connection, run, ended_at=ended_at, **outcome):
                raise lock_lost(run.id, run.destination)
            if unsettled:
                add_to_baseline(connection, run)
            record_sent(connection, run, documents)

    def forget_documents(self, destination: str, names: Iterable[str]) -> None:
        """Keep the names of PDFs sent to a destination, and forget what they hold. Needs the lock."""
        known = tables.documents
        with self._engine.begin() as connection:
            for some in tables.split_conditions(known.c.name, names):
                forget_contents(connection, destination, sa.select(known.c.name).where(some))

    def take_over(self, destination: str, documents: Iterable[PlannedDocument]) -> None:
        """Count PDFs as sent to a destination, whose content is not known. Needs the lock."""
        with self._engine.begin() as connection:
            _keep_unknown(connection, destination, documents)

    def record_adoption(
        self,
        run: RunRecord,
        report: pd.DataFrame,
        names: Iterable[str],
        seconds: float,
        documents: Iterable[PlannedDocument] = (),
    ) -> None:
        """Make a report the only baseline, add these names to the known reports, and these PDFs to those sent.

        Learned habits and the control accounts' balances are kept. Raise `LockedError` if another run has taken the
        lock.
        """
        known = [{"destination": run.destination, "name": name, "run": run.id} for name in names]
        with self._engine.begin() as connection:
            if not renew(connection, run.destination, run.id, seconds):
                raise lock_lost(run.id, run.destination)
            connection.execute(sa.insert(tables.runs), as_row(run))
            # The adopted report states neither closed rows nor ledgers. Those of the oldest delivery show whatever
            # moved since.
            before = oldest_baseline(connection, run.destination)
            reports = tables.reports.c
            query = sa.select(reports.beside).where(reports.run == before)
            beside = connection.execute(query).scalar_one_or_none() if before else None
            habits = latest_habits(connection, run.destination)
            kept = {"run": run.id, "parquet": pack_report(report), "habits": habits, "beside": beside}
            connection.execute(sa.insert(tables.reports), kept)
            remember(connection, run.id, Memory(ledgers=[*read_ledgers(connection, before).values()] if before else []))
            clear_baseline(connection, run.destination)
            add_to_baseline(connection, run)
            # Whoever adopts says what is there, whatever was rejected before.
            answer_rejections(connection, run.destination, run.id, run.started_at)
            replace_rows(connection, tables.known_reports, known)
            _keep_unknown(connection, run.destination, documents)


def _keep_unknown(connection: sa.Connection, destination: str, documents: Iterable[PlannedDocument]) -> None:
    """Count PDFs as sent to a destination while it is not known what they hold."""
    rows = [{"destination": destination, **as_row(forget_content(document))} for document in documents]
    replace_rows(connection, tables.documents, rows)
