"""Very many PDFs that were delivered long ago: a run decides by their versions, and touches none of them."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from arfeed.history.packing import pack_report
from arfeed.history.records import PlannedDocument
from support.feeds.feed import Feed, invoice
from support.files.pdfs import pdf

NEW = 50


@pytest.mark.parametrize("template", ["pdf/{invoice_ref}.pdf", "pdf/*{invoice_ref}*.pdf"], ids=["named", "wildcards"])
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
def test_only_new_pdfs_are_read_and_sent(over_sftp: Feed, count: int, template: str) -> None:
    feed = over_sftp
    feed.export(invoice(number) for number in range(count))
    feed.approved()
    feed.print_pdfs(f"INV-{number:04}" for number in range(count))
    remember(feed, count)
    feed.sources["erp"]["documents"] = template
    feed.export(invoice(number) for number in range(count + NEW))
    feed.print_pdfs(f"INV-{number:04}" for number in range(count, count + NEW))
    begun, before = time.monotonic(), most_memory()
    with opened_pdfs(feed.folder / "pdf") as opened:
        done = feed.sync()
    seconds, megabytes = time.monotonic() - begun, most_memory() - before
    print(f"{count:,} PDFs there, {NEW} new: {seconds:.1f} seconds, {megabytes:.0f} MB more at most")  # noqa: T201 - figures, for -rP
    assert done.receipt is not None
    assert (done.plan.documents.present, len(done.receipt.documents)) == (count, NEW)
    assert sorted(opened) == [f"INV-{number:04}.pdf" for number in range(count, count + NEW)]
    assert len([name for name in feed.held() if name.endswith(".pdf")]) == NEW
    assert seconds < 20 + count / 1_000  # on a slow and busy machine
    assert megabytes < 100 + count / 250


def most_memory() -> float:
    """Return the most memory that this process ever had, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@contextmanager
def opened_pdfs(folder: Path) -> Iterator[list[str]]:
    """List the files of a folder that this process opens, by whatever library."""
    opened: list[str] = []
    listening = True

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event == "open" and str(arguments[0]).startswith(f"{folder}/"):
            opened.append(Path(str(arguments[0])).name)

    sys.addaudithook(hook)  # there is no way to take it back
    try:
        yield opened
    finally:
        listening = False


def remember(feed: Feed, count: int) -> None:
    """Let the history know all PDFs as sent, as if that had been long ago; the receiver has archived them since."""
    with feed.records() as history:
        (run,) = history.runs()
        sent = [known(feed.folder / "pdf" / f"INV-{number:04}.pdf") for number in range(count)]
        again = replace(run, id="long-ago", state="running", receipt=None)
        history.begin(again, pack_report(history.report(run.id, run.destination)), {})
        history.record_failure(again, ended_at=feed.now, documents=sent)


def known(file: Path) -> PlannedDocument:
    content, found = pdf(f"{file.stem} "), file.stat()
    return PlannedDocument(file.name, file.stem, f"{found.st_size}-{found.st_mtime}", "0" * 64, len(content))
