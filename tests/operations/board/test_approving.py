"""A refused plan is read and approved on the board: one delivery, and everybody is told the truth."""

from __future__ import annotations

import json
import os
import signal
import time
import zlib
from pathlib import Path

import pytest
import sqlalchemy as sa

from arfeed.operations.board.tables import jobs
from arfeed.runs.chapters import Result
from support.feeds.feed import Feed, codes, held, invoices
from support.people.boards import Board, Visitor, running_board


def plan_of(visitor: Visitor, feed: str = "acme") -> str:
    """Return the address of the plan that waits."""
    found = visitor.get("/").text.partition(f'href="/feeds/{feed}/plans/')[2].partition('"')[0]
    assert found, visitor.get("/").text
    return f"/feeds/{feed}/plans/{found}"


def approve(visitor: Visitor, plan: str, invoices: str = "6", **fields: str) -> str:
    """Send the form; return where it leads, blank if it is shown again."""
    return visitor.fill(plan, f"{plan}/approve", invoices=invoices, **fields).location


def last_run(feed: Feed) -> dict[str, object]:
    return feed.receipts()[-1]


@pytest.fixture
def waiting(feed: Feed) -> Feed:
    """The feed, after its nightly run was refused."""
    assert feed.sync().plan.objections
    return feed


def test_a_plan_that_a_nightly_run_was_refused_for_is_approved_and_delivered(waiting: Feed) -> None:
    with running_board(waiting.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        shown = anna.get(plan).text
        assert "6 invoices would be marked as paid" in shown
        assert "unexplained" in shown
        assert "INV-0040" in shown
        wrong = anna.fill(plan, f"{plan}/approve", invoices="5")
        assert (wrong.status, "The number is not how many" in wrong.text) == (400, True)
        job = approve(anna, plan, reason="Payment run of Monday, <b>checked</b>")
        ended = anna.wait(job)
        assert "Delivered." in ended.text
        assert "Payment run of Monday, &lt;b&gt;checked&lt;/b&gt;" in ended.text
        assert len(waiting.reports()) == 2
        receipt = last_run(waiting)["approval"]
        assert isinstance(receipt, dict)
        by = str(receipt["by"])
        assert by.startswith("anna at 20")
        assert f"on the board (job {job.rpartition('/')[2]}); run by " in by
        assert by in anna.get("/feeds/acme").text
        page = anna.get(f"/feeds/acme/runs/{last_run(waiting)['run']}")
        assert by in page.text
        assert "sandbox" in page.headers["Content-Security-Policy"]
        found = anna.get("/search?q=inv-0040").text
        assert "INV-0040 was marked as paid: gone (unexplained), Customer 5, 140.00 GBP; approved as 6-" in found
        assert "INV-0040 was open already, in the oldest report that is kept" in found
        # What is delivered is delivered: the form leads to the same run, and starts no other.
        assert approve_again(anna, plan) in ("", job, plan)
        assert len(waiting.reports()) == 2
        assert "Nothing waits to be approved" in anna.get("/").text


def approve_again(visitor: Visitor, plan: str) -> str:
    token = visitor.get("/account").token
    return visitor.post(f"{plan}/approve", {"form_token": token, "invoices": "6"}).location


def test_an_approval_is_refused_once_the_books_have_moved_and_shown_anew(waiting: Feed) -> None:
    with running_board(waiting.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        # While she reads, two more invoices leave the export.
        waiting.export(invoices(32))
        ended = anna.wait(approve(anna, plan)).text
        assert "Nothing was delivered by it: the books have moved" in ended
        assert len(waiting.reports()) == 1
        anew = ended.partition('class="button" href="')[2].partition('"')[0]
        assert anew != plan
        assert "8 invoices would be marked as paid" in anna.get(anew).text
        assert "no longer what would be delivered" in anna.get(plan).text
        assert approve_again(anna, plan) == plan
        assert "Delivered." in anna.wait(approve(anna, anew, "8")).text
        assert len(waiting.reports()) == 2


def test_nothing_but_the_approved_plan_is_delivered_even_if_nothing_has_to_be_approved_any_more(waiting: Feed) -> None:
    with running_board(waiting.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        waiting.export(invoices(40))  # somebody took the filter off
        ended = anna.wait(approve(anna, plan)).text
        assert "Nothing was delivered by it: the books have moved" in ended
        assert len(waiting.reports()) == 1


def test_two_people_have_to_approve_what_is_much(waiting: Feed) -> None:
    config = waiting.folder / "plugins.toml"
    config.write_text(config.read_text() + "\n[board]\ntwo_people_over = 5\namount_over = 100\n")
    with running_board(waiting.folder.parent) as board:
        anna, ben = board.logged_in("anna"), board.logged_in("ben")
        plan = plan_of(anna)
        amounts = {"amount-EUR": "685.00", "amount-GBP": "140"}
        assert "The amount is not" in anna.fill(plan, f"{plan}/approve", invoices="6").text
        wrong = {**amounts, "amount-EUR": "6850"}
        assert anna.fill(plan, f"{plan}/approve", invoices="6", **wrong).status == 400
        assert approve(anna, plan, **amounts) == plan
        assert "Another person has to approve it, too" in anna.get(plan).text
        assert approve_twice(anna, plan, amounts) == plan
        with board.database() as database, database.reading() as connection:
            assert connection.execute(sa.select(jobs)).all() == []
        assert "Approved by <bdi>anna</bdi>" in ben.get(plan).text
        ended = ben.wait(approve(ben, plan, **amounts)).text
        assert "Delivered." in ended
        approval = last_run(waiting)["approval"]
        assert isinstance(approval, dict)
        assert approval["by"].startswith("anna at ")
        assert " and ben at " in approval["by"]


def approve_twice(visitor: Visitor, plan: str, amounts: dict[str, str]) -> str:
    token = visitor.get("/account").token
    return visitor.post(f"{plan}/approve", {"form_token": token, "invoices": "6", **amounts}).location


def test_approved_on_the_board_and_at_a_terminal_at_once_it_is_delivered_once_and_both_are_told(waiting: Feed) -> None:
    with waiting.records() as history:
        outcome = history.outcome(waiting.where)
    assert outcome
    assert outcome.plan
    code = json.loads(zlib.decompress(outcome.plan))["approval"]
    with running_board(waiting.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        terminal = waiting.start("sync", "--approve", code)
        page = anna.wait(approve(anna, plan)).text
        exit_code, said = terminal.wait()
        delivered = [exit_code == 0, "Delivered." in page]
        assert len(waiting.reports()) == 2, (said, page)
        assert sum(delivered) == 1, (said, page)
        if delivered[0]:
            assert "the books have moved" in page
        else:
            assert exit_code in (3, 6), said


@pytest.mark.parametrize("moment", ["before it starts", "while it runs", "after it delivered"])
def test_a_board_that_is_killed_loses_no_approval_and_delivers_once(waiting: Feed, moment: str) -> None:
    folder = waiting.folder.parent
    with running_board(folder) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        if moment == "before it starts":
            # The threads that start runs wait for this lock, so the board is killed with the approval just recorded.
            job = approved_and_killed_at_once(board, anna, plan)
        else:
            job = approve(anna, plan)
            wait_for(board, job, delivered=moment == "after it delivered", feed=waiting)
            board.kill()
    if moment == "after it delivered":
        # As if it had been killed between the delivery and its own note of it.
        with board.database() as database, database.writing() as connection:
            connection.execute(sa.update(jobs).values(state="running", ended_at=None, outcome=None, run=None))
    with running_board(folder) as again:
        anna = again.logged_in("anna")
        ended = anna.wait(job)
        assert "Delivered." in ended.text
    assert len(waiting.reports()) == 2
    assert waiting.states() == ["delivered", "delivered"]
    approval = last_run(waiting)["approval"]
    assert isinstance(approval, dict)
    assert job.rpartition("/")[2] in approval["by"]


def approved_and_killed_at_once(board: Board, visitor: Visitor, plan: str) -> str:
    job = approve(visitor, plan)
    board.kill()
    identity = job.rpartition("/")[2]
    end_processes_of(board)
    with board.database() as database, database.writing() as connection:
        connection.execute(sa.update(jobs).where(jobs.c.id == identity).values(state="asked", started_at=None))
    return job


def wait_for(board: Board, job: str, *, delivered: bool, feed: Feed) -> None:
    identity, until = job.rpartition("/")[2], time.monotonic() + 60
    while True:
        with board.database() as database, database.reading() as connection:
            state = connection.execute(sa.select(jobs.c.state).where(jobs.c.id == identity)).scalar_one()
        if state == ("ended" if delivered else "running"):
            return
        assert time.monotonic() < until
        time.sleep(0.01)


def end_processes_of(board: Board) -> None:
    """Kill what the board had started: the whole machine went down."""
    mark = str(board.folder).encode()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if mark in words and b"--approved-by" in words:
                os.kill(int(entry.name), signal.SIGKILL)


def test_a_plan_whose_run_failed_can_be_approved_again(waiting: Feed) -> None:
    aside = waiting.receiver.with_name("aside")
    with running_board(waiting.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna)
        waiting.receiver.rename(aside)
        waiting.receiver.write_text("no folder")
        failed = approve(anna, plan)
        assert "It failed." in anna.wait(failed).text
        waiting.receiver.unlink()
        aside.rename(waiting.receiver)
        again = approve(anna, plan)
        assert again != failed
        assert "Delivered." in anna.wait(again).text
    assert len(waiting.reports()) == 2


def test_a_look_makes_a_plan_and_delivers_nothing(feed: Feed, board: Board) -> None:
    anna = board.logged_in("anna")
    ended = anna.wait(anna.fill("/feeds/acme", "/feeds/acme/look").location).text
    assert "Somebody has to approve." in ended
    assert "6 would be marked as paid" in anna.get("/").text
    assert len(feed.reports()) == 1


def test_an_operator_runs_a_feed_and_a_failure_is_shown_with_its_reason(feed: Feed, board: Board) -> None:
    otto = board.logged_in("otto")
    feed.folder.joinpath("erp.csv").write_text("not,an,export\n1,2,3\n")
    job = otto.fill("/feeds/acme", "/feeds/acme/run").location
    assert "erp.csv" in otto.wait(job).text
    assert "The last run failed" in otto.get("/feeds/acme").text
    feed.export(invoices(40))
    assert "Delivered." in otto.wait(otto.fill("/feeds/acme", "/feeds/acme/run").location).text


def test_a_feed_that_cannot_be_read_is_said_so_and_hides_no_other(feed: Feed, board: Board) -> None:
    anna = board.logged_in("anna")
    assert "nothing delivered yet" not in anna.get("/").text
    other = Feed(feed.folder.parent / "zebra").configure()
    other.write_text(other.read_text().replace("folder", "no-such-plugin", 1))
    until = time.monotonic() + 30
    # The folder is listed anew every five seconds.
    while "can't be read" not in (front := anna.get("/")).text.replace("&#39;", "'"):
        assert time.monotonic() < until, front.text
        time.sleep(0.2)
    assert "no-such-plugin" in anna.get("/feeds/zebra").text
    assert "acme" in front.text


def test_each_of_several_destinations_waits_by_itself_and_is_approved_by_itself(feed: Feed) -> None:
    folders = {name: feed.folder / name for name in ("one", "two")}
    for folder in folders.values():
        folder.mkdir()
    feed.destinations = {name: {"url": folder.as_uri()} for name, folder in folders.items()}
    feed.export(invoices(40))
    for name in folders:
        assert feed.sync_one(name, feed.sync_one(name).plan.approval).receipt
    feed.export(invoices(34))
    assert [codes(each) for each in feed.sync_each() if isinstance(each, Result)] == [["unexplained"]] * 2
    with running_board(feed.folder.parent) as board:
        anna = board.logged_in("anna")
        plan = plan_of(anna, "acme%3Aone")
        assert "6 invoices would be marked as paid" in anna.get(plan).text
        assert "Delivered." in anna.wait(approve(anna, plan)).text
        assert [len(held(folder)) for folder in folders.values()] == [2, 1]
        assert "Nothing waits" not in anna.get("/").text
        assert plan_of(anna, "acme%3Atwo")
        assert 'href="/feeds/acme%3Aone/plans/' not in anna.get("/").text
        # The approval of one plan is none of the other's.
        assert anna.get(plan.replace("one", "two")).status == 404
