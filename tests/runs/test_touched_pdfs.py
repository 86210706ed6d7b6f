"""A PDF with a new time and its old bytes is read once, and never again."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from arfeed.model.results import SentDocument
from support.feeds.feed import Feed, invoices


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    feed = Feed(tmp_path, sources={"erp": {"documents": "pdf/{invoice_ref}.pdf"}})
    feed.export(invoices(3))
    feed.print_pdfs(["INV-0001", "INV-0002"])
    feed.approved()
    return feed


def known(feed: Feed) -> dict[str, SentDocument]:
    with feed.records() as history:
        return history.documents(feed.where)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the PDFs that are read."""
    from arfeed.documents.listing import ListedFile

    names: list[str] = []
    plain = ListedFile.content

    def content(file: ListedFile) -> bytes:
        names.append(file.name)
        return plain(file)

    monkeypatch.setattr(ListedFile, "content", content)
    return names


def test_a_touched_pdf_is_read_once_and_its_new_version_remembered(feed: Feed, reads: list[str]) -> None:
    before = known(feed)
    os.utime(feed.folder / "pdf" / "INV-0001.pdf", (1, 1))
    assert feed.plan().documents.present == 2
    assert (known(feed), reads) == (before, ["INV-0001.pdf"])
    assert feed.sync().receipt
    after = known(feed)
    assert after["INV-0001.pdf"] == before["INV-0001.pdf"]._replace(version=after["INV-0001.pdf"].version)
    assert after["INV-0001.pdf"].version != before["INV-0001.pdf"].version
    assert after["INV-0002.pdf"] == before["INV-0002.pdf"]
    reads.clear()
    assert feed.plan().documents.present == 2
    assert reads == []


def test_a_pdf_with_new_bytes_is_sent(feed: Feed) -> None:
    feed.print_pdfs(["INV-0001"], text="mended")
    assert feed.plan().documents.send["change"].tolist() == ["changed"]
