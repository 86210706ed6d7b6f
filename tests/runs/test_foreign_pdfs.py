"""PDFs at the receiver that this history did not send: never overwritten, named, and taken over if somebody says so."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from arfeed.model.errors import DestinationError
from arfeed.sftp import connection
from support.feeds.feed import Feed, invoices
from support.servers.makes import Server, openssh_server
from support.servers.others import conch_server, erlang_server
from support.servers.relay import relaying

THEIRS = b"%PDF-1.4 of somebody else %%EOF"

Making = Callable[[], AbstractContextManager[Server]]


@pytest.fixture(scope="module", params=[openssh_server, conch_server], ids=["openssh", "conch"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    with request.param() as started:
        yield started


def a_feed(folder: Path, **destination: object) -> Feed:
    feed = Feed(folder, destination=destination, receiver=folder / "receiver" if not destination else Path())
    feed.sources["erp"] = {"absent_means_paid": True, "documents": "pdf/{invoice_ref}.pdf"}
    feed.export(invoices(10))
    feed.print_pdfs(row["invoice_ref"] for row in invoices(10))
    return feed


@pytest.fixture(params=["rename", "direct"])
def feed(request: pytest.FixtureRequest, server: Server, tmp_path: Path) -> Feed:
    """A feed that has not delivered yet."""
    root = server.new_root()
    made = a_feed(tmp_path / "feed", **server.destination(root), publish=request.param)
    made.receiver = root
    return made


def test_a_pdf_of_somebody_else_is_named_by_the_plan_and_left_alone(feed: Feed) -> None:
    feed.receiver.joinpath("INV-0003.pdf").write_bytes(THEIRS)
    plan = feed.plan()
    assert "this history did not send" in plan.documents.broken["INV-0003"]
    assert "INV-0003.pdf" not in plan.documents.send["name"].tolist()
    receipt = feed.approved().receipt
    assert receipt is not None
    assert len(receipt.documents) == 9
    assert feed.held()["INV-0003.pdf"] == THEIRS
    feed.receiver.joinpath("INV-0003.pdf").unlink()
    done = feed.sync().receipt
    assert done is not None
    assert [file.name for file in done.documents] == ["INV-0003.pdf"]


def test_one_that_comes_while_the_pdfs_are_sent_is_left_alone_too(feed: Feed) -> None:
    came = feed.receiver / "INV-0003.pdf"
    feed.steps.during["Sending the PDFs"] = lambda: came.write_bytes(THEIRS)
    receipt = feed.approved().receipt
    assert receipt is not None
    assert "this history did not send" in receipt.documents_failed["INV-0003.pdf"]
    assert came.read_bytes() == THEIRS
    feed.steps.during.clear()
    assert "INV-0003" in feed.plan().documents.broken


def test_more_than_a_handful_are_found_by_one_listing(tmp_path: Path) -> None:
    feed = a_feed(tmp_path / "feed")
    feed.export(invoices(150))
    feed.print_pdfs(row["invoice_ref"] for row in invoices(150))
    feed.receiver.joinpath("INV-0142.pdf").write_bytes(THEIRS)
    assert list(feed.plan().documents.broken) == ["INV-0142"]


def test_where_pdfs_are_required_one_of_somebody_else_refuses_the_plan(feed: Feed) -> None:
    feed.destination["documents_required"] = True
    feed.receiver.joinpath("INV-0003.pdf").write_bytes(THEIRS)
    (objection,) = (each for each in feed.plan().objections if each.code == "documents")
    assert objection.refs == ("INV-0003",)


def test_after_a_lost_history_pdfs_are_left_until_they_are_taken_over(server: Server, tmp_path: Path) -> None:
    root = server.new_root()
    feed = a_feed(tmp_path / "feed", **server.destination(root), replace_by="remove")
    feed.receiver = root
    feed.approved()
    shutil.rmtree(feed.folder / ".arfeed")
    feed.print_pdfs(["INV-0001"], "and more")
    root.joinpath("INV-0099.pdf").write_bytes(THEIRS)  # of no invoice of the report
    before = feed.held()["INV-0001.pdf"]
    feed.adopt()
    assert len(feed.plan().documents.broken) == 10
    said = feed.run("plan").stdout
    assert "the PDFs of INV-0001, INV-0002, INV-0003, INV-0004, INV-0005 and 5 more are not sent: a file of" in said
    assert feed.held()["INV-0001.pdf"] == before
    (report,) = feed.reports()
    taken = feed.adopt(Path(report).name, pdfs=True)
    assert len(taken.pdfs) == 10
    done = feed.sync()
    assert done.receipt is not None
    assert len(done.receipt.documents) == 10
    assert feed.held()["INV-0001.pdf"] == feed.folder.joinpath("pdf", "INV-0001.pdf").read_bytes()
    assert root.joinpath("INV-0099.pdf").read_bytes() == THEIRS


def test_where_no_report_is_left_the_pdfs_of_the_last_delivery_are_taken_over(tmp_path: Path) -> None:
    feed = a_feed(tmp_path / "feed")
    feed.approved()
    shutil.rmtree(feed.folder / ".arfeed")
    shutil.rmtree(feed.receiver / "csv_data_uploads")
    first = feed.approved()
    assert len(first.plan.documents.broken) == 10
    taken = feed.adopt(pdfs=True)
    assert (taken.name, len(taken.pdfs)) == (None, 10)
    done = feed.sync()
    assert done.receipt is not None
    assert (len(done.receipt.documents), done.plan.counts.missing) == (10, 0)


def test_a_pdf_whose_replacement_failed_stays_ours_and_is_replaced_later(tmp_path: Path) -> None:
    with openssh_server() as server:
        root = server.new_root()
        feed = a_feed(tmp_path / "feed", **server.destination(root))
        feed.receiver = root
        feed.approved()
        feed.print_pdfs(["INV-0001"], "and more")
        root.chmod(0o555)
        failed = feed.sync().receipt
        assert failed is not None
        assert list(failed.documents_failed) == ["INV-0001.pdf"]
        root.chmod(0o755)
        done = feed.sync().receipt
        assert done is not None
        assert [file.name for file in done.documents] == ["INV-0001.pdf"]
        assert feed.held()["INV-0001.pdf"] == feed.folder.joinpath("pdf", "INV-0001.pdf").read_bytes()


def test_half_a_pdf_of_an_interrupted_run_is_ours_and_is_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "LOGIN_SECONDS", 1)
    with openssh_server() as server, relaying(server.port) as relay:
        root = server.new_root()
        feed = a_feed(tmp_path / "feed", **server.destination(root, relay=relay.port), publish="direct")
        feed.receiver = root
        feed.print_pdfs((row["invoice_ref"] for row in invoices(10)), "x" * 50_000)
        feed.steps.during["Sending the PDFs"] = lambda: relay.arm("cut", 100_000, for_good=True)
        with pytest.raises(DestinationError, match="Run the same command again"):
            feed.approved()
        relay.heal()
        feed.steps.during.clear()
        there = feed.held()
        assert [name for name, content in there.items() if content != (feed.folder / "pdf" / name).read_bytes()]
        done = feed.approved().receipt
        assert done is not None
        assert done.documents_failed == {}
        for file in feed.folder.joinpath("pdf").iterdir():
            assert feed.held()[file.name] == file.read_bytes()


def test_a_server_that_mixed_files_up_is_remembered(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with erlang_server(name="files") as server:
        root = server.new_root()
        feed = a_feed(tmp_path / "feed", **server.destination(root), replace_by="remove")
        feed.receiver = root
        feed.approved()
        assert [text for text in feed.steps.warnings if "one handle" in text]
        feed.steps.warnings.clear()
        feed.print_pdfs((row["invoice_ref"] for row in invoices(10)), "and more")
        done = feed.sync().receipt
        assert done is not None
        assert len(done.documents) == 10
        assert feed.steps.warnings == []
        assert caplog.text.count("mixes up files") == 1
        for file in feed.folder.joinpath("pdf").iterdir():
            assert feed.held()[file.name] == file.read_bytes()
