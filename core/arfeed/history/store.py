"""The history: what was delivered where, kept in a database for the next comparison."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import pandas as pd
import sqlalchemy as sa

from arfeed import schema
from arfeed.errors import ConfigError, LockedError
from arfeed.history import tables
from arfeed.history.lease import Lease, holder, renewed
from arfeed.history.migrate import migrate
from arfeed.history.packing import packed, unpacked
from arfeed.interfaces import SentDocument, SourceRead

KEPT_REPORTS = 30

State = Literal["running", "publishing", "delivered", "unverified", "unsettled", "failed"]
"""running: no report stands under its real name. publishing: asked for, not yet answered. unverified: sent, but the
receiver took the file away before it could be looked at. unsettled: nobody can say whether it arrived."""

INTERRUPTED: tuple[State, ...] = ("running", "publishing")
ARRIVED: tuple[State, ...] = ("delivered", "unverified")


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a new report is compared with.

    `runs` are the deliveries behind it, more than one where it is not settled which arrived; `report` has the rows of
    all of them. `settings` is the hash of the settings then, `reads` how each source was read.
    """

    runs: tuple[str, ...]
    settings: str
    report: pd.DataFrame
    reads: Mapping[str, SourceRead]

    @property
    def id(self) -> str:
        """Name the delivery, or all of them."""
        return "+".join(self.runs)


