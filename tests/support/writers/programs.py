"""Invoices as PDF by programs that have to be installed, all invoices of one by one start of it."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from support.servers.makes import program
from support.writers.libraries import LIBRARIES, Lines, Write, page_of, right_to_left

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_SECONDS = 400
_LONGEST_VALUE = 25


def in_folder(write: Callable[[Sequence[Lines], Path], list[Path]]) -> Write:
    """Have invoices written to a folder, as files in their order, and take them from there."""

    def written(invoices: Sequence[Lines]) -> list[bytes]:
        with tempfile.TemporaryDirectory(prefix="arfeed-pdfs-") as name:
            files = write(invoices, Path(name)) if invoices else []
            return [file.read_bytes() for file in files]

    return written


def run(*command: str | Path, given: str = "") -> None:
    """Run a program to its end. Skip the test where it is not installed, but never in CI."""
    words = [program(str(command[0])), *map(str, command[1:])]
    subprocess.run(words, check=True, capture_output=True, input=given, text=True, timeout=_SECONDS)


def _numbered(folder: Path, count: int, first: int = 0, kind: str = "pdf") -> list[Path]:
    return [folder / f"{number}.{kind}" for number in range(first, first + count)]


def chromium(browser: Browser, style: str) -> Write:
    """Pages printed by a running Chromium."""

    def write(invoices: Sequence[Lines]) -> list[bytes]:
        page = browser.new_page()
        printed = []
        for lines in invoices:
            page.set_content(page_of(lines, style))
            printed.append(page.pdf())
        page.close()
        return printed

    return write


def wkhtmltopdf(style: str) -> Write:
    """Pages printed by wkhtmltopdf."""

    def write(invoices: Sequence[Lines], folder: Path) -> list[Path]:
        pdfs = _numbered(folder, len(invoices))
        for pdf, lines in zip(pdfs, invoices, strict=True):
            pdf.with_suffix(".html").write_text(page_of(lines, style))
        orders = "".join(f"{pdf.with_suffix('.html')} {pdf}\n" for pdf in pdfs)
        run("wkhtmltopdf", "--quiet", "--read-args-from-stdin", given=orders)
        return pdfs

    return in_folder(write)


def php(library: str) -> Write:
    """Pages by a library for PHP."""

    def write(invoices: Sequence[Lines], folder: Path) -> list[Path]:
        # What old libraries make newer PHPs warn of is not our matter.
        script = Path(__file__).with_name("php.php")
        run("php", "-d", "display_errors=0", script, library, folder, given=json.dumps(invoices))
        return _numbered(folder, len(invoices))

    return in_folder(write)


def groff(invoices: Sequence[Lines], folder: Path) -> list[Path]:
    """Pages by groff to PostScript, distilled by Ghostscript, each page an invoice."""
    pages = ["\n.br\n".join(f"{_groff(label)}\t{_groff(value)}" for label, value in lines) for lines in invoices]
    (folder / "invoices.ms").write_text(".nf\n.ta 2.5i\n" + "\n.bp\n".join(pages) + "\n")
    with (folder / "invoices.ps").open("wb") as out:
        command = [program("groff"), "-Kutf8", "-Tps", str(folder / "invoices.ms")]
        subprocess.run(command, check=True, stdout=out, timeout=_SECONDS)
    return _distilled([folder / "invoices.ps"], folder, len(invoices))


def _groff(text: str) -> str:
    return text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("\xa0", r"\~")


def _distilled(files: Sequence[Path], folder: Path, pages: int) -> list[Path]:
    """Have Ghostscript write each page of some files as a PDF."""
    out = folder / "distilled"
    out.mkdir()
    run("gs", "-q", "-dBATCH", "-dNOPAUSE", "-sDEVICE=pdfwrite", f"-sOutputFile={out}/%d.pdf", *files)
    found = _numbered(out, pages, first=1)
    assert not (out / f"{pages + 1}.pdf").exists(), "an invoice has a second page"
    return found


def ghostscript(before: Write) -> Write:
    """The one-page invoices of another program, distilled again by Ghostscript."""
    return _rewritten(before, lambda files, folder: _distilled(files, folder, len(files)))


def qpdf(before: Write) -> Write:
    """The invoices of another program, written again by qpdf."""

    def write(files: Sequence[Path], folder: Path) -> list[Path]:
        for file in files:
            run("qpdf", "--object-streams=generate", "--linearize", file, folder / f"{file.stem}-again.pdf")
        return [folder / f"{file.stem}-again.pdf" for file in files]

    return _rewritten(before, write)


def _rewritten(before: Write, again: Callable[[Sequence[Path], Path], list[Path]]) -> Write:
    def write(invoices: Sequence[Lines], folder: Path) -> list[Path]:
        files = _numbered(folder, len(invoices))
        for file, content in zip(files, before(invoices), strict=True):
            file.write_bytes(content)
        return again(files, folder)

    return in_folder(write)


# --- spreadsheets ---------------------------------------------------------------------------------------------------


def _books(invoices: Sequence[Lines], files: Sequence[Path], width: float, turned: int) -> None:
    """Write invoices as sheets, to one file or to a file for each."""
    from openpyxl import Workbook
    from openpyxl.styles import Alignment

    one = len(files) != len(invoices)
    books = [Workbook() for _ in files]
    for number, lines in enumerate(invoices):
        book = books[0 if one else number]
        sheet = book.create_sheet(str(number))
        for row, line in enumerate(lines, 1):
            if width < _LONGEST_VALUE:
                sheet.row_dimensions[row].height = 60  # Gnumeric would cut off what does not fit into one line
            for column, text in enumerate(line, 1):
                cell = sheet.cell(row, column, text)
                cell.alignment = Alignment(wrap_text=True, text_rotation=turned, horizontal="left")
        sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 26, width
    for book, file in zip(books, files, strict=True):
        del book["Sheet"]
        book.save(file)


def calc(width: float, turned: int = 0) -> Write:
    """Sheets printed by LibreOffice Calc, a column of values so many letters wide, and its text turned."""

    def write(invoices: Sequence[Lines], folder: Path) -> list[Path]:
        sheets = _numbered(folder, len(invoices), kind="xlsx")
        _books(invoices, sheets, width, turned)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        run("soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", folder, *sheets)
        return _numbered(folder, len(invoices))

    return in_folder(write)


def gnumeric(width: float) -> Write:
    """Sheets of one book printed by Gnumeric, a column of values so many letters wide."""

    def write(invoices: Sequence[Lines], folder: Path) -> list[Path]:
        _books(invoices, [folder / "book.xlsx"], width, 0)
        run("ssconvert", "-S", folder / "book.xlsx", folder / "%n.pdf")
        return _numbered(folder, len(invoices))

    return in_folder(write)


def all_programs(browser: Browser) -> dict[str, Write]:
    """The programs that need no more than Python, and those that have to be installed."""
    return {
        **LIBRARIES,
        "Chromium": chromium(browser, ""),
        "Chromium, narrow cells, spaced": chromium(browser, "td.v { width: 6em; letter-spacing: 0.12em }"),
        "Chromium, Hebrew": right_to_left(chromium(browser, "body { direction: rtl }")),
        "wkhtmltopdf": wkhtmltopdf(""),
        "wkhtmltopdf, spaced by 0.2 em": wkhtmltopdf("td { letter-spacing: 0.2em }"),
        "wkhtmltopdf, turned": wkhtmltopdf(
            "table { transform: rotate(90deg); margin-top: 200px } h1 { display: none }"
        ),
        "LibreOffice Calc": calc(30),
        "LibreOffice Calc, narrow cells": calc(9),
        "LibreOffice Calc, turned": calc(30, turned=90),
        "Gnumeric": gnumeric(30),
        "Gnumeric, narrow cells": gnumeric(9),
        "TCPDF, narrow cells": php("tcpdf"),
        "TCPDF, Unicode font": php("tcpdf-unicode"),
        "FPDF, narrow cells": php("fpdf"),
        "dompdf, spaced by 0.2 em": php("dompdf"),
        "dompdf, narrow cells": php("dompdf-narrow"),
        "groff": in_folder(groff),
        "qpdf over WeasyPrint": qpdf(LIBRARIES["WeasyPrint"]),
        "Ghostscript over reportlab": ghostscript(LIBRARIES["reportlab, table"]),
        "Ghostscript over fpdf2": ghostscript(LIBRARIES["fpdf2, narrow cells"]),
    }
