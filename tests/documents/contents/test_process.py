"""PDFs are read in a process with limits; what one of them does to it costs that PDF's check only."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from arfeed.documents.contents.child import MOST_PAGES
from arfeed.documents.contents.process import PdfReader, read_all, readers
from arfeed.documents.staging import Staged
from arfeed.testing import text_pdf

# Stand-ins for a reader: they answer with the size they were asked about, but for one size.
ANSWER = """
import json, sys, time
for line in sys.stdin:
    size = json.loads(line)["size"]
    if size == 666:
        {harm}
    print(json.dumps({{"pages": [str(size)], "more": False, "invoices": [], "careful": None, "labelled": [],
        "attached": [], "quick": False}}), flush=True)
"""
# And one that is gone after its first answer.
ONE_ANSWER = """
input()
print('{"pages": [], "more": false, "invoices": [], "careful": null, "labelled": [], "attached": [], "quick": false}')
"""
HARM = {"time": "time.sleep(60)", "lost": "sys.exit(9)"}


def of_size(size: int) -> Staged:
    return Staged(Path("documents"), 0, size, "")


def on_disk(tmp_path: Path, content: bytes, before: bytes = b"", behind: bytes = b"") -> Staged:
    path = tmp_path / "documents"
    path.write_bytes(before + content + behind)
    return Staged(path, len(before), len(content), "")


@pytest.mark.parametrize("what", HARM)
def test_a_reader_that_hangs_or_dies_costs_one_pdf_and_is_started_again(what: str) -> None:
    command = [sys.executable, "-c", ANSWER.format(harm=HARM[what])]
    with PdfReader(command, seconds=3, first=30) as reader:
        read = [reader.read(of_size(size)) for size in (1, 666, 2, 3)]
    assert [each.error for each in read] == [None, what, None, None]
    assert [each.pages for each in read if not each.error] == [("1",), ("2",), ("3",)]


def test_several_readers_answer_in_order_though_one_of_them_dies() -> None:
    command = [sys.executable, "-c", ANSWER.format(harm=HARM["lost"])]
    sizes = [1, 666, 2, 3, 666, 4, 5]
    with PdfReader(command) as one, PdfReader(command) as other:
        read = [*read_all([one, other], ((str(size), of_size(size), None) for size in sizes))]
    assert [name for name, _ in read] == [str(size) for size in sizes]
    assert [each.error or each.pages for _, each in read] == ["lost" if size == 666 else (str(size),) for size in sizes]


@pytest.mark.parametrize(("pdfs", "most"), [(1, 1), (10_000, 4)])
def test_no_more_readers_are_started_than_are_worth_it(pdfs: int, most: int) -> None:
    with readers(pdfs) as several:
        assert len(several) == min(most, os.cpu_count() or 1)


def test_a_reader_that_is_gone_before_it_is_asked_costs_one_pdf() -> None:
    command = [sys.executable, "-c", ONE_ANSWER]
    with PdfReader(command, seconds=5, first=30) as reader:
        assert reader.read(of_size(1)).error is None
        assert reader.read(of_size(2)).error == "lost"
        assert reader.read(of_size(3)).error is None


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit of this kind")
def test_the_process_has_a_limit_on_memory(tmp_path: Path) -> None:
    """A file larger than the limit stands for one that fills the memory while it is read."""
    import arfeed.documents.contents.child as child

    path = tmp_path / "documents"
    with path.open("wb") as file:
        file.truncate(600_000_000)  # sparse: it takes no room
    command = [sys.executable, "-P", child.__file__, str(400 << 20)]
    with PdfReader(command, seconds=30, first=60) as reader:
        assert reader.read(Staged(path, 0, 600_000_000, "")).error == "memory"
        other = tmp_path / "small"
        other.write_bytes(text_pdf("Invoice 7"))
        assert reader.read(Staged(other, 0, other.stat().st_size, "")).pages == ("Invoice 7",)


def test_a_pdf_is_read_from_its_place_in_the_file_of_copies(tmp_path: Path) -> None:
    with PdfReader() as reader:
        read = reader.read(on_disk(tmp_path, text_pdf("Invoice INV-7", "Total 12.00"), b"before", text_pdf("other")))
    assert (read.pages, read.error, read.more) == (("Invoice INV-7\r\nTotal 12.00",), None, False)


@pytest.mark.parametrize(
    "content", [b"", b"%PDF-1.7\n%%EOF\n", b"<html>", text_pdf("x")[:200]], ids=["empty", "hollow", "a page", "cut"]
)
def test_what_is_no_pdf_is_unreadable(tmp_path: Path, content: bytes) -> None:
    with PdfReader() as reader:
        assert reader.read(on_disk(tmp_path, content)).error == "unreadable"


def test_very_many_pages_are_not_read_to_the_end_and_that_is_said(tmp_path: Path) -> None:
    with PdfReader() as reader:
        read = reader.read(on_disk(tmp_path, text_pdf("INV-7", blank_pages=MOST_PAGES)))
    assert (len(read.pages), read.more) == (MOST_PAGES, True)


@pytest.mark.parametrize(("user", "error"), [("", None), ("secret", "password")], ids=["owner only", "to open"])
@pytest.mark.parametrize("method", ["RC4", "AES_128", "AES_256"])
def test_only_a_password_to_open_keeps_the_reader_out(
    tmp_path: Path, user: str, error: str | None, method: str
) -> None:
    with PdfReader() as reader:
        assert reader.read(on_disk(tmp_path, encrypted(user, method))).error == error


def encrypted(user: str, method: str = "AES_256") -> bytes:
    """A PDF with an owner's password that forbids everything, and perhaps one to open it."""
    from fpdf import FPDF
    from fpdf.enums import AccessPermission, EncryptionMethod

    pdf = FPDF()
    pdf.set_encryption("owner", user, EncryptionMethod[method], AccessPermission.none())
    pdf.add_page()
    pdf.set_font("Helvetica")
    pdf.cell(text="Invoice INV-7")
    return bytes(pdf.output())
