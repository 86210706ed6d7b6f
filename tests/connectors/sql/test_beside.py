"""The control that comes beside a preset's rows: the query is evaluated once, and a list cut anywhere is refused."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.proofs.control_totals import ControlTotals
from arfeed_connectors.sql.statements import batches, column_names
from arfeed_connectors.sql.text.names import Names
from support.databases.books import BOOKS
from support.databases.tables import DATABASES, place, sql, table
from support.feeds.sources import failure, opened

QUERY = "SELECT * FROM ledger"
LEDGER = "nr VARCHAR(9), currency VARCHAR(5), balance DOUBLE PRECISION"
ROWS = (
    *((f"A-{n}", "EUR", 0.1) for n in range(30)),
    ("B-1", "eur", 7),
    ("B-2", None, -3),
    ("B-3", "USD", 1234567890.12),
)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return table(place(request, request.param, tmp_path), "ledger", LEDGER, *ROWS)


@contextmanager
def statements_of(query: str) -> Iterator[list[str]]:
    """Collect what is sent of a query meanwhile, but for questions about its columns."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if query in statement and "1 = 0" not in statement:
            sent.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_what_comes_beside_the_rows_is_what_a_statement_of_its_own_says(url: str) -> None:
    settings = sql(url, query=QUERY).settings
    with Database("erp", url, 60).snapshot() as connection:
        names = Names("erp", column_names(connection, QUERY), {})
        about: tuple[Any, ...] = (connection, QUERY, names, "erp", settings)
        control, rows = ControlTotals.beside_rows(*about)
        assert control == ControlTotals.asked(*about)
        listed = {row for batch in batches(connection, QUERY) for row in batch}
        assert {row[: len(names.written)] for batch in rows for row in batch} == listed
    assert control.totals == {"EUR": Decimal(10), "": Decimal(-3), "USD": Decimal("1234567890.12")}


def test_a_query_that_adds_up_is_evaluated_once(tmp_path: Path) -> None:
    books = BOOKS["dolibarr"]
    source = sql(books.write(f"sqlite:///{tmp_path / 'books.db'}"), preset="dolibarr", **books.settings)
    with statements_of("FROM llx_facture f") as sent:
        assert len(opened(source)) == len(books.expected)
    assert len(sent) == 1


@pytest.mark.parametrize("count", range(1, len(BOOKS["erpnext"].expected)))
def test_a_presets_list_that_is_cut_anywhere_is_refused(mariadb_url: str, count: int) -> None:
    """Between two currencies too, where what was read and its own counts agree."""
    books = BOOKS["erpnext"]
    books.write(mariadb_url)
    cut = f"{mariadb_url}?init_command={quote(f'SET sql_select_limit = {count}')}"
    assert f"reports {len(books.expected)} rows, but {count} were read" in failure(sql(cut, preset="erpnext"))