@dataclass(frozen=True, slots=True)
class PlannedDocument:
    """A PDF that a run is about to send, or has sent."""

    name: str
    invoice_ref: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run that got as far as delivering."""

    id: str
    kind: Literal["sync", "resend", "adopt"]
    state: State
    feed: str
    destination: str
    settings: str
    started_at: datetime
    ended_at: datetime | None
    report_at: datetime
    report_name: str
    report_size: int
    open_count: int
    missing_count: int
    approval: str | None
    approved_by: str | None
    receipt: str | None


class History:
    """A history database, opened: use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Open, and bring the schema up to date. Raise `ConfigError` where the database can't be used."""
        try:
            self._engine = sa.create_engine(_with_folder(sa.make_url(url)))
            migrate(self._engine)
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as exc:
            raise ConfigError(
                f"feed.history: the history database can't be opened: {_reason(exc)}; look at its URL"
            ) from exc

    def __enter__(self) -> Self:
        """Return the open history."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._engine.dispose()

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
        reports = [self.report(run.id) for run in runs]
        return Baseline(
            runs=tuple(run.id for run in runs),
            settings=runs[-1].settings,
            report=_union(reports),
            reads={source: read for run in runs for source, read in self._reads(run.id).items()},
        )

    def _baseline_runs(self, destination: str, arrived: Collection[str], lost: Collection[str]) -> list[RunRecord]:
        with self._engine.connect() as connection:
            recorded = _recorded_baseline(connection, destination)
        known = [run for run in self.runs(destination) if run.id in recorded or run.state == "publishing"]
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

    def report(self, run: str) -> pd.DataFrame:
        """Return a run's report. Raise `ConfigError` where it is not kept (any more)."""
        query = sa.select(tables.reports.c.parquet).where(tables.reports.c.run == run)
        with self._engine.connect() as connection:
            content = connection.execute(query).scalar_one_or_none()
        if content is None:
            raise ConfigError(f"the report of run {run!r} is not kept; `arfeed history` lists the runs that are")
        return unpacked(content)

    def _reads(self, run: str) -> dict[str, SourceRead]:
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
        query = sa.select(columns.name, columns.version, columns.sha256, columns.size).where(
            columns.destination == destination
        )
        with self._engine.connect() as connection:
            return {name: SentDocument(*rest) for name, *rest in connection.execute(query)}

    def runs(self, destination: str | None = None) -> list[RunRecord]:
        """Return the runs, the newest first."""
        query = sa.select(tables.runs).order_by(tables.runs.c.started_at.desc(), tables.runs.c.id.desc())
        if destination is not None:
            query = query.where(tables.runs.c.destination == destination)
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
        report: pd.DataFrame,
        reads: Mapping[str, SourceRead],
        planned: Iterable[PlannedDocument] = (),
    ) -> None:
        """Write down a run before it takes its first step."""
        readings = [{"run": run.id, "source": source, **read._asdict()} for source, read in reads.items()]
        documents = [{"run": run.id, **_as_row(document)} for document in planned]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.runs), _as_row(run))
            connection.execute(sa.insert(tables.reports), {"run": run.id, "parquet": packed(report)})
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
                raise LockedError(
                    f"run {run.id} lost its lock on {run.destination}: another run took over while it slept or was "
                    "cut off. Its report was not published; run sync again"
                )
            _update_run(connection, run.id, state="publishing", receipt=receipt)

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

        A report that could not be verified counts beside the baseline that there was.
        """
        state: State = "delivered" if verified else "unverified"
        with self._engine.begin() as connection:
            _update_run(connection, run.id, state=state, ended_at=ended_at, receipt=receipt)
            if verified:
                connection.execute(sa.delete(tables.baselines).where(tables.baselines.c.destination == run.destination))
            connection.execute(sa.insert(tables.baselines), {"destination": run.destination, "run": run.id})
            self._sent(connection, run, documents)
            _forget_old_reports(connection, run.destination)

    def failed(
        self, run: RunRecord, *, ended_at: datetime, documents: Iterable[PlannedDocument] = (), unsettled: bool = False
    ) -> None:
        """End a run whose report did not arrive, or is `unsettled`; its PDFs that did arrive are remembered."""
        with self._engine.begin() as connection:
            _update_run(connection, run.id, state="unsettled" if unsettled else "failed", ended_at=ended_at)
            if unsettled:
                connection.execute(sa.insert(tables.baselines), {"destination": run.destination, "run": run.id})
            self._sent(connection, run, documents)

    def adopted(self, run: RunRecord, report: pd.DataFrame, names: Iterable[str]) -> None:
        """Take a report as the only baseline, and know the reports of these names from now on."""
        known = [{"destination": run.destination, "name": name, "run": run.id} for name in names]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.runs), _as_row(run))
            connection.execute(sa.insert(tables.reports), {"run": run.id, "parquet": packed(report)})
            connection.execute(sa.delete(tables.baselines).where(tables.baselines.c.destination == run.destination))
            connection.execute(sa.insert(tables.baselines), {"destination": run.destination, "run": run.id})
            _replace(connection, tables.known_reports, known)

    def _sent(self, connection: sa.Connection, run: RunRecord, documents: Iterable[PlannedDocument]) -> None:
        rows = [{"destination": run.destination, **_as_row(document)} for document in documents]
        _replace(connection, tables.documents, rows)
        connection.execute(sa.delete(tables.planned_documents).where(tables.planned_documents.c.run == run.id))


def _recorded_baseline(connection: sa.Connection, destination: str) -> set[str]:
    query = sa.select(tables.baselines.c.run).where(tables.baselines.c.destination == destination)
    return set(connection.execute(query).scalars())


def _update_run(connection: sa.Connection, run: str, **values: object) -> None:
    connection.execute(sa.update(tables.runs).where(tables.runs.c.id == run).values(**values))


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


def _union(reports: list[pd.DataFrame]) -> pd.DataFrame:
    """Return all rows of several reports; where one reference stands in several, the latest row."""
    if len(reports) == 1:
        return reports[0]
    rows = pd.concat(reports, ignore_index=True)
    last = ~schema.folded(rows["invoice_ref"]).duplicated(keep="last")
    return rows[last].reset_index(drop=True)


def _as_row(record: RunRecord | PlannedDocument) -> dict[str, Any]:
    return {item.name: getattr(record, item.name) for item in fields(record)}


def _with_folder(url: sa.URL) -> sa.URL:
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return url


def _reason(exc: Exception) -> str:
    """Name what went wrong without the URL, which may hold a password."""
    return f"{type(exc).__name__}: {getattr(exc, 'orig', None) or exc}"
