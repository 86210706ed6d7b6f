"""Xero's sales invoices export."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from arfeed import FileSettings, ProblemsError, SourceError
from arfeed.intake.transform import check_unique
from arfeed.model.arrow import fold
from arfeed_connectors.xero import Xero
from support.feeds.sources import balances, complete, failure, opened, problems, read
from support.files.exports import SEVEN, XERO_36, XERO_44, XERO_IMPORT_TEMPLATE, Line, document, overpayment, xero


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "SalesInvoices.csv"


def source(file: Path, **settings: object) -> Xero:
    return Xero("xero-uk", FileSettings.model_validate({"path": str(file), "dates": "DMY", **settings}))


def export(file: Path, *documents: list[Line], **how: object) -> Xero:
    return source(xero(file, *documents, **how))  # type: ignore[arg-type]


OPEN = {
    "INV-001": Decimal("360.00"),
    "INV-002": Decimal("1580.94"),
    "INV/2026/0042": Decimal("99.50"),
    "00071": Decimal("0.05"),
    "CN-001": Decimal("-20.00"),
}


@pytest.mark.parametrize("header", [XERO_44, XERO_36], ids=["44 columns", "36 columns"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL], ids=["quotes where needed", "all quoted"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["no mark", "byte order mark"])
def test_an_export_yields_exactly_its_open_documents(file: Path, header: list[str], quoting: int, mark: str) -> None:
    assert balances(opened(export(file, *SEVEN, header=header, quoting=quoting, mark=mark))) == OPEN


def test_a_document_of_many_lines_is_one_invoice_with_all_its_fields(file: Path) -> None:
    frame = opened(export(file, *SEVEN)).set_index("invoice_ref")
    first, foreign, *_ = frame.to_dict("records")
    assert (first["customer_name"], first["customer_email"]) == ('Ångström & Söhne, "GmbH"', "ada@example.com")
    assert (first["issued_on"], first["due_on"]) == (date(2026, 4, 7), date(2026, 4, 21))
    assert first["memo"] == 'PO "7",\nsecond line'
    assert (foreign["currency"], foreign["amount"], foreign["balance"]) == ("EUR", Decimal(2000), Decimal("1580.94"))
    assert frame["kind"].to_dict() == {**dict.fromkeys(OPEN, "invoice"), "CN-001": "credit_note"}
    assert frame["due_on"].isna().tolist() == [False, False, False, False, True]


def test_paid_and_draft_documents_are_read_too_and_explain_absences(file: Path) -> None:
    frame = read(export(file, *SEVEN)).set_index("invoice_ref")
    assert frame["status"].to_dict() == {**dict.fromkeys(OPEN, "open"), "INV-003": "paid", "INV-004": "draft"}


@pytest.mark.parametrize(
    ("documents", "lists_closed"),
    [(SEVEN, True), ([document("INV-1")], False), ([document("INV-1"), document("INV-2", Status="Draft")], False)],
    ids=["paid ones, too", "open ones only", "a draft"],
)
def test_an_export_has_no_control_and_lists_closed_documents_where_it_has_one(
    file: Path, documents: Sequence[list[Line]], lists_closed: bool
) -> None:
    said = complete(export(file, *documents))
    assert (said.controlled, said.lists_closed) == (False, lists_closed)


def test_of_several_files_all_have_to_list_closed_documents(file: Path) -> None:
    xero(file.with_name("SalesInvoices-2.csv"), document("INV-9"))
    xero(file.with_name("SalesInvoices-1.csv"), *SEVEN)
    assert not complete(source(file.with_name("SalesInvoices-*.csv"), files="all")).lists_closed
    assert complete(source(file.with_name("SalesInvoices-1.csv"))).lists_closed


def test_a_closed_document_carries_what_the_open_one_carried(file: Path) -> None:
    carried = ["customer_id", "customer_name", "currency", "issued_on", "due_on", "amount", "kind"]
    rows = [
        read(export(file, [{**line, **state} for line in document("INV-1", Currency="EUR")]))[carried].to_dict(
            "records"
        )
        for state in ({}, {"Status": "Paid", "InvoiceAmountDue": "0.00", "InvoiceAmountPaid": "120.00"})
    ]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    "spelling",
    [str.upper, lambda name: f" {name} ", lambda name: f"*{name}", lambda name: name.replace("Invoice", "Invoice ")],
    ids=["upper case", "spaces around", "asterisks", "spaces within"],
)
def test_headers_are_known_however_they_are_spelled(file: Path, spelling: object) -> None:
    header = list(map(spelling, XERO_44))  # type: ignore[call-overload]
    assert balances(opened(export(file, *SEVEN, header=header))) == OPEN


def test_columns_may_stand_in_any_order_with_others_between(file: Path) -> None:
    header = ["Branding Theme", *reversed(XERO_36), "Xero Id"]
    assert balances(opened(export(file, *SEVEN, header=header))) == OPEN


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_with_descriptions_of_many_lines_stay_one_document(file: Path, newline: str) -> None:
    lines = document("INV-1", lines=2, Description=f'Work{newline}"done",{newline}{newline}INV-9,fake')
    assert balances(opened(export(file, lines, document("INV-2")))) == {"INV-1": Decimal(120), "INV-2": Decimal(120)}


@pytest.mark.parametrize("dates", ["7/04/2026", "07/04/2026", "7/4/2026", "2026-04-07"])
def test_dates_need_no_leading_zeros(file: Path, dates: str) -> None:
    rows = opened(export(file, document("INV-1", InvoiceDate=dates, DueDate=dates)))
    assert rows["issued_on"].tolist() == [date(2026, 4, 7)]


@pytest.mark.parametrize("word", ["Sales invoice", "Sales Invoice", "SALES INVOICE", " sales invoice "])
def test_the_type_is_known_in_any_case(file: Path, word: str) -> None:
    assert balances(opened(export(file, document("INV-1", Type=word)))) == {"INV-1": Decimal(120)}


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("Awaiting Payment", "open"), ("AUTHORISED", "open"), ("Paid", "paid"), ("PAID", "paid"), ("Voided", "void"),
        ("Deleted", "void"), ("Draft", "draft"), ("Awaiting Approval", "draft"), ("SUBMITTED", "draft"),
    ],
)  # fmt: skip
def test_every_status_of_xero_has_its_meaning(file: Path, word: str, status: str) -> None:
    due = "0.00" if status == "paid" else "120.00"
    assert read(export(file, document("INV-1", due, Status=word)))["status"].tolist() == [status]


def test_an_unknown_status_is_a_problem_with_its_line(file: Path) -> None:
    lines = problems(export(file, document("INV-1", lines=2), document("INV-2", Status="Disputed")))
    assert lines[1] == f"{file} line 4, column Status: 'Disputed' is not one of open, paid, void, draft"


@pytest.mark.parametrize("kind", ["Bill", "Bill credit note", "Bill overpayment", "Receive money", "Spend money"])
def test_other_documents_with_the_number_of_a_sale_are_not_merged_with_it(file: Path, kind: str) -> None:
    made = export(file, document("INV-1", Type=kind), document("INV-1"), document("INV-1", "7.00", Type=kind))
    assert balances(read(made)) == {"INV-1": Decimal(120)}


def test_two_customers_with_one_number_are_reported_and_not_merged(file: Path) -> None:
    frame = opened(export(file, document("INV-1"), document("INV-1", ContactName="Bob Ltd")))
    assert frame["customer_name"].tolist() == ["Ada Ltd", "Bob Ltd"]
    with pytest.raises(ProblemsError, match="2 rows share an invoice number"):
        check_unique(frame, fold(frame["invoice_ref"]))


@pytest.mark.parametrize(
    ("column", "other"),
    [("InvoiceAmountDue", "119.99"), ("Status", "Paid"), ("DueDate", "22/04/2026"), ("Currency", "EUR")],
)
def test_lines_of_one_document_that_disagree_fail_the_source(file: Path, column: str, other: str) -> None:
    lines = document("INV-1", lines=2)
    lines[1][column] = other
    said = failure(export(file, document("INV-0"), lines))
    assert said.startswith(f"{file} line 4: ")
    assert f"document 'INV-1' of 'Ada Ltd' has lines that disagree in {column}, here {other!r}" in said


def test_lines_of_one_document_that_stand_apart_are_one_invoice_where_the_first_stands(file: Path) -> None:
    first, second = document("INV-1", "70.00", lines=2), document("INV-2", "50.00", lines=2)
    second[1]["Sent"] = ""  # what differs and is no part of what is due takes no invoice apart
    frame = opened(export(file, document("INV-0"), first[:1], second, first[1:], document("INV-3")))
    assert frame["invoice_ref"].tolist() == ["INV-0", "INV-1", "INV-2", "INV-3"]
    assert frame["Sent"].tolist() == ["Sent"] * 4


def test_lines_that_disagree_in_the_total_are_two_invoices_of_one_number(file: Path) -> None:
    lines = document("INV-1", lines=2)
    lines[1]["Total"] = "119.00"
    frame = opened(export(file, lines))
    with pytest.raises(ProblemsError):
        check_unique(frame, fold(frame["invoice_ref"]))


@pytest.mark.parametrize("quantity", ["1.0", "2.0"], ids=["as exported", "as kept"])
def test_the_amounts_of_a_line_are_no_part_of_the_invoice(file: Path, quantity: str) -> None:
    frame = opened(export(file, document("INV-1", LineAmount="1.00", Quantity=quantity)))
    assert not {"LineAmount", "Quantity", "Description"} & {*frame}


# --- overpayments, which have no number -----------------------------------------------------------------------------


def refs(file: Path, *documents: list[Line]) -> list[str]:
    frame = read(export(file, *documents))
    return frame.loc[frame["kind"] == "payment", "invoice_ref"].tolist()


def test_an_overpayment_gets_a_number_of_its_own(file: Path) -> None:
    (ref,) = refs(file, overpayment())
    assert ref.removeprefix("PAYMENT-").isalnum()
    assert len(ref) == len("PAYMENT-") + 8


def test_an_overpayment_keeps_its_number_when_it_is_used_up_and_others_come(file: Path) -> None:
    before = refs(file, overpayment())
    after = refs(file, overpayment(ContactName="Bob"), document("INV-1"), overpayment("-12.34", Total="-50.0000"))
    assert before == after[1:]
    assert after[0] != after[1]


@pytest.mark.parametrize("second", ["-50.00", "-20.00"], ids=["untouched", "partly used"])
def test_two_equal_overpayments_are_two(file: Path, second: str) -> None:
    made = [overpayment(Total="-50.00"), overpayment(second, Total="-50.00")]
    frame = opened(export(file, *made))
    assert frame["balance"].tolist() == [Decimal(-50), Decimal(second)]
    assert frame["invoice_ref"].nunique() == 2
    assert refs(file, *made)[0] == refs(file, made[0])[0]


def test_a_prepayment_of_two_lines_is_one(file: Path) -> None:
    made = document("", "-50.00", lines=2, Type="Sales prepayment", LineAmount="-25.00")
    assert opened(export(file, made))["balance"].tolist() == [Decimal(-50)]


# --- files that are no sales export ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        XERO_IMPORT_TEMPLATE,
        [name.strip("*") for name in XERO_IMPORT_TEMPLATE],
        ["ContactName", "InvoiceNumber", "InvoiceDate", "DueDate", "Description", "Quantity", "UnitAmount"],
    ],
    ids=["as it is", "without asterisks", "seven columns"],
)
def test_the_import_template_is_refused_with_the_reason(file: Path, header: list[str]) -> None:
    said = failure(export(file, document("INV-1"), header=header))
    assert said.startswith(f"{file}: this looks like Xero's import template: it has no InvoiceAmountDue, Status, Type")


def test_a_file_of_bills_only_is_refused_with_the_reason(file: Path) -> None:
    said = failure(export(file, document("B-1", Type="Bill", lines=2), document("B-2", Type="Bill credit note")))
    assert said.startswith(f"{file}: it lists ")
    assert said.endswith("no sales documents, only bill, bill credit note; export Business > Invoices, not Bills")


def test_an_unknown_type_is_refused_by_name(file: Path) -> None:
    said = failure(export(file, document("INV-1"), document("INV-2", Type="Sales quote")))
    assert said.startswith(f"{file} line 3 column Type: 'sales quote' is not a type of document that is known here")


@pytest.mark.parametrize("lost", ["InvoiceAmountDue", "Status", "Type", "Total", "Currency", "ContactName", "DueDate"])
def test_a_file_that_lacks_a_column_is_refused_with_what_it_has(file: Path, lost: str) -> None:
    said = failure(export(file, document("INV-1"), header=[name for name in XERO_44 if name != lost]))
    assert said.startswith(f"{file}: this is not a sales invoices export of Xero: no column {lost}; found ")
    assert "InvoiceNumber" in said


def test_a_header_alone_is_a_failed_source(file: Path) -> None:
    assert failure(export(file)).startswith("xero-uk: it has no rows at all, which would mark everything as paid")
    assert read(source(file, allow_empty=True)).empty


@pytest.mark.parametrize("cut", [0.95, 0.7, 0.4], ids=str)
def test_a_file_that_was_cut_off_is_refused(file: Path, cut: float) -> None:
    made = export(file, *(document(f"INV-{number}", Description='one "line"') for number in range(50)))
    whole = file.read_bytes()
    file.write_bytes(whole[: int(len(whole) * cut)])
    assert "the file may be cut off: export it again" in failure(made)


def test_check_looks_at_the_header_only(file: Path) -> None:
    export(file, document("INV-1", InvoiceDate="never")).check()
    with pytest.raises(SourceError, match="import template"):
        export(file, header=XERO_IMPORT_TEMPLATE).check()


def test_the_newest_of_several_exports_is_read(tmp_path: Path) -> None:
    import os

    for age, name in enumerate(["SalesInvoices (2).csv", "SalesInvoices.csv"]):
        os.utime(xero(tmp_path / name, document(f"INV-{age}")), (10**9 - age, 10**9 - age))
    assert balances(opened(source(tmp_path / "Sales*.csv", files="newest"))) == {"INV-0": Decimal(120)}


def test_rows_that_excel_left_blank_are_passed_over(file: Path) -> None:
    xero(file, *SEVEN)
    known = file.read_text(encoding="utf-8")
    file.write_text(known + ("," * known.partition("\n")[0].count(",") + "\n") * 3, encoding="utf-8")
    assert len(read(source(file))) == 7


@pytest.mark.parametrize(("count", "capped"), [(499, False), (500, True), (501, False)])
def test_an_export_as_long_as_xeros_can_be_may_lack_documents(file: Path, count: int, capped: bool) -> None:
    said = complete(export(file, *(document(f"INV-{number}", lines=2) for number in range(count))))
    assert said.capped == capped
    assert [note.split("SalesInvoices.csv: ")[1][:31] for note in said.notes] == [
        "it has exactly 500 documents, t"
    ] * capped


def test_one_such_export_of_several_may_lack_documents(tmp_path: Path) -> None:
    for name, count in (("a", 500), ("b", 3)):
        xero(tmp_path / f"{name}.csv", *(document(f"{name}-{number}") for number in range(count)))
    assert complete(source(tmp_path / "*.csv", files="all")).capped
