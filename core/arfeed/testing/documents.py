"""PDFs for tests: real ones of a few lines of text, and one for each thing that a PDF may show itself to be."""

from __future__ import annotations

from collections.abc import Mapping

from arfeed.documents.contents.child import MOST_PAGES
from arfeed.model.currencies import format_amount
from arfeed.testing.invoices import Invoice

_TALLEST = 40


def text_pdf(*lines: str, blank_pages: int = 0) -> bytes:
    """Return a PDF that prints these lines, in letters of Latin-1, on its last page, after a number of blank ones."""
    words = "".join(f"({_escape(line)}) Tj T* " for line in lines[:_TALLEST])
    return _pdf([b""] * blank_pages + [f"BT /F1 11 Tf 18 TL 60 780 Td {words}ET".encode("latin-1", "replace")])


def invoice_pdf(invoice: Invoice, *more: str) -> bytes:
    """Return a PDF that prints an invoice's number, customer and amount, and some lines more."""
    total = f"Total {invoice.currency} {format_amount(abs(invoice.amount), invoice.currency)}"
    return text_pdf("Invoice", f"Number {invoice.invoice_ref}", invoice.customer_name, *more, total)


def pdfs_of_every_outcome(own: Invoice, other: Invoice) -> Mapping[str, bytes]:
    """Return PDFs that may be filed for `own`, by what `arfeed documents test` takes them for.

    `other` is another invoice of the feed, with its own number, amount and customer.
    """
    return {
        "own": invoice_pdf(own),
        "another": invoice_pdf(other),
        "mentioned": text_pdf("Payment reminder", own.customer_name, f"Invoice {own.invoice_ref}", "Total 0.00"),
        "none": text_pdf("Delivery note", own.customer_name, "with thanks"),
        "no text": _pdf([b"60 700 200 80 re f"]),
        "unreadable": b"%PDF-1.7\nnothing that any program could read\n%%EOF\n",
        "incomplete": text_pdf(f"Number {own.invoice_ref}", blank_pages=MOST_PAGES),
    }


def _escape(line: str) -> str:
    return line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


def _pdf(pages: list[bytes]) -> bytes:
    """Return a PDF of these pages' contents, as ISO 32000-1 has it."""
    kids = " ".join(f"{4 + 2 * number} 0 R" for number in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] /MediaBox [0 0 595 842] >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for number, content in enumerate(pages):
        parts = f"/Contents {5 + 2 * number} 0 R /Resources << /Font << /F1 3 0 R >> >>"
        objects.append(f"<< /Type /Page /Parent 2 0 R {parts} >>".encode())
        objects.append(b"<< /Length %d >>\nstream\n%b\nendstream" % (len(content), content))
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%b\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n%b" % (size, table)
    return body + head + b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, len(body))
