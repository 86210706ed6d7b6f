"""PDFs that are hard to judge, made for the invoice OWN among those of `BILLS`, and what each is."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from arfeed.testing import Invoice, text_pdf
from support.writers.libraries import Lines, each, fpdf_touching, reportlab_fields, signed, weasy
from support.writers.programs import php, run

if TYPE_CHECKING:
    from fpdf import FPDF
    from PIL.Image import Image

OWN = Invoice("INV-2026-0042", Decimal("310.00"), "Cedar GmbH", currency="GBP")
OTHER = Invoice("INV-2026-0043", Decimal("1234.50"), "Albion Ltd", currency="GBP")
LATER = Invoice("INV-2026-0044", Decimal("77.10"), "Cedar GmbH", currency="GBP")
SHORT = Invoice("7", Decimal("99.00"), "Bramble & Sons Ltd", currency="GBP")
CREDIT = Invoice("CN-2026-0007", Decimal("1234.50"), "Albion Ltd", currency="GBP")
LONGER = Invoice("INV-2026-00421", Decimal("512.00"), "Albion Ltd", currency="GBP")
DIGITS = Invoice("INV3202630042", Decimal("640.00"), "Dunmore SARL", currency="GBP")
"""What becomes of INV–2026–0042, with dashes, in some fonts that Ghostscript distills."""
EARLIER = Invoice("INV-2026-0021", Decimal("1310.00"), "Cedar GmbH", currency="GBP")
BILLS = (OWN, OTHER, LATER, SHORT, CREDIT, LONGER, DIGITS, EARLIER)
NET = Invoice(OWN.invoice_ref, Decimal("258.33"), OWN.customer_name, currency="GBP")
"""Its PDF as it is where the list has another amount."""


def lines(invoice: Invoice, number: str | None = None, *more: tuple[str, str]) -> Lines:
    total = ("Total GBP", f"{invoice.amount:,}")
    return [
        ("Larkfield Ltd", "Ely"),
        ("Invoice", invoice.invoice_ref if number is None else number),
        ("Bill to", invoice.customer_name),
        ("Hours", "7"),
        *more,
        total,
    ]


def page(invoice: Invoice, number: str | None = None, *more: tuple[str, str]) -> bytes:
    return fpdf_touching(lines(invoice, number, *more))


def _drawn(*draw: Callable[[FPDF], object]) -> bytes:
    """A PDF with a page for each function that draws one."""
    from fpdf import FPDF

    pdf = FPDF()
    for page in draw:
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        page(pdf)
    return bytes(pdf.output())


def _text(invoice: Invoice, number: str | None = None, left: float = 0) -> Callable[[FPDF], object]:
    def draw(pdf: FPDF) -> None:
        for row, (label, value) in enumerate(lines(invoice, number)):
            pdf.text(10 + left, 20 + 8 * row, f"{label}: {value}")

    return draw


def _says(*texts: str) -> Callable[[FPDF], object]:
    def draw(pdf: FPDF) -> None:
        for row, text in enumerate(texts):
            pdf.text(10, 20 + 8 * row, text)

    return draw


def turned_in_cells(rows: Lines) -> bytes:
    """A sheet with a few turned letters a line in each cell, as LibreOffice Calc prints text turned by a quarter."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for row, line in enumerate(rows):
        for column, text in enumerate(line):
            for place, letters in enumerate(text[at : at + 2] for at in range(0, len(text), 2)):
                x, y = 20 + 75 * column + 4.5 * place, 40 + 10 * row
                with pdf.rotation(90, x, y):
                    pdf.text(x, y, letters)
    return bytes(pdf.output())


def labelled_from_above(rows: Lines, label: str, value: str) -> bytes:
    """Labels and values side by side, and in the column of the values another one above, with its label over it."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.text(28 + 70, 36, label)
    pdf.text(20 + 70, 41, value)
    for row, (name, said) in enumerate(rows):
        pdf.text(20, 60 + 8 * row, name)
        pdf.text(20 + 70, 60 + 8 * row, said)
    return bytes(pdf.output())


def letter_by_letter(rows: Lines) -> bytes:
    """Letters that are set one by one, unevenly."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for row, line in enumerate(rows):
        for place, letter in enumerate(" ".join(line)):
            pdf.text(20 + 2.2 * place + place * 7 % 3 * 0.14, 30 + 8 * row, letter)
    return bytes(pdf.output())


