"""One feed to several destinations: read once, and each with its own baseline, lock, approval and receipt."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from arfeed.documents.listing import ListedFile
from arfeed.history.store import History
from arfeed.model.errors import ConfigError, DestinationError, LockedError, SourceError, worst_exit_code
from arfeed.plugins.config import read_project
from arfeed.runs import pipeline
from arfeed.runs.addresses import address_of
from arfeed.runs.chapters import Result
from arfeed.runs.context import begin_run
from arfeed.runs.receiver.joining import join
from arfeed_connectors.folder import Folder
from support.feeds.feed import HEADER, REPORTS, Feed, codes, held, invoice, invoices, refs_of, unpaid
from support.files.pdfs import pdf
from support.servers.openssh import OpenSSH

TOLD: Mapping[str, object] = {
    "use": "table",
    "absence": "nothing",
    "folder": "in",
    "closed": {"name": "closed_{at}.csv", "columns": {"No": "invoice_ref", "Why": "reason"}},
    "invoices": {"name": "open_{at}.csv", "columns": {"No": "invoice_ref", "Open": "balance"}},
    "marker": "all_{at}.ok",
}


class Pair:
    """A feed to a platform by SFTP, and to an archive that is a folder."""

    def __init__(self, feed: Feed, platform: Path, archive: Path) -> None:
        self.feed, self.platform, self.archive = feed, platform, archive

    def approve_both(self) -> None:
        """Deliver to both, as somebody who says yes to each plan."""
        for name in self.feed.destinations:
            assert self.feed.sync_one(name, self.feed.sync_one(name).plan.approval).receipt

    def reports(self) -> tuple[int, int]:
        return len(names(self.platform)), len(names(self.archive))

    def last(self) -> tuple[list[str], list[str]]:
        return last_report(self.platform), last_report(self.archive)

    def states(self, name: str) -> list[str]:
        """Return the states of a destination's runs, the oldest first."""
        project = read_project(self.feed.configure()).choose(name)
        with self.feed.records() as history:
            return [run.state for run in reversed(history.runs()) if run.destination == address_of(project)]


@pytest.fixture
def pair(openssh: OpenSSH, tmp_path: Path) -> Pair:
    root, archive = openssh.new_root(), tmp_path / "archive"
    archive.mkdir()
    keys = {"private_key": str(openssh.private_key), "known_hosts": str(openssh.known_hosts)}
    destinations: dict[str, dict[str, object]] = {
        "platform": {"url": openssh.url(root), **keys},
        "archive": {"url": archive.as_uri()},
    }
    feed = Feed(tmp_path / "feed", destinations=destinations)
    feed.sources["erp"] = {"absent_means_paid": True, "documents": "pdf/{invoice_ref}.pdf"}
    feed.export(invoices(200))
    feed.print_pdfs(["INV-0001", "INV-0002"])
    return Pair(feed, root, archive)


def names(receiver: Path) -> list[str]:
    return [name for name in held(receiver) if name.startswith(f"{REPORTS}/")]


def last_report(receiver: Path) -> list[str]:
    return refs_of(held(receiver)[names(receiver)[-1]])


