"""A fleet whose workers are killed, stopped and continued: whatever the queue believes, the books are right."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from arfeed.history.store import History
from arfeed.operations.fleet.store import Fleet
from arfeed.plugins.config import read_project
from arfeed.runs.addresses import address_of
from support.databases.postgresql_server import running_postgresql
from support.feeds.feed import invoices
from support.feeds.fleets import SmallFleet

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="workers fork feeds, on Linux only"),
    pytest.mark.timeout(600),
]


@dataclass
class Workers:
    """Workers with a supervisor: one that has ended is started again."""

    fleet: SmallFleet
    speed: float
    stalled: float
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    began: float = field(default_factory=time.time)
    started: int = 0

    def supervise(self, *names: str) -> None:
        for name in names:
            if name not in self.running or self.running[name].poll() is not None:
                self.started += 1
                self.running[name] = self.fleet.worker(name, self.began, speed=self.speed, stalled=self.stalled)

    def send(self, name: str, number: int, *, group: bool) -> None:
        process = self.running[name]
        if process.poll() is None:
            (os.killpg if group else os.kill)(process.pid, number)

    def end(self, number: int) -> None:
        for name in self.running:
            self.send(name, signal.SIGCONT, group=True)
            self.send(name, number, group=True)


@contextmanager
def working(fleet: SmallFleet, speed: float, stalled: float) -> Iterator[Workers]:
    workers = Workers(fleet, speed, stalled)
    try:
        yield workers
    finally:
        workers.end(signal.SIGKILL)
        for process in workers.running.values():
            process.wait()


def harm(workers: Workers, names: list[str], chance: random.Random) -> None:
    """Kill a worker, or stop it for longer than it may be silent; sometimes only the process that runs feeds."""
    name, group = chance.choice(names), chance.random() < 0.7
    if chance.random() < 0.5:
        workers.send(name, signal.SIGKILL, group=group)
    else:
        workers.send(name, signal.SIGSTOP, group=group)
        time.sleep(workers.stalled * chance.choice([0.3, 1.5]))
        workers.send(name, signal.SIGCONT, group=True)


def until(done: Callable[[], bool], seconds: float, meanwhile: Callable[[], None]) -> None:
    give_up = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < give_up, "it does not come to rest"
        meanwhile()
        time.sleep(0.2)


def nothing_more() -> None:
    """Do no other harm."""


@dataclass(frozen=True)
class Trouble:
    """How long a fleet lives in trouble, how fast its clock runs, and seconds from one harm to the next.

    A worker that is silent for `stalled` seconds is taken for dead, `halfway` is done in the middle, and `patience` is
    how many seconds it may take to settle everything.
    """

    seconds: float
    speed: float
    stalled: float
    pause: tuple[float, float] = (0.3, 1.5)
    patience: float = 240
    halfway: Callable[[], None] = nothing_more


def live_through(fleet: SmallFleet, trouble: Trouble, seed: int = 20) -> int:
    """Have three workers live through trouble, then settle everything in peace; return how many were started."""
    names, chance = ["one", "two", "three"], random.Random(seed)
    with working(fleet, trouble.speed, trouble.stalled) as workers:
        workers.supervise(*names)
        until(lambda: bool(fleet.jobs()), 60, lambda: None)
        halfway = time.monotonic() + trouble.seconds / 2
        for end in (halfway, halfway + trouble.seconds / 2):
            while time.monotonic() < end:
                time.sleep(chance.uniform(*trouble.pause))
                harm(workers, names, chance)
                workers.supervise(*names)
            if end == halfway:
                trouble.halfway()
        with Fleet(fleet.url) as database:
            database.pause(None, paused=True)
        until(lambda: not fleet.jobs(), trouble.patience, lambda: workers.supervise(*names))
        workers.end(signal.SIGTERM)
        assert [process.wait(60) for process in workers.running.values()] == [0, 0, 0]
        return workers.started


def said(fleet: SmallFleet) -> str:
    return "\n".join(file.read_text(errors="replace") for file in fleet.folder.parent.glob("*.txt"))


def delivered_reports(fleet: SmallFleet, name: str) -> list[str]:
    """The reports that the history says were delivered."""
    project = read_project(fleet.folder / name / "plugins.toml")
    with History(fleet.url) as history:
        return sorted(run.report_name for run in history.deliveries(address_of(project), 10_000))


def check_books(fleet: SmallFleet, name: str, closed: set[str]) -> None:
    """Compare what a receiver was sent with the history: each plan once, and only what somebody approved is closed."""
    assert [report.name for report in fleet.reports(name)] == delivered_reports(fleet, name), name
    assert fleet.books(name).paid_by_absence.keys() == closed, name


def test_workers_are_killed_and_stopped_and_every_due_feed_is_delivered_or_waits_for_a_person(
    tmp_path: Path, postgresql: str
) -> None:
    fleet = SmallFleet(tmp_path, postgresql)
    names = [f"feed-{number:02}" for number in range(60)]
    refused, broken, closing = names[:6], names[6:10], names[10:20]
    for name in names:
        fleet.add(name, invoices(5), more="absent_means_paid = true" if name in closing else "")
    fleet.deliver(names)
    for name in (*refused, *closing):
        fleet.export(name, invoices(4))
    for name in broken:
        fleet.folder.joinpath(name, "erp.csv").write_text("nothing")
    fleet.register()
    # Each minute takes two seconds, so that all are due several times.
    started = live_through(fleet, Trouble(15, speed=30, stalled=2))
    assert started > 3, "no worker came to harm"
    codes = {name: entry.exit_code for name, entry in fleet.entries().items()}
    wanted = {**dict.fromkeys(names, 0), **dict.fromkeys(refused, 3), **dict.fromkeys(broken, 4)}
    assert codes == wanted, said(fleet)
    for name in names:
        check_books(fleet, name, {"INV-0005"} if name in closing else set())
        assert (len(fleet.reports(name)) > 1) == (wanted[name] == 0), name


HOUR = 3600
SPEED = 3
"""So that an hour takes twenty minutes, in which two processors can run 2,000 feeds."""


@pytest.mark.soak
@pytest.mark.timeout(3 * HOUR)
def test_two_thousand_feeds_live_through_an_hour_of_trouble_and_a_restart_of_the_database(tmp_path: Path) -> None:
    trouble = Trouble(HOUR / SPEED, speed=SPEED, stalled=10, pause=(5, 30), patience=HOUR)
    live_through_an_hour(tmp_path, 2_000, trouble)


def live_through_an_hour(folder: Path, count: int, trouble: Trouble) -> None:
    """Have feeds that are due once each live through an hour; most have never delivered, so a person is asked."""
    with running_postgresql() as server:
        fleet = SmallFleet(folder, server.url)
        names = [f"feed-{number:04}" for number in range(count)]
        known, new = names[: count // 5], names[count // 5 :]
        refused, broken, closing = known[::10], known[1::30], known[2::5]
        for name in names:
            more = "absent_means_paid = true" if name in closing else ""
            fleet.add(name, invoices(5), cron="0 * * * *", spread='"59 min"', more=more)
        fleet.deliver(known)
        for name in (*refused, *closing):
            fleet.export(name, invoices(4))
        for name in broken:
            fleet.folder.joinpath(name, "erp.csv").write_text("nothing")
        fleet.register()
        began = time.monotonic()
        started = live_through(fleet, replace(trouble, halfway=server.restart))
        runs = sum(line.startswith("feed-") for line in said(fleet).splitlines())
        print(f"{count} feeds: {time.monotonic() - began:.0f} s, {runs} runs ended, {started} workers were started")  # noqa: T201 - for docs/fleet.md
        wanted = {**dict.fromkeys(known, 0), **dict.fromkeys((*new, *refused), 3), **dict.fromkeys(broken, 4)}
        codes = {name: entry.exit_code for name, entry in fleet.entries().items()}
        assert codes == wanted, said(fleet)[-20_000:]
        for name in known:
            check_books(fleet, name, {"INV-0005"} if name in closing else set())
            assert (len(fleet.reports(name)) > 1) == (wanted[name] == 0), name
        # Nobody has approved the first report of a new feed.
        assert [name for name in new if fleet.reports(name)] == []
