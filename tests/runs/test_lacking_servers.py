"""Whole runs to real servers that lack space, rights, handles, sessions or a folder, and are given them afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from arfeed.model.errors import DestinationError
from support.feeds.feed import REPORTS, Feed
from support.servers.makes import Server, openssh_server, proftpd_server, program
from support.servers.openssh import user
from support.servers.proofs import PDFS, converges, feed_with_new_pdfs, got_pdfs, nothing_is_half_published

PDFS_STEP, REPORT_STEP = "Sending the PDFs", "Sending the report"
FILLER = "filler.bin"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with openssh_server() as started:
        yield started


def during(feed: Feed, step: str, happens: Callable[[], object]) -> None:
    feed.steps.during[step] = happens


# --- space ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(server: Server, tmp_path: Path) -> Iterator[Feed]:
    """A feed to a receiver whose root is a disk of 2 MB."""
    root = server.new_root()
    with mounted(root, "2m"):
        yield got_pdfs(Feed(tmp_path / "feed", receiver=root, destination=server.destination(root)))


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=1777", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"mounting a small disk is not allowed here: {done.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


def fill(root: Path, leave: int) -> None:
    """Leave so many bytes of a disk."""
    disk = os.statvfs(root)
    root.joinpath(FILLER).write_bytes(b"\0" * (disk.f_bavail * disk.f_frsize - leave))


def test_a_disk_that_is_full_for_pdfs_does_not_keep_the_report_back(server: Server, small_disk: Feed) -> None:
    feed = small_disk
    during(feed, PDFS_STEP, lambda: fill(feed.receiver, 24_000))
    during(feed, REPORT_STEP, feed.receiver.joinpath(FILLER).unlink)
    done = feed.sync()
    assert done.receipt is not None
    failed = done.receipt.documents_failed
    assert PDFS > len(failed) > PDFS / 2
    assert all("disk or quota may be full" in why for why in failed.values())
    assert [name for name in feed.held() if name.endswith(".part")] == []
    feed.steps.during.clear()
    converges(feed, server)


@pytest.mark.parametrize("leave", [0, 4096], ids=["no space at all", "space for a part"])
def test_a_disk_that_is_full_for_the_report_fails_the_run(server: Server, small_disk: Feed, leave: int) -> None:
    feed = small_disk
    before = feed.reports()
    during(feed, REPORT_STEP, lambda: fill(feed.receiver, leave))
    with pytest.raises(DestinationError, match=r"the report could not be published: .*disk or quota may be full"):
        feed.sync()
    assert (feed.reports(), feed.states()[-1]) == (before, "failed")
    assert [name for name in feed.held() if name.endswith(".part")] == []
    feed.steps.during.clear()
    feed.receiver.joinpath(FILLER).unlink()
    converges(feed, server)


QUOTA = (
    "LoadModule mod_quotatab.c",
    "LoadModule mod_quotatab_file.c",
    "QuotaEngine on",
    "QuotaLimitTable file:{folder}/limits",
    "QuotaTallyTable file:{folder}/tallies",
)


def quota(folder: Path, action: str, kilobytes: int) -> None:
    """Set how much the account may hold at ProFTPD."""
    command = [program("ftpquota"), "--type=limit", f"--table-path={folder}/limits", f"--{action}-record"]
    limit = ["--name=acme", "--quota-type=user", "--units=Kb", f"--bytes-upload={kilobytes}", "--limit-type=hard"]
    subprocess.run([*command, *limit], check=True, capture_output=True)


def with_quota(folder: Path) -> None:
    for kind, table in (("limit", "limits"), ("tally", "tallies")):
        command = [program("ftpquota"), "--create-table", f"--type={kind}", f"--table-path={folder}/{table}"]
        subprocess.run(command, check=True, capture_output=True)
        if os.geteuid() == 0:
            shutil.chown(folder / table, user())
    quota(folder, "add", 10_000)


@pytest.mark.parametrize("kilobytes", [12, 60], ids=["no PDF fits", "some PDFs fit"])
def test_a_quota_that_is_used_up_is_said_and_nothing_half_is_left(tmp_path: Path, kilobytes: int) -> None:
    """ProFTPD answers such an upload well, and removes it when it is closed."""
    with proftpd_server(*QUOTA, prepare=with_quota) as server:
        feed = feed_with_new_pdfs(server, tmp_path / "feed")
        quota(server.login.parent, "update", kilobytes)
        try:
            receipt = feed.sync().receipt
        except DestinationError as exc:
            assert "quota" in str(exc)  # noqa: PT017 - whether the report still fits is the server's affair
        else:
            assert receipt is not None
            assert receipt.documents_failed
        nothing_is_half_published(feed)
        quota(server.login.parent, "update", 10_000)
        converges(feed, server)


# --- handles and sessions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("most", [14, 24])
def test_a_server_whose_sessions_open_few_files_gets_everything(tmp_path: Path, most: int) -> None:
    with openssh_server(most_files=most) as server:
        converges(feed_with_new_pdfs(server, tmp_path / "feed"), server)


def test_a_server_of_one_session_gets_everything(tmp_path: Path) -> None:
    with openssh_server("MaxSessions 1") as server:
        converges(feed_with_new_pdfs(server, tmp_path / "feed"), server)


def test_a_server_that_opens_no_session_is_said(tmp_path: Path, server: Server) -> None:
    feed = feed_with_new_pdfs(server, tmp_path / "feed")
    with openssh_server("MaxSessions 0") as closed:
        root = closed.new_root()
        feed.destination = closed.destination(root)
        with pytest.raises(DestinationError, match="try again later or ask the receiver"):
            feed.sync()
        assert list(root.iterdir()) == []


# --- rights and folders -----------------------------------------------------------------------------------------------


def test_a_pdf_that_may_not_be_replaced_does_not_keep_the_others_back(server: Server, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can make a file that another account may not replace")
    feed = feed_with_new_pdfs(server, tmp_path / "feed")
    feed.sync()
    kept = feed.receiver / "INV-0007.pdf"
    before, account = kept.read_bytes(), feed.receiver.stat()
    for path in (kept, feed.receiver):
        os.chown(path, 0, 0)
    feed.receiver.chmod(0o1777)  # sticky: everybody may write here, and replace nobody else's files
    feed.print_pdfs(["INV-0006", "INV-0007"], "and more")
    os.chown(feed.receiver / "INV-0006.pdf", account.st_uid, account.st_gid)
    receipt = feed.sync().receipt
    assert receipt is not None
    assert list(receipt.documents_failed) == ["INV-0007.pdf"]
    assert "does not let us rename it" in receipt.documents_failed["INV-0007.pdf"]
    assert [file.name for file in receipt.documents] == ["INV-0006.pdf"]
    assert kept.read_bytes() == before
    os.chown(kept, account.st_uid, account.st_gid)
    again = feed.sync().receipt
    assert again is not None
    assert [file.name for file in again.documents] == ["INV-0007.pdf"]
    converges(feed, server)


def test_a_report_whose_folder_cannot_be_made_is_not_sent_and_the_next_run_does(server: Server, tmp_path: Path) -> None:
    feed = feed_with_new_pdfs(server, tmp_path / "feed")
    folder, aside = feed.receiver / REPORTS, tmp_path / "aside"

    def take_away() -> None:
        shutil.move(folder, aside)
        folder.touch()

    during(feed, REPORT_STEP, take_away)
    with pytest.raises(DestinationError, match=f"making the folder '{REPORTS}', which the receiver may have to make"):
        feed.sync()
    feed.steps.during.clear()
    folder.unlink()
    shutil.move(aside, folder)
    converges(feed, server)


@pytest.mark.parametrize("step", [PDFS_STEP, REPORT_STEP], ids=["PDFs", "report"])
def test_a_root_that_becomes_unwritable_fails_what_is_left(server: Server, tmp_path: Path, step: str) -> None:
    feed = feed_with_new_pdfs(server, tmp_path / "feed")

    def allow(mode: int) -> None:
        for folder in (feed.receiver, feed.receiver / REPORTS):
            folder.chmod(mode)

    during(feed, step, lambda: allow(0o555))
    with pytest.raises(DestinationError, match="does not allow it"):
        feed.sync()
    assert feed.states()[-1] == "failed"
    assert len(feed.reports()) == 1
    feed.steps.during.clear()
    allow(0o755)
    converges(feed, server)
