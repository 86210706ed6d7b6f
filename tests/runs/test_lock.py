"""One run at a time: the lock, those that die with it, and those that sleep through it."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from arfeed import LockedError
from arfeed.history.store import History
from support.feeds.feed import REPORTS, Feed, invoices
from support.feeds.processes import Process
from support.files.pdfs import pdf


@pytest.fixture
def big(over_sftp: Feed) -> Feed:
    """A feed over SFTP, delivered once, with 40 large PDFs that are new: sending them takes a while."""
    over_sftp.export(invoices(200))
    over_sftp.approved()
    for row in invoices(40):
        large = pdf(row["invoice_ref"] + "x" * 2_000_000)
        (over_sftp.folder / "pdf" / f"{row['invoice_ref']}.pdf").write_bytes(large)
    return over_sftp


def test_a_second_run_ends_with_6_at_once_naming_who_holds_the_lock(big: Feed) -> None:
    first = big.start("sync")
    assert stop_when(big, first, lambda: is_sending(big))
    begun = time.monotonic()
    code, said = big.command("sync")
    assert (code, f"(process {first.pid}) has held the lock" in said) == (6, True)
    assert time.monotonic() - begun < 10
    go_on(first)
    assert first.wait()[0] == 0
    assert big.states() == ["delivered", "delivered"]


def test_the_lock_of_a_run_that_died_on_this_machine_is_taken_over_at_once(big: Feed) -> None:
    kill_while_it_sends(big)
    begun = time.monotonic()
    code, said = big.command("sync")
    assert code == 0, said
    assert time.monotonic() - begun < big.lock_seconds / 2
    assert big.states() == ["delivered", "failed", "delivered"]


@pytest.mark.parametrize(
    "unknown", ["host = 'another'", "boot = 'another'", "space = 'pid:[1] time:[1]'", "space = NULL", "pid = NULL"]
)
def test_the_lock_of_a_run_that_nobody_here_can_know_to_be_dead_has_to_run_out(big: Feed, unknown: str) -> None:
    kill_while_it_sends(big)
    execute(big, f"UPDATE leases SET {unknown}")
    assert big.command("sync")[0] == 6
    execute(big, "UPDATE leases SET expires_at = '2026-01-01 00:00:00'")
    assert big.command("sync")[0] == 0
    assert big.states() == ["delivered", "failed", "delivered"]


def test_a_plan_says_what_became_of_a_run_that_died_just_now(big: Feed) -> None:
    kill_while_it_sends(big)
    with big.records() as history:
        assert history.lock_holder(big.where) is None
        execute(big, "UPDATE leases SET boot = 'another'")
        assert history.lock_holder(big.where) is not None


def test_the_lock_of_a_living_run_does_not_run_out(big: Feed) -> None:
    with History(f"sqlite:///{big.folder}/.arfeed/history.db") as history, history.lock(big.where, "long", 0.5):
        time.sleep(1.5)
        with pytest.raises(LockedError, match="run long by"):
            big.sync()
    assert big.sync().receipt


def test_a_run_that_slept_while_it_sent_pdfs_publishes_nothing(big: Feed) -> None:
    big.lock_seconds = 2
    sleeper = big.start("sync")
    assert stop_when(big, sleeper, lambda: is_sending(big))
    time.sleep(2.5)
    big.export(invoices(190))
    big.print_pdfs((row["invoice_ref"] for row in invoices(40)), "of the other run")
    assert big.command("sync")[0] == 0
    others = big.held()
    go_on(sleeper)
    code, said = sleeper.wait()
    assert (code, big.held()) == (6, others)
    assert "lost its lock" in said
    assert (len(big.reports()), len(big.last_report())) == (2, 190)
    assert big.states() == ["delivered", "failed", "delivered"]


def test_a_run_that_slept_before_its_report_publishes_nothing(over_sftp: Feed) -> None:
    over_sftp.lock_seconds = 2
    over_sftp.export(invoices(200))
    over_sftp.approved()
    sleeper = stopped(over_sftp, lambda: any(over_sftp.receiver.glob(f"{REPORTS}/.*.part")))
    time.sleep(2.5)
    over_sftp.export(invoices(205))  # none is missing, which would be a surprise after many runs without a payment
    assert over_sftp.command("sync")[0] == 0
    others = over_sftp.held()
    go_on(sleeper)
    assert (sleeper.wait()[0], over_sftp.held()) == (6, others)
    assert over_sftp.command("sync")[0] == 0


def test_a_run_that_slept_before_it_began_publishes_nothing(running: Feed) -> None:
    running.lock_seconds = 0.4
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(["INV-0001"])
    running.steps.during["Preparing the PDFs"] = lambda: take_over(running)
    with pytest.raises(LockedError, match="lost its lock"):
        running.sync()
    assert (len(running.reports()), "INV-0001.pdf" in running.held()) == (1, False)
    assert running.states() == ["delivered"]


def test_a_run_that_lost_its_lock_while_it_sent_pdfs_leaves_nothing_under_way(running: Feed) -> None:
    running.lock_seconds = 0.4
    running.sources["erp"]["documents"] = "pdf/{invoice_ref}.pdf"
    running.print_pdfs(row["invoice_ref"] for row in invoices(50))
    before = running.held()
    running.steps.during["Sending the PDFs"] = lambda: take_over(running)
    with pytest.raises(LockedError, match="lost its lock"):
        running.sync()
    assert running.held() == before


def test_a_run_whose_baseline_was_replaced_publishes_nothing(running: Feed) -> None:
    running.steps.during["Sending the report"] = lambda: forget_baseline(running)
    with pytest.raises(LockedError, match="lost its lock"):
        running.sync()
    assert len(running.reports()) == 1


def kill_while_it_sends(feed: Feed) -> None:
    process = feed.start("sync")
    assert stop_when(feed, process, lambda: is_sending(feed))
    process.kill()


def execute(feed: Feed, statement: str) -> None:
    with sqlite3.connect(feed.folder / ".arfeed/history.db") as database:
        database.execute(statement)
    database.close()


def take_over(feed: Feed) -> None:
    """Give the lock to another run, as happens while a machine sleeps; the sleeper's heart does not beat."""
    with sqlite3.connect(feed.folder / ".arfeed/history.db") as database:
        database.execute("UPDATE leases SET run = 'another', expires_at = '2999-01-01 00:00:00'")
    database.close()
    time.sleep(0.5)


def forget_baseline(feed: Feed) -> None:
    with sqlite3.connect(feed.folder / ".arfeed/history.db") as database:
        database.execute("DELETE FROM baselines")
    database.close()


def is_sending(feed: Feed) -> bool:
    return any(feed.receiver.glob(".*.part"))


def stopped(feed: Feed, seen: Callable[[], bool]) -> Process:
    """Start runs until one is stopped in the middle of something that takes a moment only."""
    for _ in range(30):
        process = feed.start("sync")
        if stop_when(feed, process, seen):
            return process
        assert process.wait()[0] == 0
    pytest.fail("no run could be stopped in time")


def stop_when(feed: Feed, process: Process, seen: Callable[[], bool]) -> bool:
    """Stop a process in the middle of what it does, but not while it writes its history; False where it ended."""
    while not process.ended():
        if not seen():
            continue
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(0.01)  # until the signal has reached every thread
        if _can_be_written(feed.folder / ".arfeed/history.db") and seen():
            return True
        go_on(process)
    return False


def _can_be_written(database: Path) -> bool:
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
    return True


def go_on(process: Process) -> None:
    os.kill(process.pid, signal.SIGCONT)
