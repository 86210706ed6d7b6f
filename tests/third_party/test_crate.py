"""A stranger's destination of several files, written from docs/plugins/destinations.md alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import logging
import sqlite3
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from arfeed_crate import Crate

from arfeed.delivery.remote import Remote
from arfeed.delivery.uploads import Outcome, Upload
from arfeed.model.errors import LockedError, RefusedError
from arfeed.testing import ShipmentConformance
from support.feeds.feed import HEADER, Feed, codes, invoice, invoices
from support.feeds.interruptions import KilledError
from support.feeds.processes import Process
from support.files.pdfs import pdf
from support.plugins.strangers import install
from support.servers.openssh import OpenSSH

LEASE = 1.0


@pytest.fixture(autouse=True)
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Crate's entry point, as pip would write it; the module itself is on the path."""
    site = install(tmp_path_factory.mktemp("site"), "crate", "")
    site.joinpath("arfeed_crate.py").unlink()
    monkeypatch.syspath_prepend(site)
    return site


class TestCrate(ShipmentConformance):
    plugin = "crate"
    destination = Crate


@dataclass
class CrateFeed(Feed):
    """A feed to Crate, whose source lists what is paid as paid."""

    plugins: tuple[str, ...] = ("folder", "crate")

    def configure(self) -> Path:
        path = super().configure()
        path.write_text(path.read_text().replace('use = "kolleno"\nmode = "open-ar"', 'use = "crate"'))
        return path

    def new_day(self, day: int, count: int, changed: int) -> None:
        """Pay the oldest invoice, write a new one, change some PDFs."""
        paid = [invoice(number, status="paid", balance="0.00") for number in range(1, day)]
        opened = [{**row, "status": "open"} for row in invoices(count, first=day)]
        self.export([*paid, *opened], header=[*HEADER, "status"])
        (self.folder / "pdf").mkdir(exist_ok=True)
        for number in range(day, day + changed):
            content = pdf(f"{number} on day {day:04} " + "x" * (number % 7 * 20_000))
            (self.folder / "pdf" / f"INV-{number:04}.pdf").write_bytes(content)

    def unpacked(self, done: str) -> dict[str, bytes]:
        """Return what a done-file stands for, having compared its ZIP with the hash in it."""
        held = self.held()
        sha256, name = held[done].decode().split()
        assert hashlib.sha256(held[f"in/{name}"]).hexdigest() == sha256, done
        with zipfile.ZipFile(io.BytesIO(held[f"in/{name}"])) as archive:
            assert archive.testzip() is None
            return {each: archive.read(each) for each in archive.namelist()}

    def done(self) -> list[str]:
        return [name for name in self.held() if name.endswith(".done") and not Path(name).name.startswith(".")]


@pytest.fixture
def feed(openssh: OpenSSH, tmp_path: Path) -> CrateFeed:
    """A feed to Crate on a real SFTP server, before its first delivery."""
    root = openssh.new_root()
    keys = {"private_key": str(openssh.private_key), "known_hosts": str(openssh.known_hosts)}
    feed = CrateFeed(tmp_path / "feed", receiver=root, destination={"url": openssh.url(root), **keys})
    feed.sources["erp"] = {"documents": "pdf/{invoice_ref}.pdf"}
    feed.lock_seconds = LEASE
    return feed


def listed(feed: CrateFeed) -> list[str]:
    last = feed.unpacked(feed.done()[-1])
    return [row["Number"] for row in csv.DictReader(last["invoices.csv"].decode().splitlines())]


def test_its_receipt_names_every_file_with_its_hash_and_what_is_inside(feed: CrateFeed) -> None:
    feed.new_day(1, 5, 2)
    result = feed.approved()
    assert result.receipt
    receipt, held = json.loads(result.receipt.body), feed.held()
    assert [file["name"].rpartition(".")[2] for file in receipt["shipment"]] == ["zip", "done"]
    for file in receipt["shipment"]:
        assert hashlib.sha256(held[f"in/{file['name']}"]).hexdigest() == file["sha256"]
    inside = feed.unpacked(feed.done()[-1])
    contents = {
        f"{each['folder']}/{each['name']}".lstrip("/"): each["sha256"] for each in receipt["shipment"][0]["contents"]
    }
    assert contents == {name: hashlib.sha256(content).hexdigest() for name, content in inside.items()}
    assert len(result.receipt.documents) == 2


def test_only_new_and_changed_pdfs_are_in_the_next_archive(feed: CrateFeed) -> None:
    feed.new_day(1, 5, 3)
    feed.approved()
    (feed.folder / "pdf" / "INV-0002.pdf").write_bytes(pdf("another one"))
    assert feed.sync().receipt
    inside = feed.unpacked(feed.done()[-1])
    assert [name for name in inside if name.startswith("pdf/")] == [f"pdf/{b'INV-0002'.hex()}.pdf"]
    assert inside[f"pdf/{b'INV-0002'.hex()}.pdf"] == pdf("another one")


