"""What has to hold after every fault of a receiver's server, looked at by clients that are not arfeed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from support.feeds.feed import REPORTS, Feed, invoices
from support.servers.makes import Server

PDFS = 20
INVOICES = 100


def feed_with_new_pdfs(server: Server, folder: Path, *, relay: int | None = None, **destination: Any) -> Feed:
    """Make a feed that has delivered once, and has since got PDFs."""
    root = server.new_root()
    return got_pdfs(Feed(folder, receiver=root, destination={**server.destination(root, relay=relay), **destination}))


def got_pdfs(feed: Feed) -> Feed:
    """Deliver once, then print PDFs."""
    feed.sources["erp"] = {"absent_means_paid": True, "documents": "pdf/{invoice_ref}.pdf"}
    feed.folder.joinpath("pdf").mkdir()
    feed.export(invoices(INVOICES))
    feed.approved()
    feed.print_pdfs((row["invoice_ref"] for row in invoices(PDFS)), "x" * 5_000)
    return feed


def pdfs(feed: Feed) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in feed.folder.joinpath("pdf").iterdir()}


def nothing_is_half_published(feed: Feed) -> None:
    """Every file under a real name is whole: a PDF as it was printed, a report with all its rows."""
    for name, content in feed.held().items():
        if name.endswith(".part"):
            continue
        if name.startswith(REPORTS):
            assert content.count(b"\n") == INVOICES + 1, name
        else:
            assert content == pdfs(feed)[name], name


def the_server_holds_what_the_receipts_say(feed: Feed, server: Server) -> None:
    """By name and size as OpenSSH's client lists them, by content as rclone reads it back. The last word counts."""
    said: dict[str, tuple[int, str]] = {}
    for receipt in feed.receipts():
        for file in [receipt["report"], *receipt["documents"]]:  # type: ignore[misc]
            said["/".join(filter(None, [file["folder"], file["name"]]))] = file["size"], file["sha256"]
    reports = {f"{REPORTS}/{name}": size for name, size in server.listed(feed.receiver, REPORTS).items()}
    there = {**server.listed(feed.receiver), **reports}
    assert {name: (there[name], digest) for name, digest in server.hashed(feed.receiver).items()} == {
        **{name: (len(content), hashlib.sha256(content).hexdigest()) for name, content in pdfs(feed).items()},
        **said,
    }


def converges(feed: Feed, server: Server) -> None:
    nothing_is_half_published(feed)
    done = feed.sync()
    assert done.receipt is not None
    assert done.receipt.documents_failed == {}
    assert done.plan.counts.missing == 0
    assert len(done.receipt.documents) + done.plan.documents.present == PDFS
    nothing_is_half_published(feed)
    the_server_holds_what_the_receipts_say(feed, server)
