"""What a part of a PDF shows is enough to see that it is the invoice's own, and never for anything else."""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from fpdf import FPDF

from arfeed.documents.contents import child
from arfeed.documents.contents.checking import Verification, read_documents
from arfeed.documents.contents.process import Extract, PdfReader
from arfeed.documents.staging import Staged
from arfeed.testing import text_pdf
from support.feeds.plans import invoices
from support.files.invoice_pdfs import Bill, bills, lines_of
from support.writers.libraries import (
    Write,
    each,
    fpdf_cells,
    fpdf_touching,
    reportlab_fields,
    reportlab_forms,
    reportlab_table,
)
from support.writers.programs import ghostscript, php

BILLS = bills("INV-2026-0042", 3, 5)


@pytest.fixture(scope="module")
def by_tcpdf() -> bytes:
    """An invoice in a Unicode font, whose map has every code of 65,536."""
    (content,) = php("tcpdf-unicode")([lines_of(BILLS[0], random.Random(1))])
    return content


def read_both_ways(content: bytes, folder: Path) -> tuple[str, Extract]:
    """What a PDF shows by its codes alone, and what PDFium reads of it."""
    quick = child._by_codes(content)
    assert quick is not None
    path = folder / "documents"
    path.write_bytes(content)
    with PdfReader() as reader:
        return quick, reader.read(Staged(path, 0, len(content), ""))


def test_the_codes_of_such_a_font_are_read_as_pdfium_reads_them(by_tcpdf: bytes, tmp_path: Path) -> None:
    quick, wholly = read_both_ways(by_tcpdf, tmp_path)
    assert not wholly.quick
    # What is in another font, at the end, is not read as letters.
    text = re.sub(r"\s", "", "".join(wholly.pages)).partition("PoweredbyTCPDF")[0]
    assert BILLS[0].ref in text
    assert re.sub(r"\s", "", quick).startswith(text)


def with_map(content: bytes, ranges: bytes) -> bytes:
    """Return a PDF by TCPDF with another map of its codes."""
    number = re.search(rb"/ToUnicode (\d+) 0 R", content)
    assert number is not None
    place = re.search(rb"\n%s 0 obj\n<<.*?>> stream\n" % number[1], content, re.DOTALL)
    assert place is not None
    end = content.index(b"\nendstream", place.end())
    packed = zlib.compress(ranges)
    head = b"\n%s 0 obj\n<</Filter /FlateDecode /Length %d>> stream\n" % (number[1], len(packed))
    return content[: place.start()] + head + packed + content[end:]


WHOLE_MAP = b"1 beginbfrange\n<0000> <ffff> <0000>\nendbfrange"


@pytest.mark.parametrize(
    ("change", "read"),
    [
        (lambda pdf: with_map(pdf, WHOLE_MAP), True),
        (lambda pdf: with_map(pdf, WHOLE_MAP.replace(b"> <0000>", b"> <0001>")), False),
        (lambda pdf: with_map(pdf, WHOLE_MAP + b"\n1 beginbfchar\n<0031> <0032>\nendbfchar"), False),
        (lambda pdf: with_map(pdf, b""), False),
        (lambda pdf: pdf + b"\nstartxref\n0\n%%EOF", False),
        (lambda pdf: pdf.replace(b"/Names << >>", b"/AcroForm <<>>"), False),
        (lambda pdf: pdf.replace(b"/Names << >>", b"/Encrypt 9 0 R"), False),
        (lambda pdf: pdf.replace(b"/Subtype /Link", b"/Subtype /FileAttachment"), False),
        (lambda pdf: pdf.replace(b"/CIDToGIDMap 12 0 R", b"/CIDToGIDMap /Identity"), False),
    ],
    ids=["one range", "shifted", "single codes", "no map", "a second version", "a form", "a lock", "a file", "glyphs"],
)  # fmt: skip
def test_only_codes_that_are_letters_for_certain_are_read(
    by_tcpdf: bytes, change: Callable[[bytes], bytes], *, read: bool
) -> None:
    changed = change(by_tcpdf)
    assert changed != by_tcpdf
    assert (child._by_codes(changed) is not None) is read


@pytest.mark.parametrize(
    "write",
    [each(fpdf_cells), each(fpdf_touching), php("dompdf"), each(reportlab_table), each(reportlab_forms)],
    ids=["fpdf2", "fpdf2, touching", "dompdf", "reportlab", "reportlab, labels first"],
)
def test_fonts_that_every_reader_has_are_read_as_pdfium_reads_them(tmp_path: Path, write: Write) -> None:
    (content,) = write([[*lines_of(BILLS[0], random.Random(1)), ("Name", "Señor (Müller) \\ Sons")]])
    quick, wholly = read_both_ways(content, tmp_path)
    assert sorted(re.sub(r"\s", "", quick)) == sorted(re.sub(r"\s", "", "".join(wholly.pages)))


@pytest.mark.parametrize(
    "word", ["/Type0", "/FontFile2 7 0 R", "/ToUnicode 7 0 R", "/Encoding <</Differences []>>", "/Symbol"]
)
def test_codes_of_fonts_with_glyphs_of_their_own_are_left_to_pdfium(word: str) -> None:
    content = fpdf_touching(lines_of(BILLS[0], random.Random(1)))
    assert child._by_codes(content) is not None
    assert child._by_codes(content.replace(b"/BaseFont", word.encode() + b" /BaseFont")) is None
    assert child._by_codes(content.replace(b"/WinAnsiEncoding", b"/StandardEncoding")) is None


