"""A PDF is another invoice's only if its number, amount and customer are printed, and this one's amount is not."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from fpdf import FPDF

from arfeed.documents.contents.checking import judge_files
from arfeed.documents.contents.judging import Verdict
from arfeed.documents.contents.known import COLUMNS, Known
from arfeed.documents.contents.process import PdfReader
from arfeed.documents.staging import Staged
from arfeed.testing import Invoice, pdfs_of_every_outcome, text_pdf
from support.feeds.plans import invoices
from support.files.judging import judge_as_sync_does

REFS = ["INV-2026-0042", "INV-2026-0043", "7", "INV-2026-0044"]
NAMES = ["Cedar GmbH", "Albion Ltd", "Bramble & Sons Ltd", "Cedar GmbH"]
AMOUNTS: list[Any] = ["310.00", "1234.50", "99.00", "77.10"]


@pytest.fixture(scope="module")
def reader() -> Iterator[PdfReader]:
    with PdfReader() as process:
        yield process


def judged(reader: PdfReader, folder: Path, content: bytes, own: int = 0, **columns: object) -> Verdict:
    given: dict[str, object] = {"customer_name": NAMES, "amount": AMOUNTS, "balance": AMOUNTS}
    known = Known(invoices(REFS, **{**given, **columns})[COLUMNS])
    path = folder / "document.pdf"
    path.write_bytes(content)
    pdf = Staged(path, 0, len(content), "")
    return judge_as_sync_does(known.invoice(own), reader, pdf, known)


def printed(*lines: str) -> bytes:
    return text_pdf("Larkfield Ltd", *lines)


ANOTHERS = ("Invoice INV-2026-0043", "Albion Ltd", "Total 1,234.50")


def test_the_kits_pdfs_show_themselves_to_be_what_they_are_for(reader: PdfReader, tmp_path: Path) -> None:
    own = Invoice(REFS[0], Decimal("310.00"), "Cedar GmbH", currency="GBP")
    other = Invoice(REFS[1], Decimal("1234.50"), "Albion Ltd", currency="GBP")
    found = {
        outcome: judged(reader, tmp_path, content).outcome
        for outcome, content in pdfs_of_every_outcome(own, other).items()
    }
    assert found == {outcome: outcome for outcome in found}


def test_another_invoices_pdf_is_named_with_what_was_read(reader: PdfReader, tmp_path: Path) -> None:
    assert judged(reader, tmp_path, printed(*ANOTHERS)) == Verdict(
        "another",
        "page 1 prints INV-2026-0043, and it has 1,234.50 GBP and Albion Ltd, but not 310.00 GBP: "
        "it is the PDF of INV-2026-0043",
        "INV-2026-0043",
    )


@pytest.mark.parametrize(
    "lines",
    [
        ("Invoice INV-2026-0043", "Albion Ltd", "Total 1,234.51"),
        ("Invoice INV-2026-0049", "Albion Ltd", "Total 1,234.50"),
        ("Invoice INV-2026-0043", "Somebody else", "Total 1,234.50"),
        (*ANOTHERS, "Cedar GmbH", "Amount 310.00"),
        (*ANOTHERS, "Cedar GmbH", "Amount 3#10#00"),
        (*ANOTHERS, "Invoice INV-2026-0044", "Cedar GmbH", "77.10"),
    ],
    ids=["its amount", "its number", "its customer", "own amount and customer", "with odd marks", "a statement"],
)
def test_less_than_number_amount_and_customer_accuses_nobody(
    reader: PdfReader, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    assert judged(reader, tmp_path, printed(*lines)).outcome == "none"


def test_a_pdf_that_prints_its_own_number_may_list_others(reader: PdfReader, tmp_path: Path) -> None:
    assert judged(reader, tmp_path, printed(*ANOTHERS, "Invoice INV-2026-0042")).outcome == "own"


def test_another_customers_pdf_for_the_same_money_is_another_invoices(reader: PdfReader, tmp_path: Path) -> None:
    same = judged(reader, tmp_path, printed(*ANOTHERS), amount=["1234.50", *AMOUNTS[1:]])
    assert (same.outcome, same.whose) == ("another", "INV-2026-0043")
    assert "but not Cedar GmbH" in same.words


def test_a_short_number_proves_little(reader: PdfReader, tmp_path: Path) -> None:
    quantity = ("7 hours", *ANOTHERS)
    assert judged(reader, tmp_path, printed(*quantity), own=2).outcome == "another"
    assert judged(reader, tmp_path, printed("7 hours", "Total 99.00"), own=2).outcome == "own"
    assert judged(reader, tmp_path, printed("7 hours", "Total 98.00"), own=2).outcome == "own"


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        (("Invoice INV-2026-0044", "Cedar GmbH", "77.10"), "another"),
        (("INV-2026-0044", "Cedar GmbH", "of 2 March 2026, consulting", "77.10"), "another"),
        (("Less part payment INV-2026-0044", "Cedar GmbH", "77.10", "Total 310.01"), "none"),
        (("Open: INV-2026-0043 1,234.50", "Albion Ltd", "INV-2026-0044 77.10", "Cedar GmbH"), "none"),
        (("Open: INV-2026-0043 1,234.50", "Albion Ltd", "7: 99.00", "Bramble & Sons Ltd", "for Cedar GmbH"), "another"),
    ],
    ids=[
        "one of its customer",
        "and not called so",
        "deducted",
        "a statement with its customer's",
        "a statement of others",
    ],
)
def test_other_invoices_of_its_customer_may_be_listed(
    reader: PdfReader, tmp_path: Path, lines: tuple[str, ...], outcome: str
) -> None:
    assert judged(reader, tmp_path, printed(*lines)).outcome == outcome


def test_a_statement_may_list_one_amount_twice(reader: PdfReader, tmp_path: Path) -> None:
    amounts = [*AMOUNTS[:3], "1234.50"]
    lines = ("INV-2026-0043 1,234.50", "INV-2026-0044 1,234.50", "Cedar GmbH")
    content, names = printed(*lines), ["Cedar GmbH"] * 4
    verdict = judged(reader, tmp_path, content, amount=amounts, balance=amounts, customer_name=names)
    assert verdict.outcome == "none"


def test_a_longer_number_does_not_hide_this_one(reader: PdfReader, tmp_path: Path) -> None:
    refs, longer = [*REFS[:3], "INV-2026-00421"], printed("Invoice INV-2026-00421", "Cedar GmbH", "77.10")
    known = Known(invoices(refs, customer_name=NAMES, amount=AMOUNTS, balance=AMOUNTS)[COLUMNS])
    (verdict,) = judge_files([longer], known.invoice(0), known, tmp_path)
    assert isinstance(verdict, Verdict)
    assert verdict.whose == "INV-2026-00421"


def test_without_amounts_nobody_is_accused(reader: PdfReader, tmp_path: Path) -> None:
    unknown = [None, *AMOUNTS[1:]]
    assert judged(reader, tmp_path, printed(*ANOTHERS), amount=unknown, balance=unknown).outcome == "none"
    assert judged(reader, tmp_path, printed(*ANOTHERS), amount=unknown).outcome == "another"


def test_what_is_still_due_counts_as_its_amount_does(reader: PdfReader, tmp_path: Path) -> None:
    balances = ["60.00", "200.00", *AMOUNTS[2:]]
    due = ("Invoice INV-2026-0043", "Albion Ltd", "Still due 200.00")
    assert judged(reader, tmp_path, printed(*due), balance=balances).whose == "INV-2026-0043"
    assert judged(reader, tmp_path, printed(*due)).outcome == "none"
    only = judged(reader, tmp_path, printed(*due), amount=[None] * 4, balance=balances)
    assert only.words.startswith("page 1 prints INV-2026-0043, and it has 200.00 GBP and Albion Ltd, but not 60.00 GBP")
    own = ("Cedar GmbH", "Still due 60.00", *due)
    assert judged(reader, tmp_path, printed(*own), balance=balances).outcome == "none"


@pytest.mark.parametrize(
    "lines",
    [
        ("Total 310.01", "INV-2026-0044 2026-02-01 477.10"),
        ("Total 310.01", "INV-2026-0044", "477.10"),
        ("Total 310.01", "INV-2026-0044", "Consult", "ing GBP", "477.10"),
        ("2026-02-01 INV-2026-0044 Services GBP", "477.10", "Total 310.01"),
        ("INV-2026-0044 was settled in part", "Total 510.01", "477.10"),
    ],
    ids=[
        "listed behind the total",
        "in cells",
        "in narrow cells",
        "listed with its amount below",
        "with a larger amount",
    ],
)
def test_an_invoice_of_its_customer_accuses_only_as_the_last_and_largest_amount(
    reader: PdfReader, tmp_path: Path, lines: tuple[str, ...]
) -> None:
    amounts = [*AMOUNTS[:3], "477.10"]
    content = printed("Invoice F-1", "Cedar GmbH", *lines)
    assert judged(reader, tmp_path, content, amount=amounts, balance=amounts).outcome == "none"


def test_the_end_of_a_larger_amount_is_not_its_amount(reader: PdfReader, tmp_path: Path) -> None:
    amounts = [*AMOUNTS[:3], "1310.00"]
    content = printed("Invoice INV-2026-0044", "Cedar GmbH", "Replaces INV-2026-0042", "Total 1,310.00")
    assert judged(reader, tmp_path, content, amount=amounts, balance=amounts).whose == "INV-2026-0044"


@pytest.mark.parametrize(
    "line",
    [
        "Previous invoice INV-2026-0044 of 2026-02-01: 477.10",
        "Vorherige Rechnung INV-2026-0044 vom 01.02.2026 477,10",
        "Edellinen lasku INV-2026-0044 477.10",
        "2026-02-01 INV-2026-0044 Consulting in January 477.10",
        "Please note that invoice INV-2026-0044 over 477.10 is open",
        "INV-2026-0044 2026-02-01 2026-03-01 GBP 477.10",
    ],
)
def test_a_larger_invoice_of_its_customer_that_is_only_listed_accuses_nobody(
    reader: PdfReader, tmp_path: Path, line: str
) -> None:
    amounts = [*AMOUNTS[:3], "477.10"]
    content = printed("Invoice F-1", "Cedar GmbH", line, "Total 310.01")
    assert judged(reader, tmp_path, content, amount=amounts, balance=amounts).outcome == "none"
    its_own = printed("Invoice INV-2026-0044", "Cedar GmbH", "Consulting in January", "Total 477.10")
    assert judged(reader, tmp_path, its_own, amount=amounts, balance=amounts).outcome == "another"


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ((*ANOTHERS, "Replaces INV-2026-0042"), "another"),
        (("Invoice INV-2026-0043", "See also INV-2026-0042", "Albion Ltd", "Total 1,234.50"), "another"),
        ((*ANOTHERS, "Invoice INV-2026-0042"), "own"),
        (("INV-2026-0042", *ANOTHERS), "own"),
        ((*ANOTHERS, "Replaces INV-2026-0042 over 310.00 of Cedar GmbH"), "another"),
        (("Invoice INV-2026-0044", "Cedar GmbH", "Replaces INV-2026-0042", "Total 77.10"), "another"),
        (("Invoice INV-2026-0044", "Cedar GmbH", "INV-2026-0042", "Total 77.10"), "own"),
        (("Invoice INV-2026-0042", "Cedar GmbH", "Less INV-2026-0044 77.10", "Total 310.01"), "own"),
        (("Reference INV-2026-0042", "Cedar GmbH", "Replaces INV-2026-0044 77.10", "Total 70.01"), "own"),
    ],
    ids=[
        "replaced", "see also", "named too", "before it", "with money and customer", "its customer's", "without a word",
        "its own off", "both mentioned",
    ],
)  # fmt: skip
def test_anothers_pdf_that_only_mentions_this_number_is_anothers(
    reader: PdfReader, tmp_path: Path, lines: tuple[str, ...], outcome: str
) -> None:
    verdict = judged(reader, tmp_path, printed(*lines))
    assert verdict.outcome == outcome
    assert outcome == "own" or "though it mentions INV-2026-0042" in verdict.words


OF_OWN = ("Cedar GmbH", "Total 310.00")


@pytest.mark.parametrize(
    ("lines", "outcome", "said"),
    [
        (("Payment reminder", "Invoice INV-2026-0042", *OF_OWN), "mentioned", "is headed “reminder”"),
        (("2. Mahnung", "Rechnungsnummer INV-2026-0042", *OF_OWN), "mentioned", "is headed “reminder”"),
        (("Statement of account", "INV-2026-0042 310.00", *OF_OWN), "mentioned", "is headed “statement”"),
        (("Gutschrift G-7", "Rechnung INV-2026-0042", *OF_OWN), "mentioned", "is headed “credit note”"),
        (("Lieferschein", "Nr. L-7", "Rechnung INV-2026-0042", *OF_OWN), "mentioned", "is headed “delivery note”"),
        (("Fatura No F-50", "Yerine INV-2026-0042", *OF_OWN), "mentioned", "has F-50 as its own number"),
        (("Invoice F-50", "Continues INV-2026-0042", *OF_OWN), "mentioned", "has F-50 as its own number"),
        (("Invoice", "Continues INV-2026-0042", *OF_OWN), "own", ""),
        (
            ("Ely", "12 Mill Lane", "Delivery note L-7", "Order confirmation A-1", "Invoice INV-2026-0042", *OF_OWN),
            "own",
            "",
        ),
        (("Invoice INV-2026-0042", "Credit note G-7 -20.00", "Reminder 1", *OF_OWN), "own", ""),
        (("Gutschrift INV-2026-0042", "Rechnung F-1", *OF_OWN), "own", ""),
        (("Credit notes are issued within a week of delivery", "INV-2026-0042", *OF_OWN), "own", ""),
    ],
)
def test_what_a_pdf_calls_itself_tells_whether_it_only_mentions_the_invoice(
    reader: PdfReader, tmp_path: Path, lines: tuple[str, ...], outcome: str, said: str
) -> None:
    content = text_pdf(*lines, "Larkfield Ltd")
    verdict = judged(reader, tmp_path, content)
    assert verdict.outcome == outcome
    assert said in verdict.words


def test_the_credit_note_of_an_invoice_is_named(reader: PdfReader, tmp_path: Path) -> None:
    refs, names, amounts = [REFS[0], "CN-7"], ["Cedar GmbH"] * 2, ["310.00", "-310.00"]
    rows = invoices(refs, customer_name=names, amount=amounts, balance=amounts)
    known = Known(rows[COLUMNS])
    content = text_pdf("Credit note CN-7", "Original invoice INV-2026-0042", *OF_OWN)
    of_invoice, of_credit = (next(judge_files([content], known.invoice(place), known, tmp_path)) for place in (0, 1))
    assert isinstance(of_invoice, Verdict)
    assert (of_invoice.outcome, of_invoice.whose) == ("another", "CN-7")
    assert of_invoice.words == (
        "page 1 is headed “credit note”, though it mentions INV-2026-0042: it is the PDF of CN-7"
    )
    assert of_credit == Verdict("own")


def test_labels_and_values_drawn_apart_belong_together(reader: PdfReader, tmp_path: Path) -> None:
    from support.writers.libraries import reportlab_fields, reportlab_forms

    lines = [("Invoice number", "F-50"), ("Customer", "Cedar GmbH"), ("Replaces", REFS[0]), ("Total", "310.00")]
    own = [("Invoice number", REFS[0]), ("Customer", "Cedar GmbH"), ("Replaces", "F-50"), ("Total", "310.00")]
    for write in (reportlab_fields, reportlab_forms):
        assert judged(reader, tmp_path, write(lines)).outcome == "mentioned"
        assert judged(reader, tmp_path, write(own)).outcome == "own"


@pytest.mark.parametrize(
    ("listed", "written", "outcome"),
    [
        ("001001", "1001", "own"),
        ("RE-1001", "1001", "own"),
        ("RE-001001", "RE-1001", "own"),
        ("1001", "RE-1001", "own"),
        ("1001", "001001", "own"),
        ("RE-2026-0042", "2026-42", "own"),
        ("RE-1001", "RG-1001", "none"),
        ("RE-1001", "110011", "none"),
        ("RE-1001", "7-1001", "none"),
        ("RE-1001", "1,001", "none"),
    ],
)
def test_a_number_without_its_zeros_or_letters_is_this_one_beside_its_amount(
    tmp_path: Path, listed: str, written: str, outcome: str
) -> None:
    refs = [listed, *REFS[1:]]
    known = Known(invoices(refs, customer_name=NAMES, amount=AMOUNTS, balance=AMOUNTS)[COLUMNS])
    its_own = printed(f"Invoice {written}", "Cedar GmbH", "Total 310.00")
    other = printed(f"Invoice {written}", "Cedar GmbH", "Total 310.01")
    own, not_own, of_another = (
        next(judge_files([content], known.invoice(place), known, tmp_path))
        for content, place in ((its_own, 0), (other, 0), (its_own, 1))
    )
    assert [each.outcome for each in (own, not_own) if isinstance(each, Verdict)] == [outcome, "none"]
    assert isinstance(of_another, Verdict)
    assert (of_another.whose == listed) is (outcome == "own")


def test_what_is_another_known_number_is_not_this_one_written_otherwise(tmp_path: Path) -> None:
    amounts = ["310.00", "9.00"]
    rows = invoices(["RE-1001", "1001"], customer_name=["Cedar GmbH"] * 2, amount=amounts, balance=amounts)
    known = Known(rows[COLUMNS])
    (verdict,) = judge_files([printed("Invoice 1001", "Cedar GmbH", "Total 310.00")], known.invoice(0), known, tmp_path)
    assert isinstance(verdict, Verdict)
    assert verdict.outcome == "none"


@pytest.mark.parametrize(
    ("listed", "written"),
    [
        ("Albion Ltd", "Albion Limited"),
        ("Müller GmbH & Co. KG", "Müller KG"),
        ("Foo Sp. z o.o.", "Foo"),
        ("AB Volvo", "Volvo"),
        # Within a name such letters are part of it.
        ("Dunmore Co-op", "Dunmore Co-op"),
        ("Smith & Co Solicitors LLP", "Smith & Co Solicitors"),
        ("Nordic AB Bygg", "Nordic AB Bygg"),
    ],
)
def test_a_customer_whose_legal_form_is_written_otherwise_is_known(
    reader: PdfReader, tmp_path: Path, listed: str, written: str
) -> None:
    names = ["Cedar GmbH", listed, "Bramble & Sons Ltd", "Cedar GmbH"]
    lines = ("Invoice INV-2026-0043", written, "Total 1,234.50")
    assert judged(reader, tmp_path, printed(*lines), customer_name=names).outcome == "another"


def test_what_stands_in_form_fields_is_read(reader: PdfReader, tmp_path: Path) -> None:
    from support.writers.libraries import reportlab_fields

    assert judged(reader, tmp_path, reportlab_fields([("Invoice", "INV-2026-0042")])).outcome == "own"


# --- embedded invoices ----------------------------------------------------------------------------------------------

CII = """<?xml version="1.0"?>
<rsm:CrossIndustryInvoice xmlns:rsm="urn:rsm" xmlns:ram="urn:ram">
  <rsm:ExchangedDocumentContext><ram:ID>urn:cen.eu:en16931:2017</ram:ID></rsm:ExchangedDocumentContext>
  <rsm:ExchangedDocument><ram:ID> {number} </ram:ID><ram:TypeCode>380</ram:TypeCode></rsm:ExchangedDocument>
  <ram:IssuerAssignedID>INV-2026-0042</ram:IssuerAssignedID>
  <ram:InvoiceCurrencyCode>GBP</ram:InvoiceCurrencyCode><ram:GrandTotalAmount>{total}</ram:GrandTotalAmount>
