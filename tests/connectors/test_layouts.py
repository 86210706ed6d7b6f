"""Layouts of reports that systems are known to print, one fixture each: what is read, and what proves it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from arfeed import Complete, Connector
from arfeed_connectors.quickbooks import QuickBooks
from arfeed_connectors.xero import Xero
from support.feeds.sources import complete, read
from support.files.printed import workbook, written

Rows = Sequence[Sequence[Any]]

INVOICE_LIST: Rows = [
    ["Invoice List by Date"], ["Example LLC"], ["January 1 - April 4, 2026"], [],
    ["Date", "Transaction type", "Num", "Customer full name", "Memo/Description", "Due date", "Amount", "Open balance"],
    ["01/15/2026", "Invoice", "1001", "Last, First", "", "02/14/2026", "1,500.00", "1,500.00"],
    ["01/16/2026", "Invoice", "1002", "Acme:North", "second visit", "02/15/2026", "80.00", "0.00"],
    ["01/17/2026", "Invoice", "0071", "Acme", "", "02/16/2026", "20.00", "5.25"],
    ["TOTAL", "", "", "", "", "", "$1,600.00", "$1,505.25"],
    [], ["Saturday, April 4, 2026 01:21 AM GMTZ"],
]  # fmt: skip

DESKTOP_AGING: Rows = [
    ["3:58 PM"], ["04/04/26"], ["", "Example LLC"], ["", "A/R Aging Detail"], ["", "As of April 4, 2026"],
    ["", "Type", "Date", "Num", "P. O. #", "Name", "Terms", "Due Date", "Class", "Aging", "Open Balance"],
    ["Current"],
    ["", "Invoice", "03/20/26", "1003", "PO 9", "3000", "Net 30", "04/19/26", "", "", "40.00"],
    ["Total Current", *[""] * 9, "40.00"],
    ["1 - 30"],
    ["", "Invoice", "02/20/26", "1001", "", "Müller:Attic", "Net 30", "03/22/26", "", "13", "100.00"],
    ["", "Credit Memo", "02/21/26", "C-1", "", "Müller", "", "", "", "", "-30.00"],
    ["Total 1 - 30", *[""] * 9, "70.00"],
    ["> 90"], ["Total > 90", *[""] * 9, "0.00"],
    ["TOTAL", *[""] * 9, "110.00"],
]  # fmt: skip

TRANSACTIONS: Rows = [
    ["Transaction List by Customer"], ["Example LLC"], [],
    ["", "Date", "Transaction type", "Num", "Posting", "Memo/Description", "Amount", "Open balance"],
    ["Acme, Inc."],
    ["", "01/15/2026", "Invoice", "1001", "Yes", "", "50.00", "0.00"],
    ["", "01/20/2026", "Payment", "2201", "Yes", "", "-50.00", "0.00"],
    ["", "02/01/2026", "Estimate", "E-1", "No", "", "700.00", "0.00"],
    ["", "02/03/2026", "Invoice", "1002", "Yes", "", "25.00", "25.00"],
    ["Total for Acme, Inc.", *[""] * 6, "$25.00"],
    ["TOTAL", *[""] * 6, "$25.00"],
]  # fmt: skip

NETSUITE: Rows = [
    ["Open Invoices"], ["Parent : Child"], ["As of 31 July 2026"],
    ["Customer", "Transaction Type", "Date", "Document Number", "P.O. No.", "Due Date", "Age", "Open Balance"],
    ["C117 Alpha Health, LLC"],
    ["", "Invoice", "01/07/2026", "INV117", "", "31/07/2026", "0", "10.00"],
    ["Total - C117 Alpha Health, LLC", *[""] * 6, "10.00"],
    ["Total", *[""] * 6, "10.00"],
]  # fmt: skip

_TWENTY_THREE = [
    "Contact Account Number", "Primary Person", "Phone", "Email", "Mobile", "Contact Group", "Invoice Date", "Due Date",
    "Expected Date", "Invoice Number", "Invoice Reference", "< 1 Month", "1 Month", "2 Months", "3 Months", "Older", "",
    "Total", "Outstanding Tax", "PROJECT ID", "SERVICE MONTH", "Invoice Seen", "Invoice Sent",
]  # fmt: skip
_DAY = date(2026, 6, 10)


def _aged(header: Sequence[str], *, unnamed: bool) -> Rows:
    """Two contacts, a credit note without a number, dates and amounts in cells of their kind."""

    def row(label: str, **cells: Any) -> list[Any]:
        found = [cells.get(name.replace(" ", "_"), "") for name in header]
        if unnamed and cells.get("Invoice_Number"):
            found[header.index("")] = 1.5
        return [label, *found[1:]] if label else found

    return [
        ["Aged Receivables Detail"], ["Larkfield Ltd"], ["As at 30 June 2026"], ["Ageing by due date"], [], [*header],
        ["Ada Ltd"],
        row("", Invoice_Date=_DAY, Due_Date=date(2026, 7, 10), Invoice_Number="INV-1", Older=4000.1, Total=4000.1),
        row("", Invoice_Date=_DAY, Older=-300, Total=-300),
        row("Total Ada Ltd", Older=3700.1, Total=3700.1), [],
        ["Bob & Co"],
        row("", Invoice_Date=_DAY, Due_Date=_DAY, Invoice_Number="0002", Total=0.2),
        row("Total Bob & Co", Total=0.2), [],
        row("Total", Total=3700.3),
        row("Percentage of total", Older=0.99, Total=1),
    ]  # fmt: skip


AGED_23 = _aged(_TWENTY_THREE, unnamed=True)
AGED_BY_MONTH = _aged(
    ["Invoice Date", "Due Date", "Invoice Number", "Jun 2026", "May 2026", "Older", "Total"], unnamed=False
)
AGED_FOUND = [
    ("Ada Ltd", "INV-1", "invoice", Decimal("4000.1")),
    ("Ada Ltd", "CREDIT_NOTE", "credit_note", Decimal(-300)),
    ("Bob & Co", "0002", "invoice", Decimal("0.2")),
]

FOUND = {
    "Invoice List": [
        ("Last, First", "1001", "invoice", Decimal(1500)),
        ("Acme:North", "1002", "invoice", Decimal(0)),
        ("Acme", "0071", "invoice", Decimal("5.25")),
    ],
    "Desktop, A/R Aging Detail": [
        ("3000", "1003", "invoice", Decimal(40)),
        ("Müller:Attic", "1001", "invoice", Decimal(100)),
        ("Müller", "C-1", "credit_note", Decimal(-30)),
    ],
    "Transaction List by Customer": [
        ("Acme, Inc.", "1001", "invoice", Decimal(0)),
        ("Acme, Inc.", "PAYMENT", "payment", Decimal(0)),
        ("Acme, Inc.", "PAYMENT", "payment", Decimal(0)),
        ("Acme, Inc.", "1002", "invoice", Decimal(25)),
    ],
    "NetSuite": [("C117 Alpha Health, LLC", "INV117", "invoice", Decimal(10))],
    "Xero, 23 columns": AGED_FOUND,
    "Xero, by month": AGED_FOUND,
}
REPORTS: dict[str, tuple[type[Connector], Rows, str, str, Complete]] = {
    "Invoice List": (QuickBooks, INVOICE_LIST, "MDY", "1505.25", Complete(lists_closed=True)),
    "Desktop, A/R Aging Detail": (QuickBooks, DESKTOP_AGING, "MDY", "110", Complete(as_of=date(2026, 4, 4))),
    "Transaction List by Customer": (QuickBooks, TRANSACTIONS, "MDY", "25", Complete(lists_closed=True)),
    "NetSuite": (QuickBooks, NETSUITE, "DMY", "10", Complete(as_of=date(2026, 7, 31))),
    "Xero, 23 columns": (Xero, AGED_23, "DMY", "3700.3", Complete(as_of=date(2026, 6, 30))),
    "Xero, by month": (Xero, AGED_BY_MONTH, "DMY", "3700.3", Complete(as_of=date(2026, 6, 30))),
}


def source(use: type[Connector], file: Path, dates: str) -> Connector:
    settings = {"path": str(file), "dates": dates, "currency": "USD", "decimal": "."}
    return use("books", use.Settings.model_validate(settings))


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
@pytest.mark.parametrize("name", REPORTS)
def test_a_known_layout_gives_its_items_and_its_total(tmp_path: Path, name: str, suffix: str) -> None:
    use, rows, dates, total, said = REPORTS[name]
    file = tmp_path / f"report.{suffix}"
    if suffix == "xlsx":
        workbook(file, rows)
    else:
        written(file, [[f"{cell:%d/%m/%Y}" if isinstance(cell, date) else str(cell) for cell in row] for row in rows])
    books = source(use, file, dates)
    frame = read(books)
    refs = [
        ref.rpartition("-")[0] if ref.startswith(("PAYMENT-", "CREDIT_NOTE-")) else ref for ref in frame["invoice_ref"]
    ]
    assert list(zip(frame["customer_name"], refs, frame["kind"], frame["balance"], strict=True)) == FOUND[name]
    ended = complete(books)
    assert ended.totals == {"USD": Decimal(total)}
    assert (ended.as_of, ended.lists_closed) == (said.as_of, said.lists_closed)


HELD = {
    "Online, *Open Invoices*": "test_quickbooks.py::test_open_invoices_are_read_in_every_generation",
    "Online, *A/R Aging Detail*": "test_quickbooks.py::test_groups_by_age_are_no_customers",
    "Desktop, *Open Invoices*": "test_layouts.py::test_a_known_layout_gives_its_items_and_its_total",
    "*Invoice List*": "test_layouts.py::test_a_known_layout_gives_its_items_and_its_total",
    "the same grids from NetSuite": "test_layouts.py::test_a_known_layout_gives_its_items_and_its_total",
    "IIF": "test_quickbooks.py::test_iif_gives_what_is_not_marked_paid_and_says_what_that_is_worth",
    "*A/R Aging Summary*": "test_quickbooks.py::test_other_reports_are_refused_by_name",
    "*Collections Report*": "test_quickbooks.py::test_other_reports_are_refused_by_name",
    "*A/P Aging*": "test_quickbooks.py::test_other_reports_are_refused_by_name",
    "the API's answers": "test_quickbooks.py::test_answers_of_the_api_are_refused",
    "*Profit and Loss*": "test_quickbooks.py::test_other_reports_are_refused_by_name",
    "*Invoices* (Business": "test_xero.py::test_an_export_yields_exactly_its_open_documents",
    "*Aged Receivables Detail*": "test_xero_aged.py::test_the_aged_report_is_read_under_its_contacts",
    "the API's answer to": "test_xero_aged.py::test_one_page_of_several_is_refused",
    "*Aged Receivables Summary*": "test_xero_aged.py::test_a_report_that_lists_something_else_is_refused_by_name",
    "*Accounts Receivable Invoices*": "test_xero_aged.py::test_a_report_that_lists_something_else_is_refused_by_name",
    "the template of an import": "test_xero.py::test_the_import_template_is_refused_with_the_reason",
}  # fmt: skip
"""What holds each row of the tables in docs/sources.md."""


def test_every_row_of_the_tables_in_the_docs_is_held_by_a_test() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")
    rows = [line[2:] for line in page.splitlines() if line.startswith("| ") and not line.startswith("| export")]
    held = [next((test for start, test in HELD.items() if row.startswith(start)), None) for row in rows]
    assert len(rows) == len(HELD)
    for row, test in zip(rows, held, strict=True):
        assert test, row
        file, _, name = test.partition("::")
        assert f"def {name}(" in Path(__file__).with_name(file).read_text(encoding="utf-8"), test
