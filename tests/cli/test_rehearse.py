"""`arfeed rehearse`: the receiver lasts, lets those in who should be, and a feed's days show in its books."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from arfeed.delivery.rehearsal.page import destination_block
from arfeed.delivery.rehearsal.standing import Standing, run_receiver
from arfeed.delivery.rehearsal.switches import Switches
from arfeed.sftp import channels
from arfeed.testing import Outcome
from cli.conftest import make_feed
from support.feeds.command import Cli
from support.files.exports import SEVEN, Line, xero
from support.servers.standing import Page, rehearsing

WITHOUT_ONE = SEVEN[1:]
"""The same export without INV-001."""


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Standing]:
    with run_receiver("demo", tmp_path / "receiver") as one:
        yield one


@pytest.fixture
def page(at: Standing) -> Page:
    return Page(at.page)


@pytest.fixture
def feed(tmp_path: Path, at: Standing) -> Path:
    """A feed that delivers to the receiver by the lines that it prints."""
    block = destination_block(at.receiver).splitlines()
    return make_feed(tmp_path / "feed", "\n".join(block[3:]))


def export(feed: Path, *documents: list[Line]) -> None:
    xero(feed / "exports" / "SalesInvoices.csv", *documents)


def sync_approved(arfeed: Cli, feed: Path) -> Outcome:
    approval = arfeed(feed, "plan", "--json").json()["approval"]
    done = arfeed(feed, "sync", "--approve", approval)
    assert done.code == 0, done.err
    return done


def test_a_missing_invoice_is_paid_by_absence_and_comes_back_as_reopened(arfeed: Cli, feed: Path, page: Page) -> None:
    sync_approved(arfeed, feed)
    first = page.books()
    assert "INV-001" in first["open"]
    assert (first["paid_by_absence"], first["reopened"]) == ({}, {})
    assert '<th scope="row">INV-001</th><td class="number">360.00</td>' in page.get().text

    export(feed, *WITHOUT_ONE)
    sync_approved(arfeed, feed)
    second = page.books()
    assert "INV-001" not in second["open"]
    assert list(second["paid_by_absence"]) == ["INV-001"]
    assert '<th scope="row">INV-001</th><td>open_ar_' in page.get().text

    export(feed, *SEVEN)
    assert arfeed(feed, "sync").code == 0
    third = page.books()
    assert third["open"] == first["open"]
    assert third["paid_by_absence"] == {}
    assert list(third["reopened"]) == ["INV-001"]
    counts = [(one["new"], one["paid_by_absence"], one["reopened"]) for one in third["bookings"]]
    assert counts == [(len(first["open"]), 0, 0), (0, 1, 0), (0, 0, 1)]
    assert [one["report"] for one in third["bookings"]] == list(third["reports"])


def test_pdfs_are_shown_with_their_invoices(arfeed: Cli, feed: Path, page: Page) -> None:
    sync_approved(arfeed, feed)
    assert page.books()["documents"]["INV_2026_0042.pdf"] == "INV/2026/0042"
    assert '<th scope="row">INV_2026_0042.pdf</th><td>INV/2026/0042</td>' in page.get().text


SWITCHED: dict[str, tuple[object, int]] = {
    "refuse_login": (True, 5),
    "refuse_rename": (True, 5),
    "refuse_replacing": (True, 0),
    "lose_rename": (True, 0),
    "take_away": (True, 0),
    "disconnect_every": (1, 5),
    "stall_every": (1, 5),
    "disk_full_after": (100, 5),
    "most_handles": (1, 0),
    "permission_denied": (["csv_data_uploads"], 5),
}
"""Each fault, to what it is switched, and what `sync` ends with then."""


def test_every_fault_is_tried() -> None:
    assert list(SWITCHED) == list(Switches.model_fields)


@pytest.mark.parametrize(("fault", "value", "code"), [(fault, *tried) for fault, tried in SWITCHED.items()])
def test_with_a_fault_sync_says_so_and_without_it_converges(
    arfeed: Cli, feed: Path, page: Page, monkeypatch: pytest.MonkeyPatch, fault: str, value: object, code: int
) -> None:
    monkeypatch.setattr(channels, "ANSWER_SECONDS", 0.2)
    approval = arfeed(feed, "plan", "--json").json()["approval"]
    assert page.switch(**{fault: value})[fault] == value
    faulty = arfeed(feed, "sync", "--approve", approval)
    assert faulty.code == code, faulty.err

    page.switch(**{fault: getattr(Switches(), fault)})
    after = arfeed(feed, "sync", "--approve", approval) if code else arfeed(feed, "sync")
    assert after.code == 0, after.err
    books = page.books()
    assert sorted(books["open"]) == sorted(["INV-001", "INV-002", "INV/2026/0042", "00071", *_credits(books)])
    assert books["paid_by_absence"] == {}
    parts = [name for name in page_files(feed) if name.endswith(".part")]
    assert parts == []


def _credits(books: dict[str, dict[str, str]]) -> list[str]:
    return [ref for ref, balance in books["open"].items() if balance.startswith("-")]


def page_files(feed: Path) -> list[str]:
    return [path.name for path in (feed.parent / "receiver" / "inbox").rglob("*")]


def test_a_feed_finds_it_by_name_beside_the_same_folder(tmp_path: Path, arfeed: Cli) -> None:
    feed = make_feed(tmp_path / "feed", 'url = "rehearsal://demo"')
    with run_receiver("demo", feed / ".arfeed" / "rehearsal" / "demo") as at:
        sync_approved(arfeed, feed)
        assert "INV-001" in Page(at.page).books()["open"]
    assert arfeed(feed, "sync").code == 0  # by a receiver of the run's own, in the same folder


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=lambda each: each.name)
def test_it_ends_cleanly_and_goes_on_where_it_was(tmp_path: Path, by: signal.Signals) -> None:
    with rehearsing(tmp_path / "receiver") as at:
        said = at.said
        code, err = at.end(by)
        assert (code, "Traceback" in err) == (0, False)
        assert "Started again, it goes on from here" in err
    with rehearsing(tmp_path / "receiver") as again:
        assert again.said == said


def test_after_a_kill_a_run_starts_a_receiver_of_its_own(tmp_path: Path, arfeed: Cli) -> None:
    feed = make_feed(tmp_path / "feed", 'url = "rehearsal://demo"')
    with rehearsing(feed, "demo") as at:
        at.end(signal.SIGKILL)
    assert (feed / ".arfeed/rehearsal/demo/address").exists()
    sync_approved(arfeed, feed)
    assert not (feed / ".arfeed/rehearsal/demo/address").exists()


@pytest.mark.openssh
@pytest.mark.skipif(shutil.which("sftp") is None, reason="OpenSSH's sftp is not installed")
def test_a_foreign_client_logs_in_by_the_printed_line(tmp_path: Path) -> None:
    (tmp_path / "INV-9.pdf").write_bytes(b"%PDF-1.4")
    (tmp_path / "batch").write_text("put INV-9.pdf\nls csv_data_uploads\n")
    with rehearsing(tmp_path / "a folder's name") as at:
        (line,) = [line.strip() for line in at.told.splitlines() if line.strip().startswith("sftp ")]
        command = line.replace("sftp ", f"sftp -F {os.devnull} -b batch -o StrictHostKeyChecking=yes ", 1)
        done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=30)
        assert done.returncode == 0, done.stderr
        assert at.page.books()["documents"] == {"INV-9.pdf": None}


def test_the_printed_lines_are_a_destination(tmp_path: Path) -> None:
    with rehearsing(tmp_path / 'a "folder"') as at:
        block = at.told[at.told.index("  [destination]") : at.told.index("Any SFTP client")]
        destination = tomllib.loads("\n".join(line.strip() for line in block.splitlines()))["destination"]
        shown = {name: at.said[name] for name in ("url", "private_key", "known_hosts")}
        assert destination == {"use": "kolleno", "mode": "open-ar", **shown}
        assert Path(destination["private_key"]).stat().st_mode & 0o077 == 0


def test_a_password_is_refused(at: Standing) -> None:
    login = {"username": "arfeed", "password": "arfeed", "known_hosts": str(at.receiver.known_hosts)}

    async def log_in() -> None:
        port = int(at.receiver.url.rpartition(":")[2])
        await asyncssh.connect("127.0.0.1", port, client_keys=None, agent_path=None, config=[], **login)

    with pytest.raises(asyncssh.PermissionDenied):
        asyncio.run(log_in())


def test_it_listens_on_loopback_only(at: Standing, page: Page) -> None:
    ports = {int(url.rstrip("/").rpartition(":")[2]) for url in (at.receiver.url, page.url)}
    tables = [Path("/proc/net/tcp").read_text(), Path("/proc/net/tcp6").read_text()]
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    listening = [row[1].split(":") for row in rows if row[3] == "0A"]
    assert [address for address, port in listening if int(port, 16) in ports] == ["0100007F"] * 2


@pytest.mark.parametrize("option", ["--port", "--page-port"])
def test_a_port_that_is_taken_is_named(tmp_path: Path, arfeed: Cli, option: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = arfeed(tmp_path, "rehearse", option, str(port))
    assert done.code == 2
    assert f"Port {port} of 127.0.0.1 is not available" in done.err
    assert f"{option} N" in done.err


def test_a_second_one_in_the_same_folder_is_refused(tmp_path: Path, at: Standing, arfeed: Cli) -> None:
    done = arfeed(tmp_path, "rehearse", "--folder", str(at.receiver.folder))
    assert done.code == 6
    assert "in use by another run" in done.err


def test_a_name_that_is_a_path_is_refused(tmp_path: Path, arfeed: Cli) -> None:
    done = arfeed(tmp_path, "rehearse", "../demo")
    assert done.code == 2
    assert "is not a plain name" in done.err


def test_the_columns_can_be_named(tmp_path: Path) -> None:
    with rehearsing(tmp_path / "receiver", "--ref-header", "No.", "--balance-header", "Open") as at:
        inbox = Path(at.said["folder"]) / "inbox" / "csv_data_uploads"
        (inbox / "day1.csv").write_text("No.,Open\nINV-1,12.50\n")
        at.end()
    with rehearsing(tmp_path / "receiver", "--ref-header", "No.", "--balance-header", "Open") as at:
        assert at.page.books()["open"] == {"INV-1": "12.50"}