def test_a_form_is_read_as_it_looks_once_drawn_and_not_letter_by_letter(tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(reportlab_fields(lines_of(BILLS[0], random.Random(1))))
    request = {"path": str(path), "start": 0, "size": path.stat().st_size}
    said = child.answer({**request, "wanted": [re.sub(r"\W", "", BILLS[0].ref).lower()]})
    assert said["quick"]
    assert said["careful"] is None
    assert BILLS[0].ref in "".join(said["pages"])
    # Whatever else it may be is seen letter by letter.
    assert BILLS[0].ref in "".join(child.answer({**request, "wanted": None})["careful"])


def test_pages_written_in_letters_that_are_cut_off_are_left_to_pdfium() -> None:
    content = reportlab_table(lines_of(BILLS[0], random.Random(1)))
    assert child._by_codes(content) is not None
    assert child._by_codes(content.replace(b"~>", b"{{{~>")) is None


def test_more_text_than_fits_at_once_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "long.pdf"
    path.write_bytes(text_pdf(*(f"line {number}" for number in range(40))))
    request = {"path": str(path), "start": 0, "size": path.stat().st_size, "wanted": None}
    whole = child.answer(request)
    monkeypatch.setattr(child, "_FITTING", 50)
    assert child.answer(request)["pages"] == whole["pages"]
    assert "line 39" in whole["pages"][0]


def test_words_that_only_their_places_part_are_left_to_pdfium() -> None:
    (content,) = ghostscript(each(fpdf_touching))([lines_of(BILLS[0], random.Random(1))])
    assert b"/WinAnsiEncoding" in content
    assert child._by_codes(content) is None


@pytest.mark.parametrize(
    ("commands", "shown"),
    [
        (b"BT (\x00A\x00B) Tj ET BT (\x00C) Tj ET", "AB\nC"),
        (b"BT [(\x00A) -30 (\x00B)] TJ 0 -12 Td (\x00C) Tj ET", "AB\nC"),
        (b"BT (\x00\\(\x00\\)\x00\\\\) Tj ET", "()\\"),
        (b"BT (\x00\\101) Tj ET", "A"),
    ],
)
def test_strings_between_two_moves_of_the_pen_are_one_line(commands: bytes, shown: str) -> None:
    assert child._shown_texts(commands, "utf-16-be") == shown


def read(folder: Path, contents: dict[str, bytes], refs: list[str]) -> dict[str, str]:
    """Return by name what PDFs are that are filed for these invoices."""
    path, staged = folder / "documents", {}
    with path.open("wb") as copies:
        for name, content in contents.items():
            staged[name] = Staged(path, copies.tell(), len(content), name)
            copies.write(content)
    amounts: list[object] = [bill.cents / 100 for bill in BILLS]
    report = invoices(
        [bill.ref for bill in BILLS],
        customer_name=[bill.customer for bill in BILLS],
        amount=[f"{amount:.2f}" for amount in amounts],
        balance=[f"{amount:.2f}" for amount in amounts],
    )
    send = pd.DataFrame({"name": [*contents], "invoice_ref": refs})
    found = read_documents(send, staged.items(), report, Verification("withhold", lambda: report, dict))
    return {name: reading.outcome for name, reading in found.items()}


def printed(bill: Bill) -> tuple[str, ...]:
    return f"Invoice {bill.ref}", bill.customer, f"Total {bill.cents // 100}.{bill.cents % 100:02}"


def test_a_part_that_shows_its_own_number_is_enough_and_the_rest_is_read_wholly(
    tmp_path: Path, by_tcpdf: bytes
) -> None:
    one, other, third = BILLS
    contents = {
        "first page": text_pdf(*printed(one)),
        "last page": text_pdf(*printed(one), blank_pages=2),
        "another's, behind": text_pdf(*printed(other), blank_pages=2),
        "tcpdf": by_tcpdf,
        "another's, tcpdf": by_tcpdf,
        "nobody's": text_pdf("Thank you", blank_pages=1),
    }
    refs = [one.ref, one.ref, one.ref, one.ref, third.ref, other.ref]
    assert read(tmp_path, contents, refs) == {
        "first page": "own",
        "last page": "own",
        "another's, behind": "another",
        "tcpdf": "own",
        "another's, tcpdf": "another",
        "nobody's": "none",
    }


def numbered_first() -> bytes:
    """A PDF of four pages, of which the first one has the number."""
    pdf = FPDF()
    for text in ("INV-7", "terms", "terms", "terms"):
        pdf.add_page()
        pdf.set_font("Helvetica")
        pdf.cell(text=text)
    return bytes(pdf.output())


@pytest.mark.parametrize(("wanted", "pages"), [(["inv7"], 1), (["inv8"], 4), (None, 4)])
def test_reading_ends_at_the_number_unless_a_file_may_be_attached_to_another_page(
    tmp_path: Path, wanted: list[str] | None, pages: int
) -> None:
    content = numbered_first()
    marked = content.replace(b"%%EOF", b"% /FileAttachment\n%%EOF")
    path = tmp_path / "documents"
    path.write_bytes(content + marked)
    with PdfReader() as reader:
        reader.ask(Staged(path, 0, len(content), ""), wanted)
        reader.ask(Staged(path, len(content), len(marked), ""), wanted)
        one, other = reader.receive(), reader.receive()
    assert (len(one.pages), one.quick, one.careful is None) == (pages, pages == 1, pages == 1)
    assert (len(other.pages), other.quick) == (4, False)
