"""The control account of files: a second report, read to the cent, or refused in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed import Connector, ControlAccount, SourceError
from arfeed.intake.extract import extract
from arfeed_connectors.folder import Folder
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.xero import Xero
from support.feeds.sources import HEADER
from support.files.exports import document, xero
from support.files.printed import report, workbook, written

Rows = Sequence[Sequence[Any]]

QBO_AGEING: Rows = [
    ["A/R Aging Summary Report"], ["Example LLC"], ["As of Apr 4, 2026"], [],
    ["", "Current", "1 - 30", "31 - 60", "61 - 90", "91 and over", "Total"],
    ["Acme, Inc.", "1,500.05", "", "", "", "", "$1,500.05"],
    ["Beta", "", "", "", "", "", ""],
    ["North", "700.00", "", "", "", "", "700.00"],
    ["Total for Beta", "$700.00", "", "", "", "", "$700.00"],
    ["3000", "", "-200.00", "", "", "", "-200.00"],
    ["TOTAL", "$2,200.05", "-$200.00", "$0.00", "$0.00", "$0.00", "$2,000.05"],
    [], ["Accrual Basis Friday, May 15, 2026 01:21 AM GMTZ"],
]  # fmt: skip
QBO_CUSTOMERS: Rows = [
    ["Customer Balance Summary"], ["Example LLC"], ["As of April 4, 2026"], [],
    ["", "Total"],
    ["Acme, Inc.", "1,500.05"],
    ["Beta", "100.00"],
    ["North", "600.00"],
    ["Total Beta", "700.00"],
    ["3000", "-200.00"],
    ["TOTAL", "$2,000.05"],
]  # fmt: skip
QBO_TRIAL: Rows = [
    ["Example LLC"], ["Trial Balance"], ["As of Apr 4, 2026"], [],
    ["", "Debit", "Credit"],
    ["1000 Checking", "500.00", ""],
    ["1200 Accounts Receivable (A/R)", "2,000.05", ""],
    ["4000 Sales", "", "2,500.05"],
    ["5000 Discounts", "", ""],
    ["TOTAL", "$2,500.05", "$2,500.05"],
    [], ["Accrual Basis Saturday, April 4, 2026 01:21 AM GMTZ"],
]  # fmt: skip
DESKTOP_AGEING: Rows = [
    ["3:58 PM", "", "", ""], ["04/04/26"], ["", "Example LLC"], ["", "A/R Aging Summary"], ["", "As of April 4, 2026"],
    ["", "Current", "1 - 30", "31 - 60", "61 - 90", "> 90", "TOTAL"],
    ["Müller"],
    ["Attic", "", "1,400.05", "", "", "", "1,400.05"],
    ["Müller - Other", "", "300.00", "", "", "", "300.00"],
    ["Total Müller", "0.00", "1,700.05", "0.00", "0.00", "0.00", "1,700.05"],
    ["3000", "300.00", "", "", "", "", "300.00"],
    ["TOTAL", "300.00", "1,700.05", "0.00", "0.00", "0.00", "2,000.05"],
]  # fmt: skip
DESKTOP_CUSTOMERS: Rows = [
    ["", "Example LLC"], ["", "Customer Balance Summary"], ["", "As of April 4, 2026"],
    ["", "Apr 4, 26"],
    ["Müller"],
    ["Attic", "1,700.05"],
    ["Total Müller", "1,700.05"],
    ["3000", "300.00"],
    ["TOTAL", "2,000.05"],
]  # fmt: skip
DESKTOP_TRIAL: Rows = [
    ["", "Example LLC"], ["", "Trial Balance"], ["", "As of April 4, 2026"],
    ["", "Apr 4, 26", ""], ["", "Debit", "Credit"],
    ["1200 · Accounts Receivable", "2,000.05", ""],
    ["4000 · Sales", "", "2,000.05"],
    ["TOTAL", "2,000.05", "2,000.05"],
]  # fmt: skip
XERO_AGEING: Rows = [
    ["Aged Receivables Summary"], ["Larkfield Ltd"], ["As at 4 April 2026"], ["Ageing by due date"], [],
    ["Contact", "Current", "< 1 Month", "1 Month", "2 Months", "3 Months", "Older", "Total"], [],
    ["Acme, Inc.", 1700.05, 0, 0, 0, 0, 0, 1700.05],
    ["Bob & Co", 0, 300, 0, 0, 0, 0, 300],
    ["Total", 1700.05, 300, 0, 0, 0, 0, 2000.05],
    ["Percentage of total", 0.85, 0.15, 0, 0, 0, 0, 1],
]  # fmt: skip
XERO_TRIAL: Rows = [
    ["Trial Balance"], ["Larkfield Ltd"], ["As at 4 April 2026"], [],
    ["Account Code", "Account", "Account Type", "Debit - Year to date", "Credit - Year to date", "31 Mar 2025"], [],
    ["200", "Sales", "Revenue", "", 2000.05, -1800.5],
    ["610", "Accounts Receivable", "Accounts Receivable", 2000.05, "", 1800.5],
    ["Total", "", "", 2000.05, 2000.05, 0],
]  # fmt: skip
XERO_OLD_TRIAL: Rows = [
    ["Trial Balance"], ["Larkfield Ltd"], ["As at 4 April 2026"], [],
    ["Account", "Debit", "Credit", "YTD Debit", "YTD Credit"],
    ["Revenue"],
    ["Sales (200)", "", "17.00", "", "2000.05"],
    ["Assets"],
    ["Accounts Receivable (610)", "17.00", "", "2000.05", ""],
    ["Total", "17.00", "17.00", "2000.05", "2000.05"],
]  # fmt: skip

BY_CUSTOMER = {("Acme, Inc.", "USD"): "1500.05", ("Beta:North", "USD"): "700.00", ("3000", "USD"): "-200.00"}
DESKTOP_BY_CUSTOMER = {("Müller:Attic", "USD"): "1400.05", ("Müller", "USD"): "300", ("3000", "USD"): "300"}
LAYOUTS: dict[str, tuple[Rows, dict[tuple[str, str], str] | None]] = {
    "Online, A/R Aging Summary": (QBO_AGEING, BY_CUSTOMER),
    "Online, Customer Balance Summary": (
        QBO_CUSTOMERS, {**BY_CUSTOMER, ("Beta:North", "USD"): "600", ("Beta", "USD"): "100"},
    ),
    "Online, Trial Balance": (QBO_TRIAL, None),
    "Desktop, A/R Aging Summary": (DESKTOP_AGEING, DESKTOP_BY_CUSTOMER),
    "Desktop, Customer Balance Summary": (
        DESKTOP_CUSTOMERS, {("Müller:Attic", "USD"): "1700.05", ("3000", "USD"): "300"},
    ),
    "Desktop, Trial Balance": (DESKTOP_TRIAL, None),
    "Xero, Aged Receivables Summary": (XERO_AGEING, {("Acme, Inc.", "USD"): "1700.05", ("Bob & Co", "USD"): "300"}),
    "Xero, Trial Balance": (XERO_TRIAL, None),
    "Xero, the older Trial Balance": (XERO_OLD_TRIAL, None),
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "account.csv"


def books(account: Path, /, **columns: object) -> Connector:
    """QuickBooks' Open Invoices as of 4 April 2026, with a control account beside it."""
    listed = written(account.with_name("open.csv"), report())
    table = {"path": str(account), **columns}
    settings = {"path": str(listed), "dates": "MDY", "currency": "USD", "control_account": table}
    return QuickBooks("books", QuickBooks.Settings.model_validate(settings))


