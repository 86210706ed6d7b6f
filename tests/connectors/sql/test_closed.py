"""What became of documents that a list no longer has, asked by number in the snapshot in which it was read."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from weakref import WeakKeyDictionary

import pandas as pd
import pytest
import sqlalchemy as sa

from arfeed import SourceError
from arfeed.intake.explaining import ask_sources
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.presets import PRESETS
from arfeed_connectors.sql.proofs.closed import NUMBERS
from support.databases.books import BOOKS
from support.databases.tables import DATABASES, execute, place, sql, table
from support.feeds.feed import Feed, codes
from support.feeds.sources import explained, lost, opened

LEDGER = (
    "number VARCHAR(20), customer INT, issued DATE, amount DECIMAL(18, 2), paid DECIMAL(18, 2), state VARCHAR(10), "
    "name VARCHAR(40)"
)
ROWS = (
    ("INV-1", 1, "2026-03-01", 100, 0, "posted", "Ada"),
    ("INV-2", 1, "2026-03-02", 200, 200, "posted", "Ada"),
    ("INV-3", 2, "2026-03-03", 300, 0, "cancelled", "Bob"),
    ("INV-4", 2, "2026-03-04", 400, 150, "posted", "Bob"),
)
COLUMNS = (
    "number AS invoice_ref, customer AS customer_id, name AS customer_name, 'EUR' AS currency, issued AS issued_on, "
    "amount, CASE state WHEN 'posted' THEN amount - paid ELSE 0 END AS balance"
)
OPEN = f"SELECT {COLUMNS} FROM invoices WHERE state = 'posted' AND amount <> paid"
STATUS = "CASE WHEN state <> 'posted' THEN 'void' WHEN amount = paid THEN 'paid' ELSE 'open' END AS status"
CLOSED = f"SELECT {COLUMNS}, {STATUS} FROM invoices"


IN_USE: WeakKeyDictionary[sa.Pool, list[int]] = WeakKeyDictionary()


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return table(place(request, request.param, tmp_path), "invoices", LEDGER, *ROWS)


def source(url: str, **settings: object) -> Sql:
    own = sql(url, **{"query": OPEN, "closed_query": CLOSED, **settings})
    pool = own._database._engine.pool
    in_use = IN_USE.setdefault(pool, [])
    sa.event.listen(pool, "checkout", lambda *_: in_use.append(1))
    sa.event.listen(pool, "checkin", lambda *_: in_use.pop())
    return own


def statuses(rows: pd.DataFrame) -> dict[str, str]:
    return dict(zip(rows["invoice_ref"], rows["status"], strict=True))


# --- what is asked --------------------------------------------------------------------------------------------------


def test_the_closed_query_is_asked_for_the_missing_numbers_alone(url: str) -> None:
    rows = explained(source(url), ["INV-2", "INV-3", "INV-4", "INV-9"])
    assert statuses(rows) == {"INV-2": "paid", "INV-3": "void", "INV-4": "open"}, "nobody knows INV-9"
    assert rows.set_index("invoice_ref").loc["INV-4", "balance"] == Decimal(250)
    assert rows["customer_id"].tolist() == ["1", "2", "2"]


def test_a_source_without_a_closed_query_keeps_nothing_open_and_explains_nothing(url: str) -> None:
    plain = source(url, closed_query=None)
    assert len(opened(plain)) == 2
    assert plain.explain(lost(plain, ["INV-2"])) is None


def test_more_numbers_than_fit_one_statement_are_asked_in_batches(url: str) -> None:
    count = 2 * NUMBERS + 1
    numbers = [f"N'{number} 100 %" for number in range(count)]
    values = ", ".join(
        f"('{ref.replace(chr(39), 2 * chr(39))}', 7, '2026-03-01', 1, 1, 'posted', 'Cy')" for ref in numbers
    )
    execute(url, f"INSERT INTO invoices VALUES {values}")
    rows = explained(source(url), numbers)
    assert statuses(rows) == dict.fromkeys(numbers, "paid")
    assert len(rows) == count


def test_a_number_that_was_given_out_twice_is_answered_twice(url: str) -> None:
    execute(url, "INSERT INTO invoices VALUES ('INV-2', 9, '2020-01-01', 5, 0, 'posted', 'Old')")
    rows = explained(source(url), ["INV-2"])
    assert sorted(rows["status"]) == ["open", "paid"]


def test_headers_mapped_by_columns_are_those_of_both_queries(url: str) -> None:
    renamed = {
        key: query.replace("AS customer_name", "AS debtor")
        for key, query in (("query", OPEN), ("closed_query", CLOSED))
    }
    rows = explained(source(url, **renamed, columns={"customer_name": "Debtor"}), ["INV-3"])
    assert rows["customer_name"].tolist() == ["Bob"]


@pytest.mark.parametrize("kind", ["CHAR(20)", "INT", "DECIMAL(12, 0)"])
def test_numbers_are_compared_as_the_database_keeps_them(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    for database in DATABASES:
        folder = tmp_path / database
        folder.mkdir()
        rows = [(7, 1, "2026-03-01", 100, 100, "posted", "Ada"), (8, 1, "2026-03-01", 100, 0, "posted", "Ada")]
        empty = place(request, database, folder)
        own = source(table(empty, "invoices", LEDGER.replace("VARCHAR(20)", kind, 1), *rows))
        assert statuses(explained(own, ["7", "CREDIT_NOTE-0a1b2c3d", "07"])) == {"7": "paid"}, database


def test_an_expression_for_a_number_is_found_too(url: str) -> None:
    joined = "'RE-' || number" if not url.startswith("mysql") else "CONCAT('RE-', number)"
    queries = {
        key: query.replace("number AS", f"{joined} AS") for key, query in (("query", OPEN), ("closed_query", CLOSED))
    }
    assert statuses(explained(source(url, **queries), ["RE-INV-2", "INV-3"])) == {"RE-INV-2": "paid"}


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("absent", ["status", "customer_name", "balance"])
def test_a_closed_query_without_what_it_needs_is_found_by_check(url: str, absent: str) -> None:
    closed = CLOSED.replace(f"AS {absent}", "AS other")
    with pytest.raises(SourceError, match=f"erp: closed_query has no column '{absent}'; it has invoice_ref"):
        source(url, closed_query=closed).check()


def test_an_unknown_table_in_the_closed_query_is_found_by_check(url: str) -> None:
    source(url).check()
    with pytest.raises(SourceError, match=r"erp: the database reports: .*nowhere"):
        source(url, closed_query=CLOSED.replace("FROM invoices", "FROM nowhere")).check()


# --- the moment -----------------------------------------------------------------------------------------------------


def test_the_answer_is_of_the_moment_that_the_list_was_read_in(url: str) -> None:
    if url.startswith("sqlite"):
        execute(url, "PRAGMA journal_mode = WAL")  # in which a reader does not keep writers out
    own = source(url)
    assert [frame["invoice_ref"].tolist() for frame in read_to_its_end(own)] == [["INV-1", "INV-4"]]
    execute(
        url, "UPDATE invoices SET paid = amount WHERE number = 'INV-1'", "DELETE FROM invoices WHERE number = 'INV-2'"
    )
    assert statuses(ask_sources([own], lost(own, ["INV-1", "INV-2"]))) == {"INV-1": "open", "INV-2": "paid"}
    assert statuses(explained(own, ["INV-1", "INV-2"])) == {"INV-1": "paid"}, "the next reading sees it"


@pytest.fixture
def kept(url: str) -> str:
    """A database whose snapshot hinders nobody, so that it is kept for the answer."""
    if url.startswith("sqlite"):
        execute(url, "PRAGMA journal_mode = WAL")
    return url


def test_a_file_whose_readers_keep_writers_out_is_let_go_before_its_rows_are_worked_on(tmp_path: Path) -> None:
    url = table(f"sqlite:///{tmp_path / 'books.db'}", "invoices", LEDGER, *ROWS)
    own = source(url)
    rows = own.invoices()
    next(rows)
    assert connections(own) == 0
    execute(url, "UPDATE invoices SET paid = 0 WHERE number = 'INV-2'")
    assert [*rows] == []
    assert statuses(ask_sources([own], lost(own, ["INV-2", "INV-3"]))) == {"INV-2": "open", "INV-3": "void"}
    assert connections(own) == 0


def test_tables_that_are_locked_while_they_are_read_are_let_go_too(mariadb_url: str) -> None:
    url = table(mariadb_url, "invoices", LEDGER, *ROWS)
    execute(url, "ALTER TABLE invoices ENGINE = MyISAM")
    own = source(url)
    rows = own.invoices()
    next(rows)
    assert connections(own) == 0
    rows.close()


def test_the_snapshot_is_let_go_by_explain_and_by_release(kept: str) -> None:
    own = source(kept)
    assert [*read_to_its_end(own)]
    assert connections(own) == 1
    own.explain(lost(own, ["INV-2"]))
    assert connections(own) == 0
    assert [*read_to_its_end(own)]
    assert connections(own) == 1
    moment = own._moment
    own.release()
    own.release()
    assert connections(own) == 0
    assert moment is not None
    assert moment.connection is not None
    assert moment.connection.closed
    assert own.explain(lost(own, ["INV-2"])) is None, "there is no moment any more"


def test_a_second_reading_lets_the_first_one_go(kept: str) -> None:
    own = source(kept)
    assert [*read_to_its_end(own), *read_to_its_end(own)]
    assert connections(own) == 1
    own.release()


def test_a_reading_that_is_abandoned_or_fails_keeps_nothing_open(kept: str) -> None:
    own = source(kept)
    rows = own.invoices()
    next(rows)
    assert connections(own) == 1
    rows.close()
    assert connections(own) == 0
    broken = source(kept, query=f"{OPEN} UNION ALL SELECT 'X', 1, 'X', 'EUR', issued, 1, 1 FROM nowhere")
    with pytest.raises(SourceError):
        [*broken.invoices()]
    assert connections(broken) == 0


def test_an_answer_that_fails_keeps_nothing_open_and_says_why(url: str) -> None:
    own = source(url, closed_query=CLOSED.replace("status FROM", "status, nowhere.x FROM"))
    assert [*read_to_its_end(own)]
    with pytest.raises(SourceError, match=r"erp: the database reports: .*nowhere"):
        own.explain(lost(own, ["INV-2"]))
    assert connections(own) == 0


@pytest.mark.parametrize("database", ["postgresql", "mariadb"])
def test_a_connection_that_was_cut_before_the_answer_fails_it_in_words(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    own = source(table(place(request, database, tmp_path), "invoices", LEDGER, *ROWS))
    assert [*read_to_its_end(own)]
    kill = "SELECT pg_terminate_backend({})" if database == "postgresql" else "KILL {}"
    mine = "SELECT pg_backend_pid()" if database == "postgresql" else "SELECT CONNECTION_ID()"
    assert own._moment is not None
    assert own._moment.connection is not None
    number = own._moment.connection.exec_driver_sql(mine).scalar_one()
    execute(own.settings.url.get_secret_value(), kill.format(number))
    with pytest.raises(SourceError, match="erp: the database reports"):
        own.explain(lost(own, ["INV-2"]))
    assert connections(own) == 0


def read_to_its_end(source: Sql) -> Iterator[pd.DataFrame]:
    yield from source.invoices()


def connections(source: Sql) -> int:
    """How many connections the source has in use."""
    return len(IN_USE[source._database._engine.pool])


# --- presets --------------------------------------------------------------------------------------------------------

IDENTITY = ["kind", "customer_id", "customer_name", "currency", "issued_on", "amount", "balance"]
AT_HOME = [
    *((name, "sqlite") for name in BOOKS),
    *(("odoo", "postgresql"), ("dolibarr", "postgresql"), ("gnucash", "postgresql")),
    *((name, "mariadb") for name in ("erpnext", "dolibarr", "invoiceplane", "akaunting", "gnucash")),
]


def preset(request: pytest.FixtureRequest, folder: Path, name: str, database: str, **changes: object) -> Sql:
    settings = {**BOOKS[name].settings, "absent_means_paid": False, **changes}
    return sql(BOOKS[name].write(place(request, database, folder)), preset=name, **settings)


@pytest.mark.parametrize(("name", "database"), AT_HOME)
def test_a_preset_knows_what_became_of_every_number(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, database: str
) -> None:
    source = preset(request, tmp_path, name, database)
    source.check()
    rows = explained(source, BOOKS[name].became)
    assert statuses(rows) == dict(BOOKS[name].became)
    assert not rows.loc[rows["status"] == "paid", "balance"].any()
    assert set(BOOKS[name].expected) <= {ref for ref, status in BOOKS[name].became.items() if status == "open"}


@pytest.mark.parametrize(("name", "database"), AT_HOME)
def test_a_preset_words_a_document_alike_whether_it_is_listed_or_asked_for(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, database: str
) -> None:
    source = preset(request, tmp_path, name, database)
    listed = opened(source).set_index("invoice_ref")
    asked = explained(source, listed.index).set_index("invoice_ref")
    columns = IDENTITY + (["company"] if PRESETS[name].by_company else [])
    pd.testing.assert_frame_equal(asked.loc[listed.index, columns], listed[columns])


def test_a_post_dated_payment_does_not_close_an_invoice_of_erpnext_before_its_day(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    rows = explained(preset(request, tmp_path, "erpnext", "mariadb"), ["SINV-8"])
    assert (rows["status"].tolist(), rows["balance"].tolist()) == (["open"], [Decimal(900)])


@pytest.mark.parametrize("name", ["odoo", "dolibarr", "akaunting"])
def test_another_companys_document_of_that_number_is_no_answer(
    request: pytest.FixtureRequest, tmp_path: Path, name: str
) -> None:
    source = preset(request, tmp_path, name, "sqlite")
    rows = explained(source, BOOKS[name].became)
    assert set(rows["company"]) == {"1"}


# --- a whole feed ---------------------------------------------------------------------------------------------------


def feed(folder: Path, url: str, **settings: object) -> Feed:
    joined = f"{OPEN} AND customer IN (SELECT id FROM customers WHERE archived = 0)"
    table(url, "customers", "id INT, archived INT", (1, 0), (2, 0))
    own = {"use": "sql", "url": url, "query": joined, "closed_query": CLOSED, **settings}
    return Feed(folder / "feed", {"erp": own}, plugins=("sql", "kolleno"))


def test_what_was_paid_or_cancelled_is_proven_and_delivered_unasked(tmp_path: Path, url: str) -> None:
    own = feed(tmp_path, url)
    execute(url, "INSERT INTO invoices VALUES ('INV-5', 1, '2026-03-05', 500, 0, 'posted', 'Ada')")
    own.approved()
    execute(
        url,
        "UPDATE invoices SET paid = amount WHERE number = 'INV-4'",
        "UPDATE invoices SET state = 'cancelled' WHERE number = 'INV-1'",
    )
    result = own.sync()
    assert result.receipt, codes(result)
    missing = result.plan.missing
    assert dict(zip(missing["invoice_ref"], missing["reason"], strict=True)) == {"INV-4": "paid", "INV-1": "void"}
    assert set(missing["evidence"]) == {"proven"}
    assert own.last_report() == ["INV-5"]


@pytest.mark.parametrize("asserted", [False, True])
def test_what_a_join_has_lost_is_still_open_whatever_absence_means(tmp_path: Path, url: str, asserted: bool) -> None:
    own = feed(tmp_path, url, absent_means_paid=asserted)
    own.approved()
    execute(url, "UPDATE customers SET archived = 1 WHERE id = 2")
    result = own.sync()
    assert result.receipt is None
    assert result.plan.missing["reason"].tolist() == ["still open"]
    assert "still-open" in codes(result)


def test_a_namesakes_payment_proves_nothing(tmp_path: Path, url: str) -> None:
    own = feed(tmp_path, url)
    own.approved()
    execute(url, "DELETE FROM invoices WHERE number = 'INV-4'")
    execute(url, "INSERT INTO invoices VALUES ('INV-4', 1, '2020-01-01', 7, 7, 'posted', 'Ada')")
    result = own.sync()
    assert result.receipt is None
    assert "unexplained" in codes(result)
    assert result.plan.missing["evidence"].tolist() == ["unexplained"]