# --- marks and fields -----------------------------------------------------------------------------------------------


def stamped(invoice: Invoice) -> bytes:
    """Stationery whose number and total are notes typed onto it."""

    def draw(pdf: FPDF) -> None:
        _says("Larkfield Ltd", f"Bill to {invoice.customer_name}")(pdf)
        pdf.free_text_annotation(f"Invoice {invoice.invoice_ref}", x=20, y=60, w=80, h=10)
        pdf.free_text_annotation(f"Total {invoice.amount:,}", x=20, y=80, w=80, h=10)

    return _drawn(draw)


def stamped_over(own: Invoice, stamp: str) -> bytes:
    """An invoice with a large word across it."""

    def draw(pdf: FPDF) -> None:
        _text(own)(pdf)
        pdf.set_font_size(60)
        with pdf.rotation(45, 100, 100):
            pdf.text(20, 120, stamp)

    return _drawn(draw)


# --- scans ----------------------------------------------------------------------------------------------------------


def picture(*texts: str) -> Image:
    from PIL import Image, ImageDraw

    image = Image.new("1", (1240, 1754), 1)
    draw = ImageDraw.Draw(image)
    for row, text in enumerate(texts):
        draw.text((100, 100 + 40 * row), text, fill=0)
    return image


def scan(*hidden: str, seen: Sequence[str] = ("Invoice INV-2026-0042", "Total 310.00")) -> bytes:
    """A picture of an invoice, over text that a scanner recognized."""

    def draw(pdf: FPDF) -> None:
        _says(*hidden)(pdf)
        pdf.image(picture(*seen), 0, 0, 210, 297)

    return _drawn(draw)


# --- pages ----------------------------------------------------------------------------------------------------------


def merged(*contents: bytes) -> bytes:
    import pypdfium2

    whole = pypdfium2.PdfDocument.new()
    for content in contents:
        part = pypdfium2.PdfDocument(content)
        whole.import_pages(part)
        part.close()
    return _saved(whole)


def turned(content: bytes, degrees: int) -> bytes:
    import pypdfium2

    pdf = pypdfium2.PdfDocument(content)
    pdf[0].set_rotation(degrees)
    return _saved(pdf)


def cropped(content: bytes) -> bytes:
    """Only the upper part of the page is shown."""
    import pypdfium2

    pdf = pypdfium2.PdfDocument(content)
    pdf[0].set_cropbox(0, 600, 595, 842)
    return _saved(pdf)


def two_up(*contents: bytes) -> bytes:
    """Pages side by side on one sheet."""
    import pypdfium2

    joined = pypdfium2.PdfDocument(merged(*contents))
    raw = pypdfium2.raw.FPDF_ImportNPagesToOne(joined, 842, 595, len(contents), 1)
    return _saved(pypdfium2.PdfDocument(raw))


def _saved(pdf: object) -> bytes:
    out = io.BytesIO()
    pdf.save(out)  # type: ignore[attr-defined]
    pdf.close()  # type: ignore[attr-defined]
    return out.getvalue()


# --- programs -------------------------------------------------------------------------------------------------------


def _by_command(content: bytes, *command: str) -> bytes:
    with tempfile.TemporaryDirectory(prefix="arfeed-pdfs-") as name:
        before, after = Path(name, "before.pdf"), Path(name, "after.pdf")
        before.write_bytes(content)
        run(*(part.format(before=before, after=after) for part in command))
        return after.read_bytes()


_GHOSTSCRIPT = ("gs", "-q", "-dBATCH", "-dNOPAUSE")


def distilled(content: bytes) -> bytes:
    return _by_command(content, *_GHOSTSCRIPT, "-sDEVICE=pdfwrite", "-o", "{after}", "{before}")


def printed_to_postscript(content: bytes) -> bytes:
    return distilled(_by_command(content, *_GHOSTSCRIPT, "-sDEVICE=ps2write", "-o", "{after}", "{before}"))


def protected(content: bytes, user: str) -> bytes:
    rights = ("--print=none", "--extract=n", "--modify=none")
    return _by_command(content, "qpdf", "--encrypt", user, "owner", "256", *rights, "--", "{before}", "{after}")