def plans(endings: list[Result | Exception]) -> list[Result]:
    for each in endings:
        if isinstance(each, Exception):
            raise each
    return [each for each in endings if isinstance(each, Result)]


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Count how often a source is read, and how often each PDF."""
    read: list[str] = []
    lists, reads = Folder.invoices, ListedFile.content

    def invoices_of(self: Folder) -> object:
        read.append(self.source)
        return lists(self)

    def content(self: ListedFile) -> bytes:
        read.append(self.name)
        return reads(self)

    with monkeypatch.context() as patched:
        patched.setattr(Folder, "invoices", invoices_of)
        patched.setattr(ListedFile, "content", content)
        yield read


# --- two days ---------------------------------------------------------------------------------------------------------


def test_both_get_their_report_and_pdfs_of_one_reading(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.approve_both()
    pair.feed.export(unpaid(200))
    pair.feed.print_pdfs(["INV-0002", "INV-0005"], "again")
    with counted(monkeypatch) as read:
        one, other = plans(pair.feed.sync_each())
    assert sorted(read) == ["INV-0002.pdf", "INV-0005.pdf", "erp"]
    assert one.receipt
    assert other.receipt
    assert one.receipt.run != other.receipt.run
    assert [each.plan.counts.missing for each in (one, other)] == [10, 10]
    assert pair.last() == (refs := [row["invoice_ref"] for row in unpaid(200)], refs)
    printed = (pair.feed.folder / "pdf/INV-0005.pdf").read_bytes()
    for receiver in (pair.platform, pair.archive):
        assert [content for name, content in held(receiver).items() if "INV-0005" in name] == [printed]
    assert (pair.states("platform"), pair.states("archive")) == (["delivered"] * 2, ["delivered"] * 2)


def test_an_approval_is_for_the_destination_whose_plan_printed_it(pair: Pair) -> None:
    platform, archive = plans(pair.feed.sync_each())
    assert (codes(platform), codes(archive)) == (["unknown-baseline"], ["unknown-baseline"])
    assert platform.plan.approval != archive.plan.approval
    first, second = plans(pair.feed.sync_each(platform.plan.approval))
    assert first.receipt
    assert second.receipt is None
    assert pair.reports() == (1, 0)
    # Nor does the platform's code ever fit the archive.
    assert pair.feed.sync_one("archive", platform.plan.approval).receipt is None
    assert pair.feed.sync_one("archive", archive.plan.approval).receipt
    assert pair.reports() == (1, 1)


def test_what_is_approved_at_one_is_closed_at_that_one_only(pair: Pair) -> None:
    pair.approve_both()
    pair.feed.sources["erp"]["absent_means_paid"] = False
    pair.feed.export(invoices(197))
    platform, archive = plans(pair.feed.sync_each())
    assert {"unexplained"} <= {*codes(platform)} & {*codes(archive)}
    assert [each.plan.counts.missing for each in plans(pair.feed.sync_each(archive.plan.approval))] == [3, 3]
    assert [len(refs) for refs in pair.last()] == [200, 197]
    (still, gone) = plans(pair.feed.plan_each())
    assert (still.plan.counts.missing, gone.plan.counts.missing) == (3, 0)
    assert "unexplained" in codes(still)
    assert pair.feed.sync_one("platform", still.plan.approval).receipt
    assert [len(refs) for refs in pair.last()] == [197, 197]


def test_what_one_misses_the_other_gets(pair: Pair) -> None:
    pair.approve_both()
    shutil.move(pair.archive, away := pair.archive.with_name("away"))
    pair.archive.write_text("not a folder")
    delivered, failed = pair.feed.sync_each()
    assert isinstance(delivered, Result)
    assert delivered.receipt
    assert isinstance(failed, DestinationError)
    pair.archive.unlink()
    shutil.move(away, pair.archive)
    pair.feed.export(unpaid(200))
    one, other = plans(pair.feed.sync_each())
    # Each is compared with what its own receiver had last.
    assert one.plan.baseline == delivered.receipt.run != other.plan.baseline
    assert pair.reports() == (3, 2)


def test_a_lock_that_another_run_holds_keeps_the_other_destination_from_nothing(pair: Pair) -> None:
    pair.approve_both()
    where = address_of(read_project(pair.feed.configure()).choose("platform"))
    with History(f"sqlite:///{pair.feed.folder}/.arfeed/history.db") as history, history.lock(where, "long", 60):
        locked, delivered = pair.feed.sync_each()
    assert isinstance(locked, LockedError)
    assert isinstance(delivered, Result)
    assert delivered.receipt
    assert pair.reports() == (1, 2)


def test_all_locks_are_held_before_the_sources_are_read_and_released_at_the_end(pair: Pair) -> None:
    pair.approve_both()
    holders: list[bool] = []

    def look() -> None:
        with pair.feed.records() as history:
            each = read_project(pair.feed.configure()).each()
            holders.append(all(history.lock_holder(address_of(one)) for one in each))

    pair.feed.steps.during = {"Reading the sources": look}
    plans(pair.feed.sync_each())
    pair.feed.steps.during = {}
    assert holders == [True]
    look()
    assert holders == [True, False]


def test_two_addresses_of_one_receiver_are_no_two_destinations(pair: Pair) -> None:
    link = pair.archive.parent / "link"
    link.symlink_to(pair.archive)
    pair.feed.destinations = {"one": {"url": pair.archive.as_uri()}, "two": {"url": link.as_uri()}}
    pair.feed.sync_one("one", pair.feed.sync_one("one").plan.approval)
    (same,) = (each for each in pair.feed.sync_one("two").plan.objections if each.code == "same-receiver")
    assert f"`arfeed history join {pair.archive.as_uri()} --destination two`" in same.message
    assert "[destinations.two], or remove that" in same.message
    two = read_project(pair.feed.configure()).choose("two")
    join(begin_run(two, pair.feed.steps), pair.archive.as_uri())
    for endings in (pair.feed.plan_each(), pair.feed.sync_each()):
        assert not isinstance(endings[0], Exception)
        assert isinstance(endings[1], ConfigError)
        assert "so they are one destination; remove one of them" in str(endings[1])


@pytest.mark.parametrize(
    ("codes", "worst"), [((), 0), ((0, 0), 0), ((0, 6), 6), ((6, 3), 3), ((6, 1), 1), ((3, 5, 4), 5), ((6, 2, 0), 2)]
)
def test_a_lock_hides_nothing_that_somebody_has_to_look_at(codes: tuple[int, ...], worst: int) -> None:
    assert worst_exit_code(codes) == worst


def test_a_source_that_fails_fails_both_and_nothing_is_sent(pair: Pair) -> None:
    pair.approve_both()
    pair.feed.export([])
    before = pair.reports()
    assert [type(each) for each in pair.feed.sync_each()] == [SourceError, SourceError]
    assert pair.reports() == before


def test_a_failed_source_is_carried_forward_where_its_rows_are(pair: Pair) -> None:
    pair.feed.sources["erp"] |= {"on_failure": "carry-forward"}
    approval = pair.feed.sync_one("platform").plan.approval
    assert pair.feed.sync_one("platform", approval).receipt
    pair.feed.export([])
    carried, failed = pair.feed.sync_each()
    assert isinstance(carried, Result)
    assert carried.receipt
    assert isinstance(failed, SourceError)
    assert pair.reports() == (2, 0)


class Ledger:
    """A database with invoices, and a ledger that says what customers owe and what was received."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.run("CREATE TABLE invoices (invoice_ref, customer_name, issued_on, balance NUMERIC)")
        self.run("CREATE TABLE journal (debit NUMERIC, booked_at)")
        for number in range(1, 41):
            day = f"2026-03-{number % 28 + 1:02}"
            self.run(f"INSERT INTO invoices VALUES ('INV-{number:04}', 'Customer {number % 7}', '{day}', {number})")
            self.run(f"INSERT INTO journal VALUES ({number}, '2026-03-01 00:00:00')")

    @property
    def source(self) -> dict[str, object]:
        return {
            "use": "sql",
            "url": f"sqlite:///{self.file}",
            "query": "SELECT invoice_ref, customer_name, issued_on, balance FROM invoices",
            "currency": "EUR",
            "dates": "YMD",
            "absent_means_paid": True,
            "control_account": {
                "query": "SELECT SUM(debit) AS balance FROM journal",
                "received": "SELECT COALESCE(-SUM(debit), 0) AS received FROM journal WHERE booked_at > :since",
            },
        }

    def run(self, statement: str) -> None:
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement)

    def pay(self, number: int, at: datetime) -> None:
        self.run(f"DELETE FROM invoices WHERE invoice_ref = 'INV-{number:04}'")
        self.run(f"INSERT INTO journal VALUES (-{number}, '{at:%Y-%m-%d %H:%M:%S}')")

    def take_back(self, number: int, at: datetime) -> None:
        """Have a payment bounce."""
        self.run(f"INSERT INTO invoices VALUES ('INV-{number:04}', 'Customer {number % 7}', '2026-03-03', {number})")
        self.run(f"INSERT INTO journal VALUES ({number}, '{at:%Y-%m-%d %H:%M:%S}')")

    def lose(self, number: int) -> None:
        """Lose an invoice from list and ledger alike."""
        self.run(f"DELETE FROM invoices WHERE invoice_ref = 'INV-{number:04}'")
        self.run(f"DELETE FROM journal WHERE debit = {number}")


