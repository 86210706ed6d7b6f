"""A run is killed, at any moment: what the receiver holds then, and after the next run."""

from __future__ import annotations

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.feeds.feed import HEADER, REPORTS, Feed, invoice, invoices, refs_of
from support.feeds.processes import Process
from support.files.pdfs import pdf

LEASE = 1.0

Moment = Callable[[Process], None]


@dataclass
class Killing:
    """A feed that delivers one day after the other, with every run killed once."""

    feed: Feed
    count: int
    changed: int
    day: int = 0

    def begin(self) -> None:
        self.feed.lock_seconds = LEASE
        self._new_day()
        self.feed.approved()

    def kill_once(self, moment: Moment) -> str:
        """Change PDFs, kill a run, look, and let the next run settle it; return how the killed run was recorded."""
        self._new_day()
        before, runs = self.feed.held(), len(self.feed.states())
        process = self.feed.start("sync")
        moment(process)
        process.kill()
        after = self.feed.held()
        state = (self.feed.states()[runs:] or ["nothing"])[0]
        settled = self._settled()
        self._no_partial_file(before, after, settled)
        return state

    def lasts(self) -> float:
        """Measure one run that is left alone."""
        self._new_day()
        begun = time.monotonic()
        code, said = self.feed.command("sync")
        assert code == 0, said
        return time.monotonic() - begun

    def _new_day(self) -> None:
        """Pay the oldest invoice, write a new one, and change PDFs, some without changing their size.

        What is paid is listed as paid: nothing is asked then, however many deliveries a day there are.
        """
        self.day += 1
        paid = [invoice(number, status="paid", balance="0.00") for number in range(1, self.day)]
        open_ones = [{**row, "status": "open"} for row in self._today()]
        self.feed.export([*paid, *open_ones], header=[*HEADER, "status"])
        for number in range(self.day, self.day + self.changed):
            content = pdf(f"{number} on day {self.day:04} " + "x" * (number % 7 * 20_000))
            (self.feed.folder / "pdf" / f"INV-{number:04}.pdf").write_bytes(content)

    def _today(self) -> list[dict[str, str]]:
        return invoices(self.count, first=self.day)

    def _settled(self) -> dict[str, bytes]:
        """Run sync when the dead run's lock has run out; return what the receiver holds, having looked at all of it."""
        time.sleep(LEASE + 0.1)
        code, said = self.feed.command("sync")
        assert code == 0, (self.day, said)
        held = self.feed.held()
        assert [name for name in held if ".part" in name] == [], self.day
        assert refs_of(held[self.feed.reports()[-1]]) == [row["invoice_ref"] for row in self._today()]
        for file in (self.feed.folder / "pdf").iterdir():
            assert held[file.name] == file.read_bytes(), (self.day, file.name)
        return held

    def _no_partial_file(self, before: dict[str, bytes], after: dict[str, bytes], settled: dict[str, bytes]) -> None:
        """What stands under a real name after a kill is what stood there before, or what the next run left there."""
        report = settled[self.feed.reports()[-1]]
        for name, content in after.items():
            if Path(name).name.startswith("."):
                continue
            whole = {before.get(name), report if name.startswith(REPORTS) else settled[name]}
            assert content in whole, (self.day, name, len(content))


def after(seconds: float) -> Moment:
    return lambda process: time.sleep(seconds)


def when(seen: Callable[[], bool]) -> Moment:
    """As soon as something is seen, or the run has ended."""

    def wait(process: Process) -> None:
        while not process.ended() and not seen():
            time.sleep(0.001)

    return wait


def moments(feed: Feed, lasts: float, kills: int) -> Iterator[Moment]:
    """Spread the kills over a run's time; every second one waits for a step that takes a moment only."""
    root, folder = feed.receiver, feed.receiver / REPORTS

    def state(name: str) -> Callable[[], bool]:
        return lambda: name in recorded(feed)

    def report_is_there() -> bool:
        return len(list(folder.glob("*.csv"))) > sum(found == "delivered" for found in recorded(feed))

    steps = (
        lambda: any(root.glob(".*.part")),
        lambda: any(folder.glob(".*.part")),
        state("publishing"),
        state("running"),
        report_is_there,
    )
    for number in range(kills):
        if number % 2:
            yield when(steps[number // 2 % len(steps)])
        else:
            yield after(lasts * (0.05 + number / kills))


def recorded(feed: Feed) -> list[str]:
    """Return the states of all runs, quickly."""
    with closing(sqlite3.connect(feed.folder / ".arfeed/history.db")) as database:
        return [state for (state,) in database.execute("SELECT state FROM runs")]


def killed(feed: Feed, *, count: int, changed: int, kills: int) -> Counter[str]:
    killing = Killing(feed, count, changed)
    killing.begin()
    states: Counter[str] = Counter()
    for moment in moments(feed, killing.lasts(), kills):
        states[killing.kill_once(moment)] += 1
        logging.info("killed so far, by what was recorded of them: %s", dict(states))
    return states


def test_a_run_killed_anywhere_is_settled_by_the_next(over_sftp: Feed) -> None:
    states = killed(over_sftp, count=200, changed=20, kills=6)
    assert states.total() == 6
    assert states["running"], states


@pytest.mark.soak
def test_a_hundred_runs_killed_anywhere_are_settled_by_the_next(over_sftp: Feed) -> None:
    states = killed(over_sftp, count=2000, changed=60, kills=100)
    assert states.total() == 100
    assert states["running"], states
    assert states["publishing"], states