</rsm:CrossIndustryInvoice>"""
ZUGFERD = CII.replace("CrossIndustryInvoice", "CrossIndustryDocument").replace(
    "rsm:ExchangedDocument>", "rsm:HeaderExchangedDocument>"
)
UBL = """<Invoice xmlns="urn:i" xmlns:cbc="urn:cbc"><cbc:ID>{number}</cbc:ID>
  <BillingReference><cbc:ID>INV-2026-0042</cbc:ID></BillingReference>
  <cbc:DocumentCurrencyCode>GBP</cbc:DocumentCurrencyCode>
  <LegalMonetaryTotal><cbc:TaxInclusiveAmount>{total}</cbc:TaxInclusiveAmount></LegalMonetaryTotal></Invoice>"""
CREDIT = UBL.replace("<Invoice ", "<CreditNote ").replace("</Invoice>", "</CreditNote>")
ORDER = """<SCRDMCCBDACIOMessageStructure>
  <ExchangedDocument><ID>{number}</ID></ExchangedDocument></SCRDMCCBDACIOMessageStructure>"""


def embedding(*files: str) -> bytes:
    """A PDF whose text has no number, with files attached under names that say nothing."""
    pdf = _unnumbered()
    for number, text in enumerate(files):
        pdf.embed_file(bytes=text.encode(), basename=f"{number}.xml")
    return bytes(pdf.output())


def _unnumbered() -> FPDF:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="Invoice, see the attached file")
    return pdf


@pytest.mark.parametrize("xml", [CII, ZUGFERD, UBL, CREDIT], ids=["CII", "ZUGFeRD 1", "UBL", "UBL credit note"])
@pytest.mark.parametrize(
    ("number", "total", "outcome"),
    [
        ("inv-2026-0042", "310.00", "own"),
        ("INV-2026-0043", "1234.50", "another"),
        ("INV-2026-0043", "9.00", "none"),
        ("X-1", "1234.50", "none"),
    ],
    ids=["own", "another's", "another's number, not its amount", "unknown"],
)
def test_an_embedded_invoice_decides(
    reader: PdfReader, tmp_path: Path, xml: str, number: str, total: str, outcome: str
) -> None:
    content = embedding("<timesheet/>", xml.format(number=number, total=total))
    assert judged(reader, tmp_path, content).outcome == outcome


def test_of_joined_pdfs_the_first_ones_invoice_decides_nothing_about_the_second(
    reader: PdfReader, tmp_path: Path
) -> None:
    pdf = FPDF()
    pdf.embed_file(bytes=CII.format(number="INV-2026-0043", total="1234.50").encode(), basename="factur-x.xml")
    for text in ("Invoice INV-2026-0043", "Invoice INV-2026-0042"):
        pdf.add_page()
        pdf.set_font("Helvetica")
        pdf.cell(text=text)
    assert judged(reader, tmp_path, bytes(pdf.output())).outcome == "own"
    assert judged(reader, tmp_path, bytes(pdf.output()), own=3).outcome == "another"


def test_a_file_attached_to_a_mark_on_the_page_is_read(reader: PdfReader, tmp_path: Path) -> None:
    path = tmp_path / "invoice.xml"
    path.write_text(CII.format(number="INV-2026-0042", total="310"))
    pdf = _unnumbered()
    pdf.file_attachment_annotation(path, 50, 50)
    assert judged(reader, tmp_path, bytes(pdf.output())).outcome == "own"


@pytest.mark.parametrize(
    "files",
    [
        (CII.format(number="INV-2026-0042", total="310"), CII.format(number="INV-2026-0043", total="1234.50")),
        (ORDER.format(number="INV-2026-0043"),),
        ("<no xml",),
    ],
    ids=["two that differ", "an order", "broken"],
)
def test_what_is_no_single_invoice_decides_nothing(reader: PdfReader, tmp_path: Path, files: tuple[str, ...]) -> None:
    assert judged(reader, tmp_path, embedding(*files)).outcome == "none"
