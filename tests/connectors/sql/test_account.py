"""The control account: what the ledger says is owed, read exactly and in the moment of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import ControlAccount, SourceError
from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.presets import PRESETS
from support.databases.books import BOOKS
from support.databases.tables import DATABASES, execute, place, sql, table
from support.feeds.feed import Feed, codes
from support.feeds.sources import complete, failure

INVOICES = "number VARCHAR(20), customer INT, name VARCHAR(20), currency CHAR(5), issued DATE, balance DECIMAL(18, 2)"
OPEN = (
    ("INV-1", 1, "Ada", "EUR", "2026-03-01", 100.1),
    ("INV-2", 1, "Ada", "USD", "2026-03-02", 200),
    ("INV-3", 2, "Bob", "EUR", "2026-03-03", 300.2),
)
JOURNAL = "customer INT, currency CHAR(5), debit {money}, credit {money}, booked_at {moment}"
ENTRIES = (
    (1, "EUR", 150.1, 0, "2026-03-01 00:00:00"),
    (1, "EUR", 0, 50, "2026-04-02 12:00:00"),
    (1, "USD", 200, 0, "2026-03-02 00:00:00"),
    (2, "EUR", 300.2, 0, "2026-03-03 00:00:00"),
)
LIST = (
    "SELECT number AS invoice_ref, customer AS customer_id, name AS customer_name, currency, issued AS issued_on, "
    "balance FROM invoices"
)
ACCOUNT = (
    "SELECT currency, customer AS customer_id, SUM(debit - credit) AS balance FROM journal GROUP BY currency, customer"
)
RECEIVED = "SELECT currency, SUM(credit) AS received FROM journal WHERE booked_at > :since GROUP BY currency"


def books(url: str, money: str = "DECIMAL(18, 2)") -> str:
    moment = "TIMESTAMP" if url.startswith("postgresql") else "DATETIME"
    table(url, "invoices", INVOICES, *OPEN)
    return table(url, "journal", JOURNAL.format(money=money, moment=moment), *ENTRIES)


@pytest.fixture(params=DATABASES)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return books(place(request, request.param, tmp_path))


def source(url: str, query: str = ACCOUNT, received: str | None = None, **settings: object) -> Sql:
    return sql(url, query=LIST, control_account={"query": query, "received": received}, **settings)


def account(source: Sql) -> ControlAccount:
    said = complete(source).control_account
    source.release()
    assert said is not None
    return said


# --- what is read ---------------------------------------------------------------------------------------------------


def test_the_balance_is_given_by_currency_and_by_customer(url: str) -> None:
    said = account(source(url))
    assert said.balances == {"EUR": Decimal("400.3"), "USD": Decimal(200)}
    assert said.customers == {
        ("1", "EUR"): Decimal("100.1"),
        ("1", "USD"): Decimal(200),
        ("2", "EUR"): Decimal("300.2"),
    }
    assert said.received is None, "nobody asked for it"


def test_without_customers_there_are_sums_alone_and_names_count_without_case(url: str) -> None:
    said = account(
        source(url, "SELECT SUM(debit - credit) AS Balance, currency AS CURRENCY FROM journal GROUP BY currency")
    )
    assert said.balances == {"EUR": Decimal("400.3"), "USD": Decimal(200)}
    assert said.customers is None


def test_currencies_are_mapped_and_one_that_is_not_named_is_the_settings(url: str) -> None:
    plain = "SELECT SUM(debit - credit) AS balance FROM journal WHERE currency = 'EUR'"
    assert account(source(url, plain, currency="GBP")).balances == {"GBP": Decimal("400.3")}
    signs = ACCOUNT.replace("SELECT currency", "SELECT CASE currency WHEN 'EUR' THEN '€' ELSE 'US$' END AS currency")
    own = source(
        url, signs.replace("GROUP BY currency, customer", "GROUP BY 1, 2"), currencies={"€": "EUR", "US$": "USD"}
    )
    assert account(own).balances == {"EUR": Decimal("400.3"), "USD": Decimal(200)}


def test_headers_of_the_list_do_not_rename_the_ledgers(url: str) -> None:
    renamed = LIST.replace(", balance FROM", ", balance AS open_amount FROM")
    own = sql(url, query=renamed, columns={"balance": "open_amount"}, control_account={"query": ACCOUNT})
    assert account(own).balances["USD"] == 200


@pytest.mark.parametrize("database", DATABASES)
def test_floats_are_taken_for_the_cents_that_are_meant(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = books(place(request, database, tmp_path), money="DOUBLE PRECISION")
    for _ in range(8):
        execute(url, "INSERT INTO journal SELECT * FROM journal")
    rows = 2**8
    said = account(source(url, tolerance="0.0001"))
    assert said.balances == {"EUR": rows * Decimal("400.3"), "USD": rows * Decimal(200)}
    assert said.customers is not None
    assert sum(said.customers.values()) == sum(said.balances.values())


def test_a_float_that_is_no_amount_is_refused(url: str) -> None:
    kind = "DOUBLE PRECISION" if url.startswith("postgresql") else "DOUBLE"
    said = failure(source(url, f"SELECT 'EUR' AS currency, CAST(10.255 AS {kind}) AS balance"))
    assert "erp control_account.query row 1 column balance: 10.255 is not an amount in EUR" in said


def test_a_fraction_of_a_cent_is_refused_in_exact_decimals_too(postgresql: str) -> None:
    books(postgresql)
    said = failure(source(postgresql, "SELECT 'EUR' AS currency, 10.255 AS balance"))
    assert "the control account says 10.255 EUR, which has 2 decimals; correct it there" in said


# --- received -------------------------------------------------------------------------------------------------------


def test_what_was_received_since_the_last_delivery_is_asked_with_its_moment(url: str) -> None:
    own = source(url, received=RECEIVED)
    assert account(own).received is None, "no delivery is known"
    own.since = datetime(2026, 4, 2, 11, 59, tzinfo=UTC)
    assert account(own).received == {"EUR": Decimal(50)}
    own.since = datetime(2026, 4, 2, 12, 1, tzinfo=UTC)
    assert account(own).received == {}


@pytest.mark.parametrize("database", DATABASES)
def test_the_moment_stands_wherever_it_is_written_and_texts_are_left_alone(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = books(place(request, database, tmp_path))
    written = (
        "SELECT currency, SUM(credit) AS received FROM journal -- not :since\n"
        "WHERE booked_at > :Since AND :since < booked_at AND ':since 100 %' LIKE '%:since%' GROUP BY currency"
    )
    own = source(url, received=written)
    own.since = datetime(2026, 4, 1, tzinfo=UTC)
    own.check()
    assert account(own).received == {"EUR": Decimal(50)}


# --- what is refused ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (
            "SELECT currency, debit AS owed FROM journal",
            "control_account.query must have the columns balance and currency",
        ),
        ("SELECT currency AS curr, debit AS balance FROM journal", "it has curr, balance; name them with AS"),
        ("SELECT debit AS balance FROM journal", "it has balance; name them with AS"),
        (
            "SELECT currency, debit AS balance FROM journal WHERE 1 = 0",
            "has no rows, so that there is nothing to compare",
        ),
        ("SELECT 'EUR' AS currency, NULL AS balance", "has a row whose balance is NULL, which is not the same as 0"),
        ("SELECT 'Euro' AS currency, 1 AS balance", "has the currency 'EURO', which is not an ISO 4217 code"),
        ("SELECT 'EUR' AS currency, 'a' AS balance", "has a balance that is"),
        ("SELECT * FROM nowhere", "nowhere"),
    ],
)
def test_an_account_that_cannot_be_compared_fails_the_source(url: str, query: str, says: str) -> None:
    assert says in failure(source(url, query))


def test_a_column_of_another_name_does_not_become_the_default_currency(url: str) -> None:
    renamed = "SELECT currency AS curr, debit AS balance FROM journal"
    assert "it has curr, balance; name them with AS" in failure(source(url, renamed, currency="EUR"))


def test_check_asks_the_ledger_too(url: str) -> None:
    source(url, received=RECEIVED).check()
    with pytest.raises(SourceError, match=r"control_account\.received must have the columns currency and received"):
        source(url, received="SELECT currency, credit FROM journal WHERE booked_at > :since").check()
    with pytest.raises(SourceError, match="erp: the database reports"):
        source(url, "SELECT currency, SUM(debit) AS balance FROM nowhere GROUP BY currency").check()


def test_an_empty_account_is_right_where_the_source_may_be_empty(url: str) -> None:
    execute(url, "DELETE FROM journal", "DELETE FROM invoices")
    said = account_of_nothing(source(url, allow_empty=True))
    assert (said.balances, said.customers) == ({}, {})


def account_of_nothing(source: Sql) -> ControlAccount:
    try:
        next(source.invoices())
    except StopIteration as end:
        account: ControlAccount = end.value.control_account
        return account
    raise AssertionError


# --- the moment -----------------------------------------------------------------------------------------------------


def test_the_account_is_of_the_moment_of_the_list(url: str) -> None:
    if url.startswith("sqlite"):
        execute(url, "PRAGMA journal_mode = WAL")  # in which a reader does not keep writers out
    own = source(url)
    rows = own.invoices()
    next(rows)
    execute(url, "INSERT INTO journal VALUES (1, 'EUR', 0, 100, '2026-04-04 00:00:00')")
    with pytest.raises(StopIteration) as end:
        next(rows)
    assert end.value.value.control_account.balances["EUR"] == Decimal("400.3")
    assert account(own).balances["EUR"] == Decimal("300.3")


# --- presets --------------------------------------------------------------------------------------------------------

WITH_LEDGER = [name for name in BOOKS if PRESETS[name].has_ledger]


@pytest.mark.parametrize(
    ("name", "database"), [(name, "sqlite") for name in WITH_LEDGER] + [("odoo", "postgresql"), ("erpnext", "mariadb")]
)
def test_the_ledger_of_a_preset_is_what_its_books_say(
    request: pytest.FixtureRequest, tmp_path: Path, name: str, database: str
) -> None:
    url = BOOKS[name].write(place(request, database, tmp_path))
    own = sql(url, preset=name, control_account=True, **BOOKS[name].settings)
    own.check()
    assert account(own).balances == {code: Decimal(total) for code, total in BOOKS[name].ledger.items()}


@pytest.mark.parametrize("name", WITH_LEDGER)
def test_a_preset_asks_its_ledger_only_where_that_is_wanted(tmp_path: Path, name: str) -> None:
    url = BOOKS[name].write(f"sqlite:///{tmp_path / 'books.db'}")
    for wanted in (None, False):
        own = sql(url, preset=name, control_account=wanted, **BOOKS[name].settings)
        assert complete(own).control_account is None
        own.release()


# --- a whole feed ---------------------------------------------------------------------------------------------------


def test_what_the_list_has_lost_the_ledger_still_knows(tmp_path: Path, url: str) -> None:
    listed = f"{LIST} WHERE customer IN (SELECT id FROM customers)"
    table(url, "customers", "id INT", (1,), (2,))
    own: dict[str, object] = {"use": "sql", "url": url, "query": listed, "absent_means_paid": True}
    own["control_account"] = {"query": ACCOUNT}
    feed = Feed(tmp_path / "feed", {"erp": own}, plugins=("sql", "kolleno"))
    feed.approved()
    execute(url, "DELETE FROM customers WHERE id = 2")
    result = feed.sync()
    assert result.receipt is None
    assert "ledger-moved" in codes(result)
    assert "300.20" in " ".join(objection.message for objection in result.plan.objections)


def test_a_payment_in_list_and_ledger_balances(tmp_path: Path, url: str) -> None:
    own: dict[str, object] = {"use": "sql", "url": url, "query": LIST}
    own["control_account"] = {"query": ACCOUNT, "received": RECEIVED}
    feed = Feed(tmp_path / "feed", {"erp": own}, plugins=("sql", "kolleno"))
    feed.approved()
    execute(
        url,
        "DELETE FROM invoices WHERE number = 'INV-1'",
        "INSERT INTO journal VALUES (1, 'EUR', 0, 100.1, '2026-05-05 00:00:00')",
    )
    plan = feed.plan()
    assert plan.missing["evidence"].tolist() == ["balanced"]
    assert "ledger-moved" not in codes(plan)
    assert "more-than-received" not in codes(plan)
