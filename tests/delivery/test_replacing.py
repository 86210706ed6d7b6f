"""Servers that can't replace a file by renaming: known from the handshake, and said before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from arfeed.delivery.remote import open_remote
from arfeed.sftp.connection import connect
from support.servers.makes import SERVERS, Server, openssh_server, proftpd_server
from support.servers.proofs import converges, feed_with_new_pdfs, pdfs
from support.servers.staging import held, stage

Making = Callable[[], AbstractContextManager[Server]]

UNABLE = {
    "openssh": partial(openssh_server, sftp="-P posix-rename"),
    "proftpd": partial(proftpd_server, "SFTPExtensions -posixRename"),
}


@pytest.fixture(scope="module", params=UNABLE)
def unable(request: pytest.FixtureRequest) -> Iterator[Server]:
    with UNABLE[request.param]() as server:
        yield server


@pytest.mark.parametrize("make", SERVERS.values(), ids=SERVERS)
def test_a_server_that_offers_it_is_known_to_replace(make: Making) -> None:
    with make() as server:
        filesystem = connect(server.settings(server.new_root()).url, server.settings(server.login))
        assert filesystem.offers("posix-rename") is True
        assert filesystem.replaces
        filesystem.close()


def test_an_older_file_stays_and_its_successor_is_not_even_begun(
    unable: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    root = unable.new_root()
    root.joinpath("old.pdf").write_bytes(b"old")
    uploads = [stage(tmp_path, name, b"%PDF", replaces=True) for name in ("old.pdf", "new.pdf")]
    caplog.set_level("DEBUG", "asyncssh")
    with open_remote(unable.settings(root)) as remote:
        old, new = remote.publish(uploads, run="r1")
    assert "can't replace a file by renaming" in str(old.error)
    assert (new.error, new.verified) == (None, True)
    assert held(root) == {"old.pdf": b"old", "new.pdf": b"%PDF"}
    assert ".new.pdf.r1.part" in caplog.text
    assert ".old.pdf.r1.part" not in caplog.text


@pytest.mark.parametrize(("publish", "told"), [("rename", ["old.pdf"]), ("direct", [])])
def test_what_cannot_be_replaced_is_known_before_anything_is_sent(
    unable: Server, publish: str, told: list[str]
) -> None:
    root = unable.new_root()
    root.joinpath("old.pdf").touch()
    with open_remote(unable.settings(root, publish=publish)) as remote:
        assert list(remote.irreplaceable("", ["old.pdf", "new.pdf"])) == told


def test_a_plan_names_the_pdf_that_stays_and_the_report_goes_without_it(unable: Server, tmp_path: Path) -> None:
    feed = feed_with_new_pdfs(unable, tmp_path / "feed")
    feed.sync()
    before = pdfs(feed)["INV-0001.pdf"]
    feed.print_pdfs(["INV-0001"], "and more")
    assert "can't replace" in feed.plan().documents.broken["INV-0001"]
    done = feed.sync()
    assert done.receipt is not None
    assert (len(done.receipt.documents), done.receipt.documents_failed) == (0, {})
    assert feed.held()["INV-0001.pdf"] == before
    feed.receiver.joinpath("INV-0001.pdf").unlink()  # the receiver takes it away, as the message asks
    converges(feed, unable)
    assert feed.held()["INV-0001.pdf"] == pdfs(feed)["INV-0001.pdf"]


def test_where_pdfs_are_required_one_that_cannot_be_replaced_refuses_the_plan(unable: Server, tmp_path: Path) -> None:
    feed = feed_with_new_pdfs(unable, tmp_path / "feed")
    feed.sync()
    feed.destination["documents_required"] = True
    feed.print_pdfs(["INV-0001"], "and more")
    reports = feed.reports()
    refused = feed.sync()
    assert refused.receipt is None
    (objection,) = (found for found in refused.plan.objections if found.code == "documents")
    assert "INV-0001" in objection.refs
    assert feed.reports() == reports
