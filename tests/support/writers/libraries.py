"""Invoices as PDF by Python packages, each of labels and values."""

from __future__ import annotations

import gc
import io
import re
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyhanko.sign import Signer

Lines = Sequence[tuple[str, str]]
Write = Callable[[Sequence[Lines]], list[bytes]]
"""Write many invoices at once, since many a program takes long to start."""


def each(write: Callable[[Lines], bytes]) -> Write:
    """Write invoices one after another."""
    return lambda invoices: [write(lines) for lines in invoices]


def reportlab_table(lines: Lines) -> bytes:
    """Labels and values in two columns, the values in narrow cells."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()["Normal"]
    out = io.BytesIO()
    table = Table([[Paragraph(escape(text), style) for text in line] for line in lines], colWidths=[110, 75])
    SimpleDocTemplate(out, pagesize=A4).build([table])
    return out.getvalue()


def reportlab_forms(lines: Lines) -> bytes:
    """All labels first, all values later, as on stationery that is filled in."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for column in (0, 1):
        for row, line in enumerate(lines):
            canvas.drawString(60 + 160 * column, 780 - 18 * row, line[column])
    canvas.save()
    return out.getvalue()


def reportlab_fields(lines: Lines) -> bytes:
    """Values in form fields."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for row, (label, value) in enumerate(lines):
        canvas.drawString(60, 780 - 26 * row, label)
        canvas.acroForm.textfield(name=f"f{row}", value=value, x=220, y=774 - 26 * row, width=260, height=20)
    canvas.save()
    return out.getvalue()


def reportlab_pages(lines: Lines) -> bytes:
    """The letter first, and number and amount on a payment slip behind it, turned by a quarter."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for _ in range(2):
        canvas.drawString(60, 780, "Thank you for your order.")
        canvas.showPage()
    canvas.rotate(90)
    for row, (label, value) in enumerate(lines):
        canvas.drawString(60, -60 - 16 * row, f"{label}: {value}")
    canvas.save()
    return out.getvalue()


def fpdf_cells(lines: Lines) -> bytes:
    """Cells that wrap within a word where they are too narrow."""
    from fpdf import FPDF
    from fpdf.enums import WrapMode

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    for label, value in lines:
        top = pdf.get_y()
        pdf.multi_cell(45, 7, label)
        below = pdf.get_y()
        pdf.set_xy(60, top)
        pdf.multi_cell(26, 7, value, wrapmode=WrapMode.CHAR)
        pdf.set_y(max(below, pdf.get_y()))
    return bytes(pdf.output())


def fpdf_touching(lines: Lines) -> bytes:
    """Label and value right beside each other."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    for label, value in lines:
        pdf.cell(pdf.get_string_width(label) + 2.9, 7, label)
        pdf.cell(60, 7, value, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def weasy(style: str) -> Write:
    """A page by WeasyPrint with a style of its own."""

    def write(lines: Lines) -> bytes:
        from weasyprint import HTML

        return bytes(HTML(string=page_of(lines, style)).write_pdf())

    return each(write)


def with_dashes(dash: str, write: Write) -> Write:
    """The page of another program, with another dash."""
    return lambda invoices: write([[(label, value.replace("-", dash)) for label, value in lines] for lines in invoices])


def right_to_left(write: Write) -> Write:
    """The page of another program, with labels in Hebrew."""
    return lambda invoices: write([[("חשבונית מס עבור", value) for _, value in lines] for lines in invoices])


def page_of(lines: Lines, style: str) -> str:
    """A web page of an invoice; a first line without a value is its title."""
    title = "Invoice"
    if not lines[0][1]:
        (title, _), *lines = lines
    rows = "".join(f"<tr><td>{escape(label)}</td><td class=v>{escape(value)}</td></tr>" for label, value in lines)
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><h1>{escape(title)}</h1><table>{rows}</table>"


_CII = """<rsm:CrossIndustryInvoice xmlns:rsm="urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
 xmlns:ram="urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100">
