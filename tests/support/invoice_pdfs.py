"""Invoices as PDF, by several programs, in many layouts and with many kinds of number, for measuring what is read."""

from __future__ import annotations

import io
import random
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from support.servers import program

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_CUSTOMERS = [
    f"{first} {second} {form}"
    for first in ("Albion", "Bramble", "Cedar", "Dunmore", "Eckert", "Fjord", "Granada", "Harbour", "Iris", "Juniper")
    for second in ("Foods", "Logistics", "Textiles", "Hotels", "Tools")
    for form in ("Ltd", "GmbH", "SARL", "Inc")
]
_PRICES = (4900, 9900, 12000, 24900, 49900)

KINDS: dict[str, Callable[[int], str]] = {
    "INV-1": lambda number: f"INV-{number}",
    "INV-2026-0042": lambda number: f"INV-2026-{number:04}",
    "RE 2026/0042": lambda number: f"RE 2026/{number:04}",
    "2026-0042": lambda number: f"2026-{number:04}",
    "2026.0042": lambda number: f"2026.{number:04}",
    "R0042": lambda number: f"R{number:04}",
    "20260042": lambda number: f"2026{number:04}",
    "90002026004217": lambda number: f"90002026{number:04}17",
    "00042": lambda number: f"{number:05}",
    "10042": lambda number: f"{10000 + number}",
    "42": str,
    "A-42": lambda number: f"A-{number}",
    "42/26": lambda number: f"{number}/26",
    "INV_2026_0042": lambda number: f"INV_2026_{number:04}",
}


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice: what a list says of it, and what its PDF prints as its number; `also` are numbers it mentions."""

    ref: str
    customer: str
    cents: int
    printed: str | None
    also: tuple[tuple[str, str], ...] = ()


NOTATIONS = ((",", "."), (".", ","), ("", "."), ("'", "."), (" ", ","), ("\xa0", ","))


def money(cents: int, notation: tuple[str, str]) -> str:
    group, decimal = notation
    return f"{cents // 100:,}".replace(",", group) + f"{decimal}{cents % 100:02}"


def bills(kind: str, count: int, seed: int) -> list[Bill]:
    """Invoices of one kind of number, one after another; a third of the amounts come from a price list.

    So short ones stand in PDFs of others, too: as quantities, customers' numbers, postcodes and orders.
    """
    draw = random.Random(f"{kind} {seed}")
    first = draw.randrange(1, 60)
    numbers = range(first, first + count)
    return [
        Bill(
            ref := KINDS[kind](number),
            draw.choice(_CUSTOMERS),
            draw.choice(_PRICES) if draw.random() < 0.3 else draw.randrange(2_000, 2_000_000),
            ref,
        )
        for number in numbers
    ]


def lines_of(bill: Bill, draw: random.Random) -> list[tuple[str, str]]:
    """What an invoice prints, as labels and values, with numbers that are no invoice's."""
    notation = draw.choice(NOTATIONS)
    number = [] if bill.printed is None else [("Invoice number", bill.printed)]
    listed = [(f"Less part payment {ref}", money(int(cents), notation)) for ref, cents in bill.also]
    return [
        ("Larkfield Ltd", "12 Mill Lane, 10042 Ely"),
        ("Bill to", draw.choice([bill.customer, bill.customer, bill.customer.upper()])),
        *number,
        ("Date", f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"),
        ("Customer", str(draw.randrange(10_000, 10_300))),
        ("Order", f"SO-2026-{draw.randrange(1, 400):04}"),
        ("Services", f"{draw.randrange(1, 60)} hours"),
        *listed,
        ("Total GBP", money(bill.cents, notation)),
    ]


# --- programs -------------------------------------------------------------------------------------------------------


def reportlab_table(lines: Sequence[tuple[str, str]]) -> bytes:
    """Labels and values in two columns, the values in narrow cells."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.styles import getSampleStyleSheet
    from reportlab.platypus import Paragraph, SimpleDocTemplate, Table

    style = getSampleStyleSheet()["Normal"]
    out = io.BytesIO()
    table = Table([[Paragraph(escape(text), style) for text in line] for line in lines], colWidths=[110, 75])
    SimpleDocTemplate(out, pagesize=A4).build([table])
    return out.getvalue()


def reportlab_forms(lines: Sequence[tuple[str, str]]) -> bytes:
    """All labels first, all values later, as on stationery that is filled in."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for column in (0, 1):
        for row, line in enumerate(lines):
            canvas.drawString(60 + 160 * column, 780 - 18 * row, line[column])
    canvas.save()
    return out.getvalue()


def reportlab_fields(lines: Sequence[tuple[str, str]]) -> bytes:
    """Values in form fields."""
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out)
    for row, (label, value) in enumerate(lines):
        canvas.drawString(60, 780 - 26 * row, label)
        canvas.acroForm.textfield(name=f"f{row}", value=value, x=220, y=774 - 26 * row, width=260, height=20)
    canvas.save()
    return out.getvalue()


def reportlab_pages(lines: Sequence[tuple[str, str]]) -> bytes:
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


def fpdf_cells(lines: Sequence[tuple[str, str]]) -> bytes:
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


