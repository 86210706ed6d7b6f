"""Runs that were interrupted, in each state they can be in, and what the next run makes of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import asyncssh
import pytest

from arfeed.history.receipts import verify
from support.feeds.feed import Feed, codes, invoice, invoices, unpaid
from support.feeds.interruptions import interrupt_after_the_report, interrupt_before_the_report
from support.files.pdfs import pdf
from support.servers.embedded import embedded_server


def test_a_run_that_never_asked_to_publish_is_lost(running: Feed) -> None:
    interrupt_before_the_report(running)
    assert running.states() == ["delivered", "running"]
    done = running.sync()
    assert (codes(done), done.plan.counts) == ([], (0, 0, 200, 0))
    assert running.states() == ["delivered", "failed", "delivered"]
    assert len(running.reports()) == 2


def test_a_run_whose_report_stands_there_has_arrived(running: Feed) -> None:
    running.export([*invoices(200), invoice(201)])
    interrupt_after_the_report(running)
    assert running.states() == ["delivered", "publishing"]
    assert running.sync().plan.counts == (0, 0, 201, 0)
    assert running.states() == ["delivered", "delivered", "delivered"]


def test_the_receipt_of_a_run_that_arrived_is_recovered(running: Feed) -> None:
    interrupt_after_the_report(running)
    running.sync()
    with running.records() as history:
        receipts = [run.receipt or "" for run in history.runs()]
    assert [verify(receipt) for receipt in receipts] == [True, True, True]
    assert [receipt.get("recovered") for receipt in running.receipts()] == [None, True, None]
    assert [receipt["report"]["verified"] for receipt in running.receipts()] == [True, True, True]  # type: ignore[index]


def test_a_run_whose_report_still_has_its_other_name_is_lost(running: Feed) -> None:
    running.export([*invoices(200), invoice(201)])
    report = interrupt_after_the_report(running)
    part = report.rename(report.with_name(f".{report.name}.{last_run(running)}.part"))
    assert running.sync().plan.counts == (1, 0, 200, 0)
    assert running.states() == ["delivered", "failed", "delivered"]
    assert not part.exists()


def test_a_run_whose_report_is_nowhere_counts_beside_the_one_before(running: Feed) -> None:
    running.export([*unpaid(), invoice(201)])
    interrupt_after_the_report(running).unlink()
    running.export(unpaid())
    done = running.sync()
    assert (codes(done), done.plan.counts.missing) == ([], 11)
    paid = {row["invoice_ref"] for row in invoices(200)} - {row["invoice_ref"] for row in unpaid()}
    assert set(done.plan.missing["invoice_ref"]) == {"INV-0201", *paid}
    assert running.states() == ["delivered", "unsettled", "delivered"]


def test_what_counted_twice_does_not_after_the_next_verified_delivery(running: Feed) -> None:
    running.export([*unpaid(), invoice(201)])
    interrupt_after_the_report(running).unlink()
    running.export(unpaid())
    running.sync()
    assert running.sync().plan.counts == (0, 0, 190, 0)


def test_a_refused_run_leaves_the_doubt_as_it_was(running: Feed) -> None:
    running.export(unpaid())
    interrupt_after_the_report(running).unlink()
    running.export(invoices(90))
    assert "pattern" in codes(running.sync())
    refused = running.sync()
    assert refused.plan.counts.missing == 110
    assert running.sync(refused.plan.approval).receipt


def test_an_approval_given_before_a_doubt_is_for_another_plan(running: Feed) -> None:
    running.export(invoices(95))
    first = running.sync()
    running.export(unpaid(paid=5))
    interrupt_after_the_report(running).unlink()
    running.export(invoices(95))
    refused = running.sync(first.plan.approval)
    assert (codes(refused), refused.receipt) == (codes(first), None)


def test_several_interrupted_runs_are_settled_in_their_order(running: Feed) -> None:
    running.export(invoices(199))
    interrupt_after_the_report(running)
    running.export(invoices(198))
    interrupt_before_the_report(running)
    running.export(invoices(197))
    interrupt_after_the_report(running).unlink()
    running.export(invoices(197))
    assert running.sync().plan.counts.missing == 2
    assert running.states() == ["delivered", "delivered", "failed", "unsettled", "delivered"]


def test_a_plan_shows_what_sync_would_settle_and_writes_nothing(running: Feed) -> None:
    running.export([*unpaid(), invoice(201)])
    report = interrupt_after_the_report(running)
    running.export(unpaid())
    assert running.plan().counts.missing == 1
    report.unlink()
    assert running.plan().counts.missing == 11
    assert running.states() == ["delivered", "publishing"]
    assert running.sync().plan.counts.missing == 11


def test_an_interrupted_run_is_settled_before_a_report_is_adopted(running: Feed, tmp_path: Path) -> None:
    copy = tmp_path / "saved.csv"
    copy.write_bytes(running.held()[running.reports()[0]])
    running.export(invoices(200, first=2))
    interrupt_after_the_report(running)
    with pytest.raises(Exception, match=r"lacks 1 invoice of") as refused:
        running.adopt(str(copy))
    running.adopt(str(copy), str(refused.value).rsplit(" ", 1)[1])
    done = running.sync()
    assert done.plan.missing["invoice_ref"].tolist() == ["INV-0001"]
    assert running.states()[:3] == ["delivered", "delivered", "delivered"]


# --- deliveries that can't be verified --------------------------------------------------------------------------------


class Hungry(asyncssh.SFTPServer):
    """Takes every report away as soon as it is written, and keeps it elsewhere."""

    keeps: ClassVar[bool] = False

    def close(self, file_obj: object) -> None:
        super().close(file_obj)
        path = Path(os.fsdecode(getattr(file_obj, "name", b"")))
        if path.suffix == ".csv" and not self.keeps:
            path.unlink()


@pytest.fixture
def hungry(tmp_path: Path) -> Iterator[Feed]:
    """A feed of 200 invoices to a receiver that takes reports away at once, delivered without proof."""
    with embedded_server(Hungry, tmp_path) as settings:
        given = settings("direct").model_dump(include={"url", "private_key", "known_hosts", "publish"})
        feed = Feed(tmp_path / "feed", destination=given, receiver=tmp_path / "root")
        feed.sources["erp"]["absent_means_paid"] = True
        feed.export([*invoices(200), invoice(201)])
        feed.approved()
        yield feed


def test_a_report_that_was_taken_away_at_once_is_delivered_but_unverified(hungry: Feed) -> None:
    assert hungry.states() == ["unverified"]
    assert [receipt["report"]["verified"] for receipt in hungry.receipts()] == [False]  # type: ignore[index]
    assert hungry.reports() == []


def test_what_is_not_verified_counts_beside_the_one_before(hungry: Feed) -> None:
    hungry.export([*invoices(200), invoice(202)])
    assert hungry.sync().plan.missing["invoice_ref"].tolist() == ["INV-0201"]
    hungry.export(invoices(200))
    assert sorted(hungry.sync().plan.missing["invoice_ref"]) == ["INV-0201", "INV-0202"]
    assert hungry.states() == ["unverified"] * 3


def test_what_was_not_verified_is_forgotten_after_a_verified_delivery(
    hungry: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Hungry, "keeps", True)
    hungry.export(invoices(200))
    assert hungry.sync().plan.counts.missing == 1
    assert hungry.states() == ["unverified", "delivered"]
    assert hungry.sync().plan.counts == (0, 0, 200, 0)


# --- PDFs -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_pdfs(running: Feed) -> Feed:
    """A feed whose first 10 invoices have PDFs at the receiver."""
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(row["invoice_ref"] for row in invoices(10))
    running.sync()
    return running


def test_pdfs_that_are_proven_there_are_not_sent_again(with_pdfs: Feed) -> None:
    with_pdfs.print_pdfs(row["invoice_ref"] for row in invoices(5, first=11))
    with_pdfs.print_pdfs(["INV-0001"], "which is longer now")
    interrupt_before_the_report(with_pdfs)
    done = with_pdfs.sync()
    assert (done.plan.documents.present, len(done.plan.documents.send)) == (15, 0)


def test_a_changed_pdf_of_the_same_size_is_sent_again(with_pdfs: Feed) -> None:
    with_pdfs.print_pdfs(["INV-0001"], "a")
    with_pdfs.sync()
    with_pdfs.print_pdfs(["INV-0001"], "b")
    interrupt_before_the_report(with_pdfs)
    assert with_pdfs.sync().plan.documents.send["name"].tolist() == ["INV-0001.pdf"]
    assert with_pdfs.held()["INV-0001.pdf"] == pdf("INV-0001 b")


def test_a_run_that_came_to_its_report_had_sent_every_pdf(with_pdfs: Feed) -> None:
    with_pdfs.print_pdfs(["INV-0001"], "a")
    with_pdfs.sync()
    with_pdfs.print_pdfs(["INV-0001"], "b")
    interrupt_after_the_report(with_pdfs)
    assert with_pdfs.sync().plan.documents.send.empty


def test_a_pdf_that_is_as_it_was_before_an_interrupted_run_is_sent_again(with_pdfs: Feed) -> None:
    file = with_pdfs.folder / "pdf/INV-0001.pdf"
    content, times = file.read_bytes(), file.stat()
    with_pdfs.print_pdfs(["INV-0001"], "never meant to be sent")
    interrupt_before_the_report(with_pdfs)
    file.write_bytes(content)
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with_pdfs.sync()
    assert with_pdfs.held()["INV-0001.pdf"] == content


def test_only_the_leftovers_of_the_interrupted_run_are_removed(with_pdfs: Feed) -> None:
    interrupt_before_the_report(with_pdfs)
    ours, strange = f".INV-0001.pdf.{last_run(with_pdfs)}.part", ".INV-0001.pdf.somebody.part"
    for name in (ours, strange):
        (with_pdfs.receiver / name).write_bytes(b"%PDF")
    assert with_pdfs.sync().receipt
    held = with_pdfs.held()
    assert (ours in held, strange in held) == (False, True)


def last_run(feed: Feed) -> str:
    with feed.records() as history:
        return history.runs()[0].id
