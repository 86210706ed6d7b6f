"""The history: what was delivered where, kept in a database for the next comparison."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pandas as pd
import pyarrow as pa
import sqlalchemy as sa
from pyarrow import parquet

from arfeed import schema
from arfeed.errors import ConfigError
from arfeed.history import tables
from arfeed.interfaces import SentDocument

KEPT_REPORTS = 30
_NOT_KEPT = {"status", "document", "origin", "change"}


@dataclass(frozen=True, slots=True)
class Baseline:
    """The last report delivered to a destination: its run, the time in its name, its file name and its rows."""

    run: str
    report_at: datetime
    report_name: str
    report: pd.DataFrame


@dataclass(frozen=True, slots=True)
class DeliveredDocument:
    """A PDF that stands at the receiver, for `record`."""

    name: str
    invoice_ref: str
    version: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A delivered run, as `record` takes it and `runs` returns it."""

    id: str
    feed: str
    destination: str
    started_at: datetime
    ended_at: datetime
    report_at: datetime
    report_name: str
    open_count: int
    missing_count: int
    approval: str | None
    receipt: str


class History:
    """A history database, opened: use it as a context manager."""

    def __init__(self, url: str) -> None:
        """Open, and create what is not there yet. Raise `ConfigError` where the database can't be reached."""
        try:
            self._engine = sa.create_engine(_with_folder(sa.make_url(url)))
            tables.metadata.create_all(self._engine)
        except (sa.exc.SQLAlchemyError, OSError, ImportError) as exc:
            raise ConfigError(f"feed.history: the history database can't be opened: {_reason(exc)}") from exc

    def __enter__(self) -> Self:
        """Return the open history."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close all connections."""
        self._engine.dispose()

    def baseline(self, destination: str) -> Baseline | None:
        """Return the last report delivered to a destination, or None where this history knows none."""
        query = (
            sa.select(tables.runs.c.id, tables.runs.c.report_at, tables.runs.c.report_name, tables.reports.c.parquet)
            .join(tables.baselines, tables.baselines.c.run == tables.runs.c.id)
            .join(tables.reports, tables.reports.c.run == tables.runs.c.id)
            .where(tables.baselines.c.destination == destination)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return Baseline(row.id, _utc(row.report_at), row.report_name, _unpacked(row.parquet)) if row else None

    def documents(self, destination: str) -> dict[str, SentDocument]:
        """Return what was last sent to a destination under each PDF name."""
        columns = tables.documents.c
        query = sa.select(columns.name, columns.version, columns.sha256).where(columns.destination == destination)
        with self._engine.connect() as connection:
            return {name: SentDocument(version, sha256) for name, version, sha256 in connection.execute(query)}

    def record(self, run: RunRecord, report: pd.DataFrame, documents: Iterable[DeliveredDocument]) -> None:
        """Make a delivered report the new baseline and remember its PDFs, in one transaction."""
        rows = [
            {
                "destination": run.destination,
                "name": document.name,
                "invoice_ref": document.invoice_ref,
                "version": document.version,
                "sha256": document.sha256,
                "size": document.size,
            }
            for document in documents
        ]
        with self._engine.begin() as connection:
            connection.execute(sa.insert(tables.runs), _as_row(run))
            connection.execute(sa.insert(tables.reports), {"run": run.id, "parquet": _packed(report)})
            self._replace(connection, tables.baselines, [{"destination": run.destination, "run": run.id}])
            self._replace(connection, tables.documents, rows)
            self._forget_old_reports(connection, run.destination)

    def runs(self, destination: str | None = None) -> list[RunRecord]:
        """Return the delivered runs, the newest first."""
        query = sa.select(tables.runs).order_by(tables.runs.c.ended_at.desc())
        if destination is not None:
            query = query.where(tables.runs.c.destination == destination)
        with self._engine.connect() as connection:
            rows = connection.execute(query).mappings().all()
        return [_run_record(dict(row)) for row in rows]

    def _replace(self, connection: sa.Connection, table: sa.Table, rows: list[dict[str, object]]) -> None:
        """Insert rows in place of those with the same primary key; plain SQL that every database has."""
        if not rows:
            return
        keys = [column.name for column in table.primary_key]
        where = sa.and_(*(table.c[key] == sa.bindparam(f"old_{key}") for key in keys))
        connection.execute(sa.delete(table).where(where), [{f"old_{key}": row[key] for key in keys} for row in rows])
        connection.execute(sa.insert(table), rows)

    def _forget_old_reports(self, connection: sa.Connection, destination: str) -> None:
        kept = (
            sa.select(tables.runs.c.id)
            .where(tables.runs.c.destination == destination)
            .order_by(tables.runs.c.ended_at.desc())
            .limit(KEPT_REPORTS)
        )
        keep = [run for (run,) in connection.execute(kept)]
        of_destination = sa.select(tables.runs.c.id).where(tables.runs.c.destination == destination)
        connection.execute(
            sa.delete(tables.reports).where(tables.reports.c.run.in_(of_destination), tables.reports.c.run.not_in(keep))
        )


def _run_record(row: dict[str, Any]) -> RunRecord:
    moments = {name: _utc(value) for name, value in row.items() if isinstance(value, datetime)}
    return RunRecord(**{**row, **moments})


def _as_row(run: RunRecord) -> dict[str, object]:
    return {name: getattr(run, name) for name in run.__slots__}


def _packed(report: pd.DataFrame) -> bytes:
    kept = [name for name in report.columns if name not in _NOT_KEPT]
    buffer = io.BytesIO()
    columns = pa.Table.from_pandas(report[kept], preserve_index=False).replace_schema_metadata()
    parquet.write_table(columns, buffer, compression="zstd")
    return buffer.getvalue()


def _unpacked(packed: bytes) -> pd.DataFrame:
    return schema.table_frame(parquet.read_table(pa.BufferReader(packed)))


def _utc(moment: datetime) -> datetime:
    """SQLite forgets the time zone; what is stored is always UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _with_folder(url: sa.URL) -> sa.URL:
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    return url


def _reason(exc: Exception) -> str:
    """Name what went wrong without the URL, which may hold a password."""
    return f"{type(exc).__name__}: {getattr(exc, 'orig', None) or exc}"