def fpdf_touching(lines: Sequence[tuple[str, str]]) -> bytes:
    """Label and value right beside each other."""
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    for label, value in lines:
        pdf.cell(pdf.get_string_width(label) + 2.9, 7, label)
        pdf.cell(60, 7, value, new_x="LMARGIN", new_y="NEXT")
    return bytes(pdf.output())


def weasy(style: str) -> Callable[[Sequence[tuple[str, str]]], bytes]:
    """A page by WeasyPrint with a style of its own."""

    def write(lines: Sequence[tuple[str, str]]) -> bytes:
        from weasyprint import HTML

        return bytes(HTML(string=page_of(lines, style)).write_pdf())

    return write


def with_dashes(dash: str, write: Write) -> Write:
    """The page of another program, with another dash."""
    return lambda lines: write([(label, value.replace("-", dash)) for label, value in lines])


def right_to_left(write: Write) -> Write:
    """The page of another program, with labels in Hebrew."""
    return lambda lines: write([("חשבונית מס עבור", value) for _, value in lines])


def page_of(lines: Sequence[tuple[str, str]], style: str) -> str:
    rows = "".join(f"<tr><td>{escape(label)}</td><td class=v>{escape(value)}</td></tr>" for label, value in lines)
    return f"<!doctype html><meta charset=utf-8><style>{style}</style><h1>Invoice</h1><table>{rows}</table>"


Write = Callable[[Sequence[tuple[str, str]]], bytes]

PROGRAMS: dict[str, Write] = {
    "reportlab, table": reportlab_table,
    "reportlab, labels first": reportlab_forms,
    "reportlab, form fields": reportlab_fields,
    "reportlab, last page, turned": reportlab_pages,
    "fpdf2, narrow cells": fpdf_cells,
    "fpdf2, touching cells": fpdf_touching,
    "WeasyPrint": weasy(""),
    "WeasyPrint, spaced by 0.15 em": weasy("td { letter-spacing: 0.15em }"),
    "WeasyPrint, spaced by 0.25 em": weasy("td { letter-spacing: 0.25em }"),
    "WeasyPrint, narrow cells": weasy("td.v { width: 5em; max-width: 5em; overflow-wrap: anywhere }"),
    "WeasyPrint, small capitals": weasy("td { font-variant-caps: all-small-caps }"),
    "WeasyPrint, U+2011": with_dashes("\u2011", weasy("")),
    "WeasyPrint, Hebrew": right_to_left(weasy("")),
}
"""Programs and layouts that need no more than Python packages."""


def rewritten(write: Write, *command: str) -> Write:
    """The PDF of another program, read and written again by a command with the names of both files behind it."""

    def rewrite(lines: Sequence[tuple[str, str]]) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            before, after = Path(folder, "before.pdf"), Path(folder, "after.pdf")
            before.write_bytes(write(lines))
            filled = [part.format(before=before, after=after) for part in command]
            subprocess.run([program(filled[0]), *filled[1:]], check=True, capture_output=True)
            return after.read_bytes()

    return rewrite


def chromium(browser: Browser, style: str) -> Write:
    """A page printed by a running Chromium."""

    def write(lines: Sequence[tuple[str, str]]) -> bytes:
        page = browser.new_page()
        page.set_content(page_of(lines, style))
        printed = page.pdf()
        page.close()
        return printed

    return write


_GHOSTSCRIPT = ("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", "-sOutputFile={after}", "{before}")


def all_programs(browser: Browser) -> dict[str, Write]:
    """The programs that need no more than Python, and those that have to be installed."""
    return {
        **PROGRAMS,
        "Chromium": chromium(browser, ""),
        "Chromium, narrow cells, spaced": chromium(browser, "td.v { width: 6em; letter-spacing: 0.12em }"),
        "qpdf over WeasyPrint": rewritten(
            PROGRAMS["WeasyPrint"], "qpdf", "--object-streams=generate", "{before}", "{after}"
        ),
        "Ghostscript over reportlab": rewritten(PROGRAMS["reportlab, table"], *_GHOSTSCRIPT),
        "Ghostscript over fpdf2": rewritten(PROGRAMS["fpdf2, narrow cells"], *_GHOSTSCRIPT),
    }


@dataclass(frozen=True, slots=True)
class Sample:
    """A PDF, and the invoice it is filed under."""

    kind: str
    program: str
    own: Bill
    content: bytes


def samples(
    seed: int, each: int, programs: Mapping[str, Write], *, printing: bool = True, listing: bool = False, step: int = 1
) -> Iterator[tuple[Sample, list[Bill]]]:
    """Yield `each` PDFs of every kind of number and program, with all invoices that are known.

    Not `printing` ones lack their own number; `listing` ones name three other invoices with their amounts. Of the
    programs, each kind has every `step`th.
    """
    for turn, kind in enumerate(KINDS):
        known = bills(kind, 220, seed)
        draw = random.Random(f"{kind} {seed} lines")
        for name, write in [*programs.items()][turn % step :: step]:
            for _ in range(each):
                own = draw.choice(known)
                rest = [other for other in known if other.ref != own.ref]
                others = tuple((other.ref, str(other.cents)) for other in draw.sample(rest, 3)) if listing else ()
                drawn = Bill(own.ref, own.customer, own.cents, own.ref if printing else None, others)
                yield Sample(kind, name, own, write(lines_of(drawn, draw))), known
