"""Xero's report Aged Receivables Detail, and its API's answers kept as files."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import Complete, FileSettings
from arfeed.intake.extract import extract
from arfeed_connectors.xero import Xero
from support.feeds.sources import balances, failure, problems, read
from support.files.exports import SEVEN, xero
from support.files.printed import text_of, written

HEADER = ["Invoice Date", "Due Date", "Invoice Number", "Invoice Reference", "Current", "", "Older", "Total"]
TITLE = [["Aged Receivables Detail"], ["Larkfield Ltd"], ["As at 30 June 2026"], ["Ageing by due date"], []]
ROWS = [
    ["Ada Ltd"],
    ["10/06/2026", "10/07/2026", "INV-1", "PO 7", "4,000.00", "", "0", "4,000.00"],
    ["1/06/2026", "", "", "credit", "0", "-300.00", "0", "-300.00"],
    ["Total Ada Ltd", "", "", "", "4,000.00", "-300.00", "0", "3,700.00"],
    [],
    ["Bob: Two & Co"],
    ["15/06/2026", "15/07/2026", "0002", "", "750.50", "", "0", "750.50"],
    ["Total Bob: Two & Co", "", "", "", "750.50", "0", "0", "750.50"],
    [],
]
TOTAL = [
    ["Total", "", "", "", "4750.50", "-300.00", "0", "4,450.50"],
    ["Percentage of total", "", "", "", "1.07", "-0.07", "0", "1"],
]


def source(file: Path, **settings: object) -> Xero:
    plain = {"path": str(file), "dates": "DMY", "decimal": ".", "currency": "GBP"}
    return Xero("xero", FileSettings.model_validate({**plain, **settings}))


def said(xero: Xero) -> Complete:
    return extract([xero], lambda: datetime.now(UTC)).reports[0].complete


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "aged.csv"


def test_the_aged_report_is_read_under_its_contacts(file: Path) -> None:
    xero = source(written(file, [*TITLE, HEADER, *ROWS, *TOTAL]))
    frame = read(xero)
    assert frame["customer_name"].tolist() == ["Ada Ltd", "Ada Ltd", "Bob: Two & Co"]
    assert frame["balance"].tolist() == [Decimal(4000), Decimal(-300), Decimal("750.5")]
    assert frame["kind"].tolist() == ["invoice", "credit_note", "invoice"]
    assert frame["invoice_ref"].tolist()[::2] == ["INV-1", "0002"]
    assert said(xero) == Complete(totals={"GBP": Decimal("4450.5")}, as_of=date(2026, 6, 30))


def test_totals_that_lie_are_noted_and_are_no_control(file: Path) -> None:
    complete = said(source(written(file, [*TITLE, HEADER, *ROWS, ["Total", *[""] * 6, "0"]])))
    assert not complete.controlled
    assert "the total of everything is printed as 0.00, but its lines sum to 4,450.50" in complete.notes[0]


def in_currencies(file: Path, *more: str, code: str = "EUR") -> Path:
    """The report with a column Currency, in which INV-1 is in `code`, and columns of 9.99 beside it."""
    rows = [[*row, "", *["" for _ in more]] if len(row) == len(HEADER) else row for row in [*ROWS, *TOTAL]]
    for row in rows:
        if len(row) > 1 and row[0] != "Total" and row[0][:1].isdigit():
            row[len(HEADER) :] = [
                code if "INV-1" in row else "GBP",
                *["-9.99" if "-300.00" in row else "9.99" for _ in more],
            ]
    return written(file, [*TITLE, [*HEADER, "Currency", *more], *rows])


@pytest.mark.parametrize(("base", "named"), [("GBP", "GBP"), (None, "set it with `currency`")], ids=["said", "unsaid"])
def test_a_total_in_the_organisations_currency_is_not_taken_for_the_invoices(
    file: Path, base: str | None, named: str
) -> None:
    said = failure(source(in_currencies(file), currency=base))
    assert f"line 8: an invoice in EUR, but 'Total' is in the organisation's own currency ({named})" in said


def test_rows_in_the_organisations_currency_are_read_beside_a_column_of_currencies(file: Path) -> None:
    assert read(source(in_currencies(file, code="gbp")))["balance"].tolist()[0] == Decimal(4000)


@pytest.mark.parametrize(
    ("column", "settings"),
    [("Source Total", {}), ("Owed", {"columns": {"balance": "Owed"}})],
    ids=["known", "named by columns"],
)
def test_balances_in_the_invoices_own_currency_are_taken(file: Path, column: str, settings: dict[str, object]) -> None:
    xero = source(in_currencies(file, column), **settings)
    assert read(xero)[["currency", "balance"]].to_numpy().tolist()[0] == ["EUR", Decimal("9.99")]
    assert not said(xero).controlled


def test_an_aged_report_without_its_total_is_cut_off(file: Path) -> None:
    assert "cut off" in failure(source(written(file, [*TITLE, HEADER, *ROWS])))


@pytest.mark.parametrize("title", ["Aged Receivables Summary", "Aged Payables Detail", "Accounts Receivable Invoices"])
def test_a_report_that_lists_something_else_is_refused_by_name(file: Path, title: str) -> None:
    rows = [[title], ["Contact", "Current", "Total"], ["Ada Ltd", "5.00", "5.00"]]
    assert f"{title!r}, which does not list all that is open" in failure(source(written(file, rows)))


def test_a_sales_export_saved_anew_in_another_encoding_is_told_so_and_taken_where_that_is_said(file: Path) -> None:
    header, *lines = csv.reader(io.StringIO(xero(file, *SEVEN).read_text(encoding="utf-8")))
    file.write_bytes(text_of([header, *lines]).encode("cp1252"))
    assert "it is not valid UTF-8; name its encoding" in failure(source(file))
    assert len(read(source(file, encoding="cp1252"))) == 7


def answer(**fields: object) -> dict[str, object]:
    plain = {"Type": "ACCREC", "InvoiceNumber": "INV-1", "Status": "AUTHORISED", "Contact": {"Name": "Ada"}}
    return {**plain, "CurrencyCode": "GBP", "Date": "/Date(1775520000000+0000)/", "AmountDue": 12.5, **fields}


def kept(folder: Path, documents: list[dict[str, object]], **more: object) -> Xero:
    file = folder / "invoices.json"
    file.write_text(json.dumps({"Invoices": documents, **more}), encoding="utf-8")
    return source(file)


def test_the_answer_of_the_api_is_read_with_exact_amounts_and_credit_notes_negated(tmp_path: Path) -> None:
    note = answer(Type="ACCRECCREDIT", InvoiceNumber="CN-1", AmountDue=3, DateString="2026-04-08T00:00:00")
    paid = answer(InvoiceNumber="INV-2", Status="PAID", AmountDue=0)
    frame = read(kept(tmp_path, [answer(), note, answer(Type="ACCPAY"), paid]))
    assert balances(frame) == {"INV-1": Decimal("12.5"), "CN-1": Decimal(-3), "INV-2": Decimal(0)}
    assert frame["issued_on"].tolist()[:2] == [date(2026, 4, 7), date(2026, 4, 8)]
    assert frame["status"].tolist() == ["open", "open", "paid"]


@pytest.mark.parametrize("more", [{}, {"pagination": {"itemCount": 250}}], ids=["a full page", "a page of several"])
def test_one_page_of_several_is_refused(tmp_path: Path, more: dict[str, object]) -> None:
    pages = [answer(InvoiceNumber=f"INV-{number}") for number in range(100)]
    assert "one page of several" in failure(kept(tmp_path, pages, **more))
    assert len(read(kept(tmp_path, pages, pagination={"itemCount": 100}))) == 100


def test_an_answer_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    xero = kept(tmp_path, [answer()])
    file = tmp_path / "invoices.json"
    file.write_text(file.read_text()[:-2])
    assert "not a complete JSON document" in failure(xero)


def test_an_unknown_status_of_the_api_is_a_problem(tmp_path: Path) -> None:
    assert "is not one of open" in problems(kept(tmp_path, [answer(Status="NEW")]))[1]


@pytest.mark.parametrize("kind", ["AROVERPAYMENT", "ARPREPAYMENT", "aroverpayment "])
def test_money_of_customers_that_is_not_used_yet_is_a_payment(tmp_path: Path, kind: str) -> None:
    frame = read(kept(tmp_path, [answer(), answer(Type=kind, InvoiceNumber="P-1", AmountDue=3)]))
    assert frame["kind"].tolist() == ["invoice", "payment"]
    assert balances(frame)["P-1"] == Decimal(-3)


@pytest.mark.parametrize("kind", ["accrec", " ACCREC"])
def test_the_type_of_the_api_is_known_in_any_case(tmp_path: Path, kind: str) -> None:
    assert len(read(kept(tmp_path, [answer(), answer(Type=kind, InvoiceNumber="INV-2")]))) == 2


@pytest.mark.parametrize("kind", ["ACCRECLOAN", "", None, 7])
def test_an_unknown_type_of_the_api_is_refused_by_name(tmp_path: Path, kind: object) -> None:
    found = failure(kept(tmp_path, [answer(), answer(Type=kind, InvoiceNumber="INV-2")]))
    assert f"invoices.json document 2 (INV-2): its Type is {kind!r}, no type of document" in found


@pytest.mark.parametrize("name", ["CreditNotes", "Overpayments", "Prepayments"])
def test_two_lists_of_documents_in_one_file_are_refused(tmp_path: Path, name: str) -> None:
    assert f"it holds the lists Invoices and {name}" in failure(kept(tmp_path, [answer()], **{name: [answer()]}))
    assert len(read(kept(tmp_path, [answer()], **{name: []}))) == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"Contact": "Ada"}, "its Contact is 'Ada', not an object with a Name"),
        ({"Contact": {"Name": ["Ada"]}}, "customer_name would be ['Ada'], which is neither text nor a number"),
        ({"Type": "ACCRECCREDIT", "AmountDue": True}, "balance would be True, which is neither text nor a number"),
        ({"Date": "/Date(99999999999999999999)/"}, "its Date is '/Date(99999999999999999999)/', which is not a date"),
    ],
    ids=["contact", "name", "balance", "date"],
)
def test_a_document_that_is_none_is_refused_with_its_number(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    found = failure(kept(tmp_path, [answer(), answer(InvoiceNumber="INV-2", **fields)]))
    assert f"invoices.json document 2 (INV-2): {said}" in found


def test_a_list_of_texts_is_no_list_of_documents(tmp_path: Path) -> None:
    assert "invoices.json document 1: it is 'INV-1', not an object" in failure(kept(tmp_path, ["INV-1"]))  # type: ignore[list-item]


def test_pages_that_are_counted_in_no_known_way_are_refused(tmp_path: Path) -> None:
    assert "it holds 1 of an unknown number" in failure(kept(tmp_path, [answer()], pagination=[1]))
