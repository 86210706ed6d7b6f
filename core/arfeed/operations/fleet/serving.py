"""The process of a worker that talks to the queue. It runs nothing itself, so it may have threads and connections."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.operations.fleet.messages import BEAT, STOP, Order, Report
from arfeed.operations.fleet.origin import Copies
from arfeed.operations.fleet.queue import QUEUE, Pace, Wish, add_tasks, make_app, put, sweep
from arfeed.operations.fleet.store import Ended, Entry, Fleet

if TYPE_CHECKING:
    from procrastinate import App

    from arfeed.operations.fleet.metrics import Metrics

_FAILED_AT_RECEIVER, _LOCKED = 5, 6


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker finds what it needs: the database, the feeds' folder here if it is another one, a cache.

    `metrics` is the address and port for Prometheus.
    """

    url: str
    folder: Path | None
    cache: Path
    name: str
    metrics: tuple[str, int] | None = None


@dataclass
class _Desk:
    """Hands orders to the process that runs feeds, and its reports to the jobs that wait for them."""

    pipe: Connection
    stalled: float
    waiting: dict[int, asyncio.Future[Report]] = field(default_factory=dict)
    heard_at: float = field(default_factory=monotonic)
    looked_at: float = field(default_factory=monotonic)

    async def run(self, order: Order) -> Report:
        report: asyncio.Future[Report] = asyncio.get_running_loop().create_future()
        self.waiting[order.number] = report
        self.pipe.send(order)
        try:
            return await report
        finally:
            del self.waiting[order.number]

    def take(self) -> bool:
        """Read what there is; return whether it says to stop."""
        self.insist_on_being_awake()
        stop = False
        try:
            while self.pipe.poll():
                message = self.pipe.recv()
                self.heard_at = monotonic()
                if message == STOP:
                    stop = True
                elif message != BEAT and message.number in self.waiting:
                    self.waiting[message.number].set_result(message)
        except (EOFError, OSError):
            _leave("the process that runs feeds has ended")
        return stop

    def insist_on_being_awake(self) -> None:
        """End at once after a pause: the jobs held here were taken for a dead worker's, and others run them now.

        To report on them would end another's run and free its lock.
        """
        now = monotonic()
        if now - self.looked_at > self.stalled * 0.7:
            _leave(f"this worker was stopped for {now - self.looked_at:.0f} seconds")
        if now - self.heard_at > self.stalled * 0.7:
            _leave("the process that runs feeds was stopped")
        self.looked_at = now