def test_a_control_account_is_read_for_the_latest_delivery_and_asks_rather_too_often_where_one_lags_behind(
    pair: Pair,
) -> None:
    ledger = Ledger(pair.feed.folder / "erp.db")
    pair.feed.plugins = (*pair.feed.plugins, "sql")
    pair.feed.sources["erp"] = ledger.source
    pair.approve_both()
    ledger.pay(30, pair.feed.now + timedelta(minutes=30))
    pair.feed.now += timedelta(hours=1)
    assert codes(pair.feed.sync_one("archive")) == []
    # In step with its own last delivery, the platform would be asked nothing either.
    assert codes(plan_one(pair, "platform")) == []
    ledger.pay(31, pair.feed.now + timedelta(minutes=30))
    pair.feed.now += timedelta(hours=1)
    platform, archive = plans(pair.feed.plan_each())
    assert [each.plan.counts.missing for each in (platform, archive)] == [2, 1]
    assert [[each.received for each in one.plan.ledgers] for one in (platform, archive)] == [[0], [31]]
    # 61 have left the platform's list, of which the ledger was only asked for the last 31; so nothing counts there.
    assert (codes(platform), codes(archive)) == (["more-than-received"], [])
    assert any("so nothing counts as received here" in note for note in platform.plan.notes)
    assert not any("was read for another destination" in note for note in archive.plan.notes)


