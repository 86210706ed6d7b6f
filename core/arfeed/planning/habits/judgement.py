"""All guards over one source's missing rows: what they object to, in words, and the figures they saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import log

import numpy as np
import pandas as pd

from arfeed.model.results import Objection
from arfeed.planning.habits.case import Case
from arfeed.planning.habits.chances import Chances, weighed
from arfeed.planning.habits.memory import Habits
from arfeed.planning.habits.patterns import Pattern, strongest
from arfeed.planning.habits.plain import MONEY_PART, gone_files, large_share, older_list, rare_money, returned
from arfeed.planning.habits.surprise import Surprise, strange, strangest, surprises
from arfeed.planning.wording import counted, money, named, refs_of, worst

_NAMED = ("invoice_ref", "customer_name", "balance", "currency")

_NEW = 5
"""Reports below which a single missing invoice that was overdue is no surprise, however long it was."""

_YOUNG = 10
"""Reports up to which an objection says how little is known."""

_MONEY_ODDS = 10
"""Much money alone is no reason to ask: the odds of its rows must be below the square of this over the caution."""

_RARE = 1 / 4
"""Above this part of the mean, rows are only less often paid than others."""

_NONE = 0.05
"""Fewer customers than that are none, with one decimal."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What the guards saw on a day, for the receipt.

    How many rows of the baseline left without proof and how many were to be expected; T and E by part of the mean;
    the strongest pattern, whether or not it was strong enough.
    """

    source: str
    reports: int
    days: int
    rows: int
    unproven: int
    expected: float
    surprises: tuple[Surprise, ...]
    pattern: str | None
    pattern_score: float


def judged(habits: Habits, case: Case) -> tuple[list[Objection], Figures]:
    """Return what the guards object to, and the figures behind it."""
    chances = weighed(habits, case)
    seen = surprises(chances)
    pattern = strongest(chances)
    found = Figures(
        source=case.source,
        reports=chances.learned.reports,
        days=case.days,
        rows=len(case.before),
        unproven=int(case.unproven.sum()),
        expected=float(chances.each.sum()),
        surprises=seen,
        pattern=pattern.what if pattern else None,
        pattern_score=pattern.score if pattern else 0.0,
    )
    return [*_objections(chances, seen, pattern)], found


def objections(habits: Habits, case: Case) -> list[Objection]:
    """Return what the guards object to; nothing where no row is missing without proof and none has come back."""
    return judged(habits, case)[0]


def figures(habits: Habits, case: Case) -> Figures:
    """Return what the guards saw."""
    return judged(habits, case)[1]


def _objections(chances: Chances, seen: tuple[Surprise, ...], pattern: Pattern | None) -> Iterator[Objection]:
    if len(chances.case.before) == 0:
        return
    yield from _file_gone(chances)
    yield from _pattern(chances, pattern)
    if not _too_little_is_known(chances):
        yield from _surprise(chances, seen)
        yield from _money(chances, seen)
    yield from _share(chances)
    yield from _older(chances)
    yield from _returned(chances)


def _too_little_is_known(chances: Chances) -> bool:
    """Whether a single overdue invoice is gone from a feed so new that its own customers' ways are not known."""
    gone = np.flatnonzero(chances.case.unproven)
    return chances.learned.reports < _NEW and len(gone) == 1 and bool(chances.rows.overdue[gone[0]])


def _file_gone(chances: Chances) -> Iterator[Objection]:
    gone = [*gone_files(chances)]
    if gone:
        rows = _named(chances.case.before, np.concatenate([file.rows for file in gone]))
        unread = named(f"{file.name} ({counted(len(file.rows), 'invoice')} missing)" for file in gone if file.unread)
        empty = named(f"{file.name} ({counted(len(file.rows), 'invoice')})" for file in gone if not file.unread)
        said = [
            *([f"no longer reads {unread}, which it read last time"] * bool(unread)),
            *([f"listed open invoices of {empty} last time, and none of them now"] * bool(empty)),
        ]
        yield _objection(
            "file-gone",
            f"{chances.case.name} {'; it '.join(said)}: {worst(rows)}. "
            "Look whether the file is still exported and read; approve if all of them are settled",
            rows,
        )


