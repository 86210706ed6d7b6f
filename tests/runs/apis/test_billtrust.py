"""Deliveries to an API, over a real HTTP server with Billtrust's public rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from arfeed import Held, RestClient
from arfeed.delivery.rehearsal.api.server import Fault
from arfeed.runs.calling import Calling
from arfeed.testing import ApiConformance, ArfeedProject
from arfeed_connectors.billtrust import Billtrust
from support.feeds.interruptions import KilledError
from support.servers.apis import READ, SETTINGS, BilltrustFeed, once, open_refs, row


@pytest.fixture
def feed(arfeed_project: ArfeedProject, tmp_path: Path) -> BilltrustFeed:
    return BilltrustFeed(arfeed_project, tmp_path / "billtrust")


class TestBilltrust(ApiConformance):
    plugin = "billtrust"
    destination = Billtrust

    def settings(self) -> Mapping[str, object]:
        return SETTINGS


def owed(feed: BilltrustFeed) -> dict[str, str]:
    return {number: str(balance) for number, balance in feed.books.open.items()}


def test_what_is_open_is_put_with_its_pdf_and_what_is_proven_is_closed_with_its_reason(feed: BilltrustFeed) -> None:
    rows = [row(number) for number in range(40)]
    with feed.serving():
        feed.export(rows, pdfs=10)
        first = feed.deliver()
        assert first.code == 0, first.err
        assert owed(feed) == open_refs(rows)
        assert len(feed.books.documents) == 10
        paid = [row(0, "paid"), row(1, "paid"), *rows[2:]]
        feed.export(paid)
        second = feed.sync()
        assert second.code == 0, second.err
        assert owed(feed) == open_refs(paid)
        assert feed.books.closed == {"INV-00000": {"reason": "PAID"}, "INV-00001": {"reason": "PAID"}}
    receipt = second.json()["receipt"]
    assert [part["name"] for part in receipt["shipment"][0]["contents"]] == ["accounts", "documents", "closures"]
    assert feed.books.bookings["pdf", "INV-00005"] == 1


def test_what_is_not_proven_is_asked_about_and_never_closed_unapproved(feed: BilltrustFeed) -> None:
    rows = [row(number) for number in range(40)]
    with feed.serving():
        feed.export(rows)
        assert feed.deliver().code == 0
        feed.export(rows[1:])
        refused = feed.sync()
        assert refused.code == 3
        assert {each["code"] for each in refused.json()["plan"]["objections"]} == {"unexplained"}
        assert "INV-00000" in feed.books.open
        approved = feed.sync("--approve", refused.json()["plan"]["approval"])
        assert approved.code == 0, approved.err
        assert feed.books.closed == {"INV-00000": {"reason": "OTHER"}}


@pytest.mark.parametrize("fault", ["busy", "broken", "lose", "lose_before", "half"])
def test_every_request_goes_wrong_once_and_each_document_is_there_once(feed: BilltrustFeed, fault: Fault) -> None:
    rows = [row(number) for number in range(60)]
    feed.faults.choose = once(fault)
    with feed.serving():
        feed.export(rows, pdfs=20)
        delivered = feed.deliver()
        assert delivered.code == 0, delivered.err
        feed.export([row(0, "paid"), *rows[1:]], pdfs=0)
        closed = feed.sync()
        assert closed.code == 0, closed.err
    assert owed(feed) == open_refs(rows[1:])
    assert len(feed.books.documents) == 20
    assert [*feed.books.closed] == ["INV-00000"]


def test_a_delivery_that_breaks_off_counts_beside_the_last_one_until_one_arrives(feed: BilltrustFeed) -> None:
    rows = [row(number) for number in range(60)]
    with feed.serving():
        feed.export(rows)
        assert feed.deliver().code == 0
        more = [*rows, *(row(number) for number in range(60, 70))]
        feed.export(more)
        feed.faults.choose = lambda number, method, path: "broken" if "INV-00069" in path else None
        broken = feed.sync()
        assert broken.code == 5
        assert "INV-00069" in broken.err
        feed.faults.choose = lambda number, method, path: None
        # Without what the broken delivery has brought there: it is asked about as what the last one had.
        feed.export(rows)
        refused = feed.sync()
        assert refused.code == 3
        assert refused.json()["plan"]["counts"]["missing"] == 10
        feed.export(more)
        assert feed.sync().code == 0
    assert owed(feed) == open_refs(more)


@pytest.mark.parametrize(
    ("lie", "said"),
    [(None, None), ("f" * 64, "another PDF is there than was sent"), ("", "its PDF was sent, and is not")],
)
def test_a_pdf_that_is_not_there_as_it_was_sent_fails_the_delivery(
    feed: BilltrustFeed, monkeypatch: pytest.MonkeyPatch, lie: str | None, said: str | None
) -> None:
    feed.settings = {"read": READ}

    def read(self: Billtrust, api: RestClient, refs: Sequence[str], settings: object) -> Iterator[Held]:
        del self, settings
        for ref in refs:
            there = next(iter(api.get_each([f"/ingest/documents/{ref}"], connections=1))) or {}
            digest = there.get("pdf") or ""
            yield Held(ref, there["status"] == "open", None, digest.upper() if lie is None else lie)

    monkeypatch.setattr(Billtrust, "_read", read)
    with feed.serving():
        feed.export([row(0)], pdfs=1)
        delivered = feed.deliver()
    assert delivered.code == (0 if said is None else 5), delivered.err
    assert said is None or f"INV-00000: {said}" in delivered.err


def test_check_says_that_an_api_has_no_folders(feed: BilltrustFeed) -> None:
    with feed.serving():
        feed.export([row(1)])
        checked = feed.project.run("check")
    assert checked.code == 0, checked.err + checked.out
    assert "an API that is not asked anything" in checked.out + checked.err
    assert "folder (the root)" not in checked.out + checked.err


def test_a_wrong_key_leaves_nothing_to_be_settled_and_is_not_shown(feed: BilltrustFeed) -> None:
    feed.faults.let_in = False
    with feed.serving():
        feed.export([row(number) for number in range(5)])
        failed = feed.deliver()
        assert failed.code == 5
        assert "401" in failed.err
        assert "a-key-of-invented-letters" not in failed.err + failed.out
        assert feed.sync().code == 3, "the first delivery is still to be approved"


def test_the_receiver_is_asked_what_it_holds_and_a_lie_is_found(
    feed: BilltrustFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    feed.settings = {"read": READ}
    with feed.serving() as server:
        rows = [row(number) for number in range(30)]
        feed.export(rows)
        assert feed.deliver().code == 0
        took = server.journal.take
        # It answers as if it had taken the document.
        monkeypatch.setattr(server.journal, "take", lambda entry: entry["number"] == "INV-00007" or took(entry))
        feed.export([*rows[:7], row(7, balance="1.00"), *rows[8:]])
        code = feed.project.run("plan", "--json").json()["approval"]
        lied = feed.sync(*(["--approve", code] if code else []))
        assert lied.code == 5
        assert "INV-00007: 107.5 are owed there, and 1 here" in lied.err


@pytest.mark.parametrize("read", [True, False], ids=["asks", "can't ask"])
@pytest.mark.parametrize("at", ["accounts", "documents", "pdf", "closure", "asking"])
def test_killed_at_any_step_the_next_run_converges(
    feed: BilltrustFeed, monkeypatch: pytest.MonkeyPatch, at: str, read: bool
) -> None:
    feed.settings = {"read": READ, "connections": 1} if read else {"connections": 1}
    rows = [row(number) for number in range(30)]
    with feed.serving():
        feed.export(rows, pdfs=3)
        assert feed.deliver().code == 0
        today = [row(0, "paid"), *rows[1:], row(30), row(31)]
        feed.export(today, pdfs=0)
        feed.project.write({"pdf/INV-00030.pdf": b"%PDF-1.4\n% x\ntrailer<</Root 1 0 R>>\n%%EOF\n"})
        name = {"accounts": "send_ahead", "documents": "send_documents", "pdf": "send_closings", "closure": "prove"}
        target = name.get(at, "prove")
        kept = getattr(Calling, target)

        def mortal(calling: Calling, *arguments: Any) -> Any:
            if at == "asking":
                kept(calling, *arguments)
            raise KilledError

        monkeypatch.setattr(Calling, target, mortal)
        with pytest.raises(KilledError):
            feed.sync()
        monkeypatch.setattr(Calling, target, kept)
        arrived = read and at in ("closure", "asking")
        planned = feed.project.run("plan", "--json")
        missing = planned.json()["counts"]["missing"]
        assert missing == (0 if arrived else 1), "what has arrived is the baseline, and nothing else"
        done = feed.sync()
        assert done.code == 0, done.err
    assert owed(feed) == open_refs(today)
    assert [*feed.books.closed] == ["INV-00000"]
    assert len(feed.books.documents) == 4