def portfolio(*attached: bytes) -> bytes:
    """A cover page with the invoices attached."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.text(20, 20, "For the best experience, open this PDF portfolio in a newer viewer.")
    for number, content in enumerate(attached):
        pdf.embed_file(bytes=content, basename=f"{number}.pdf")
    return bytes(pdf.output())


def machine_readable(text: Invoice, xml: Invoice, *more: tuple[str, str]) -> bytes:
    """An invoice with one for machines embedded, perhaps another's."""
    from weasyprint import HTML, Attachment

    from support.writers.libraries import cii, page_of

    attached = Attachment(string=cii(xml.invoice_ref, str(xml.amount)), name="factur-x.xml")
    return bytes(HTML(string=page_of(lines(text, None, *more), "")).write_pdf(attachments=[attached]))


def dressed_up(content: bytes) -> bytes:
    """A title that names OWN, which is printed nowhere."""
    import pypdfium2

    pdf = pypdfium2.PdfDocument(content)
    out = io.BytesIO()
    pdf.save(out)
    pdf.close()
    return out.getvalue().replace(b"/Producer", b"/Title (INV-2026-0042) /Producer", 1)


LIST = [("Open item", f"{bill.invoice_ref} {bill.amount:,}") for bill in (OTHER, CREDIT, LONGER)]
HIDDEN = "<style>.h {{ color: white; font-size: 1pt }}</style><p class=h>{}</p>"


