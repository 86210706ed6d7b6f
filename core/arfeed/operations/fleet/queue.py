"""The queue: Procrastinate's jobs, the one tick that decides what is due, and what follows each exit code."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from arfeed.model.errors import ConfigError
from arfeed.operations.fleet.store import Entry, Fleet
from arfeed.runs.context import Clock, utc_now

if TYPE_CHECKING:
    from procrastinate import App
    from procrastinate.jobs import JobDeferrer
    from procrastinate.manager import JobManager

RUN, TICK = "arfeed.run", "arfeed.tick"
QUEUE = "arfeed"
_AT_ONCE = 10
"""Priority of what a person asked for; what is due has 0."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often a worker looks and how long it waits, in seconds.

    `tick` is a line of cron for the tick. A worker without a heartbeat for `stalled` seconds is taken for dead. `again`
    are the waits before new tries after exit code 5; after 6 the lock's time is waited for.
    """

    tick: str = "* * * * *"
    heartbeat: float = 10
    stalled: float = 30
    poll: float = 5
    again: tuple[float, ...] = (60, 300, 900)
    clock: Clock = utc_now


def plain_url(url: str) -> str:
    """Return a URL as PostgreSQL's own library takes it."""
    return sa.make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def make_app(url: str, connections: int = 1) -> App:
    """Return the application without tasks, to defer jobs by their names; it opens that many connections at most."""
    from procrastinate import App, PsycopgConnector

    # Its messages are for whoever debugs the queue; a worker prints in its own words.
    logging.getLogger("procrastinate").addHandler(logging.NullHandler())
    logging.getLogger("procrastinate").propagate = False
    return App(connector=PsycopgConnector(conninfo=plain_url(url), min_size=1, max_size=connections))


def create_queue(url: str) -> bool:
    """Create the queue's tables; return False if they are there already."""
    with make_app(url).open() as app:
        if app.check_connection():
            return False
        app.schema_manager.apply_schema()
        return True


def insist_on_queue(app: App) -> None:
    """Raise `ConfigError` if the queue's tables are not there."""
    if not app.check_connection():
        raise ConfigError("--database: the queue is not there yet: arfeed fleet init")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a job asks for: to run a feed, for a moment at which it is due, or since a person asked for it.

    `approve` is an approval, and `approver` who gave it; `tries` were made before, of those that `Pace.again` allows.
    `destination` is the one that is meant, of a feed with several.
    """

    feed: str
    due: str | None = None
    approve: str | None = None
    approver: str | None = None
    tries: int = 0
    destination: str | None = None

    @property
    def due_at(self) -> datetime | None:
        """The moment for which it is."""
        return datetime.fromisoformat(self.due) if self.due else None

    @property
    def queueing_lock(self) -> str:
        """The same for wishes of which one in the queue is enough."""
        # Whatever waits already, perhaps for a new try in a while: a person asked for now, or for just this plan.
        return self.feed if self.due else f"asked for {self.feed} {self.approve or self.destination or ''}"


def order_run(url: str, entry: Entry, wish: Wish) -> bool:
    """Put a feed into the queue, before all that is due; return False if it was asked for already."""
    from procrastinate.exceptions import AlreadyEnqueued

    with make_app(url).open() as app:
        insist_on_queue(app)
        try:
            _deferrer(app, entry, wish, priority=_AT_ONCE).defer(**asdict(wish))
        except AlreadyEnqueued:
            return False
        return True


async def put(app: App, entry: Entry, wish: Wish, seconds: float = 0) -> None:
    """Put a feed into the queue, to be run after some seconds.

    Jobs are put one by one, as a batch with a feed that waits already would be rolled back whole. For a new try it is a
    job of its own too, and not the queue's retry: that fails where another job of the feed waits by now, and the job
    would stay under way, with its lock, as long as this worker lives.
    """
    from procrastinate.exceptions import AlreadyEnqueued

    with suppress(AlreadyEnqueued):  # that one will do: runs that were missed are one
        await _deferrer(app, entry, wish, schedule_in={"seconds": int(seconds)}).defer_async(**asdict(wish))


def _deferrer(app: App, entry: Entry, wish: Wish, **options: Any) -> JobDeferrer:
    return app.configure_task(RUN, queue=QUEUE, lock=entry.destination, queueing_lock=wish.queueing_lock, **options)


def add_tasks(app: App, fleet: Fleet, pace: Pace, run: Callable[[int, Wish], Awaitable[None]]) -> None:
    """Teach an application the two tasks; `run` is given a job's number and its wish."""
    from procrastinate import JobContext

    async def tick(timestamp: int) -> None:
        del timestamp
        await sweep(app.job_manager, pace.stalled)
        await put_due(app, fleet, pace.clock)

    async def run_feed(context: JobContext, /, **wish: Any) -> None:
        await run(context.job.id or 0, Wish(**wish))

    # One worker's tick is enough, and ticks that were missed are one.
    task = app.task(name=TICK, queue=QUEUE, queueing_lock=TICK, lock=TICK, priority=2 * _AT_ONCE)(tick)
    app.periodic(cron=pace.tick)(task)
    app.task(name=RUN, queue=QUEUE, pass_context=True)(run_feed)


async def put_due(app: App, fleet: Fleet, clock: Clock) -> None:
    """Put what is due into the queue."""
    now = clock()
    for entry in await asyncio.to_thread(fleet.due, now):
        if entry.timetable is None or entry.next_due is None:
            continue
        await put(app, entry, Wish(entry.name, entry.next_due.isoformat()))
        # Afterwards: a tick that is killed in between puts it in again, and a moment that was run for is not again.
        await asyncio.to_thread(fleet.next_at, entry.name, entry.timetable.next(now))


async def sweep(manager: JobManager, stalled: float) -> None:
    """Put jobs of workers that are gone back into the queue: they would stay under way for ever, with their locks."""
    from procrastinate.exceptions import ConnectorException, UniqueViolation
    from procrastinate.jobs import Status

    await manager.prune_stalled_workers(stalled)
    for job in await manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
        try:
            await manager.retry_job(job)
        except UniqueViolation:
            # Another job of this feed waits already, and will do.
            with suppress(ConnectorException):  # it has ended meanwhile
                await manager.finish_job(job, Status.FAILED, delete_job=True)
        except ConnectorException:
            # It has ended meanwhile; or the database did not answer, and the next sweep finds the job again.
            continue