def table(account: Path, /, *lines: str, invoices: Sequence[str] = (), **columns: object) -> Connector:
    """A plain list of invoices with a plain table for a control account."""
    account.write_text("\n".join(lines) + "\n", encoding="utf-8")
    listed = account.with_name("open.csv")
    listed.write_text("\n".join([HEADER + ",customer_id", *(invoices or ["1,Ada,GBP,2026-04-07,10,K1"])]) + "\n")
    settings = {"path": str(listed), "control_account": {"path": str(account), **columns}}
    return Folder("books", Folder.Settings.model_validate(settings))


def account(source: Connector) -> ControlAccount:
    found = extract([source], lambda: datetime.now(UTC)).reports[0].complete.control_account
    assert found is not None
    return found


def refusal(source: Connector) -> str:
    with pytest.raises(SourceError) as caught:
        account(source)
    said = str(caught.value)
    assert said.startswith("[sources.books.control_account] ")
    return said


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("name", LAYOUTS)
def test_a_known_report_gives_what_is_owed(tmp_path: Path, name: str, suffix: str) -> None:
    rows, customers = LAYOUTS[name]
    file = tmp_path / f"account.{suffix}"
    if suffix == "xlsx":
        workbook(file, rows)
    else:
        written(file, [[str(cell) for cell in row] for row in rows], encoding="cp1252")
    found = account(books(file))
    assert found.balances == {"USD": Decimal("2000.05")}
    expected = None if customers is None else {key: Decimal(owed) for key, owed in customers.items()}
    assert found.customers == expected


def test_every_file_connector_has_it(file: Path) -> None:
    written(file, [[str(cell) for cell in row] for row in XERO_TRIAL])
    listed = xero(file.with_name("SalesInvoices.csv"), document("INV-1"))
    settings = {"path": str(listed), "dates": "DMY", "control_account": {"path": str(file)}}
    found = account(Xero("books", Xero.Settings.model_validate(settings)))
    assert found.balances == {"GBP": Decimal("2000.05")}


