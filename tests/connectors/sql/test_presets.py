"""The presets, each on the tables of its system, in SQLite and in the databases that it runs on."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest

from arfeed_connectors.sql import Sql
from arfeed_connectors.sql.presets import PRESETS
from support.databases.books import BOOKS
from support.databases.tables import execute, sql
from support.feeds.sources import failure, opened, problems

AT_HOME = [
    ("odoo", "postgresql"),
    ("erpnext", "mariadb_url"),
    ("dolibarr", "mariadb_url"),
    ("dolibarr", "postgresql"),
    ("invoiceplane", "mariadb_url"),
    ("akaunting", "mariadb_url"),
    ("gnucash", "postgresql"),
    ("gnucash", "mariadb_url"),
]


def preset(name: str, url: str, **changes: object) -> Sql:
    return sql(BOOKS[name].write(url), preset=name, **{**BOOKS[name].settings, **changes})


def in_a_file(name: str, folder: Path, **changes: object) -> Sql:
    return preset(name, f"sqlite:///{folder / 'books.db'}", **changes)


def items(frame: pd.DataFrame) -> dict[str, tuple[str, str, Decimal]]:
    columns = (frame[name] for name in ("invoice_ref", "kind", "currency", "balance"))
    return {ref: (kind, currency, balance) for ref, kind, currency, balance in zip(*columns, strict=True)}


def expected(name: str) -> dict[str, tuple[str, str, Decimal]]:
    return {ref: (kind, code, Decimal(balance)) for ref, (kind, code, balance) in BOOKS[name].expected.items()}


def test_every_preset_has_books() -> None:
    of_their_own = {"sqlledger", "ledgersmb", "frontaccounting", "kivitendo", "tryton"}  # in test_preset_NAME.py
    assert BOOKS.keys() == PRESETS.keys() - of_their_own


@pytest.mark.parametrize("name", BOOKS)
def test_a_preset_lists_exactly_what_is_open(tmp_path: Path, name: str) -> None:
    frame = opened(in_a_file(name, tmp_path))
    assert items(frame) == expected(name)
    assert set(frame["issued_on"]) <= {date(2026, 3, 2), date(2026, 3, 3)}
    assert "" not in set(frame["customer_name"]) | set(frame["customer_id"])


@pytest.mark.parametrize(("name", "database"), AT_HOME)
def test_a_preset_lists_the_same_in_its_own_database(request: pytest.FixtureRequest, name: str, database: str) -> None:
    source = preset(name, request.getfixturevalue(database))
    source.check()
    assert items(opened(source)) == expected(name)


@pytest.mark.parametrize("name", ["odoo", "dolibarr", "akaunting"])
def test_several_companies_are_never_merged(tmp_path: Path, name: str) -> None:
    source = in_a_file(name, tmp_path, company=None)
    assert failure(source) == (
        "erp: the database holds invoices of several companies, 1, 2, whose numbers may be the same; "
        "make a source of each, with `company`"
    )
    second = opened(
        sql(source.settings.url.get_secret_value(), preset=name, **{**BOOKS[name].settings, "company": "2"})
    )
    assert len(second) == 1
    assert second["invoice_ref"].iloc[0] in BOOKS[name].expected


def test_the_only_company_needs_no_naming(tmp_path: Path) -> None:
    assert items(opened(in_a_file("erpnext", tmp_path))) == expected("erpnext")


def test_a_company_without_open_invoices_is_refused_with_those_that_have_some(postgresql: str) -> None:
    source = preset("odoo", postgresql, company=3)
    assert failure(source) == "erp: company 3 has no open invoices; found those of 1, 2"
    empty = sql(postgresql, preset="odoo", company=3, allow_empty=True)
    assert len(opened(empty)) == 0


def test_invoices_of_no_company_are_not_left_out_in_silence(tmp_path: Path) -> None:
    source = in_a_file("odoo", tmp_path)
    execute(source.settings.url.get_secret_value(), "UPDATE account_move SET company_id = NULL WHERE id = 2")
    assert "open invoices that name no company, which company 1 would leave out" in failure(source)


def test_another_prefix_finds_other_tables(tmp_path: Path) -> None:
    source = in_a_file("dolibarr", tmp_path)
    url = source.settings.url.get_secret_value()
    for table in ("societe", "facture", "paiement_facture", "societe_remise_except"):
        execute(url, f"ALTER TABLE llx_{table} RENAME TO erp_{table}")
    assert "no such table: llx_" in failure(source)
    moved = sql(url, preset="dolibarr", table_prefix="erp_", **BOOKS["dolibarr"].settings)
    assert items(opened(moved)) == expected("dolibarr")


def test_an_invoice_whose_customer_is_lost_is_a_problem_and_not_gone(tmp_path: Path) -> None:
    source = in_a_file("odoo", tmp_path)
    execute(source.settings.url.get_secret_value(), "DELETE FROM res_partner")
    assert "column customer_name" in problems(source)[1]


def test_a_foreign_document_of_dynamics_gp_without_its_amount_is_refused(tmp_path: Path) -> None:
    source = in_a_file("dynamics-gp", tmp_path)
    execute(source.settings.url.get_secret_value(), "UPDATE MC020102 SET ORCTRXAM = 0 WHERE RMDTYPAL = 1")
    assert "blank is not zero" in problems(source)[1]


def test_a_currency_sign_is_never_guessed_at(tmp_path: Path) -> None:
    assert "is not an ISO 4217 currency code" in problems(in_a_file("sap-b1", tmp_path, currencies={}))[1]


def test_the_due_date_of_sap_is_the_first_open_instalments_and_gnucashs_lies_in_a_slot(tmp_path: Path) -> None:
    (tmp_path / "gnc").mkdir()
    due = {
        **dict(opened(in_a_file("sap-b1", tmp_path)).set_index("invoice_ref")["due_on"]),
        **dict(opened(in_a_file("gnucash", tmp_path / "gnc")).set_index("invoice_ref")["due_on"]),
    }
    assert due["900"] == due["000001"] == date(2026, 4, 1)
    assert due["901"] == date(2026, 5, 1)


def test_the_due_date_of_odoo_is_the_first_open_instalments_and_the_debtor_is_the_company_behind_a_contact(
    tmp_path: Path,
) -> None:
    rows = opened(in_a_file("odoo", tmp_path)).set_index("invoice_ref")
    assert rows["due_on"].to_dict() == {
        "INV/2026/0001": date(2026, 4, 1),
        "INV/2026/0002": date(2026, 4, 20),
        "RINV/2026/0001": date(2026, 4, 1),
        "REC/2026/0001": date(2026, 4, 1),
        "INV/2026/0005": date(2026, 4, 1),
        "RINV/2026/0003": date(2026, 4, 1),
    }
    assert {*zip(rows["customer_id"], rows["customer_name"], strict=True)} == {("7", "Café Ünal")}
    assert rows["customer_email"].tolist() == ["bills@example.com", *["ar@example.com"] * 5], "a nameless address"


def test_what_is_retained_of_a_dolibarr_invoice_is_due_when_the_warranty_ends(tmp_path: Path) -> None:
    due = dict(opened(in_a_file("dolibarr", tmp_path)).set_index("invoice_ref")["due_on"])
    retained = {ref for ref, day in due.items() if day == date(2027, 4, 1)}
    assert retained == {"FA2603-0012", "FA2603-0014"}
    assert {day for ref, day in due.items() if ref not in retained} == {date(2026, 4, 1)}


@pytest.mark.parametrize("amount", ["0", "NULL"])
@pytest.mark.parametrize(
    ("changed", "ref"),
    [
        ("paiement_facture SET multicurrency_amount = {} WHERE fk_facture = 8", "FA2603-0005"),
        (
            "societe_remise_except SET fk_facture = 8, multicurrency_amount_ttc = {} WHERE amount_ttc = 40",
            "FA2603-0005",
        ),
        ("facture SET multicurrency_total_ttc = {} WHERE rowid = 8", "FA2603-0005"),
        ("societe_remise_except SET multicurrency_amount_ttc = {} WHERE fk_facture_source = 23", "AV2603-0005"),
    ],
    ids=["payment", "credit", "total", "converted credit note"],
)
def test_a_foreign_document_of_dolibarr_with_an_unknown_foreign_amount_is_refused_by_its_number(
    tmp_path: Path, changed: str, ref: str, amount: str
) -> None:
    source = in_a_file("dolibarr", tmp_path)
    execute(source.settings.url.get_secret_value(), f"UPDATE llx_{changed.format(amount)}")
    said = problems(source)
    assert len(said) in (2, 3)
    assert all(ref in line for line in said[1:])
    assert any("Dolibarr holds 0 in that currency" in line for line in said[1:])


def test_a_client_of_invoiceplane_has_a_name_and_a_surname(tmp_path: Path) -> None:
    assert set(opened(in_a_file("invoiceplane", tmp_path))["customer_name"]) == {"Ada Byron", "Client & Co"}


def test_the_totals_of_erpnext_are_in_the_currency_of_its_balances(tmp_path: Path) -> None:
    amounts = opened(in_a_file("erpnext", tmp_path)).set_index("invoice_ref")["amount"]
    assert amounts.to_dict() == {
        "SINV-1": Decimal(1234568),
        "SINV-2": Decimal(8300),
        "SINV-7": Decimal(1),
        "RET-1": Decimal(-500),
        "RET-2": None,
        "SINV-8": Decimal(900),
    }
