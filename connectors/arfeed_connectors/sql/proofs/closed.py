"""What became of documents that have left the list: asked by number, as of the moment at which the list was read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arfeed import SourceError
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import Row, answers, column_names, holds_numbers
from arfeed_connectors.sql.text.names import Names
from arfeed_connectors.sql.values.frames import Frames

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

NUMBERS = 500
"""Numbers asked for at a time: SQL Server takes 2,100 parameters, Firebird 1,500, Oracle 1,000."""

_UNPADDED = frozenset(("sqlite", "oracle"))
"""Databases to which a padded number is another one, and 71 is not the text '71'. TRIM helps, and costs the index."""

_NEEDED = ("invoice_ref", "customer_name", "balance", "status")


def closed_names(connection: sa.Connection, query: str, source: str, settings: SqlSettings) -> Names:
    """Return the names of the closed query's columns. Raise `SourceError` if it lacks one that is needed."""
    names = Names(source, column_names(connection, query), settings.columns, "closed_query")
    absent = [column for column in _NEEDED if column not in names]
    if absent:
        raise SourceError(
            f"{source}: closed_query has no column {names.header(absent[0])!r}; it has {', '.join(names.written)}. "
            "Give it the columns of the query, and `status` with open, paid, void or draft"
        )
    return names


def ask_what_became(
    connection: sa.Connection, query: str, refs: Sequence[str], company: object, source: str, settings: SqlSettings
) -> pd.DataFrame:
    """Return the closed query's answer about these numbers, as a frame like the list's with `status`.

    A number that it does not know has no row; one that it knows twice has two. `company` is as the database writes it,
    None if there is no such column.
    """
    names = closed_names(connection, query, source, settings)
    rows = [row for batch in _answers(connection, query, names, refs, company) for row in batch]
    # By the list's own rules, so that amounts and dates of the two can be compared.
    return Frames(f"{source} closed_query", settings, names).frame(rows)


def _answers(
    connection: sa.Connection, query: str, names: Names, refs: Sequence[str], company: object
) -> Iterator[list[Row]]:
    column = connection.dialect.identifier_preparer.quote(names.of("invoice_ref"))
    values: Sequence[object] = refs
    zeros = False
    if connection.dialect.name in _UNPADDED:
        column = f"TRIM({column})"
    elif holds_numbers(connection, query, column):
        # A column of numbers holds neither 0071 nor A-1; compared as a number, 0071 would get the answer of 71.
        # In MySQL one that is ZEROFILL does hold 0071, and gives it back as it is.
        zeros = connection.dialect.name == "mysql"
        values = [int(ref) for ref in refs if ref.isdecimal() and (zeros or str(int(ref)) == ref)]
    for start in range(0, len(values), NUMBERS):
        among: dict[str, Sequence[object]] = {column: values[start : start + NUMBERS]}
        # Numbers are unique within a company only; another one's paid invoice would explain ours.
        if company is not None:
            among["company"] = [company]
        rows = answers(connection, query, "*", among=among)
        if zeros:
            place, asked = names.written.index(names.of("invoice_ref")), {*refs}
            rows = [row for row in rows if str(row[place]) in asked]
        yield rows