def test_a_report_without_its_total_is_cut_off(file: Path) -> None:
    rows = [row for row in QBO_AGEING if row[:1] != ["TOTAL"]]
    assert "it ends without a total, so it was cut off" in refusal(books(written(file, rows)))


@pytest.mark.parametrize(
    ("rows", "line", "said"),
    [
        (QBO_AGEING, 5, "'TOTAL' is printed as 2,000.05, but its lines sum to 500.00"),
        (QBO_AGEING, 7, "'Total for Beta' is printed as 700.00, but its lines sum to 0.00"),
        (QBO_TRIAL, 5, "'TOTAL' is printed as 2,500.05, but its lines sum to 2,000.05"),
        (QBO_TRIAL, 7, "'TOTAL' is printed as 2,500.05, but its lines sum to 0.00"),
    ],
    ids=["a customer", "a sub-customer", "a debit", "a credit"],
)
def test_a_total_that_does_not_add_up_is_refused(file: Path, rows: Rows, line: int, said: str) -> None:
    assert said in refusal(books(written(file, [*rows[:line], *rows[line + 1 :]])))


def test_a_report_of_another_day_than_the_list_is_refused(file: Path) -> None:
    rows = [["As of Mar 31, 2026"] if row == ["As of Apr 4, 2026"] else row for row in QBO_TRIAL]
    said = refusal(books(written(file, rows)))
    assert "it is as of 2026-03-31, but the invoices are as of 2026-04-04; export both of the same day" in said


@pytest.mark.parametrize("days", [-2, 2])
def test_without_dates_in_words_both_files_have_to_be_of_the_same_day(file: Path, days: int) -> None:
    source = table(file, "Account,Balance", "1200,10", balance="Balance")
    assert account(source).balances == {"GBP": Decimal(10)}
    at = file.stat().st_mtime + days * 24 * 60 * 60
    os.utime(file, (at, at))
    assert "export both of the same day" in refusal(source)


@pytest.mark.parametrize(
    ("title", "why"),
    [
        ("A/P Aging Summary", "it states what you owe"),
        ("Aged Payables Summary", "it states what you owe"),
        ("Vendor Balance Summary", "it states what you owe"),
        ("Open Invoices", "it lists invoices, as the source itself does"),
        ("A/R Aging Detail Report", "it lists invoices, as the source itself does"),
        ("Collections Report", "it leaves out what is not yet due"),
    ],
)
def test_other_reports_are_refused_by_name(file: Path, title: str, why: str) -> None:
    said = refusal(books(written(file, [[title], *QBO_AGEING[1:]])))
    assert f"this is the report {title!r}: {why}" in said
    assert "export the trial balance" in said


def test_the_list_cannot_be_its_own_control_account(file: Path) -> None:
    source = books(file)
    settings = {**source.settings.model_dump(), "control_account": {"path": source.settings.model_dump()["path"]}}
    again = QuickBooks("books", QuickBooks.Settings.model_validate(settings))
    assert "this is the list of invoices itself" in refusal(again)


def test_several_receivables_in_a_trial_balance_have_to_be_named(file: Path) -> None:
    rows = [
        *QBO_TRIAL[:7], ["1201 Accounts Receivable", "70.00", ""], ["1210 Notes", "", "70.00"], *QBO_TRIAL[7:],
    ]  # fmt: skip
    rows[-3] = ["TOTAL", "$2,570.05", "$2,570.05"]
    written(file, rows)
    assert "several accounts may be meant (1200 Accounts Receivable (A/R), 1201" in refusal(books(file))
    assert account(books(file, account="1200")).balances == {"USD": Decimal("2000.05")}
    assert account(books(file, account=["1200", "1201"])).balances == {"USD": Decimal("2070.05")}
    assert "the account 'accounts receivable' is in 2 rows" in refusal(books(file, account="accounts receivable"))
    assert "it has no account '1300'" in refusal(books(file, account="1300"))


def test_a_trial_balance_whose_receivables_are_called_otherwise_has_to_name_them(file: Path) -> None:
    rows = [[str(cell).replace("Accounts Receivable (A/R)", "Forderungen") for cell in row] for row in QBO_TRIAL]
    written(file, rows)
    assert "no account has that name; name it in `account`; it has 1000 Checking, 1200 Forderungen" in refusal(
        books(file)
    )
    assert account(books(file, account="Forderungen")).balances == {"USD": Decimal("2000.05")}


