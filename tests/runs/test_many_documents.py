"""Very many PDFs that were delivered long ago: a run decides by their versions, and touches none of them."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from arfeed.history import PlannedDocument
from arfeed.intake.documents import staging
from pdfs import pdf
from runs.feed import Feed, invoice

NEW = 50


@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_only_new_pdfs_are_read_and_sent(
    over_sftp: Feed, count: int, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    feed = over_sftp
    feed.export(invoice(number) for number in range(count))
    feed.approved()
    feed.print_pdfs(f"INV-{number:04}" for number in range(count))
    remember(feed, count)
    feed.export(invoice(number) for number in range(count + NEW))
    feed.print_pdfs(f"INV-{number:04}" for number in range(count, count + NEW))
    read: list[str] = []
    monkeypatch.setattr(staging, "_no_pdf", lambda content: read.append(content.decode()))
    begun, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    done = feed.sync()
    record_property("seconds", time.monotonic() - begun)
    record_property("megabytes", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
    assert done.receipt is not None
    assert (done.plan.documents.present, len(done.receipt.documents), len(read)) == (count, NEW, NEW)
    assert len([name for name in feed.held() if name.endswith(".pdf")]) == NEW


def remember(feed: Feed, count: int) -> None:
    """Let the history know all PDFs as sent, as if that had been long ago; the receiver has archived them since."""
    with feed.records() as history:
        (run,) = history.runs()
        sent = [known(feed.folder / "pdf" / f"INV-{number:04}.pdf") for number in range(count)]
        again = replace(run, id="long-ago", state="running", receipt=None)
        history.begin(again, history.report(run.id, run.destination), {})
        history.failed(again, ended_at=feed.now, documents=sent)


def known(file: Path) -> PlannedDocument:
    content, found = pdf(f"{file.stem} "), file.stat()
    return PlannedDocument(file.name, file.stem, f"{found.st_size}-{found.st_mtime}", "0" * 64, len(content))
