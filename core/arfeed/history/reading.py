"""Reading a history: baselines, runs, reports, receipts, and what was sent under each name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Any, NamedTuple

import pandas as pd
import sqlalchemy as sa

from arfeed.history import tables
from arfeed.history.database import OpenDatabase
from arfeed.history.locking.lease import find_holder
from arfeed.history.memory import read_all_expectations, read_closings, read_expectations, read_ledgers
from arfeed.history.outcomes import find_predecessors, read_open_rejections, read_outcome
from arfeed.history.packing import find_invoice, unite_reports, unpack_report
from arfeed.history.receipts import PastRun, read_figures, shipment_of
from arfeed.history.receivers import Receivers
from arfeed.history.records import (
    ARRIVED,
    COMPARED,
    INTERRUPTED,
    Baseline,
    Closing,
    OutcomeOfDelivery,
    OutcomeRecord,
    PlannedDocument,
    ReconciliationRecord,
    RunRecord,
)
from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.model.results import DocumentReading, Expectation, LedgerState, SentDocument, SourceRead

KEPT_REPORTS = 30
"""How many of a destination's latest reports are kept; those of the baseline are kept in any case."""


_MOST_BYTES = 16_000_000
"""So much of reports is fetched at once to search in them."""


class Found(NamedTuple):
    """A kept report: its run, when that began, and its row of an invoice as texts, if it has one."""

    destination: str
    run: str
    at: datetime
    row: dict[str, str] | None