<rsm:ExchangedDocument><ram:ID>{number}</ram:ID></rsm:ExchangedDocument>
<ram:InvoiceCurrencyCode>GBP</ram:InvoiceCurrencyCode><ram:GrandTotalAmount>{total}</ram:GrandTotalAmount>
</rsm:CrossIndustryInvoice>"""


def cii(number: str, total: str) -> str:
    """An embedded e-invoice."""
    return _CII.format(number=escape(number), total=total)


def pdf_a_3(lines: Lines) -> bytes:
    """A page for archives by WeasyPrint, with the same e-invoice; one without a number has a strange one.

    A document with a title may be another one that refers to an invoice: it has none.
    """
    from weasyprint import HTML, Attachment

    said = dict(lines)
    if not lines[0][1] or "Total GBP" not in said:
        return bytes(HTML(string=page_of(lines, "")).write_pdf())
    cents = int(re.sub(r"\D", "", said["Total GBP"]))
    xml = cii(said.get("Invoice number", "X/1"), f"{cents // 100}.{cents % 100:02}")
    attached = Attachment(string=xml, name="factur-x.xml", relationship="Alternative")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its colour profile open
        made = bytes(HTML(string=page_of(lines, "")).write_pdf(pdf_variant="pdf/a-3b", attachments=[attached]))
        gc.collect()
    return made


def typst(settings: str) -> Write:
    """A page by Typst, in a table whose settings are given."""

    def write(lines: Lines) -> bytes:
        import typst

        cells = "".join(f"[{_typst(label)}], [{_typst(value)}],\n" for label, value in lines if value)
        title = lines[0][0] if not lines[0][1] else "Invoice"
        return bytes(
            typst.compile(f"= {_typst(title)}\n#{{ {settings}\ntable(columns: columns, ..({cells})) }}".encode())
        )

    return each(write)


def _typst(text: str) -> str:
    return re.sub(r"([^\w\s])", r"\\\1", text)


def signed(write: Write) -> Write:
    """The PDF of another program, signed by pyHanko."""

    def sign(content: bytes) -> bytes:
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import PdfSignatureMetadata, sign_pdf

        out = io.BytesIO()
        sign_pdf(IncrementalPdfFileWriter(io.BytesIO(content)), PdfSignatureMetadata("Seal"), _signer(), output=out)
        return out.getvalue()

    def write_and_sign(invoices: Sequence[Lines]) -> list[bytes]:
        # In a thread, since pyHanko starts an event loop, and a browser that runs may have one here.
        with ThreadPoolExecutor(1) as thread:
            return [*thread.map(sign, write(invoices))]

    return write_and_sign


@cache
def _signer() -> Signer:
    """A signer with a certificate of its own making."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
    from cryptography.x509.oid import NameOID
    from pyhanko.sign import SimpleSigner

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Larkfield Ltd")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    dated = made.serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    certificate = dated.sign(key, SHA256())
    bundle = pkcs12.serialize_key_and_certificates(b"seal", key, certificate, None, NoEncryption())
    signer: Signer | None = SimpleSigner.load_pkcs12_data(bundle, other_certs=[])
    assert signer is not None
    return signer


LIBRARIES: dict[str, Write] = {
    "reportlab, table": each(reportlab_table),
    "reportlab, labels first": each(reportlab_forms),
    "reportlab, form fields": each(reportlab_fields),
    "reportlab, last page, turned": each(reportlab_pages),
    "fpdf2, narrow cells": each(fpdf_cells),
    "fpdf2, touching cells": each(fpdf_touching),
    "pyHanko over fpdf2": signed(each(fpdf_touching)),
    "WeasyPrint": weasy(""),
    "WeasyPrint, spaced by 0.15 em": weasy("td { letter-spacing: 0.15em }"),
    "WeasyPrint, spaced by 0.25 em": weasy("td { letter-spacing: 0.25em }"),
    "WeasyPrint, narrow cells": weasy("td.v { width: 5em; max-width: 5em; overflow-wrap: anywhere }"),
    "WeasyPrint, small capitals": weasy("td { font-variant-caps: all-small-caps }"),
    "WeasyPrint, U+2011": with_dashes("\u2011", weasy("")),
    "WeasyPrint, Hebrew": right_to_left(weasy("")),
    "WeasyPrint, PDF/A-3 with CII": each(pdf_a_3),
    "Typst": typst("let columns = 2"),
    "Typst, spaced by 0.2 em": typst("let columns = 2; set text(tracking: 0.2em)"),
    "Typst, narrow and touching": typst("let columns = (3.2cm, 1.8cm); set table(inset: 0pt)"),
}
"""Programs and layouts that need no more than Python packages."""
