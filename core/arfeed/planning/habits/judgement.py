"""All guards over one source's missing rows: what they object to, in words, and the figures they saw."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from arfeed import schema
from arfeed.interfaces import Objection
from arfeed.planning.habits.case import Case
from arfeed.planning.habits.chances import Chances, weighed
from arfeed.planning.habits.memory import Habits
from arfeed.planning.habits.patterns import Pattern, strongest
from arfeed.planning.habits.plain import gone_files, large_share, older_list, rare_money, returned
from arfeed.planning.habits.surprise import Surprise, surprises
from arfeed.planning.wording import counted, money, named, worst

_YOUNG = 10
"""Reports up to which an objection says how little is known."""

_EXAMPLES = 50


@dataclass(frozen=True, slots=True)
class Figures:
    """What the guards saw on a day, for the receipt: how many rows left, and T and E by part of the mean."""

    source: str
    reports: int
    days: int
    rows: int
    unproven: int
    expected: float
    surprises: tuple[Surprise, ...]
    pattern: Pattern | None


def judged(habits: Habits, case: Case) -> tuple[list[Objection], Figures]:
    """Return what the guards object to, and the figures behind it."""
    chances = weighed(habits, case)
    seen = tuple(surprises(chances))
    pattern = strongest(chances)
    found = Figures(
        source=case.source,
        reports=chances.learned.reports,
        days=case.days,
        rows=len(case.before),
        unproven=int(case.unproven.sum()),
        expected=float(chances.each.sum()),
        surprises=seen,
        pattern=pattern,
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
    yield from _surprise(chances, seen)
    yield from _money(chances)
    yield from _share(chances)
    yield from _older(chances)
    yield from _returned(chances)


def _file_gone(chances: Chances) -> Iterator[Objection]:
    gone = [*gone_files(chances)]
    if gone:
        rows = chances.case.before.iloc[np.concatenate([file.rows for file in gone])]
        files = named(f"{file.name} ({counted(len(file.rows), 'invoice')})" for file in gone)
        yield _objection(
            "file-gone",
            f"{chances.case.source} listed invoices of {files} last time, and nothing of it now: {worst(rows)}. Look "
            "whether the file is still exported and found; approve if all of it is settled",
            rows,
        )


def _pattern(chances: Chances, pattern: Pattern | None) -> Iterator[Objection]:
    if pattern is not None and pattern.score >= np.log(20 * chances.case.caution):
        rows = chances.case.before[chances.case.unproven]
        whole = "All" if not pattern.stayed else f"All but {pattern.stayed:,} of"
        yield _objection(
            "pattern",
            f"{whole} {counted(pattern.missing + pattern.stayed, 'invoice')} with {pattern.what} are gone from "
            f"{chances.case.source}, of {counted(pattern.customers, 'customer')}, as a filter or a cut export would "
            f"have it. Largest of all {len(rows):,} missing: {worst(rows)}. {_look(chances)}",
            rows,
        )


def _surprise(chances: Chances, seen: tuple[Surprise, ...]) -> Iterator[Objection]:
    strangest = min(seen, key=lambda surprise: surprise.odds)
    if strangest.odds >= 1 / chances.case.caution:
        return
    rare = chances.case.unproven & (chances.each < strangest.part * chances.mean)
    rows = chances.case.before[rare]
    usual = "none" if strangest.expected < 0.05 else f"{strangest.expected:.1f}"
    yield _objection(
        "surprise",
        f"invoices of {counted(strangest.customers, 'customer')} are gone from {chances.case.source} that hardly "
        f"anybody pays at such a time; {usual} {'was' if usual == '1.0' else 'were'} to be expected: "
        f"{counted(len(rows), 'invoice')}, {worst(rows)}. {_look(chances)}",
        rows,
    )


def _money(chances: Chances) -> Iterator[Objection]:
    found = [*rare_money(chances)]
    if found:
        rows = chances.case.before.iloc[np.concatenate([part.rows for part in found])]
        shares = ", ".join(
            f"{money(part.gone, part.currency)} of {money(part.owed, part.currency)} ({part.gone / part.owed:.0%})"
            for part in found
        )
        yield _objection(
            "missing-money",
            f"invoices that are hardly ever paid at such a time are gone from {chances.case.source}, and they were "
            f"{shares} of all that was owed: {worst(rows)}. {_look(chances)}",
            rows,
        )


def _share(chances: Chances) -> Iterator[Objection]:
    share = large_share(chances)
    if share:
        rows = chances.case.before[chances.case.unproven]
        yield _objection(
            "missing-share",
            f"{share.gone:,} of {counted(share.of, 'invoice')} ({share.gone / share.of:.0%}) of {chances.case.source} "
            f"are gone; about {share.expected:.1f} were to be expected: {worst(rows)}. {_look(chances)}",
            rows,
        )


def _older(chances: Chances) -> Iterator[Objection]:
    older = older_list(chances)
    if older:
        rows = chances.case.before.iloc[older.rows]
        what = (
            f"the latest invoice that {chances.case.source} lists is of {older.latest}, and "
            f"{counted(len(rows), 'invoice')} issued after that {'is' if len(rows) == 1 else 'are'} gone"
            if older.latest
            else f"{len(rows):,} of {counted(older.new_last_time, 'invoice')} that were new in the last report are "
            f"gone from {chances.case.source}"
        )
        yield _objection(
            "older-list",
            f"{what}: {worst(rows)}. This looks like an older export or a copy that lags behind; export it again, or "
            "approve if they are settled",
            rows,
        )


def _returned(chances: Chances) -> Iterator[Objection]:
    back = returned(chances)
    if back is not None:
        rows = chances.case.report.iloc[back]
        yield _objection(
            "returned",
            f"{counted(len(rows), 'invoice')} {'is' if len(rows) == 1 else 'are'} open again at {chances.case.source} "
            f"that had been marked as paid because an earlier report no longer listed them: {worst(rows)}. Either "
            "that report was incomplete, or this one is old; look which. Approve if they are really open again",
            rows,
        )


def _look(chances: Chances) -> str:
    """Say what to do next, and how much is known of this feed."""
    reports = chances.learned.reports
    young = f" I have known this feed for {counted(reports, 'report')}." if reports <= _YOUNG else ""
    return (
        "Look at the source whether they are settled; approve if so. What is planned, such as a write-off run, can be "
        f"said in advance with arfeed expect; caution in [guards] sets how much is asked.{young}"
    )


def _objection(code: str, message: str, rows: pd.DataFrame) -> Objection:
    return Objection(code, message, tuple(schema.text_array(rows["invoice_ref"]).to_pylist()))