class Reader(OpenDatabase):
    """An open history database and everything that can be read from it; `History` adds the writing."""

    @property
    def receivers(self) -> Receivers:
        """What is known of receivers and their addresses."""
        return Receivers(self._engine)

    def baseline(
        self,
        destination: str,
        arrived: Collection[str] = (),
        lost: Collection[str] = (),
        outcomes: Sequence[OutcomeOfDelivery] = (),
    ) -> Baseline | None:
        """Return what a new report is compared with, or None if this history knows no delivery.

        A report that was interrupted while it was published counts in addition to the baseline, unless it is known to
        have `arrived`, which makes it the baseline, or to be `lost`. `outcomes` of deliveries count as if they were
        recorded.
        """
        with self._engine.connect() as connection:
            rejections = (
                *read_open_rejections(connection, destination),
                *(each for each in outcomes if each.is_rejection),
            )
            reopened = find_predecessors(connection, [each.run for each in rejections if each.reopens])
        runs = self._baseline_runs(destination, arrived, lost, reopened)
        taken = [
            number for number, run in enumerate(runs) for each in outcomes if each.run == run.id and not each.reopens
        ]
        if taken:
            runs = [run for run in runs[: taken[-1]] if run.id in reopened] + runs[taken[-1] :]
        if not runs:
            return None
        # Deliveries that differ leave no single hash to compare with; blank differs from any, so a change is
        # reported.
        settings = {run.settings for run in runs}
        beside, habits = self._read_learned([run.id for run in runs])
        return Baseline(
            runs=tuple(run.id for run in runs),
            settings=settings.pop() if len(settings) == 1 else "",
            report=unite_reports([self.report(run.id, destination) for run in runs]),
            reads={source: read for run in runs for source, read in self.reads(run.id).items()},
            beside=beside,
            habits=habits,
            # Of the oldest, so that whatever has moved since any of these deliveries shows.
            ledgers=self.ledgers(runs[0].id),
            rejections=rejections,
        )

    def _read_learned(self, runs: list[str]) -> tuple[pd.DataFrame | None, bytes | None]:
        """Return the closed rows listed beside open ones in any of the runs, and the habits learned by the last."""
        columns = tables.reports.c
        query = sa.select(columns.run, columns.beside, columns.habits).where(columns.run.in_(runs))
        with self._engine.connect() as connection:
            found = {run: (beside, habits) for run, beside, habits in connection.execute(query)}
        # All of them, since any row that stood there before is a namesake; habits add up, so the last have all.
        beside = [unpack_report(found[run][0]) for run in runs if run in found and found[run][0] is not None]
        habits = [found[run][1] for run in runs if run in found and found[run][1] is not None]
        return pd.concat(beside, ignore_index=True) if beside else None, habits[-1] if habits else None

    def ledgers(self, run: str) -> dict[tuple[str, str], LedgerState]:
        """Return the balances of lists and control accounts when a run's report was made, by source and currency."""
        with self._engine.connect() as connection:
            return read_ledgers(connection, run)

    def beside(self, run: str) -> pd.DataFrame | None:
        """Return the closed rows that a run's reading listed beside open ones; None if that is not known."""
        return self._read_learned([run])[0]

    def closings(self, destination: str, since: datetime) -> list[Closing]:
        """Return what was marked as paid since a moment, by source, currency and evidence."""
        with self._engine.connect() as connection:
            return read_closings(connection, destination, since, ARRIVED)

    def refused_since(self, destination: str, baseline: str) -> date | None:
        """Return the day on which a plan against this baseline was first refused, or None."""
        columns = tables.refusals.c
        query = sa.select(columns.on).where(columns.destination == destination, columns.baseline == baseline)
        with self._engine.connect() as connection:
            since: date | None = connection.execute(query).scalar_one_or_none()
            return since

    def outcome(self, destination: str) -> OutcomeRecord | None:
        """Return how the last run to a destination ended; None if none has recorded that."""
        query = sa.select(tables.outcomes).where(tables.outcomes.c.destination == destination)
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one_or_none()
            return OutcomeRecord(**row) if row else None

    def outcomes(self, destinations: Iterable[str]) -> dict[str, OutcomeRecord]:
        """Return how the last run to each of these destinations ended, without the plans of refused ones."""
        columns = [column for column in tables.outcomes.c if column.name != "plan"]
        query, found = sa.select(*columns), dict[str, OutcomeRecord]()
        with self._engine.connect() as connection:
            for some in tables.split_conditions(tables.outcomes.c.destination, destinations, connection.dialect.name):
                rows = connection.execute(query.where(some)).mappings()
                found |= {row["destination"]: OutcomeRecord(**row) for row in rows}
        return found

    def last_deliveries(self, destinations: Iterable[str]) -> dict[str, RunRecord]:
        """Return the last run that delivered to each of these destinations, without its receipt."""
        runs, arrived = tables.runs.c, tables.runs.c.state.in_(ARRIVED)
        columns = [column for column in runs if column.name != "receipt"]
        found: dict[str, RunRecord] = {}
        with self._engine.connect() as connection:
            for each in _last_of_each(destinations, connection.dialect.name):
                # Both by an index, and not by a window over all deliveries: those are read from the table.
                last = each.subquery()
                at = sa.and_(runs.destination == last.c.destination, runs.started_at == last.c.at)
                query = sa.select(*columns).join_from(tables.runs, last, at).where(arrived).order_by(runs.id)
                rows = connection.execute(query).mappings()
                found |= {row["destination"]: RunRecord(**row, receipt=None) for row in rows}
        return found

    def kept_reports(self, destination: str) -> list[RunRecord]:
        """Return the deliveries to a destination whose reports are still kept, the oldest first."""
        kept = sa.select(tables.reports.c.run)
        runs = tables.runs.c
        return self._runs(runs.destination == destination, runs.state.in_(ARRIVED), runs.id.in_(kept))[::-1]

    def untold_deliveries(self, destination: str, most: int) -> list[RunRecord]:
        """Return the last deliveries of which it is not recorded what became of them, down to one that was taken.

        The newest first, at most that many.
        """
        untold = []
        with self._engine.connect() as connection:
            for run, _ in self.list_deliveries(destination, most):
                told = read_outcome(connection, run.id)
                if run.kind == "adopt" or (told and not told.reopens):
                    break
                if told is None:
                    untold.append(run)
        return untold

    def outcome_of(self, run: str) -> OutcomeOfDelivery | None:
        """Return what is recorded of what became of a delivery; None if the receiver has not told."""
        with self._engine.connect() as connection:
            return read_outcome(connection, run)

    def receiver_states(self) -> dict[str, str]:
        """Return by run what receivers have said became of deliveries: taken, rejected, or taken in part."""
        columns = tables.receiver_outcomes.c
        query = sa.select(columns.run, columns.state, columns.rejected != "[]")
        with self._engine.connect() as connection:
            return {
                run: "taken in part" if state == "taken" and named else state
                for run, state, named in connection.execute(query)
            }

    def expectations(self, destination: str, on: date) -> list[Expectation]:
        """Return the answers given in advance that hold on a day and that no delivery has used."""
        with self._engine.connect() as connection:
            return read_expectations(connection, destination, on)

    def all_expectations(self, destination: str) -> list[tuple[Expectation, str | None]]:
        """Return every answer given in advance, the newest first, and the run that used it."""
        with self._engine.connect() as connection:
            return read_all_expectations(connection, destination)

    def _baseline_runs(
        self, destination: str, arrived: Collection[str], lost: Collection[str], reopened: Collection[str]
    ) -> list[RunRecord]:
        runs, recorded = tables.runs.c, sa.select(tables.baselines.c.run)
        of_destination = recorded.where(tables.baselines.c.destination == destination)
        # A run that is still "publishing" may have delivered before it died, so its report counts like the baseline.
        known = self._runs(
            runs.destination == destination,
            sa.or_(runs.id.in_(of_destination), runs.id.in_(sorted(reopened)), runs.state == "publishing"),
        )
        # The order of the reports' own times: the receiver takes the latest name for the newest, whenever a run has
        # ended.
        standing = sorted((run for run in known if run.id not in lost), key=lambda run: (run.report_at, run.id))
        newest = [number for number, run in enumerate(standing) if run.id in arrived]
        # What arrived replaces everything before it at the receiver; what may have arrived after it still counts.
        return standing[newest[-1] :] if newest else standing

    def latest_report_at(self, destination: str) -> datetime | None:
        """Return the latest time in the name of any report that was ever started for a destination."""
        query = sa.select(sa.func.max(tables.runs.c.report_at)).where(tables.runs.c.destination == destination)
        with self._engine.connect() as connection:
            latest: datetime | None = connection.execute(query).scalar_one_or_none()
            return latest

    def first_arrived_at(self, destination: str) -> datetime | None:
        """Return when the first report that is known to have arrived began to be delivered; None if there is none."""
        runs = tables.runs.c
        query = sa.select(sa.func.min(runs.started_at)).where(runs.destination == destination, runs.state.in_(ARRIVED))
        with self._engine.connect() as connection:
            first: datetime | None = connection.execute(query).scalar_one_or_none()
            return first

    def lock_holder(self, destination: str) -> str | None:
        """Return the run that holds a destination's lock now, if any does."""
        with self._engine.connect() as connection:
            return find_holder(connection, destination)

    def report(self, run: str, destination: str) -> pd.DataFrame:
        """Return a run's report. Raise `ConfigError` if it is not kept, or no longer kept."""
        query = sa.select(tables.reports.c.parquet).join(tables.runs)
        ours = sa.and_(tables.runs.c.id == run, tables.runs.c.destination == destination)
        with self._engine.connect() as connection:
            content = connection.execute(query.where(ours)).scalar_one_or_none()
        if content is None:
            raise ConfigError(
                f"no report of a run {run!r} to {destination} is kept; `arfeed history` lists the runs, and the last "
                f"{KEPT_REPORTS} reports are kept"
            )
        return unpack_report(content)

    def keeps_report(self, run: str) -> bool:
        """Whether a run's report is still kept."""
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
        """Return the names of all reports that this history sent, tried to send, or learned of by `adopt`."""
        # Failed runs too: a report may have got its name although the run was told that it had not.
        ours = sa.select(tables.runs.c.report_name).where(tables.runs.c.destination == destination)
        adopted = sa.select(tables.known_reports.c.name).where(tables.known_reports.c.destination == destination)
        with self._engine.connect() as connection:
            return set(connection.execute(ours).scalars()) | set(connection.execute(adopted).scalars())

    def shipped_sizes(self, destination: str) -> dict[tuple[str, str], int]:
        """Return the sizes of the files of shipments that were delivered, by folder and name."""
        runs = tables.runs.c
        # Most receipts have no shipment, and some list thousands of invoices: those stay in the database.
        of_several = runs.receipt.contains('"shipment":', autoescape=True)
        query = sa.select(runs.receipt).where(runs.destination == destination, runs.state.in_(ARRIVED), of_several)
        with self._engine.connect() as connection:
            receipts = connection.execute(query).scalars().all()
        return {(file["folder"], file["name"]): file["size"] for each in receipts for file in shipment_of(each)}

    def documents(self, destination: str) -> dict[str, SentDocument]:
        """Return what was last sent to a destination under the name of each PDF."""
        columns = tables.documents.c
        query = sa.select(columns.name, *(columns[field] for field in SentDocument._fields))
        with self._engine.connect() as connection:
            sent = connection.execute(query.where(columns.destination == destination))
            return {name: SentDocument(*rest) for name, *rest in sent}

    def document_readings(self, destination: str) -> dict[str, DocumentReading]:
        """Return what was last read in the PDF of each name."""
        columns = tables.document_readings.c
        query = sa.select(columns.name, *(columns[field] for field in DocumentReading._fields))
        with self._engine.connect() as connection:
            found = connection.execute(query.where(columns.destination == destination))
            return {name: DocumentReading(*rest) for name, *rest in found}

    def deliveries(self, destination: str, most: int) -> list[RunRecord]:
        """Return the last runs that delivered to a destination, at most that many, the newest first."""
        return self._runs(tables.runs.c.destination == destination, tables.runs.c.state.in_(ARRIVED), most=most)

    def list_deliveries(self, destination: str, most: int) -> list[tuple[RunRecord, bool]]:
        """Return what `deliveries` does, each without its receipt, which may be long, and with whether there is one."""
        runs = tables.runs.c
        columns = [column for column in runs if column.name != "receipt"]
        query = sa.select(*columns, runs.receipt.is_not(None).label("receipt"))
        query = query.where(runs.destination == destination, runs.state.in_(ARRIVED))
        query = query.order_by(runs.started_at.desc(), runs.id.desc()).limit(most)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [(RunRecord(**{**row, "receipt": None}), bool(row["receipt"])) for row in rows]

    def approved(self, destination: str, by: str) -> RunRecord | None:
        """Return the last delivery whose approval names this among who approved; None if there is none."""
        runs = tables.runs.c
        named = runs.approved_by.contains(by, autoescape=True)
        found = self._runs(runs.destination == destination, runs.state.in_(ARRIVED), named, most=1)
        return found[0] if found else None

    def find_in_reports(self, destinations: Iterable[str], number: str) -> Iterator[Found]:
        """Yield each kept report of these destinations with its row of an invoice, if it has one.

        By destination, the oldest first.
        """
        ref = str(arrow.fold(pd.Series([number], dtype="str")).iloc[0])
        runs, reports = tables.runs.c, tables.reports.c
        heads = sa.select(runs.destination, runs.id, runs.started_at, sa.func.length(reports.parquet))
        heads = heads.join(tables.reports).where(runs.state.in_(ARRIVED))
        with self._engine.connect() as connection:
            for some in tables.split_conditions(runs.destination, destinations):
                order = (runs.destination, runs.started_at, runs.id)
                for group in _split_by_size(connection.execute(heads.where(some).order_by(*order)).all()):
                    wanted = sa.select(reports.run, reports.parquet).where(reports.run.in_([each[1] for each in group]))
                    contents = {row.run: row.parquet for row in connection.execute(wanted)}
                    for destination, run, at, _ in group:
                        # A delivery meanwhile may have taken the oldest one away.
                        if run in contents:
                            yield Found(destination, run, at, find_invoice(contents[run], ref))

    def find_mentions(self, destinations: Iterable[str], words: str) -> list[RunRecord]:
        """Return the deliveries to destinations whose receipts hold these words, in any case, the oldest first."""
        runs = tables.runs.c
        # As JSON has it: a quote or a backslash in a number is escaped there.
        holds = runs.receipt.icontains(json.dumps(words, ensure_ascii=False)[1:-1], autoescape=True)
        found: list[RunRecord] = []
        for some in tables.split_conditions(runs.destination, destinations):
            found += self._runs(some, runs.state.in_(ARRIVED), holds)[::-1]
        return found

    def runs(self) -> list[RunRecord]:
        """Return the runs, the newest first."""
        return self._runs()

    def reconciliations(self, destination: str | None = None) -> list[ReconciliationRecord]:
        """Return what exports of the receiver's list said, of one destination or of all, the newest first."""
        columns = tables.reconciliations.c
        query = sa.select(tables.reconciliations).order_by(columns.at.desc(), columns.id.desc())
        query = query if destination is None else query.where(columns.destination == destination)
        with self._engine.connect() as connection:
            return [ReconciliationRecord(**row) for row in connection.execute(query).mappings()]

    def reconciled_at(self, destination: str) -> datetime | None:
        """Return when a destination's list was last compared, whatever that showed; None if it never was."""
        columns = tables.reconciliations.c
        compared = columns.outcome.in_(COMPARED)
        query = sa.select(sa.func.max(columns.at)).where(columns.destination == destination, compared)
        with self._engine.connect() as connection:
            latest: datetime | None = connection.execute(query).scalar_one_or_none()
            return latest

    def receipt(self, run: str) -> str | None:
        """Return the receipt of a run that delivered, or of a reconciliation; None if there is none."""
        query = sa.select(tables.runs.c.receipt).where(tables.runs.c.id == run, tables.runs.c.state.in_(ARRIVED))
        with self._engine.connect() as connection:
            receipt: str | None = connection.execute(query).scalar_one_or_none()
            if receipt is None:
                compared = tables.reconciliations.c
                receipt = connection.execute(sa.select(compared.receipt).where(compared.id == run)).scalar_one_or_none()
            return receipt

    def figures(self, destination: str, *, before: str | None, most: int) -> list[PastRun]:
        """Return the last deliveries before a run, or before now, the oldest first, with what their receipts say.

        Those with damaged receipts are left out.
        """
        runs = tables.runs.c
        query = sa.select(runs.id, runs.started_at, runs.receipt).where(
            runs.destination == destination, runs.state.in_(ARRIVED), runs.receipt.is_not(None)
        )
        if before is not None:
            earlier = sa.select(runs.started_at).where(runs.id == before).scalar_subquery()
            query = query.where(runs.started_at < earlier)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(runs.started_at.desc(), runs.id.desc()).limit(most)).all()
        return [past for row in reversed(rows) if (past := read_figures(*row)) is not None]

    def list_interrupted(self, destination: str) -> list[RunRecord]:
        """Return the runs without a recorded end, the newest first."""
        return self._runs(tables.runs.c.destination == destination, tables.runs.c.state.in_(INTERRUPTED))

    def planned_documents(self, run: str) -> list[PlannedDocument]:
        """Return what a run was about to send."""
        planned = tables.planned_documents
        query = sa.select(*(planned.c[item.name] for item in fields(PlannedDocument))).where(planned.c.run == run)
        with self._engine.connect() as connection:
            return [PlannedDocument(*row) for row in connection.execute(query)]

    def _runs(self, *conditions: sa.ColumnElement[bool], most: int | None = None) -> list[RunRecord]:
        # The id decides between runs of one moment, so that the order is the same on every database.
        newest_first = tables.runs.c.started_at.desc(), tables.runs.c.id.desc()
        query = sa.select(tables.runs).where(*conditions).order_by(*newest_first).limit(most)
        with self._engine.connect() as connection:
            return [RunRecord(**row) for row in connection.execute(query).mappings()]


