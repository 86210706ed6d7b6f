"""The guards on simulated business: how often they ask needlessly, and what they stop."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import pandas as pd

from arfeed.planning.habits.case import Case
from arfeed.planning.habits.judgement import judge
from arfeed.planning.habits.memory import Habits
from support.business.accidents import ACCIDENTS, HIDDEN_FROM_THE_LEDGER, Day
from support.business.books import BURN_IN, END, HOURS, Books, books
from support.business.calendar import weekday

Mode = Literal["asserted", "90 % proven", "balanced"]
Rhythm = Literal["hourly", "daily", "weekly"]

_CAUTION = {"asserted": 20, "90 % proven": 100, "balanced": 100}
_WARM = {"hourly": 160, "daily": 60, "weekly": 12}
_PAUSE = 21


@dataclass
class Outcome:
    """What one day brought: its objections, by code, and of an accident how many rows and cents it lost."""

    feed: int
    report: int
    kind: str
    codes: tuple[str, ...]
    rows: int = 0
    lost: int = 0
    money: int = 0
    eventful: bool = False


@dataclass(frozen=True)
class Feed:
    """One business, reported daily or weekly, with evidence of one degree."""

    seed: int
    size: int
    rhythm: Rhythm = "daily"
    mode: Mode = "asserted"
    accidents: float = 1
    measured: int | None = None
    due_dates: bool = True

    def outcomes(self) -> Iterator[Outcome]:
        """Yield what plain days and accidents brought, once the feed is known; accidents are not delivered."""
        rng = np.random.default_rng([self.seed, self.size, 7])
        run = books(self.seed, self.size, due_dates=self.due_dates)
        proof = rng.random(len(run.customer)) < (0.9 if self.mode == "90 % proven" else 0)
        days = self._days(rng, run)
        habits, first_in = Habits.none(), np.full(len(run.customer), "", object)
        earlier = [run.open_on(*days[0])]
        first_in[earlier[0]] = "r0"
        for report in range(1, len(days)):
            day, before, now = days[report][0], earlier[-1], run.open_on(*days[report])
            rows = _rows(run, before, first_in)
            listed = _Listed(run, before, rows, f"r{report - 1}", days[report - 1][0], day, _CAUTION[self.mode])
            if report > _WARM[self.rhythm]:
                yield from self._plain(listed, habits, now, proof, report)
                context = Day(run, rng, day, before, now, earlier)
                tried = int(self.accidents + rng.random()) if len(now) else 0
                for kind in rng.choice([*ACCIDENTS], tried):
                    yield from self._accident(listed, habits, context, proof, str(kind), report)
            case = listed.case(now, proof)
            habits = habits.learn(case, case.missing if self.mode == "balanced" else case.unproven)
            first_in[np.setdiff1d(now, before)] = f"r{report}"
            earlier = [*earlier[-25:], now]

    def _days(self, rng: np.random.Generator, run: Books) -> list[tuple[int, int]]:
        """Return the day and hour of every report."""
        every = np.arange(run.start + BURN_IN, run.start + END - 1)
        paused = int(rng.integers(60, len(every) - _PAUSE))
        if rng.random() < 0.3:
            every = np.delete(every, slice(paused, paused + _PAUSE))
        weekly = weekday(every) == rng.integers(0, 5)
        wanted = weekly if self.rhythm == "weekly" else weekday(every) < 5
        hours = range(HOURS) if self.rhythm == "hourly" else [HOURS - 1]
        days = [(int(day), hour) for day in every[wanted] for hour in hours]
        return days if self.measured is None else days[: _WARM[self.rhythm] + 1 + self.measured]

    def _plain(
        self, listed: _Listed, habits: Habits, now: np.ndarray, proof: np.ndarray, report: int
    ) -> Iterator[Outcome]:
        """Yield the true report, and of a day with a write-off and the like also the one that was told in advance."""
        case = listed.case(now, proof)
        planned = listed.books.event[listed.before] & case.missing
        eventful = bool(planned.any())
        yield self._outcome("plain", habits, case, report, eventful=eventful)
        if eventful:
            yield self._outcome("told", habits, replace(case, unproven=case.unproven & ~planned), report)

    def _outcome(self, kind: str, habits: Habits, case: Case, report: int, *, eventful: bool = False) -> Outcome:
        found = judge(habits.of(case.source), case)[0]
        codes = tuple(objection.code for objection in found)
        if case.missing.any() and not len(case.report):
            codes = ("empty-report",)
        return Outcome(self.seed, report, kind, codes, len(case.before), eventful=eventful)

    def _accident(
        self, listed: _Listed, habits: Habits, day: Day, proof: np.ndarray, kind: str, report: int
    ) -> Iterator[Outcome]:
        wrong = ACCIDENTS[kind](day)
        lost = np.setdiff1d(np.intersect1d(day.before, day.now), wrong)
        if not len(lost):
            return
        money = np.abs(day.books.amount[lost])
        if self.mode == "balanced" and kind not in HIDDEN_FROM_THE_LEDGER and day.books.amount[lost].sum():
            codes: tuple[str, ...] = ("ledger-moved",)
        elif not len(wrong):
            codes = ("empty-report",)
        else:
            closed = np.zeros(len(proof), bool)
            closed[day.now] = True
            case = listed.case(wrong, proof & ~closed)
            codes = tuple(o.code for o in judge(habits.of(case.source), case)[0])
        yield Outcome(self.seed, report, kind, codes, len(day.before), len(lost), int(money.sum()))


@dataclass(frozen=True)
class _Listed:
    """What a case has in common whatever the new report lists."""

    books: Books
    before: np.ndarray
    rows: pd.DataFrame
    last_run: str
    since: int
    on: int
    caution: int

    def case(self, now: np.ndarray, proof: np.ndarray) -> Case:
        missing = ~np.isin(self.before, now)
        report = self.books.table.take(now)
        change = np.where(np.isin(now, self.before), "unchanged", "new")
        return Case(
            source="erp",
            before=self.rows,
            missing=missing,
            unproven=missing & ~proof[self.before],
            report=report.assign(change=pd.Series(change, dtype="str", index=report.index)),
            on=date.fromordinal(date(1970, 1, 1).toordinal() + self.on),
            since=date.fromordinal(date(1970, 1, 1).toordinal() + self.since),
            last_run=self.last_run,
            caution=self.caution,
        )


def _rows(run: Books, before: np.ndarray, first_in: np.ndarray) -> pd.DataFrame:
    rows = run.table.take(before)
    return rows.assign(
        arfeed_place=pd.Series(np.arange(len(rows)), dtype="int64[pyarrow]", index=rows.index),
        arfeed_first_in=pd.Series(first_in[before], dtype="str", index=rows.index),
    )