def test_somebody_elses_done_file_stops_the_run_and_an_archive_alone_does_not(feed: CrateFeed) -> None:
    feed.new_day(1, 5, 0)
    feed.approved()
    (feed.receiver / "in" / "crate-20300101T000000Z.zip").write_bytes(b"PK")
    assert feed.sync().receipt
    (feed.receiver / "in" / "crate-20300101T000000Z.done").write_bytes(b"")
    refused = feed.sync()
    assert [objection.code for objection in refused.plan.objections] == ["foreign-report"]
    assert refused.receipt is None


@pytest.mark.parametrize(("last", "sent_again"), [(False, 3), (True, 0)], ids=["before", "after"])
def test_pdfs_inside_have_arrived_if_the_done_file_has(
    feed: CrateFeed, monkeypatch: pytest.MonkeyPatch, last: bool, sent_again: int
) -> None:
    feed.new_day(1, 5, 3)
    code = feed.sync().plan.approval
    publish = Remote.publish

    def die_at_the_done_file(server: Remote, uploads: Sequence[Upload], **options: Any) -> list[Outcome]:
        done = next(iter(uploads)).name.endswith(".done")
        if done and not last:
            raise KilledError
        outcomes = publish(server, uploads, **options)
        if done:
            raise KilledError
        return outcomes

    monkeypatch.setattr(Remote, "publish", die_at_the_done_file)
    with pytest.raises(KilledError):
        feed.sync(code)
    monkeypatch.setattr(Remote, "publish", publish)
    plan = feed.plan()
    documents = plan.documents
    if last:
        assert (plan.counts.unchanged, plan.counts.new) == (5, 0)
    else:
        assert codes(plan) == ["unknown-baseline"]
    assert (len(documents.send), documents.present) in ((3, 0), (sent_again, 3))
    again = feed.sync(plan.approval)
    assert again.receipt
    assert len(again.receipt.documents) == sent_again


def test_a_done_file_that_comes_while_the_zip_is_sent_stops_the_delivery(feed: CrateFeed) -> None:
    feed.new_day(1, 5, 1)
    feed.approved()
    before, foreign = feed.held(), "crate-20300101T000000Z.done"
    feed.steps.during["Sending crate-"] = lambda: (feed.receiver / "in" / foreign).write_bytes(b"")
    with pytest.raises(RefusedError, match=foreign):
        feed.sync()
    assert feed.held() == {**before, f"in/{foreign}": b""}
    assert feed.states()[-1] == "failed"


def test_a_run_that_lost_its_lock_while_the_zip_was_sent_gives_it_no_name(feed: CrateFeed) -> None:
    feed.new_day(1, 5, 1)
    feed.approved()
    before = feed.held()

    def take_over() -> None:
        # As if the machine had slept for longer than the lease, and its heart had not beaten.
        with closing(sqlite3.connect(feed.folder / ".arfeed/history.db")) as database:
            database.execute("UPDATE leases SET run = 'another', expires_at = '2999-01-01 00:00:00'")
            database.commit()
        time.sleep(LEASE)

    feed.steps.during["Sending crate-"] = take_over
    with pytest.raises(LockedError):
        feed.sync()
    assert feed.held() == before


# --- killed -----------------------------------------------------------------------------------------------------------


def when(process: Process, seen: Callable[[], bool]) -> None:
    while not process.ended() and not seen():
        time.sleep(0.001)


def recorded(feed: CrateFeed) -> list[str]:
    with closing(sqlite3.connect(feed.folder / ".arfeed/history.db")) as database:
        return [state for (state,) in database.execute("SELECT state FROM runs")]


def steps(feed: CrateFeed) -> Iterator[Callable[[], bool]]:
    """Yield what to wait for before a kill, over and over: every step of a shipment."""
    folder = feed.receiver / "in"

    def more(pattern: str, than: int) -> Callable[[], bool]:
        return lambda: len([*folder.glob(pattern)]) > than

    while True:
        yield lambda: "running" in recorded(feed)
        yield more(".*.zip.*.part", 0)
        yield more("*.zip", len([*folder.glob("*.zip")]))
        yield more(".*.done.*.part", 0)
        yield lambda: "publishing" in recorded(feed)
        yield more("*.done", len([*folder.glob("*.done")]))