def _last_of_each(destinations: Iterable[str], dialect: str) -> Iterator[sa.Select[Any]]:
    """Yield what selects when the last delivery to each of some destinations began."""
    runs = tables.runs.c
    if dialect != "postgresql":
        latest = sa.func.max(runs.started_at).label("at")
        for some in tables.split_conditions(runs.destination, destinations):
            yield sa.select(runs.destination, latest).where(some, runs.state.in_(ARRIVED)).group_by(runs.destination)
        return
    # It would read all deliveries to them, from the table, to group them: so each is asked for by itself, and by
    # state, too, since only with both given does the index lead straight to the last one.
    wanted = sa.func.unnest(sa.literal([*destinations], sa.ARRAY(sa.String))).column_valued("wanted")
    ends = (sa.select(sa.func.max(runs.started_at)).where(runs.destination == wanted, runs.state == s) for s in ARRIVED)
    yield sa.select(wanted.label("destination"), sa.func.greatest(*(end.scalar_subquery() for end in ends)).label("at"))


def _split_by_size(rows: Iterable[Any]) -> Iterator[list[Any]]:
    """Split rows by the size that each has last: a report may be small, or fill the memory together with others."""
    group: list[Any] = []
    size = 0
    for row in rows:
        if group and size + row[-1] > _MOST_BYTES:
            yield group
            group, size = [], 0
        group.append(row)
        size += row[-1]
    if group:
        yield group
