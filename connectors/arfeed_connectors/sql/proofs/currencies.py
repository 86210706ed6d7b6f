"""A currency that is not the invoice's own: of the company or the customer, or one for all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import column_names
from arfeed_connectors.sql.systems.base import backend
from arfeed_connectors.sql.text.names import fold_name
from arfeed_connectors.sql.text.omissions import find_own_relation

if TYPE_CHECKING:
    import sqlalchemy as sa

# Not the rate, nor the amounts in another currency.
_CURRENCY = re.compile(
    r"^(?:\w*[_ ])?(?:currency|curr?|currency_?(?:code|id|iso|no)|w(?:ae|ä)hrung\w*|waehr|devise|moneda|valuta|divisa|"
    r"munt|waluta|iso_?currency|curr?code)$",
    re.IGNORECASE,
)
_DESCRIBED = frozenset(("sqlite", "postgresql", "mysql", "mariadb", "duckdb", "firebird"))
"""Systems that are known to tell a table's columns within a snapshot."""


def describe_other_currency(connection: sa.Connection, query: str, settings: SqlSettings) -> str | None:
    """Return a sentence on a currency of the invoices' table that the query does not read; None if there is none."""
    import sqlalchemy as sa

    system = backend(connection.dialect.name)
    if system not in _DESCRIBED:
        return None
    number, currency = (settings.columns.get(name, name) for name in ("invoice_ref", "currency"))
    if not (found := find_own_relation(query, connection.dialect.name, number, currency)):
        return None
    table, said, used = found
    *schema, name = (part.strip('"`[] ') for part in re.split(r"\.(?=\S)", table))
    try:
        if system == "duckdb":
            # There the question for a table's columns may fail, and with it the whole transaction.
            columns = column_names(connection, f"SELECT * FROM {table}")  # noqa: S608 - a table of the feed's own query
        else:
            there = sa.inspect(connection).get_columns(name, schema=schema[-1] if schema else None)
            columns = tuple(str(each["name"]) for each in there)
    # A view of another schema, say: the note is not worth a failure.
    except sa.exc.SQLAlchemyError:
        return None
    own = [each for each in columns if _CURRENCY.match(each)]
    unread = [each for each in own if fold_name(each) not in used]
    if not unread or len(unread) < len(own):
        return None
    instead = f"the query takes {said}" if said else f"all are taken as {settings.currency}"
    return f"{table} has a column {unread[0]}, but {instead}: select {unread[0]} if it is the invoice's currency"