def test_a_payment_that_was_taken_back_hides_no_loss_where_a_destination_lags_behind(pair: Pair) -> None:
    """Since the other one's delivery 30 was received, since its own 30 and minus 30, while 20 has left its list."""
    ledger = Ledger(pair.feed.folder / "erp.db")
    pair.feed.plugins = (*pair.feed.plugins, "sql")
    pair.feed.sources["erp"] = ledger.source
    ledger.pay(30, pair.feed.now - timedelta(minutes=30))
    pair.approve_both()
    ledger.take_back(30, pair.feed.now + timedelta(minutes=30))
    pair.feed.now += timedelta(hours=1)
    assert codes(pair.feed.sync_one("archive")) == []
    ledger.pay(30, pair.feed.now + timedelta(minutes=30))
    # List and ledger have both lost it, so that they agree.
    ledger.lose(20)
    pair.feed.now += timedelta(hours=1)
    alone = plan_one(pair, "platform")
    platform, archive = plans(pair.feed.plan_each())
    assert codes(alone) == codes(platform) == codes(archive) == ["more-than-received"]


def plan_one(pair: Pair, name: str) -> Result:
    """Return the plan for one destination, with no time passing."""
    project = read_project(pair.feed.configure()).choose(name)
    return pipeline.plan(project, pair.feed.steps, clock=pair.feed.clock)


