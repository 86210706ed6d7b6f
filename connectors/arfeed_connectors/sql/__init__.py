"""Any database that SQLAlchemy reaches: a query, or a preset for a known system, becomes invoices.

Rows and their control are read in one read-only snapshot if the database supports it. The control, a count and
exact sums by currency, is queried from the database itself over the same query, before the first row is read. That of
a preset that adds up payments comes beside each row, as the database counted it before it gave the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from arfeed import Complete, Connector, Document, Proposal, hookimpl
from arfeed_connectors.sql.bulk import LONG, arrow_tables
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.documents import CONTENT, attachments
from arfeed_connectors.sql.presets import PRESETS
from arfeed_connectors.sql.proofs.account import Ledger
from arfeed_connectors.sql.proofs.cents import refuse_dropped_cents
from arfeed_connectors.sql.proofs.closed import ask_what_became, closed_names
from arfeed_connectors.sql.proofs.control_totals import ControlTotals
from arfeed_connectors.sql.proofs.currencies import describe_other_currency
from arfeed_connectors.sql.recognition import proposals
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.slips import refuse_slips
from arfeed_connectors.sql.statements import Row, batches, column_names, select_from
from arfeed_connectors.sql.text.names import Names
from arfeed_connectors.sql.text.omissions import describe_omissions
from arfeed_connectors.sql.values.control_characters import Controls
from arfeed_connectors.sql.values.frames import Frames

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

ARFEED_CONTRACT = 1

_IDENTITY = ("invoice_ref", "customer_id", "customer_name")


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """The snapshot that the list was read in, kept for `explain`, and the company that was read.

    `connection` is None if the database was released as soon as the rows were there.
    """

    opened: ExitStack
    connection: sa.Connection | None
    company: object


class Sql(Connector):
    """A query over any database, one row per document."""

    name = "sql"
    Settings = SqlSettings

    provisional: ClassVar[Mapping[str, str]] = {"query": "SELECT 1 AS invoice_ref"}

    settings: SqlSettings
    _moment: _Snapshot | None = None

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the rows in batches. The control comes from the database; a status column lists closed documents.

        With a closed query the snapshot stays open until `explain` has asked it, or `release` is called. If an open one
        keeps others from writing, all rows are fetched and it is closed before any becomes a column.
        """
        # An earlier reading that nobody finished may still hold its snapshot open.
        self.release()
        with ExitStack() as opened:
            connection = opened.enter_context(self._database.snapshot())
            version = self._version(connection)
            query = self._query(connection, version)
            names = self._names(connection, query)
            notes = self._notes(connection, query, names)
            older = _older(self.settings.preset, version)
            if self.settings.preset is None:
                refuse_dropped_cents(connection, query, names, self.source)
            # Of the database, in either way: a control computed from the rows would agree with any cut list.
            about = (connection, query, names, self.source, self.settings)
            once: deque[list[Row]] | None = None
            if self.settings.adds_up:
                control, once = ControlTotals.beside_rows(*about)
            else:
                control = ControlTotals.asked(*about)
            # In the list's own snapshot: a payment booked between the two would look like an invoice that was lost.
            account = self._ledger(connection).read(control.company, self.since)
            by_arrow = once is None and control.rows >= LONG
            tables = arrow_tables(connection, query, control.company, control.rows) if by_arrow else None
            frames = Frames(self.source, self.settings, names)
            kept: sa.Connection | None = connection
            if tables is None:
                if once is not None:
                    rows = _drain(once)
                else:
                    rows = batches(connection, query, control.company, rows=control.rows) if control.rows else iter(())
                # Making frames takes several times as long as fetching; no other program should wait for that.
                if self._database.holds_writers(connection):
                    rows, kept = _drain(deque(rows)), None
                    opened.close()
                tables = (frames.columns(batch, control.beside) for batch in rows)
            # Tables from a file are all there already.
            elif self._database.holds_writers(connection):
                kept = None
                opened.close()
            controls = Controls(self.source, tuple(map(names.header, _IDENTITY)))
            # A reader that stops early has to end the statement, too, or it runs on until the generator is collected.
            with closing(tables):
                for table in tables:
                    frame = frames.finish(table)
                    controls.look(frame)
                    yield frame
            # Only after the last row: until here an error closes the snapshot, from here on `explain` or `release`.
            if self.explains:
                self._moment = _Snapshot(opened.pop_all(), kept, control.company)
        return Complete(
            rows=control.rows,
            totals=control.totals,
            lists_closed="status" in names,
            notes=tuple(note for note in (*notes, older, controls.note()) if note),
            control_account=account,
        )

    @property
    def blank_balance(self) -> str | None:
        """Why the list of a preset has no balance for an open document."""
        return PRESETS[self.settings.preset].blank_balance if self.settings.preset else None

    @property
    def explains(self) -> bool:
        """Whether there is a closed query: of the settings or of a preset, which all bring one."""
        return self.settings.closed_query is not None or self.settings.preset is not None

    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        """Return the closed query's answer about these documents, as of the moment at which the list was read.

        If the database was released, that is a later moment: what is closed then is closed; what is open is refused.
        """
        moment, self._moment = self._moment, None
        if moment is None:
            return None
        # The stack holds the snapshot's own context: errors are translated here too, and broken connections given up.
        with moment.opened as opened:
            connection = moment.connection or opened.enter_context(self._database.snapshot())
            # Several customers may have had the same number; it is asked for once.
            refs = list(dict.fromkeys(map(str, missing["invoice_ref"])))
            # Never None here: without a closed query no moment is kept.
            query = str(self._closed_query(connection, self._version(connection)))
            return ask_what_became(connection, query, refs, moment.company, self.source, self.settings)

    def release(self) -> None:
        """Close the snapshot, unless `explain` has done so."""
        moment, self._moment = self._moment, None
        if moment is not None:
            moment.opened.close()

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield the PDFs that `document_query` finds; each is read when it is needed."""
        if self.settings.document_query is None:
            return ()
        return attachments(self._database, self.settings.document_query, set(refs))

    def proposals(self) -> Iterable[Proposal]:
        """Yield the presets of the program whose database this is, with the tables and the version that prove it."""
        return proposals(self._database)

    def check(self) -> None:
        """Check that the database answers and that it understands the queries, without reading a row."""
        with self._database.snapshot() as connection:
            version = self._version(connection)
            self._names(connection, self._query(connection, version))
            closed = self._closed_query(connection, version)
            if closed is not None:
                closed_names(connection, closed, self.source, self.settings)
            self._ledger(connection).check()
            if self.settings.document_query is not None:
                # The columns are named, so that a query that lacks one fails here rather than at the first PDF.
                select_from(connection, self.settings.document_query, CONTENT, "WHERE 1 = 0").close()

    @cached_property
    def _database(self) -> Database:
        settings = self.settings
        return Database(
            self.source, settings.url.get_secret_value(), settings.timeout_seconds, settings.isolation_level
        )

    def _query(self, connection: sa.Connection, version: str) -> str:
        query = self.settings.statement(connection.dialect.identifier_preparer.quote, version)
        if self.settings.preset is None:
            refuse_slips(connection, query, self.settings.columns.get("invoice_ref", "invoice_ref"), self.source)
        return query

    def _closed_query(self, connection: sa.Connection, version: str) -> str | None:
        closed = self.settings.closed_statement(connection.dialect.identifier_preparer.quote, version)
        if closed is not None and self.settings.closed_query is not None:
            ref = self.settings.columns.get("invoice_ref", "invoice_ref")
            refuse_slips(connection, closed, ref, self.source, "closed_query")
        return closed

    def _version(self, connection: sa.Connection) -> str:
        import sqlalchemy as sa

        return self.settings.version(lambda table: sa.inspect(connection).has_table(table))

    def _ledger(self, connection: sa.Connection) -> Ledger:
        return Ledger(connection, self.source, self.settings)

    def _names(self, connection: sa.Connection, query: str) -> Names:
        return Names(self.source, column_names(connection, query), self.settings.columns, "the query")

    def _notes(self, connection: sa.Connection, query: str, names: Names) -> list[str | None]:
        """Return notes on what the user's own query may leave out or mistake, until it has led to a first delivery."""
        if self.settings.preset is not None or self.since is not None:
            return []
        number = self.settings.columns.get("invoice_ref", "invoice_ref")
        omitted = describe_omissions(query, connection.dialect.name, number)
        return [names.note(), *omitted, describe_other_currency(connection, query, self.settings)]


def _older(preset: str | None, version: str) -> str | None:
    return f"it is read as {preset} {version}, since tables of later versions are not there" if version else None


def _drain(rows: deque[list[Row]]) -> Iterator[list[Row]]:
    """Yield batches and keep none of them."""
    while rows:
        yield rows.popleft()


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the databases."""
    return [Sql]