def hard_pdfs() -> Mapping[str, tuple[bytes, str]]:
    """Return PDFs filed for OWN, each with what it is taken for; "broken" ones can't be sent."""
    en_dash = [(label, value.replace("-", "–")) for label, value in lines(OWN)]
    return {
        # what stands in fields, notes and stamps
        "form fields": (reportlab_fields(lines(OWN)), "own"),
        "form fields of another": (reportlab_fields(lines(OTHER)), "another"),
        "notes typed on stationery": (stamped(OWN), "own"),
        "notes of another typed on stationery": (stamped(OTHER), "another"),
        "stamped PAID": (stamped_over(OWN, "PAID 7"), "own"),
        "another's stamped with a date": (stamped_over(OTHER, "2026-0042"), "another"),
        "signed": (signed(each(fpdf_touching))([lines(OWN)])[0], "own"),
        # written again
        "distilled": (distilled(page(OWN)), "own"),
        "distilled, its dashes now digits": (distilled(php("tcpdf-unicode")([en_dash])[0]), "none"),
        "another's distilled": (distilled(page(OTHER)), "another"),
        "printed to PostScript": (printed_to_postscript(weasy("")([lines(OWN)])[0]), "no text"),
        "spaced": (weasy("td { letter-spacing: 0.3em }")([lines(OWN)])[0], "own"),
        "another's, spaced": (weasy("td { letter-spacing: 0.3em }")([lines(OTHER)])[0], "another"),
        "in turned cells": (turned_in_cells(lines(OWN)), "own"),
        "another's in turned cells": (turned_in_cells(lines(OTHER)), "another"),
        "another's in turned cells that replaces it": (
            turned_in_cells(lines(EARLIER, None, ("Replaces invoice", "INV-2026-0042"))),
            "another",
        ),
        "a quotation in turned cells": (turned_in_cells([("Quotation", ""), *lines(OWN)]), "mentioned"),
        "a credit note whose heading is spaced": (
            fpdf_touching([("C R E D I T  N O T E", ""), *lines(OWN)]),
            "mentioned",
        ),
        "a credit note headed below a short name": (
            fpdf_touching([("ACME", ""), ("Credit note", ""), *lines(OWN)]),
            "mentioned",
        ),
        "a credit note whose heading is in pieces": (
            fpdf_touching([("CRE", ""), ("DIT", ""), ("NO", ""), ("TE", ""), *lines(OWN)]),
            "mentioned",
        ),
        "another's with the one it replaces above": (
            labelled_from_above(lines(LATER)[1:], "Replaces invoice", OWN.invoice_ref),
            "mentioned",
        ),
        "letter by letter": (letter_by_letter(lines(OWN)), "own"),
        "another's, letter by letter": (letter_by_letter(lines(OTHER)), "another"),
        # passwords
        "an owner's password": (protected(page(OWN), ""), "own"),
        "an owner's password on another's": (protected(page(OTHER), ""), "another"),
        "a password to open it": (protected(page(OWN), "secret"), "unreadable"),
        # pictures and packages
        "a scan": (scan(), "no text"),
        "a scan whose text was recognized": (scan("Invoice INV-2026-0042", "Total 310.00"), "own"),
        "a scan of another's whose text was recognized": (
            scan("Invoice INV-2026-0043", "Albion Ltd", "Total 1,234.50"),
            "another",
        ),
        "a fax with a header": (scan("From +44 1353 555 0142 at 09:12, page 1 of 1"), "none"),
        "a portfolio": (portfolio(page(OWN)), "own"),
        "a portfolio of another": (portfolio(page(OTHER)), "another"),
        "a portfolio of several": (portfolio(page(OTHER), page(OWN)), "own"),
        # not whole
        "nothing": (b"", "broken"),
        "cut in half": (page(OWN)[:600], "broken"),
        "a web page": (b"<!doctype html><title>Log in</title>", "broken"),
        "an end alone": (b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n", "unreadable"),
        # letters and lists
        "a letter to the customer, then its invoice": (merged(_drawn(_says("Dear Cedar GmbH,")), page(OWN)), "own"),
        "a letter, then another's statement": (
            merged(_drawn(_says("Dear customer, please see below.")), page(OTHER, "account 1", *LIST)),
            "another",
        ),
        "a letter to this customer, then another's statement": (
            merged(_drawn(_says("Dear Cedar GmbH,", "as you asked")), page(OTHER, "account 1", *LIST)),
            "another",
        ),
        "a letter to this customer, then a statement of its others": (
            merged(_drawn(_says("Dear Cedar GmbH,")), page(LATER, "account 1", ("Open item", "INV-2026-0049 900.00"))),
            "none",
        ),
        "a statement that lists it": (page(OWN, "account 1", *LIST, ("Open item", "INV-2026-0042")), "own"),
        "a credit note that corrects it": (page(CREDIT, "CN-2026-0007 corrects INV-2026-0042"), "another"),
        "a credit note that corrects another's": (page(CREDIT, "CN-2026-0007 corrects INV-2026-0043"), "another"),
        "a collective invoice with it": (page(OTHER, "INV-2026-0042 and INV-2026-0043"), "own"),
        "a collective invoice of others": (page(OTHER, "INV-2026-0043 and INV-2026-0048"), "another"),
        "a final invoice of another number": (
            page(OWN, "F-1", ("Less part payment INV-2026-0044", "77.10")),
            "none",
        ),
        "a longer number": (page(LONGER), "another"),
        # numbers that are mentioned, and numbers written otherwise
        "another's that replaces it": (page(OTHER, None, ("Replaces invoice", "INV-2026-0042")), "another"),
        "another's of its customer that replaces it": (page(EARLIER, None, ("Ersetzt", "INV-2026-0042")), "another"),
        "another amount, and a larger earlier one": (
            page(NET, "F-1", ("Previous invoice", "INV-2026-0021 1,310.00")),
            "none",
        ),
        "the same in a sentence": (
            page(NET, "F-1", ("Please note that invoice INV-2026-0021", "over 1,310.00 is open")),
            "none",
        ),
        "its number without zeros": (page(OWN, "INV-2026-42"), "own"),
        "its number without letters": (php("dompdf-narrow")([lines(OWN, "2026-0042")])[0], "own"),
        # pages
        "number on the last page": (merged(*[_drawn(_says("Terms of trade"))] * 3, page(OWN)), "own"),
        "another's, its total before its number": (
            merged(_drawn(_says("Total 1,234.50", "Albion Ltd")), _drawn(_says("Invoice INV-2026-0043"))),
            "another",
        ),
        "turned by a quarter": (turned(page(OWN), 90), "own"),
        "another's, upside down": (turned(page(OTHER), 180), "another"),
        "two on a sheet": (two_up(page(OTHER), page(OWN)), "own"),
        "two of others on a sheet": (two_up(page(OTHER), page(LONGER)), "another"),
        "beyond the cropped page": (cropped(_drawn(lambda pdf: pdf.text(10, 250, "INV-2026-0042"))), "no text"),
        "a number in the title only": (dressed_up(page(OTHER)), "another"),
        "very many pages": (text_pdf("Number INV-2026-0042", blank_pages=301), "incomplete"),
        # invoices for machines
        "its own for machines": (machine_readable(OWN, OWN), "own"),
        "another's for machines": (machine_readable(OTHER, OTHER), "another"),
        "another's for machines in its own pages": (machine_readable(OWN, OTHER), "another"),
        "two joined, the first one's for machines": (
            machine_readable(OTHER, OTHER, ("Invoice", "INV-2026-0042")),
            "own",
        ),
    }