def test_a_source_that_does_not_answer_fails_where_it_was_asked(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.approve_both()
    pair.feed.export(invoices(199))
    assert pair.feed.sync_one("platform").receipt

    def explain(self: Folder, missing: object) -> object:
        raise SourceError("it does not answer")

    monkeypatch.setattr(Folder, "explain", explain)
    delivered, failed = pair.feed.sync_each()
    assert isinstance(delivered, Result)
    assert delivered.receipt
    assert isinstance(failed, SourceError)


def test_ctrl_c_gives_back_both_locks(pair: Pair) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    pair.feed.steps.during = {"Reading the sources": interrupt}
    with pytest.raises(KeyboardInterrupt):
        pair.feed.sync_each()
    with pair.feed.records() as history:
        each = read_project(pair.feed.configure()).each()
        assert [history.lock_holder(address_of(one)) for one in each] == [None, None]


# --- killed -----------------------------------------------------------------------------------------------------------


def test_killed_between_the_two_the_next_run_converges_at_both(pair: Pair) -> None:
    # The archive first, so that the run is killed while it sends large PDFs to the platform.
    pair.feed.destinations = dict(reversed(pair.feed.destinations.items()))
    pair.feed.lock_seconds = 1
    pair.approve_both()
    pair.feed.export(unpaid(200))
    for row in invoices(40):
        large = pdf(row["invoice_ref"] + "x" * 2_000_000)
        (pair.feed.folder / "pdf" / f"{row['invoice_ref']}.pdf").write_bytes(large)
    process = pair.feed.start("sync")
    until = time.monotonic() + 60
    while not any(name.endswith(".part") for name in held(pair.platform)) and time.monotonic() < until:
        time.sleep(0.005)
    process.kill()
    assert pair.reports() == (1, 2)
    assert (pair.states("archive"), pair.states("platform")) == (["delivered"] * 2, ["delivered", "running"])
    time.sleep(1.1)
    code, said = pair.feed.command("sync")
    assert code == 0, said
    assert pair.last()[0] == pair.last()[1] == [row["invoice_ref"] for row in unpaid(200)]
    assert pair.states("platform") == ["delivered", "failed", "delivered"]
    assert not [name for name in held(pair.platform) if name.endswith(".part")]


# --- what depends on the destination ----------------------------------------------------------------------------------


def test_where_absence_means_nothing_what_is_proven_is_sent_as_closed(pair: Pair) -> None:
    pair.feed.plugins = (*pair.feed.plugins, "table")
    pair.feed.sources["erp"] = {}
    pair.feed.destinations["archive"] = {**TOLD, "url": pair.archive.as_uri()}
    listed = [{**row, "status": "open"} for row in invoices(30)]
    pair.feed.export(listed, header=[*HEADER, "status"])
    pair.approve_both()
    # One is proven to be paid, another one is no longer listed.
    listed[0] |= {"status": "paid", "balance": "0.00"}
    pair.feed.export([row for row in listed if row["invoice_ref"] != "INV-0009"], header=[*HEADER, "status"])
    platform, archive = plans(pair.feed.sync_each())
    assert (codes(platform), codes(archive)) == (["unexplained"], ["unexplained"])
    assert platform.plan.approval != archive.plan.approval
    assert pair.feed.sync_one("archive", platform.plan.approval).receipt is None
    assert not [name for name in held(pair.archive) if "closed" in name and b"INV-0001" in held(pair.archive)[name]]
    assert pair.feed.sync_one("archive", archive.plan.approval).receipt
    closed = [content for name, content in held(pair.archive).items() if "closed" in name][-1]
    rows = csv.DictReader(io.StringIO(closed.decode()))
    assert {row["No"]: row["Why"] for row in rows} == {"INV-0001": "paid", "INV-0009": "gone"}
    # At the platform nobody has said yes: it still has all.
    assert len(last_report(pair.platform)) == 30


def test_kinds_are_kept_for_each(pair: Pair) -> None:
    pair.feed.destinations["archive"]["kinds"] = ["invoice"]
    credit = invoice(201, kind="credit_note", amount="-5.00", balance="-5.00")
    pair.feed.export([*invoices(20), credit])
    pair.approve_both()
    assert [len(refs) for refs in pair.last()] == [21, 20]


def test_sources_are_read_and_asked_once_since_the_latest_delivery(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    pair.feed.sources["erp"] = {"closed": "closed.csv", "closed_status": "paid"}
    pair.feed.export([invoice(500, balance="0.00")], "closed")
    pair.approve_both()
    # Part of it is paid, which the platform does not know.
    pair.feed.export([*invoices(199), invoice(200, balance="250.00")])
    assert pair.feed.sync_one("archive").receipt
    listed: list[datetime | None] = []
    asked: list[datetime | None] = []
    lists, explains = Folder.invoices, Folder.explain

    def invoices_of(self: Folder) -> object:
        listed.append(self.since)
        return lists(self)

    def explain(self: Folder, missing: pd.DataFrame) -> object:
        asked.append(self.since)
        assert missing["invoice_ref"].tolist() == ["INV-0200"]
        return explains(self, missing)

    monkeypatch.setattr(Folder, "invoices", invoices_of)
    monkeypatch.setattr(Folder, "explain", explain)
    pair.feed.export(invoices(199))
    pair.feed.export([invoice(200, balance="0.00")], "closed")
    platform, archive = plans(pair.feed.plan_each())
    reads = [{source.before for source in each.plan.sources} for each in (platform, archive)]
    moments = [before.at for (before,) in reads if before]
    # The later one counts, so that at the other rather too little is accounted for than too much.
    assert moments[0] < moments[1]
    assert listed == asked == [moments[1]]
    for each in (platform, archive):
        assert each.plan.missing[["reason", "evidence"]].to_numpy().tolist() == [["paid", "proven"]]


# --- the command line -------------------------------------------------------------------------------------------------


def test_the_command_line_shows_each_and_ends_with_the_highest_code(pair: Pair) -> None:
    refused = pair.feed.run("sync", "--json")
    document = json.loads(refused.stdout)
    assert refused.returncode == 3
    assert document["delivered"] is False
    approvals = {name: each["plan"]["approval"] for name, each in document["destinations"].items()}
    for name, approval in approvals.items():
        assert f"arfeed sync --destination {name} --approve {approval}" in refused.stderr
        assert f"arfeed: {name}: Refused: nothing was delivered." in refused.stderr
        assert f"→ {name}, " in refused.stderr
    one = pair.feed.run("sync", "--destination", "platform", "--approve", approvals["platform"], "--json")
    assert json.loads(one.stdout)["delivered"] is True
    # Without a name, a code is that of the destination that printed it, and the other one is delivered as ever.
    both = pair.feed.run("sync", "--approve", approvals["archive"], "--json")
    assert both.returncode == 0, both.stderr
    assert {name: each["delivered"] for name, each in json.loads(both.stdout)["destinations"].items()} == {
        "platform": True,
        "archive": True,
    }
    planned = json.loads(pair.feed.run("plan", "--json").stdout)
    assert [each["objections"] for each in planned["destinations"].values()] == [[], []]


def test_a_destination_that_can_not_be_reached_is_named_and_ends_with_5(pair: Pair) -> None:
    pair.approve_both()
    shutil.rmtree(pair.archive)
    pair.archive.write_text("not a folder")
    ended = pair.feed.run("sync", "--json")
    assert ended.returncode == 5
    there = json.loads(ended.stdout)["destinations"]
    assert there["platform"]["delivered"] is True
    assert there["archive"]["error"]["exit_code"] == 5
    assert "arfeed: archive: " in ended.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("adopt",),
        ("resend", "x"),
        ("outcome",),
        ("reconcile", "x.csv"),
        ("expect", "closings"),
        ("history", "join", "x"),
        ("schedule", "cron", "--reconcile", "x*.csv"),
    ],
    ids=lambda command: command[0],
)
def test_what_is_about_one_destination_names_those_there_are(pair: Pair, command: tuple[str, ...]) -> None:
    until = ("--until", f"{datetime.now(UTC):%Y-%m-%d}") if command[0] == "expect" else ()
    ended = pair.feed.run(*command, *until)
    assert ended.returncode == 2
    assert (
        "plugins.toml has 2 destinations, platform, archive: choose one, as in --destination platform" in ended.stderr
    )


