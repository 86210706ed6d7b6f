"""Whole runs to the rehearsal receiver, with each of its faults switched on in each phase, and off again after."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from arfeed.delivery.rehearsal.faults import Faults
from arfeed.model.errors import DestinationError
from arfeed.sftp import channels
from support.feeds.feed import REPORTS, Feed
from support.servers.makes import Server, rehearsal_server
from support.servers.proofs import INVOICES, converges, feed_with_new_pdfs, nothing_is_half_published, pdfs

FOR_GOOD = range(1, sys.maxsize)

FAULTS: dict[str, dict[str, Any]] = {
    "disk full": {"disk_full_after": 0},
    "disk full, after a while": {"disk_full_after": 12_000},
    "permission denied": {"permission_denied": ["INV-0003", "INV-0004", "open_ar"]},
    "rename refused": {"refuse_rename": True},
    "rename's answer lost": {"lose_rename": True},
    "few handles": {"most_handles": 1},
    "replacing refused": {"refuse_replacing": True},
    "hangs up once": {"disconnect_at": {1}},
    "hangs up again and again": {"disconnect_at": range(1, sys.maxsize, 45)},
    "hangs up for good": {"disconnect_at": FOR_GOOD},
    "silent once": {"stall_at": {2}},
    "silent for good": {"stall_at": FOR_GOOD},
    "nobody let in any more": {"refuse_login": True, "disconnect_at": FOR_GOOD},
}

PHASES = ["Sending the PDFs", "Sending the report"]

HARMLESS = {
    *("few handles", "replacing refused", "rename's answer lost"),
    *("hangs up once", "hangs up again and again", "silent once"),
}
"""Faults in spite of which everything arrives."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with rehearsal_server() as started:
        yield started


def switch(faults: Faults, **on: Any) -> None:
    """Switch these faults on, and all others off."""
    for name in Faults.__slots__:
        setattr(faults, name, on.get(name, getattr(Faults(), name)))


@pytest.fixture
def feed(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feed]:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.3)
    switch(server.faults)
    yield feed_with_new_pdfs(server, tmp_path / "feed")
    switch(server.faults)


@pytest.mark.parametrize("publish", ["rename", pytest.param("direct", marks=pytest.mark.soak)])
@pytest.mark.parametrize("phase", PHASES, ids=["PDFs", "report"])
@pytest.mark.parametrize("fault", FAULTS)
def test_whatever_goes_wrong_nothing_is_half_and_the_next_run_converges(
    server: Server, feed: Feed, fault: str, phase: str, publish: str
) -> None:
    feed.destination["publish"] = publish
    feed.steps.during[phase] = lambda: switch(server.faults, **FAULTS[fault])
    before = feed.reports()
    try:
        receipt = feed.sync().receipt
    except DestinationError:
        assert fault not in HARMLESS
        assert feed.states()[-1] != "delivered"
        assert publish == "direct" or feed.reports() == before
    else:
        assert receipt is not None
        assert (receipt.documents_failed == {}) or fault not in HARMLESS
        assert f"{REPORTS}/{receipt.report.name}" in feed.reports()
    feed.steps.during.clear()
    switch(server.faults)
    if publish == "rename":
        nothing_is_half_published(feed)
        converges(feed, server)
    else:
        mends(feed)


def mends(feed: Feed) -> None:
    """A file may have broken off under its real name; the next run puts every PDF right, and sends a whole report."""
    done = feed.sync()
    assert done.receipt is not None
    assert (done.receipt.documents_failed, done.plan.counts.missing) == ({}, 0)
    held = feed.held()
    assert {name: content for name, content in held.items() if "/" not in name} == pdfs(feed)
    assert held[f"{REPORTS}/{done.receipt.report.name}"].count(b"\n") == INVOICES + 1


@pytest.mark.parametrize("publish", ["rename", "direct"])
def test_a_receiver_that_takes_files_away_at_once_gets_each_once(server: Server, feed: Feed, publish: str) -> None:
    feed.destination["publish"] = publish
    server.faults.take_away = True
    receipt = feed.sync().receipt
    assert receipt is not None
    assert receipt.verified is (publish == "rename")  # seen whole under its other name
    assert (len(receipt.documents), receipt.documents_failed) == (20, {})
    assert feed.held().keys() == set(feed.reports()[:1])
    again = feed.sync()
    assert again.receipt is not None
    assert (again.plan.documents.present, len(again.receipt.documents), again.plan.counts.missing) == (20, 0, 0)