def killed(feed: CrateFeed, *, count: int, changed: int, kills: int) -> Counter[str]:
    feed.new_day(1, count, changed)
    feed.approved()
    states: Counter[str] = Counter()
    moments = steps(feed)
    begun = time.monotonic()
    feed.new_day(2, count, changed)
    assert feed.command("sync")[0] == 0
    lasts = time.monotonic() - begun
    for number in range(kills):
        day = number + 3
        feed.new_day(day, count, changed)
        before, runs = feed.done(), len(recorded(feed))
        process = feed.start("sync")
        if number % 2 and number > 12:
            time.sleep(lasts * number / kills)
        else:
            when(process, next(moments))
        process.kill()
        states[(recorded(feed)[runs:] or ["nothing"])[0]] += 1
        for done in set(feed.done()) - {*before}:
            feed.unpacked(done)  # no done-file without its whole ZIP
        time.sleep(LEASE + 0.1)
        code, said = feed.command("sync")
        assert code == 0, (day, said)
        assert listed(feed) == [row["invoice_ref"] for row in invoices(count, first=day)], day
        assert [name for name in feed.held() if name.endswith(".part")] == [], day
        logging.info("killed so far, by what was recorded of them: %s", dict(states))
    # Every PDF has arrived in an archive that counts, the last of its name being the one that is there now.
    sent: dict[str, bytes] = {}
    for done in feed.done():
        sent |= {name: content for name, content in feed.unpacked(done).items() if name.startswith("pdf/")}
    for file in (feed.folder / "pdf").iterdir():
        assert sent[f"pdf/{file.stem.encode().hex()}.pdf"] == file.read_bytes(), file.name
    return states


def test_no_done_file_stands_without_its_whole_zip_wherever_a_run_is_killed(feed: CrateFeed) -> None:
    states = killed(feed, count=60, changed=10, kills=6)
    assert states.total() == 6
    assert states["running"], states


@pytest.mark.soak
def test_sixty_runs_killed_anywhere_are_settled_by_the_next(feed: CrateFeed) -> None:
    states = killed(feed, count=200, changed=20, kills=60)
    assert states.total() == 60
    assert states["running"], states
    assert states["publishing"], states


# --- rejected ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def rejecting(feed: CrateFeed) -> CrateFeed:
    """A feed whose first delivery was taken, and whose second one, with a ZIP of three PDFs, was rejected."""
    feed.destination["outcome"] = {"files": "*.done", "processed": "processed/{name}", "failed": "failed/{name}"}
    feed.new_day(1, 5, 0)
    feed.approved()
    move(feed, "processed")
    feed.new_day(1, 5, 3)
    assert feed.sync().receipt
    move(feed, "failed")
    return feed


def move(feed: CrateFeed, folder: str) -> None:
    """Do what the receiver does with the done-file that waits."""
    (done,) = (feed.receiver / "in").glob("*.done")
    (feed.receiver / folder).mkdir(exist_ok=True)
    done.rename(feed.receiver / folder / done.name)


def pdfs_of(feed: CrateFeed) -> list[str]:
    """Return the PDFs in the ZIP of the delivery that waits."""
    (done,) = (feed.receiver / "in").glob("*.done")
    return [name for name in feed.unpacked(f"in/{done.name}") if name.startswith("pdf/")]


def test_pdfs_in_a_rejected_archive_are_sent_again(rejecting: CrateFeed) -> None:
    planned = rejecting.plan()
    assert codes(planned) == ["rejected-by-receiver"]
    assert len(planned.documents.send) == 3
    rejecting.approved()
    assert len(pdfs_of(rejecting)) == 3
    move(rejecting, "processed")
    taken = rejecting.plan()
    assert (codes(taken), len(taken.documents.send), taken.documents.present) == ([], 0, 3)


def test_pdfs_in_an_archive_of_which_rows_were_rejected_have_arrived(rejecting: CrateFeed) -> None:
    rejecting.approved()
    rejecting.destination["outcome"] |= {  # type: ignore[operator]
        "log": "logs/{stem}.log",
        "rejected": "^ERROR (?P<ref>[^:]+): (?P<reason>.*)$",
    }
    (rejecting.receiver / "logs").mkdir()
    (done,) = (rejecting.receiver / "in").glob("*.done")
    (rejecting.receiver / "logs" / f"{done.stem}.log").write_text("ERROR INV-0002: no such customer\n")
    move(rejecting, "processed")
    planned = rejecting.plan()
    assert (codes(planned), len(planned.documents.send)) == (["rejected-by-receiver"], 0)


def test_a_rejected_delivery_that_is_sent_again_leaves_its_pdfs_to_the_next_run(rejecting: CrateFeed) -> None:
    rejected = rejecting.receipts()[-1]["run"]
    asked = rejecting.resend(str(rejected))
    assert codes(asked) == ["rejected-by-receiver"]
    assert rejecting.resend(str(rejected), asked.plan.approval).receipt
    # An earlier report goes without PDFs, and those that it had are nowhere yet.
    assert pdfs_of(rejecting) == []
    move(rejecting, "processed")
    assert len(rejecting.plan().documents.send) == 3
    assert rejecting.sync().receipt
    assert len(pdfs_of(rejecting)) == 3