@pytest.mark.parametrize(
    "typed",
    [("--html", "x.html"), ("--wait", "1 min"), ("--approve", "1-a", "--approver", "Ann")],
    ids=lambda typed: typed[-2],
)
def test_options_about_one_destination_are_refused_for_all(pair: Pair, typed: tuple[str, ...]) -> None:
    ended = pair.feed.run("sync", *typed)
    assert ended.returncode == 2
    assert f"{typed[-2]} is about one destination, and plugins.toml has platform, archive" in ended.stderr


def test_the_history_names_the_destination_of_each_run(pair: Pair) -> None:
    pair.approve_both()
    listed = pair.feed.run("history").stdout
    assert listed.split()[:2] == ["run", "destination"]
    assert "file:///" in listed
    assert "sftp://" in listed


def test_check_looks_at_each(pair: Pair) -> None:
    found = json.loads(pair.feed.run("check", "--json").stdout)["checks"]
    heads = [each["what"] for each in found]
    assert [head for head in heads if head.endswith(": report")] == ["platform: report", "archive: report"]
    assert "platform: login" in heads
    assert f"archive: destination {pair.archive.as_uri()}" in heads
    assert len([head for head in heads if head.startswith("rows of erp")]) == 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda feed: feed.destinations.update(archive=feed.destinations["platform"]), "has the same address"),
        (
            lambda feed: feed.destinations.update({'"a b"': {"url": "file:///tmp/x"}}),
            "with letters, digits, - and _ only",
        ),
        (lambda feed: feed.destinations.update(third={"url": "file:///tmp/x", "kind": 1}), "there is no such key"),
    ],
    ids=["one address twice", "a name with a blank", "an unknown key"],
)
def test_what_can_not_be_is_refused_by_its_key(pair: Pair, change: object, said: str) -> None:
    change(pair.feed)  # type: ignore[operator]
    with pytest.raises(ConfigError, match=said) as refused:
        read_project(pair.feed.configure())
    assert "plugins.toml: destinations." in str(refused.value)


