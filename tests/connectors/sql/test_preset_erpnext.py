"""The preset `erpnext` on a hundred and fifty documents as ERPNext writes them, in each database that it runs on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy as sa

from arfeed import minor_digits
from arfeed_connectors.sql import Sql
from support.databases.servers import MARIADB, POSTGRESQL
from support.databases.tables import execute, place, quoted, sql, table
from support.erps.erpnext import Open, Site
from support.erps.erpnext_scenes import site
from support.feeds.sources import complete, explained, failure, opened, problems

COMPANY = "Nordlicht"


@pytest.fixture(scope="module")
def books() -> Site:
    return site()


@pytest.fixture(scope="module", params=["sqlite", "mariadb", "postgresql"])
def url(request: pytest.FixtureRequest, books: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if request.param == "sqlite":
        yield books.write(f"sqlite:///{tmp_path_factory.mktemp('site') / 'books.db'}")
        return
    with (POSTGRESQL if request.param == "postgresql" else MARIADB).new_database() as server:
        yield books.write(server)


def source(url: str, **changes: object) -> Sql:
    return sql(url, preset="erpnext", **{"company": COMPANY, **changes})


def delivered(frame: pd.DataFrame) -> dict[str, Open]:
    days = [None if pd.isna(value) else value for value in frame["due_on"]]
    amounts = [None if pd.isna(value) else value for value in frame["amount"]]
    columns = (frame[name] for name in ("balance", "customer_name", "kind", "currency", "company"))
    return {
        ref: Open(balance, due, amount, name, kind, currency, company)
        for ref, due, amount, balance, name, kind, currency, company in zip(
            frame["invoice_ref"], days, amounts, *columns, strict=True
        )
    }


def expected(books: Site, company: str) -> dict[str, Open]:
    return {ref: document for ref, document in books.open.items() if document.company == company}


def test_there_are_as_many_documents_as_were_made_by_erpnext_itself(books: Site) -> None:
    assert len(books.invoices) >= 142
    assert sum(ref not in {invoice.name for invoice in books.invoices} for ref in books.became) >= 8


@pytest.mark.parametrize("company", [COMPANY, "Südlicht", "Ostlicht"])
def test_each_document_is_delivered_as_its_scene_says(url: str, books: Site, company: str) -> None:
    own = source(url, company=company)
    own.check()
    assert delivered(opened(own)) == expected(books, company)


def test_each_document_is_explained_as_its_scene_says(url: str, books: Site) -> None:
    others = {name for name, document in books.open.items() if document.company != COMPANY}
    asked = {ref: status for ref, status in books.became.items() if ref not in others}
    rows = explained(source(url), asked)
    assert dict(zip(rows["invoice_ref"], rows["status"], strict=True)) == asked
    assert not rows.loc[rows["status"] != "open", "balance"].any()
    left = rows.loc[rows["status"] == "open"].set_index("invoice_ref")["balance"].to_dict()
    assert left == {ref: document.balance for ref, document in expected(books, COMPANY).items()}


def test_a_document_is_worded_alike_whether_it_is_listed_or_asked_for(url: str) -> None:
    own = source(url)
    listed = opened(own).set_index("invoice_ref")
    asked = explained(own, listed.index).set_index("invoice_ref")
    columns = ["kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "amount", "balance"]
    pd.testing.assert_frame_equal(asked.loc[listed.index, columns], listed[columns])


def test_the_ledger_owes_what_the_list_does_less_what_no_invoice_has_used(url: str, books: Site) -> None:
    own = source(url, control_account=True)
    listed = opened(own)
    account = complete(own).control_account
    own.release()
    assert account is not None
    unused = sum(
        line["amount_in_account_currency"]
        for line in books.lines
        if line["voucher_no"] == line["against_voucher_no"] and line["voucher_type"] == "Payment Entry"
    )
    favour = Decimal(-7)  # by journal entry
    sums = listed.groupby("currency")["balance"].sum()
    assert account.balances["EUR"] == sums["EUR"] + unused + favour
    assert account.balances["USD"] == sums["USD"]


def test_companies_of_a_site_are_told_apart_for_what_is_true_of_them(url: str) -> None:
    assert failure(source(url, company=None)) == (
        "erp: the database holds invoices of several companies, 'Nordlicht', 'Ostlicht', 'Südlicht', which share "
        "customers and numbers but keep separate books; make a source of each, with `company`"
    )


def test_the_customers_own_address_stands_in_for_the_invoices(url: str, books: Site) -> None:
    first = opened(source(url)).set_index("invoice_ref").loc[books.invoices[0].name]
    assert (first["customer_email"], first["po_number"]) == ("books@example.com", "PO 7")


@pytest.mark.parametrize("database", ["mariadb_url", "postgresql"])
@pytest.mark.parametrize(("currency", "total"), [("JPY", "1000.5"), ("EUR", "10.125")])
def test_an_amount_finer_than_its_currency_is_a_problem_of_its_row_alone(
    request: pytest.FixtureRequest, database: str, currency: str, total: str
) -> None:
    small = Site()
    who = small.customer("K", "Fein AG")
    small.invoice(who, "10")
    small.invoice(who, total, currency=currency, rate="0.5")
    found = problems(source(small.write(request.getfixturevalue(database))))
    assert len(found) == 3, "a heading, and the amount and the balance of one row"
    assert f"{currency} has {minor_digits()[currency]} decimals" in found[1]


def test_entries_in_two_currencies_blank_the_balance_of_that_row(mariadb_url: str) -> None:
    mixed = Site()
    who = mixed.customer("K", "Gemischt AG")
    mixed.invoice(who, "10")
    mixed.invoice(who, "20")
    mixed.lines[-1]["account_currency"] = "EUR"
    mixed.ledger(COMPANY, who, "Payment Entry", "PAY-9", "Sales Invoice", "RE-0002", Decimal(-5), -3, currency="USD")
    found = problems(source(mixed.write(mariadb_url)))
    assert "erp row 2 (invoice RE-0002), column balance" in found[1]


def test_a_table_that_the_reader_may_not_see_is_named(url: str) -> None:
    place = quoted(url, "tabPayment Schedule")
    if not url.startswith("sqlite"):
        execute(url, f"ALTER TABLE {place} RENAME TO schedule_away")
        try:
            assert "Payment Schedule" in failure(source(url))
        finally:
            execute(url, f"ALTER TABLE schedule_away RENAME TO {place}")


SITE_13 = {
    "tabSales Invoice": (
        "name VARCHAR(40), is_return INT, company VARCHAR(40), customer VARCHAR(40), customer_name VARCHAR(40), "
        "contact_email VARCHAR(40), party_account_currency VARCHAR(3), currency VARCHAR(3), posting_date DATE, "
        "due_date DATE, rounded_total DECIMAL(21, 9), grand_total DECIMAL(21, 9), base_rounded_total DECIMAL(21, 9), "
        "base_grand_total DECIMAL(21, 9), outstanding_amount DECIMAL(21, 9), po_no VARCHAR(40), docstatus INT"
    ),
    "tabPayment Schedule": (
        "parent VARCHAR(40), parenttype VARCHAR(20), due_date DATE, payment_amount DECIMAL(21, 9), "
        "outstanding DECIMAL(21, 9)"
    ),
}


def invoice_13(ref: str, total: float, left: float, docstatus: int = 1, is_return: int = 0) -> tuple[object, ...]:
    who = ("Acme", "C-1", "Customer One", "ar@example.com", "EUR", "EUR", "2026-03-02", "2026-07-31")
    return (ref, is_return, *who, 0, total, 0, total, left, None, docstatus)


def test_a_ledger_that_the_reader_may_not_see_makes_no_site_of_13(mariadb_url: str, books: Site) -> None:
    books.write(mariadb_url)
    address, reader = sa.make_url(mariadb_url), f"reader_{secrets.token_hex(4)}"
    execute(mariadb_url, f"CREATE USER {reader} IDENTIFIED BY 'x'")
    try:
        for table_13 in SITE_13:
            execute(mariadb_url, f"GRANT SELECT ON {address.database}.`{table_13}` TO {reader}")
        own = address.set(username=reader, password="x").render_as_string(hide_password=False)
        assert "denied to user" in failure(source(own))
    finally:
        execute(mariadb_url, f"DROP USER {reader}")


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_a_site_of_13_without_a_payment_ledger_is_read_and_said_so(
    request: pytest.FixtureRequest, tmp_path: Path, database: str
) -> None:
    url = place(request, database, tmp_path)
    invoices = [
        invoice_13("OPEN", 900, 900),
        invoice_13("SOME", 900, 500),
        invoice_13("PAID", 10, 0),
        invoice_13("CREDITED", 500, -200),
        invoice_13("RETURN", -50, -50, is_return=1),
        invoice_13("DRAFT", 10, 10, docstatus=0),
        invoice_13("CANCELLED", 10, 10, docstatus=2),
    ]
    # 100 of SOME's first instalment was paid as such, and 300 of it without naming one
    parts = [("OPEN", 300), ("OPEN", 300), ("OPEN", 300), ("SOME", 200), ("SOME", 300), ("SOME", 300)]
    days = ["2026-05-31", "2026-06-30", "2026-07-31"] * 2
    schedule = [(ref, "Sales Invoice", day, 300, left) for (ref, left), day in zip(parts, days, strict=True)]
    table(url, "tabSales Invoice", SITE_13["tabSales Invoice"], *invoices)
    table(url, "tabPayment Schedule", SITE_13["tabPayment Schedule"], *schedule)
    rows = opened(sql(url, preset="erpnext"))
    columns = (rows[name] for name in ("invoice_ref", "kind", "balance", "due_on"))
    assert {ref: (kind, balance, str(day)) for ref, kind, balance, day in zip(*columns, strict=True)} == {
        "OPEN": ("invoice", 900, "2026-05-31"),
        "SOME": ("invoice", 500, "2026-06-30"),
        "CREDITED": ("invoice", -200, "2026-07-31"),
        "RETURN": ("credit_note", -50, "2026-07-31"),
    }
    became = explained(sql(url, preset="erpnext"), [str(row[0]) for row in invoices])
    assert dict(zip(became["invoice_ref"], became["status"], strict=True)) == {
        "OPEN": "open", "SOME": "open", "PAID": "paid", "CREDITED": "open", "RETURN": "open", "DRAFT": "draft",
        "CANCELLED": "void",
    }  # fmt: skip
    own = sql(url, preset="erpnext")
    notes = complete(own).notes
    own.release()
    assert notes[0] == "it is read as erpnext 13, since tables of later versions are not there"