def _pattern(chances: Chances, pattern: Pattern | None) -> Iterator[Objection]:
    if pattern is not None and pattern.score >= 2 * log(chances.caution):
        rows = _named(chances.case.before, pattern.rows)
        whole = f"all {len(rows):,}" if not pattern.stayed else f"{len(rows):,} of {len(rows) + pattern.stayed:,}"
        yield _objection(
            "pattern",
            f"{whole} invoices with {pattern.what} are gone from {chances.case.name}, of "
            f"{counted(pattern.customers, 'customer')}, as if a filter were set or the list cut off: {worst(rows)}. "
            f"{_look(chances)}",
            rows,
        )


def _surprise(chances: Chances, seen: tuple[Surprise, ...]) -> Iterator[Objection]:
    most = strangest(seen)
    if not strange(most, chances):
        return
    rare = chances.case.unproven & (chances.each < most.part * chances.mean)
    rows = _named(chances.case.before, np.flatnonzero(rare))
    usual = "none was" if most.expected < _NONE else f"about {most.expected:.1f} customers were"
    who = "few customers pay" if most.part > _RARE else "hardly anybody pays"
    yield _objection(
        "surprise",
        f"{counted(len(rows), 'invoice')} of {counted(most.customers, 'customer')} {_are(rows)} gone from "
        f"{chances.case.name} that {who} at such a time; {usual} to be expected: {worst(rows)}. {_look(chances)}",
        rows,
    )


def _money(chances: Chances, seen: tuple[Surprise, ...]) -> Iterator[Objection]:
    odds = next(surprise.odds for surprise in seen if surprise.part == MONEY_PART)
    found = [*rare_money(chances)] if odds < (_MONEY_ODDS / chances.caution) ** 2 else []
    if found:
        rows = _named(chances.case.before, np.concatenate([part.rows for part in found]))
        shares = ", ".join(
            f"{money(part.gone, part.currency)} of {money(part.owed, part.currency)} ({part.gone / part.owed:.0%})"
            for part in found
        )
        yield _objection(
            "missing-money",
            f"{counted(len(rows), 'invoice')} that hardly anybody pays at such a time {_are(rows)} gone from "
            f"{chances.case.name}, and with {'it' if len(rows) == 1 else 'them'} {shares} of all that was owed: "
            f"{worst(rows)}. {_look(chances)}",
            rows,
        )


def _share(chances: Chances) -> Iterator[Objection]:
    share = large_share(chances)
    if share:
        rows = _named(chances.case.before, np.flatnonzero(chances.case.unproven))
        yield _objection(
            "missing-share",
            f"{share.gone:,} of {counted(share.of, 'invoice')} ({share.gone / share.of:.0%}) are gone from "
            f"{chances.case.name}; about {share.expected:.1f} are to be expected: {worst(rows)}. {_look(chances)}",
            rows,
        )


def _older(chances: Chances) -> Iterator[Objection]:
    older = older_list(chances)
    if older:
        rows = _named(chances.case.before, older.rows)
        what = (
            f"the latest invoice that {chances.case.name} lists is of {older.latest}, and "
            f"{counted(len(rows), 'invoice')} issued after that {_are(rows)} gone"
            if older.latest
            else f"{len(rows):,} of {counted(older.new_last_time, 'invoice')} that were new in the last report are "
            f"gone from {chances.case.name}"
        )
        yield _objection(
            "older-list",
            f"{what}: {worst(rows)}. This looks like an older export, or a copy of the books that lags behind. Export "
            "it again; approve if they are settled",
            rows,
        )


def _returned(chances: Chances) -> Iterator[Objection]:
    back = returned(chances)
    if back is not None:
        rows = _named(chances.case.report, back)
        yield _objection(
            "returned",
            f"{counted(len(rows), 'invoice')} {_are(rows)} open again at {chances.case.name} that had been marked as "
            f"paid because an earlier report no longer listed them: {worst(rows)}. Either that report was incomplete "
            "or this one is old: find out which. Approve if they are really open again",
            rows,
        )


def _look(chances: Chances) -> str:
    """Say what to do next, and how much is known of this feed."""
    reports = chances.learned.reports
    young = f" I have known this feed for {counted(reports, 'report')}." if reports <= _YOUNG else ""
    return (
        "Look in the source whether they are settled; if so, approve. A write-off run and the like can be announced "
        f"with `arfeed expect`; caution in [guards] sets how often this is asked.{young}"
    )


def _named(rows: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """Return what is said of some rows, and no other column."""
    return pd.DataFrame({name: rows[name].array.take(places) for name in _NAMED})


def _are(rows: pd.DataFrame) -> str:
    return "is" if len(rows) == 1 else "are"


def _objection(code: str, message: str, rows: pd.DataFrame) -> Objection:
    return Objection(code, message, refs_of(rows))