def test_destination_beside_destinations_is_refused(pair: Pair) -> None:
    path = pair.feed.configure()
    path.write_text(f'{path.read_text()}\n[destination]\nuse = "kolleno"\nmode = "open-ar"\nurl = "file:///tmp/x"\n')
    with pytest.raises(ConfigError, match=r"beside it, plugins\.toml has \[destination\]; call that one"):
        read_project(path)


def test_a_name_that_is_not_there_is_refused(pair: Pair) -> None:
    assert "there are platform, archive" in pair.feed.run("sync", "--destination", "else").stderr


def test_a_feed_that_gives_its_one_destination_a_name_keeps_its_history(pair: Pair) -> None:
    alone = pair.feed.destinations.pop("archive")
    pair.feed.destination, named = pair.feed.destinations.pop("platform"), dict(pair.feed.destinations)
    assert not named
    pair.feed.approved()
    pair.feed.destinations = {"platform": pair.feed.destination, "archive": alone}
    first, second = plans(pair.feed.plan_each())
    assert (codes(first), first.plan.settings_changed) == ([], False)
    assert codes(second) == ["unknown-baseline"]


def test_secrets_of_both_are_masked(pair: Pair) -> None:
    pair.feed.destinations["platform"]["password"] = "correct-horse"
    assert "correct-horse" in read_project(pair.feed.configure()).secrets
