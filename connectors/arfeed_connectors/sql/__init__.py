"""Any database that SQLAlchemy reaches: a query, or a preset for a known system, becomes invoices.

Rows and their control are read in one read-only snapshot where the database has such a thing. The control, a count and
exact sums by currency, is asked of the database itself over the same query, before the first row is read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable
from functools import cached_property
from typing import TYPE_CHECKING

from arfeed import Complete, Connector, Document, hookimpl
from arfeed_connectors.sql.control import Control
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.documents import CONTENT, attachments
from arfeed_connectors.sql.frames import Frames
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import asked, batches, column_names

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

ARFEED_CONTRACT = 1


class Sql(Connector):
    """A query over any database, a row a document."""

    name = "sql"
    Settings = SqlSettings

    settings: SqlSettings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the rows in batches. The control comes from the database; a status column lists closed documents."""
        with self._database.snapshot() as connection:
            query = self._query(connection)
            names = column_names(connection, query, self.source)
            control = Control.asked(connection, query, names, self.source, self.settings)
            frames = Frames(self.source, self.settings, names)
            if control.rows:
                for rows in batches(connection, query, control.company):
                    yield frames.frame(rows)
        lists_closed = self.settings.header("status") in names
        return Complete(rows=control.rows, totals=control.totals, lists_closed=lists_closed)

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        """Yield the PDFs that `document_query` finds; each is read when it is needed."""
        if self.settings.document_query is None:
            return ()
        return attachments(self._database, self.settings.document_query, set(refs))

    def check(self) -> None:
        """See that the database answers and that it understands the queries, without reading a row."""
        with self._database.snapshot() as connection:
            column_names(connection, self._query(connection), self.source)
            if self.settings.document_query is not None:
                asked(connection, self.settings.document_query, CONTENT, "WHERE 1 = 0").close()

    @cached_property
    def _database(self) -> Database:
        settings = self.settings
        return Database(
            self.source, settings.url.get_secret_value(), settings.timeout_seconds, settings.isolation_level
        )

    def _query(self, connection: sa.Connection) -> str:
        return self.settings.statement(connection.dialect.identifier_preparer.quote)


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the databases."""
    return [Sql]
