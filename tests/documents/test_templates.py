"""Templates with wildcards find an invoice's PDF, and never another's."""

from __future__ import annotations

import os
import time
import zipfile
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from arfeed.documents.finding import Found, find
from arfeed.documents.template import match_names
from arfeed.model.settings import SourceSettings
from arfeed.tables.files.reach import reach
from support.feeds.sources import given, opened, rows
from support.files.pdfs import pdf, write_pdfs


def owners(template: str, refs: list[str], *names: str) -> dict[str, list[str]]:
    """Return which refs claim each name, and what else it may mean."""
    found = match_names(template, pd.DataFrame({"source_ref": refs}, dtype="str"), names)
    result: dict[str, list[str]] = {names[file]: list(strange) for file, strange in found.strange.items()}
    for invoice, file in zip(found.invoices, found.files, strict=True):
        result.setdefault(names[file], []).append(refs[invoice])
    return result


def search(folder: Path, template: str, *refs: str, closed: tuple[str, ...] = ()) -> Found:
    source = given(documents=str(folder / template))
    source.frames = lambda: [rows(invoice_ref=list(refs))]
    invoices = opened(source)
    source.frames = lambda: [rows(invoice_ref=[*refs, *closed])]
    return find([source], invoices, Path(), opened(source))


def refs_of(found: Found) -> list[str]:
    return sorted(found.table["source_ref"])


@pytest.mark.parametrize(
    ("template", "ref", "name"),
    [
        ("*{invoice_ref}*.pdf", "INV-1", "Acme INV-1 final.pdf"),
        ("*{invoice_ref}*.pdf", "INV-1", "INV-1.pdf"),
        ("*{invoice_ref}*", "INV-1", "INV-1.pdf"),
        ("Invoice_{invoice_ref}_from_*.pdf", "1037", "Invoice_1037_from_Acme_4284.pdf"),
        ("Inv_{invoice_ref}_from_*.pdf", "1037", "Inv_1037_from_Company_Name_4284.pdf"),
        ("INV{invoice_ref} *.pdf", "7", "INV7 Acme.pdf"),
        ("**/{invoice_ref}.pdf", "INV-1", "2026/04/INV-1.pdf"),
        ("**/{invoice_ref}.pdf", "INV-1", "INV-1.pdf"),
        ("*_{invoice_ref}.pdf", "INV/2026/0042", "Acme_INV_2026_0042.pdf"),
        ("*{invoice_ref}*.pdf", "#12", "Acme #12.pdf"),
        ("*{invoice_ref}?.pdf", "A1", "x A1_.pdf"),
    ],
)
def test_a_wildcard_finds_the_invoice(template: str, ref: str, name: str) -> None:
    assert owners(template, [ref, "Z-999x"], name) == {name: [ref]}


@pytest.mark.parametrize(
    "name",
    ["INV-10.pdf", "INV-1-2.pdf", "INV-1.2.pdf", "XINV-1.pdf", "2-INV-1.pdf", "INV-1a.pdf", "inv-1.pdf", "a/INV-1.txt"],
    ids=str,
)
def test_a_part_of_a_longer_number_is_not_the_invoice(name: str) -> None:
    assert owners("*{invoice_ref}*.pdf", ["INV-1"], name) == {}


def test_a_name_with_two_words_that_look_like_numbers_belongs_to_no_invoice(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "Invoice_1037_from_Acme_4284.pdf")
    found = search(tmp_path, "*{invoice_ref}*.pdf", "4284", "5000")
    assert refs_of(found) == []
    assert found.notes[0].startswith("given: PDFs whose names also match another invoice, so none of them is sent: ")
    assert "(4284, 1037)" in found.notes[0]


