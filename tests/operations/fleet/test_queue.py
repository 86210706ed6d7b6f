"""The queue: what is due gets into it once, what was lost gets out of it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from procrastinate import App

from arfeed.operations.fleet.queue import Wish, make_app, order_run, put, put_due, sweep
from arfeed.operations.fleet.store import Ended, Fleet
from support.databases.servers import run_statements
from support.feeds.feed import invoices
from support.feeds.fleets import SmallFleet

NOW = datetime(2026, 3, 27, 12, tzinfo=UTC)


@pytest.fixture
def fleet(tmp_path: Path, postgresql: str) -> SmallFleet:
    made = SmallFleet(tmp_path, postgresql)
    for name in ("a", "b", "c"):
        made.add(name, invoices(2), cron="0 * * * *")
    made.register(NOW)
    return made


def do(fleet: SmallFleet, work: Callable[[App, Fleet], Awaitable[object]]) -> None:
    async def doing() -> None:
        with Fleet(fleet.url) as database:
            async with make_app(fleet.url).open_async() as app:
                await work(app, database)

    asyncio.run(doing())


def tick(fleet: SmallFleet, at: datetime) -> None:
    do(fleet, lambda app, database: put_due(app, database, lambda: at))


def test_a_tick_puts_in_what_is_due_and_nothing_twice(fleet: SmallFleet) -> None:
    tick(fleet, NOW + timedelta(minutes=30))
    assert fleet.jobs() == []
    for _ in range(2):
        tick(fleet, NOW + timedelta(minutes=61))
    assert fleet.jobs() == [("a", "todo"), ("b", "todo"), ("c", "todo")]


def test_a_feed_that_waits_already_keeps_no_other_out(fleet: SmallFleet) -> None:
    tick(fleet, NOW + timedelta(minutes=61))
    run_statements(fleet.url, "DELETE FROM procrastinate_jobs WHERE args->>'feed' <> 'b'")
    tick(fleet, NOW + timedelta(minutes=121))
    assert sorted(fleet.jobs()) == [("a", "todo"), ("b", "todo"), ("c", "todo")]


def test_moments_that_were_missed_are_one_run(fleet: SmallFleet) -> None:
    tick(fleet, NOW + timedelta(days=3))
    assert len(fleet.jobs()) == 3
    assert {entry.next_due for entry in fleet.entries().values()} == {NOW + timedelta(days=3, hours=1)}


def test_a_paused_feed_is_not_due_and_later_is_again(fleet: SmallFleet) -> None:
    with Fleet(fleet.url) as database:
        assert database.pause(["a"], paused=True) == 1
        tick(fleet, NOW + timedelta(hours=1))
        assert [feed for feed, _ in fleet.jobs()] == ["b", "c"]
        database.pause(None, paused=False)
    tick(fleet, NOW + timedelta(hours=1))
    assert [feed for feed, _ in fleet.jobs()] == ["b", "c", "a"]


def test_what_a_person_asks_for_waits_behind_no_new_try(fleet: SmallFleet) -> None:
    entry = fleet.entries()["a"]
    do(fleet, lambda app, _: put(app, entry, Wish("a", NOW.isoformat()), 900))
    assert order_run(fleet.url, entry, Wish("a"))
    assert not order_run(fleet.url, entry, Wish("a"))
    assert order_run(fleet.url, entry, Wish("a", approve="1-abc", approver="ada"))
    assert fleet.jobs() == [("a", "todo")] * 3


def stall(fleet: SmallFleet) -> None:
    """Have a worker take the oldest job of the feed a, and fall silent."""

    async def take(app: App, _: Fleet) -> None:
        worker = await app.job_manager.register_worker()
        assert await app.job_manager.fetch_job(queues=None, worker_id=worker)

    do(fleet, take)
    run_statements(fleet.url, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 hour'")


def test_the_job_of_a_worker_that_fell_silent_is_swept(fleet: SmallFleet) -> None:
    entry = fleet.entries()["a"]
    do(fleet, lambda app, _: put(app, entry, Wish("a", NOW.isoformat())))
    stall(fleet)
    assert fleet.jobs() == [("a", "doing")]
    do(fleet, lambda app, _: sweep(app.job_manager, 30))
    assert fleet.jobs() == [("a", "todo")]


def test_such_a_job_is_dropped_if_another_of_its_feed_waits_already(fleet: SmallFleet) -> None:
    entry = fleet.entries()["a"]
    do(fleet, lambda app, _: put(app, entry, Wish("a", NOW.isoformat())))
    stall(fleet)
    do(fleet, lambda app, _: put(app, entry, Wish("a", NOW.isoformat())))
    assert fleet.jobs() == [("a", "doing"), ("a", "todo")]
    do(fleet, lambda app, _: sweep(app.job_manager, 30))
    assert fleet.jobs() == [("a", "todo")]


def test_a_job_of_a_living_worker_is_not_swept(fleet: SmallFleet) -> None:
    entry = fleet.entries()["a"]
    do(fleet, lambda app, _: put(app, entry, Wish("a", NOW.isoformat())))
    stall(fleet)
    run_statements(fleet.url, "UPDATE procrastinate_workers SET last_heartbeat = now()")
    do(fleet, lambda app, _: sweep(app.job_manager, 30))
    assert fleet.jobs() == [("a", "doing")]


def test_outcomes_in_a_row_are_counted_until_another_comes(fleet: SmallFleet) -> None:
    with Fleet(fleet.url) as database:
        for _ in range(3):
            database.end("a", Ended(6, "locked by another run"), None, NOW)
        assert fleet.entries()["a"].in_a_row == 3
        database.end("a", Ended(0, "delivered"), NOW, NOW)
    entry = fleet.entries()["a"]
    assert (entry.in_a_row, entry.delivered_at, entry.done_due) == (1, NOW, NOW)