def _leave(why: str) -> None:
    print(f"arfeed: {why}: it ends itself, and its supervisor starts another", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


def _leave_for(error: BaseException) -> None:
    _leave(f"the database can't be used: {type(error).__name__}: {error}")


def serve(pipe: Connection, place: Place, pace: Pace, at_once: int) -> None:
    """Work off the queue until told to stop; this is the whole life of the process."""
    code = 1
    try:
        asyncio.run(_serve(pipe, place, pace, at_once))
        code = 0
    except ArfeedError as exc:
        print(f"arfeed: {exc}", file=sys.stderr, flush=True)  # noqa: T201
    except Exception as exc:  # noqa: BLE001 - the database is gone: the supervisor starts another worker
        print(f"arfeed: the queue can't be used: {type(exc).__name__}: {exc}", file=sys.stderr, flush=True)  # noqa: T201
    # At once: threads that wait for a database that is gone are not waited for.
    os._exit(code)


async def _serve(pipe: Connection, place: Place, pace: Pace, at_once: int) -> None:
    with Fleet(place.url) as fleet:
        metrics = _metrics(place, fleet)
        desk = _Desk(pipe, pace.stalled)
        # One listens, and heartbeat, sweep and tick need theirs beside the jobs.
        app = make_app(place.url, at_once + 4)
        copies = Copies(place.folder, place.cache, lambda: fleet.origin().place)
        runner = _Runner(app, fleet, desk, copies, place, pace, metrics)
        add_tasks(app, fleet, pace, runner.run)
        async with app.open_async():
            await _work(app, desk, pace, at_once)


async def _work(app: App, desk: _Desk, pace: Pace, at_once: int) -> None:
    loop = asyncio.get_running_loop()
    worker = asyncio.create_task(
        app.run_worker_async(
            queues=[QUEUE],
            concurrency=at_once,
            fetch_job_polling_interval=pace.poll,
            update_heartbeat_interval=pace.heartbeat,
            stalled_worker_timeout=pace.stalled,
            # How each feed ended is kept with the feed, and jobs would only add up.
            delete_jobs="always",
            # The process that runs feeds decides when to stop.
            install_signal_handlers=False,
        )
    )

    def take() -> None:
        if desk.take():
            worker.cancel()

    loop.add_reader(desk.pipe.fileno(), take)
    beside = [asyncio.create_task(_watch(desk)), asyncio.create_task(_sweep(app, pace))]
    try:
        # A tick or a sweep that fails ends the worker, as the queue's own tasks do.
        await asyncio.wait([worker, *beside], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in beside:
            if task.done() and (failed := task.exception()):
                # Without ending the jobs in order, which would take them out of the queue.
                _leave_for(failed)
            task.cancel()
    try:
        await worker
    except asyncio.CancelledError:
        return
    raise ConnectionError("the queue's connection broke off")


async def _watch(desk: _Desk) -> None:
    while True:
        await asyncio.sleep(1)
        desk.insist_on_being_awake()


async def _sweep(app: App, pace: Pace) -> None:
    while True:
        await asyncio.sleep(pace.stalled)
        await sweep(app.job_manager, pace.stalled)


def _metrics(place: Place, fleet: Fleet) -> Metrics:
    from arfeed.operations.fleet.metrics import Metrics

    metrics = Metrics(fleet)
    if place.metrics:
        metrics.serve(*place.metrics)
    return metrics


@dataclass(frozen=True, slots=True)
class _Runner:
    """Runs the feed of a job, and decides by its exit code what becomes of the job."""

    app: App
    fleet: Fleet
    desk: _Desk
    copies: Copies
    place: Place
    pace: Pace
    metrics: Metrics

    async def run(self, number: int, wish: Wish) -> None:
        """Run a feed, and put it into the queue again if another run may end better without anybody's help."""
        try:
            await self._run(number, wish)
        except Exception as exc:  # noqa: BLE001 - as when the database restarts while a run is recorded
            # At once: the queue would take a job that fails for done, and the feed would not be run until it is due
            # again. So it stays under way, and is swept back into the queue as that of any worker that is gone.
            _leave_for(exc)

    async def _run(self, number: int, wish: Wish) -> None:
        entry = await asyncio.to_thread(self._begin, wish)
        if entry is None:
            return
        try:
            config = await asyncio.to_thread(self.copies.find, entry.place, entry.digest)
        except ConfigError as exc:
            report = Report(number, Ended(exc.exit_code, "wrong configuration", str(exc)))
        else:
            report = await self.desk.run(
                Order(number, entry.name, config, wish.approve, wish.approver, wish.destination)
            )
        print_ending(entry.name, report.ended)
        if not report.stopped:
            await asyncio.to_thread(self._end, entry, report, wish)
        self.desk.insist_on_being_awake()
        if (wait := _wait(report, wish, self.pace)) is not None:
            tries = wish.tries + (report.ended.exit_code != _LOCKED and not report.stopped)
            await put(self.app, entry, replace(wish, tries=tries), wait)

    def _begin(self, wish: Wish) -> Entry | None:
        """Record that a run begins; return None if there is nothing to run, or it was run for that moment already."""
        found = self.fleet.entries([wish.feed])
        if not found or found[0].mistake:
            return None
        done = found[0].done_due
        if wish.due_at and done and done >= wish.due_at:
            return None
        self.fleet.begin(wish.feed, self.place.name, self.pace.clock())
        return found[0]

    def _end(self, entry: Entry, report: Report, wish: Wish) -> None:
        self.metrics.count(report)
        settled = None if _may_pass(report) else wish.due_at
        self.fleet.end(entry.name, report.ended, settled, self.pace.clock())


def _may_pass(report: Report) -> bool:
    return report.killed or report.ended.exit_code in (_FAILED_AT_RECEIVER, _LOCKED)


def _wait(report: Report, wish: Wish, pace: Pace) -> float | None:
    """Return after how many seconds a run is tried again; None if that would not help, or has not."""
    if report.stopped:
        return 0  # by another worker
    if report.ended.exit_code == _LOCKED:
        # Sooner it would meet the lock that a killed run has left.
        return report.lock_seconds
    return pace.again[wish.tries] if _may_pass(report) and wish.tries < len(pace.again) else None


def print_ending(feed: str, ended: Ended) -> None:
    """Print how a run ended, a line each."""
    more = f": {ended.message}" if ended.message else ""
    print(f"{feed}: {ended.outcome}, {ended.seconds:.1f} s{more}", file=sys.stderr, flush=True)  # noqa: T201
