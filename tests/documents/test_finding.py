"""The invoices' PDFs: found by name, and checked before they are sent."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterable
from functools import partial
from pathlib import Path

import pandas as pd
import pytest

from arfeed import Document, SourceError
from arfeed.documents.finding import Found, find
from arfeed.documents.staging import Staged, stage
from support.feeds.sources import Given, given, opened, rows
from support.files.pdfs import pdf, write_pdfs


def find_for(source: Given, *refs: str, **columns: object) -> Found:
    source.frames = lambda: [rows(invoice_ref=list(refs), **columns)]
    return find([source], opened(source), Path())


def found_refs(found: Found) -> list[str]:
    return found.table["source_ref"].tolist()


def content(found: Found, ref: str) -> bytes:
    return found.readers["given", ref]()


@pytest.mark.parametrize(
    ("template", "name"),
    [
        ("{invoice_ref}.pdf", "INV-1.pdf"),
        ("Invoice {invoice_ref}.pdf", "Invoice INV-1.pdf"),
        ("{customer_name}/{invoice_ref}.pdf", "Ada/INV-1.pdf"),
        ("{kind}_{invoice_ref}_{currency}.PDF", "invoice_INV-1_GBP.PDF"),
    ],
)
def test_a_template_finds_the_file_of_an_invoice(tmp_path: Path, template: str, name: str) -> None:
    write_pdfs((tmp_path / name).parent, (tmp_path / name).name)
    found = find_for(given(documents=str(tmp_path / template)), "INV-1", "INV-2")
    assert found_refs(found) == ["INV-1"]
    assert content(found, "INV-1") == pdf((tmp_path / name).name)


@pytest.mark.parametrize("stand_in", ["_", "-"])
@pytest.mark.parametrize("ref", ["INV/2026/0042", "INV:1?", 'A"B|C'])
def test_a_character_that_a_file_name_cannot_hold_may_be_a_dash_or_an_underscore(
    tmp_path: Path, ref: str, stand_in: str
) -> None:
    name = "".join(stand_in if letter in '/:?"|' else letter for letter in ref)
    write_pdfs(tmp_path, f"Invoice {name}.pdf")
    assert found_refs(find_for(given(documents=str(tmp_path / "Invoice {invoice_ref}.pdf")), ref)) == [ref]


def test_a_stand_in_in_another_field_leaves_the_number_certain(tmp_path: Path) -> None:
    write_pdfs(tmp_path / "A_S Norge", "INV-1.pdf")
    source = given(documents=str(tmp_path / "{customer_name}" / "{invoice_ref}.pdf"))
    assert found_refs(find_for(source, "INV-1", "INV-2", customer_name="A/S Norge")) == ["INV-1"]


def test_two_invoices_that_claim_one_file_get_neither(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV_1.pdf", "INV-2.pdf")
    found = find_for(given(documents=str(tmp_path / "{invoice_ref}.pdf")), "INV/1", "INV_1", "INV-2")
    assert found_refs(found) == ["INV-2"]
    assert found.ambiguous == {str(tmp_path / "INV_1.pdf"): ("INV/1", "INV_1")}


def test_composed_and_decomposed_letters_are_the_same_name(tmp_path: Path) -> None:
    write_pdfs(tmp_path, unicodedata.normalize("NFD", "Ä1.pdf"))
    ref = unicodedata.normalize("NFC", "Ä1")
    assert found_refs(find_for(given(documents=str(tmp_path / "{invoice_ref}.pdf")), ref)) == [ref]


def test_leading_zeros_count(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "71.pdf")
    assert found_refs(find_for(given(documents=str(tmp_path / "{invoice_ref}.pdf")), "00071")) == []


def test_the_version_tells_a_changed_file_from_an_untouched_one(tmp_path: Path) -> None:
    file = write_pdfs(tmp_path, "INV-1.pdf") / "INV-1.pdf"
    source = given(documents=str(tmp_path / "{invoice_ref}.pdf"))
    before = find_for(source, "INV-1").table["version"].tolist()
    assert find_for(source, "INV-1").table["version"].tolist() == before
    os.utime(file, (1, 1))
    assert find_for(source, "INV-1").table["version"].tolist() != before


def test_a_folder_that_is_not_there_fails_the_source(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"given: the folder of `documents` does not exist: .*pdf; create it, "):
        find_for(given(documents=str(tmp_path / "pdf" / "{invoice_ref}.pdf")), "INV-1")


def test_a_source_that_names_its_files_needs_no_template(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "scan-7.pdf")
    named = [str(tmp_path / "scan-7.pdf"), str(tmp_path / "scan-8.pdf"), ""]
    found = find_for(given(), "INV-1", "INV-2", "INV-3", document=named)
    assert found_refs(found) == ["INV-1"]
    assert content(found, "INV-1") == pdf("scan-7.pdf")


class Archive(Given):
    """A source that keeps the PDFs itself."""

    def documents(self, refs: pd.Series[str]) -> Iterable[Document]:
        return [Document(ref, "v1", partial(pdf, ref)) for ref in refs if ref != "INV-2"]


def test_a_connector_may_hold_the_pdfs_itself() -> None:
    found = find_for(Archive("given", given().settings), "INV-1", "INV-2")
    assert found_refs(found) == ["INV-1"]
    assert content(found, "INV-1") == pdf("INV-1")


# --- staging --------------------------------------------------------------------------------------------------------


def staged(tmp_path: Path, data: bytes) -> Staged | str:
    tmp_path.joinpath("INV-1.pdf").write_bytes(data)
    found = find_for(given(documents=str(tmp_path / "{invoice_ref}.pdf")), "INV-1")
    folder = tmp_path / "staging"
    folder.mkdir()
    ((name, outcome),) = stage(found.table.assign(name="INV-1.pdf"), found, folder)
    assert name == "INV-1.pdf"
    return outcome


def test_a_complete_pdf_is_staged_with_its_size_and_hash(tmp_path: Path) -> None:
    import hashlib

    outcome = staged(tmp_path, pdf())
    assert isinstance(outcome, Staged)
    assert outcome.path.read_bytes() == pdf()
    assert (outcome.size, outcome.sha256) == (len(pdf()), hashlib.sha256(pdf()).hexdigest())


@pytest.mark.parametrize(
    "data",
    [b"\xef\xbb\xbf\n" + pdf(), pdf() + b"\r\n" + b"\0" * 900, pdf() + pdf("second revision")],
    ids=["junk before", "padding behind", "appended revision"],
)
def test_what_every_reader_opens_is_taken(tmp_path: Path, data: bytes) -> None:
    assert isinstance(staged(tmp_path, data), Staged)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (b"", "the file is empty"),
        (b"<!DOCTYPE html><title>Log in</title>", "the file is a web page: it does not begin with %PDF-"),
        (b"PK\x03\x04", "the file is not a PDF: it does not begin with %PDF-"),
        (pdf()[:-7], "the PDF is cut off: it does not end with %%EOF"),
        (pdf() + b"x" * 5000, "the PDF is cut off: it does not end with %%EOF"),
    ],
    ids=["empty", "web page", "zip", "cut off", "overwritten end"],
)
def test_a_file_that_is_not_a_complete_pdf_is_not_sent_and_reported(tmp_path: Path, data: bytes, wrong: str) -> None:
    assert staged(tmp_path, data) == wrong


def test_an_encrypted_pdf_is_marked_since_it_may_open_for_everybody(tmp_path: Path) -> None:
    outcome = staged(tmp_path, pdf().replace(b"<<", b"<</Encrypt 7 0 R "))
    assert isinstance(outcome, Staged)
    assert outcome.encrypted
    (tmp_path / "other").mkdir()
    plain = staged(tmp_path / "other", pdf())
    assert isinstance(plain, Staged)
    assert not plain.encrypted


def test_a_file_that_vanished_is_reported_and_the_next_one_is_staged(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1.pdf", "INV-2.pdf")
    found = find_for(given(documents=str(tmp_path / "{invoice_ref}.pdf")), "INV-1", "INV-2")
    tmp_path.joinpath("INV-1.pdf").unlink()
    outcomes = dict(stage(found.table.assign(name=["a.pdf", "b.pdf"]), found, tmp_path))
    assert str(outcomes["a.pdf"]).startswith("it can't be read: ")
    assert isinstance(outcomes["b.pdf"], Staged)


def test_a_connector_that_raises_breaks_one_pdf_only(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise TimeoutError("archive")

    found = find_for(Archive("given", given().settings), "INV-1", "INV-3")
    readers = {**found.readers, ("given", "INV-1"): fail}
    send = found.table.assign(name=["a.pdf", "b.pdf"])
    outcomes = dict(stage(send, Found(found.table, readers), tmp_path))
    assert outcomes["a.pdf"] == "it can't be read: archive"
    assert isinstance(outcomes["b.pdf"], Staged)


def test_a_path_in_the_column_document_starts_at_the_folder_of_the_configuration(tmp_path: Path) -> None:
    write_pdfs(tmp_path / "scans", "a.pdf")
    source = given()
    source.frames = lambda: [rows(invoice_ref=["INV-1", "INV-2"], document=["scans/a.pdf", "scans/b.pdf"])]
    assert found_refs(find([source], opened(source), tmp_path)) == ["INV-1"]


def test_a_connector_that_can_not_list_its_documents_fails_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def documents(self: Given, refs: object) -> Iterable[Document]:
        raise OSError("no route")

    monkeypatch.setattr(Given, "documents", documents)
    with pytest.raises(SourceError, match="given: its PDFs can't be listed: OSError: no route"):
        find_for(given(), "INV-1")


# --- one file, one invoice ------------------------------------------------------------------------------------------


def two_sources(tmp_path: Path, ours: dict[str, object], theirs: dict[str, object], **closed: object) -> Found:
    """Sources `given` and `other` over one folder; `closed` are rows of the other that are not reported."""
    template = str(tmp_path / "{invoice_ref}.pdf")
    one, other = (
        given(documents=template),
        Given("other", given(documents=str(tmp_path / "." / "{invoice_ref}.pdf")).settings),
    )
    one.frames = lambda: [rows(**ours)]
    other.frames = lambda: [rows(**theirs)]
    reported = pd.concat([opened(one), opened(other)], ignore_index=True)
    if closed:
        other.frames = lambda: [rows(**closed)]
    listed = pd.concat([reported, opened(other)], ignore_index=True) if closed else reported
    return find([one, other], reported, Path(), listed)


def test_a_file_that_invoices_of_two_sources_claim_goes_to_neither(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1.pdf", "INV-2.pdf")
    found = two_sources(tmp_path, {"invoice_ref": ["INV-1", "INV-2"]}, {"invoice_ref": ["INV-1"]})
    assert found_refs(found) == ["INV-2"]
    assert [*found.ambiguous.values()] == [("INV-1 (given)", "INV-1 (other)")]
    assert ("given", "INV-1") not in found.readers


def test_a_closed_document_of_another_source_claims_its_file_too(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1.pdf", "INV-2.pdf")
    closed = {"invoice_ref": ["INV-1"], "customer_name": ["Bramble Ltd"]}
    assert found_refs(
        two_sources(tmp_path, {"invoice_ref": ["INV-1", "INV-2"]}, {"invoice_ref": ["X-9"]}, **closed)
    ) == ["INV-2"]


def test_an_invoice_that_two_exports_list_keeps_its_file(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "INV-1.pdf")
    found = two_sources(tmp_path, {"invoice_ref": ["INV-1"]}, {"invoice_ref": ["X-9"]}, invoice_ref=["INV-1"])
    assert found_refs(found) == ["INV-1"]


def test_two_invoices_that_name_one_file_get_neither(tmp_path: Path) -> None:
    write_pdfs(tmp_path, "scan.pdf", "other.pdf")
    (tmp_path / "link").symlink_to(tmp_path)
    named = [str(tmp_path / "scan.pdf"), str(tmp_path / "link" / "scan.pdf"), str(tmp_path / "other.pdf")]
    found = find_for(given(), "INV-1", "INV-2", "INV-3", document=named)
    assert found_refs(found) == ["INV-3"]
    assert found.ambiguous == {str(tmp_path / "scan.pdf"): ("INV-1", "INV-2")}


@pytest.mark.parametrize("template", ["{invoice_ref}.pdf", "*{invoice_ref}*.pdf"])
@pytest.mark.parametrize(
    ("others", "name"),
    [(["R-2"], "R-1.pdf"), (["R_2"], "R_1.pdf"), (["R-1"], "R-1.pdf")],
    ids=["hyphen", "underscore", "the very number"],
)
def test_a_slash_is_not_read_as_what_other_numbers_of_the_source_have_there(
    tmp_path: Path, template: str, others: list[str], name: str
) -> None:
    write_pdfs(tmp_path, name)
    source = given(documents=str(tmp_path / template))
    source.frames = lambda: [rows(invoice_ref=["R/1"])]
    reported = opened(source)
    source.frames = lambda: [rows(invoice_ref=["R/1", *others])]
    found = find([source], reported, Path(), opened(source))
    assert found_refs(found) == []
    assert "also match another invoice" in found.notes[0]
    assert name.removesuffix(".pdf") in found.notes[0]