def test_the_columns_of_any_table_are_named_by_the_settings(file: Path) -> None:
    lines = ["Konto;Bezeichnung;Soll;Haben", "1000;Kasse;5,00;", "1400;Forderungen;1.234,56;1.000,00"]
    source = table(file, *lines, balance="Soll", credit="Haben", account=["1400"], decimal=",")
    assert account(source) == ControlAccount({"GBP": Decimal("234.56")})


def test_customers_and_currencies_are_read_from_their_columns_and_known_by_their_numbers(file: Path) -> None:
    lines = ["Customer,Currency,Balance", "Ada,GBP,10.00", "ADA,EUR,5", "k2,GBP,7", "Zoe,GBP,1.5", "Total,,23.50"]
    invoices = ["1,Ada,GBP,2026-04-07,10,K1", "2,Bob,GBP,2026-04-07,7,K2"]
    source = table(file, *lines, invoices=invoices, customer="Customer", currency="Currency", balance="Balance")
    found = account(source)
    assert found.balances == {"GBP": Decimal("18.5"), "EUR": Decimal(5)}
    assert found.customers == {
        ("K1", "GBP"): Decimal(10), ("K1", "EUR"): Decimal(5),
        ("K2", "GBP"): Decimal(7), ("Zoe", "GBP"): Decimal("1.5"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "columns", "said"),
    [
        (["Name,Owed", "Ada,10"], {}, "it is not clear which column holds what is owed; it begins with Name, Owed"),
        (["Name,Owed", "Ada,10"], {"balance": "Due"}, "no row has the heading 'Due'; found Name, Owed"),
        (["Name,Owed", "Ada,10"], {"customer": "Name"}, "name the one that is owed in `balance`"),
        (["Name,Owed", 'Ada,"1,000.00"'], {"balance": "Owed"}, 'set decimal = "." or decimal = ","'),
        (["Name,Owed", "Ada,ten"], {"balance": "Owed"}, "line 2: 'Ada, ten' has no amount"),
        (["Name,Owed", "Ada,$10"], {"balance": "Owed"}, "'$10' names a different currency"),
        (["Name,Cur,Owed", "Ada,Euro,10"], {"balance": "Owed", "currency": "Cur"}, "'EURO' is not an ISO 4217"),
        (["Name,Owed", "Ada,10", "Total,10", "Bob,5"], {"balance": "Owed"}, "'Bob, 5' is below the total"),
    ],
    ids=["unknown", "heading", "no balance", "notation", "no amount", "another sign", "no currency", "below"],
)
def test_what_is_not_clear_is_refused_in_words(
    file: Path, lines: list[str], columns: dict[str, str], said: str
) -> None:
    assert said in refusal(table(file, *lines, **columns))


def test_one_sum_for_several_currencies_is_refused(file: Path) -> None:
    invoices = ["1,Ada,GBP,2026-04-07,10,K1", "2,Bob,EUR,2026-04-07,7,K2"]
    said = refusal(table(file, "Name,Owed", "Ada,10", invoices=invoices, balance="Owed"))
    assert "its amounts name no currency, and the invoices are in EUR, GBP" in said


def test_a_file_that_is_not_there_names_its_setting(file: Path) -> None:
    with pytest.raises(SourceError, match=r"^control_account: .*account\.csv: no file matches"):
        account(books(file))


def test_of_several_files_the_newest_is_read(tmp_path: Path) -> None:
    for day, owed in ((1, "1"), (0, "7")):
        old = tmp_path / f"account-{day}.csv"
        old.write_text(f"Name,Owed\nAda,{owed}\n")
        os.utime(old, (old.stat().st_mtime - day * 3600,) * 2)
    source = table(tmp_path / "unused.csv", "", balance="Owed")
    settings = {
        "path": str(tmp_path / "open.csv"),
        "control_account": {"path": str(tmp_path / "account*.csv"), "balance": "Owed"},
    }
    assert account(Folder("books", Folder.Settings.model_validate(settings))).balances == {"GBP": Decimal(7)}
    assert source.settings is not None


def test_the_report_counts_as_an_input_of_the_source(file: Path) -> None:
    source = table(file, "Name,Owed", "Ada,10", balance="Owed")
    inputs = extract([source], lambda: datetime.now(UTC)).reports[0].inputs
    assert [Path(name).name for name, _ in inputs] == ["open.csv", "account.csv"]


def test_a_column_of_one_amount_is_read_and_one_of_several_is_refused(file: Path) -> None:
    assert account(table(file, "Balance", "2000.05", balance="Balance")).balances == {"GBP": Decimal("2000.05")}
    said = refusal(table(file, "Balance", "1000.00", "2000.05", balance="Balance"))
    assert "it has 2 rows of amounts and no column that says what they are, so its total can't be told" in said