def test_a_pdf_that_a_paid_invoice_claims_too_is_not_sent(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV_1.pdf")
    assert refs_of(search(tmp_path, "{invoice_ref}.pdf", "INV/1")) == ["INV/1"]
    assert refs_of(search(tmp_path, "{invoice_ref}.pdf", "INV/1", closed=("INV_1",))) == []


def test_a_longer_number_that_is_glued_to_a_word_makes_a_name_doubtful() -> None:
    assert owners("{invoice_ref}*", ["1", "1_1"], "1_1Acme") == {"1_1Acme": ["1_1", "1"]}
    assert owners("*{invoice_ref}*", ["INV-1", "INV-10"], "INV-10 x") == {"INV-10 x": ["INV-10"]}


def test_other_fields_of_a_template_are_the_invoices_own(tmp_path: Path) -> None:
    write_pdfs(tmp_path / "Ada", "x INV-1.pdf")
    write_pdfs(tmp_path / "Bob", "x INV-2.pdf")
    assert refs_of(search(tmp_path, "{customer_name}/*{invoice_ref}.pdf", "INV-1", "INV-2")) == ["INV-1"]


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{customer_name}/*{invoice_ref}*.pdf", "A_S Norge/x INV-1.pdf"),
        ("*{customer_name} {invoice_ref}.pdf", "2026 A-S Norge INV-1.pdf"),
        ("{invoice_ref} *{customer_name}*.pdf", "INV-1 for A_S Norge.pdf"),
    ],
)
def test_a_field_beside_a_wildcard_is_read_as_the_invoices_own(template: str, name: str) -> None:
    refs = pd.DataFrame({"source_ref": ["INV-1", "INV-1"], "customer_name": ["A/S Norge", "A.S Norge"]}, dtype="str")
    assert match_names(template, refs, [name]).invoices == [0]


def test_of_several_files_the_newest_is_taken_and_noted(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1 old.pdf", "INV-1 new.pdf")
    os.utime(tmp_path / "INV-1 old.pdf", (1, 1))
    found = search(tmp_path, "{invoice_ref} *.pdf", "INV-1")
    assert found.readers["given", "INV-1"]() == pdf("INV-1 new.pdf")
    assert found.notes == (
        "given: invoices with several PDFs; the newest is used: "
        f"INV-1: {tmp_path / 'INV-1 new.pdf'}, not {tmp_path / 'INV-1 old.pdf'}",
    )


# --- archives -------------------------------------------------------------------------------------------------------


def archive(file: Path, *names: str) -> Path:
    with zipfile.ZipFile(file, "w") as zipped:
        for name in names:
            zipped.writestr(name, pdf(name))
    return file


def test_pdfs_are_found_in_an_archive_by_url_and_by_path(tmp_path: Path) -> None:
    file = archive(tmp_path / "April.zip", "sent/INV-1.pdf", "INV-2.pdf")
    by_path = search(tmp_path, "*.zip/**/{invoice_ref}.pdf", "INV-1", "INV-2", "INV-3")
    assert refs_of(by_path) == ["INV-1", "INV-2"]
    assert by_path.readers["given", "INV-1"]() == pdf("sent/INV-1.pdf")
    source = given(documents=f"zip://sent/{{invoice_ref}}.pdf::{file}")
    source.frames = lambda: [rows(invoice_ref=["INV-1", "INV-2"])]
    by_url = find([source], opened(source), Path())
    assert refs_of(by_url) == ["INV-1"]
    assert by_url.readers["given", "INV-1"]() == pdf("sent/INV-1.pdf")


def test_a_member_zipped_anew_keeps_its_version(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.zip", "INV-1.pdf")
    before = search(tmp_path, "a.zip/{invoice_ref}.pdf", "INV-1").table["version"].tolist()
    with zipfile.ZipFile(file, "w") as zipped:
        zipped.writestr(zipfile.ZipInfo("INV-1.pdf", (2026, 4, 7, 1, 2, 4)), pdf("INV-1.pdf"))
    assert search(tmp_path, "a.zip/{invoice_ref}.pdf", "INV-1").table["version"].tolist() == before


# --- one PDF for many invoices --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "pages", "said"),
    [("batch.pdf", 2, True), ("x.pdf", 3, True), ("x.pdf", 2, False), ("all.pdf", 1, False), ("batch.txt", 9, False)],
)
def test_a_merged_pdf_is_named_if_invoices_have_none(tmp_path: Path, name: str, pages: int, said: bool) -> None:
    write_pdfs(tmp_path, "INV-1.pdf")
    tmp_path.joinpath(name).write_bytes(b"<</Type /Page /Parent 1 0 R>>\n<</Type/Pages>>\n" * pages)
    found = search(tmp_path, "{invoice_ref}.pdf", "INV-1", "INV-2", "INV-3", "INV-4")
    note = f"given: {tmp_path / name} has {pages} pages and belongs to no invoice, while 3 have no PDF: "
    assert [text.startswith(note) for text in found.notes] == [True] * said


def test_one_invoice_without_a_pdf_is_not_a_batch(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1.pdf").joinpath("batch.pdf").write_bytes(b"/Type /Page " * 9)
    assert search(tmp_path, "{invoice_ref}.pdf", "INV-1", "INV-2").notes == ()


# --- properties -----------------------------------------------------------------------------------------------------

NUMBERS = [
    f"{head}{stem}{tail}" for head in ("", "INV-", "INV_", "INV/") for stem in ("1", "12") for tail in ("", "-2", "_1")
]
REFS = st.lists(st.sampled_from(NUMBERS), min_size=1, max_size=6, unique=True)
FILLINGS = ["", " ", "_", "-", "Acme", "Acme_", "_Acme", " 1", "_12", "-2", "1", "1_", "2-"]
TEMPLATES = [
    "{invoice_ref}.pdf",
    "*{invoice_ref}*.pdf",
    "Inv_{invoice_ref}_*.pdf",
    "{invoice_ref}*",
    "*-{invoice_ref}.pdf",
]


@settings(max_examples=150, deadline=None, derandomize=True)
@for_all(REFS, st.sampled_from(TEMPLATES), st.data())
def test_no_invoice_ever_gets_the_pdf_of_another(refs: list[str], template: str, data: st.DataObject) -> None:
    owner = data.draw(st.sampled_from(refs))
    name = template.replace("{invoice_ref}", owner.replace("/", data.draw(st.sampled_from("_-"))))
    while "*" in name:
        name = name.replace("*", data.draw(st.sampled_from(FILLINGS)), 1)
    claimed = owners(template, refs, name).get(name, [])
    assert len(claimed) != 1 or claimed == [owner], (name, claimed)


# --- size -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "template", ["Invoice_{invoice_ref}_from_*.pdf", "*{invoice_ref}*.pdf", "*{invoice_ref}_from_{customer_name}_*.pdf"]
)
@pytest.mark.parametrize("count", [10_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_very_many_pdfs_are_decided_without_reading_any(template: str, count: int) -> None:
    refs = [f"INV-{number:06}" for number in range(count)]
    names = [f"Invoice_{ref}_from_Acme_{number} Street.pdf" for number, ref in enumerate(refs)]
    invoices = pd.DataFrame({"source_ref": refs, "customer_name": ["Acme"] * count}, dtype="str")
    began = time.process_time()
    found = match_names(template, invoices, names)
    assert found.invoices == found.files == list(range(count))
    assert time.process_time() - began < count / 5_000  # seconds; a fifth of that, on a machine at leisure


def test_an_archive_in_an_archive_is_refused() -> None:
    from arfeed import SourceError

    with pytest.raises(SourceError, match="unpack the outer one"):
        reach("zip://a.pdf::zip://b.zip::c.zip", SourceSettings())
