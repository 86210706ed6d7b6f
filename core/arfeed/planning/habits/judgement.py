"""Run all guards over one source's missing rows: what they object to, in words, and the figures they saw."""

from __future__ import annotations

from collections.abc import Iterator
from math import log

import numpy as np
import pandas as pd

from arfeed.model.results import GuardFigures, Objection
from arfeed.planning.habits.case import Case
from arfeed.planning.habits.chances import Chances, weigh_rows
from arfeed.planning.habits.learned import Learned
from arfeed.planning.habits.patterns import Pattern, find_strongest
from arfeed.planning.habits.plain import (
    MONEY_PART,
    find_gone_files,
    find_large_share,
    find_older_list,
    find_rare_money,
    find_returned,
)
from arfeed.planning.habits.surprise import Surprise, find_strangest, find_surprises, is_strange
from arfeed.planning.wording import format_money, name_first, name_largest, pluralize, refs_of

_NAMED = ("invoice_ref", "customer_name", "balance", "currency")

_NEW = 5
"""In a feed of fewer reports than this, a single missing invoice that was overdue is not a surprise."""

_YOUNG = 10
"""Up to this many reports, an objection mentions how little is known about the feed."""

_MONEY_ODDS = 10
"""Much money alone is not a reason to ask: the odds of its rows must be below the square of this divided by caution."""

_RARE = 1 / 4
"""Rows with a chance above this part of the mean are merely paid less often than others."""

_NONE = 0.05
"""Fewer customers than this are shown as none, since figures have one decimal."""


def judge(learned: Learned, case: Case) -> tuple[list[Objection], GuardFigures]:
    """Return what the guards object to, and the figures behind it, whether or not there is an objection."""
    chances = weigh_rows(learned, case)
    seen = find_surprises(chances)
    pattern = find_strongest(chances)
    return [*_find_objections(chances, seen, pattern)], _make_figures(chances, seen, pattern)


def _make_figures(chances: Chances, seen: tuple[Surprise, ...], pattern: Pattern | None) -> GuardFigures:
    """Round what was seen: people read the receipt, and its hash must not depend on the last digit of a float."""
    strangest = find_strangest(seen)
    return GuardFigures(
        source=chances.case.source,
        reports=chances.learned.reports,
        days=chances.case.days,
        rows=len(chances.case.before),
        unproven=int(chances.case.unproven.sum()),
        expected=round(float(chances.each.sum()), 3),
        customers=strangest.customers,
        usual=round(strangest.expected, 4),
        odds=float(f"{strangest.odds:.3g}"),
        pattern=pattern.what if pattern else None,
        score=round(pattern.score, 2) if pattern else None,
    )


def _find_objections(chances: Chances, seen: tuple[Surprise, ...], pattern: Pattern | None) -> Iterator[Objection]:
    if len(chances.case.before) == 0:
        return
    yield from _object_to_gone_files(chances)
    yield from _object_to_pattern(chances, pattern)
    # Only these two rest on what this feed's own customers usually do; the others hold in a new feed as well.
    if not _is_too_little_known(chances):
        yield from _object_to_surprise(chances, seen)
        yield from _object_to_money(chances, seen)
    yield from _object_to_share(chances)
    yield from _object_to_older_list(chances)
    yield from _object_to_returned(chances)


def _is_too_little_known(chances: Chances) -> bool:
    """Whether a single overdue invoice is gone from a feed too new for its customers' habits to be known."""
    gone = np.flatnonzero(chances.case.unproven)
    return chances.learned.reports < _NEW and len(gone) == 1 and bool(chances.rows.overdue[gone[0]])


def _object_to_gone_files(chances: Chances) -> Iterator[Objection]:
    gone = [*find_gone_files(chances)]
    if gone:
        rows = _take_named(chances.case.before, np.concatenate([file.rows for file in gone]))
        unread = name_first(
            f"{file.name} ({pluralize(len(file.rows), 'invoice')} missing)" for file in gone if file.unread
        )
        empty = name_first(f"{file.name} ({pluralize(len(file.rows), 'invoice')})" for file in gone if not file.unread)
        said = [
            *([f"no longer reads {unread}, which it read last time"] * bool(unread)),
            *([f"listed open invoices of {empty} last time, and none of them now"] * bool(empty)),
        ]
        yield _make_objection(
            "file-gone",
            f"{chances.case.name} {'; it '.join(said)}: {name_largest(rows)}. Check whether the file is still exported "
            "and read; approve if all of them are settled",
            rows,
        )


def _object_to_pattern(chances: Chances, pattern: Pattern | None) -> Iterator[Objection]:
    # The square of caution: all columns and orders of the list are searched, and among that many sets some look odd.
    if pattern is not None and pattern.score >= 2 * log(chances.caution):
        rows = _take_named(chances.case.before, pattern.rows)
        whole = f"all {len(rows):,}" if not pattern.stayed else f"{len(rows):,} of {len(rows) + pattern.stayed:,}"
        yield _make_objection(
            "pattern",
            f"{whole} invoices with {pattern.what} are missing from {chances.case.name}, of "
            f"{pluralize(pattern.customers, 'customer')}, as if a filter were set or the list cut off: "
            f"{name_largest(rows)}. {_advise(chances)}",
            rows,
        )


def _object_to_surprise(chances: Chances, seen: tuple[Surprise, ...]) -> Iterator[Objection]:
    most = find_strangest(seen)
    if not is_strange(most, chances):
        return
    # Only the rows that the guard counted are named: ordinary payments of the same day are no reason to ask.
    rare = chances.case.unproven & (chances.each < most.part * chances.mean)
    rows = _take_named(chances.case.before, np.flatnonzero(rare))
    # "about 0.0 customers" would be read as a mistake.
    usual = "none were" if most.expected < _NONE else f"about {most.expected:.1f} customers were"
    who = "few customers pay" if most.part > _RARE else "hardly anybody pays"
    yield _make_objection(
        "surprise",
        f"{pluralize(len(rows), 'invoice')} of {pluralize(most.customers, 'customer')} {_are(rows)} missing from "
        f"{chances.case.name}, and {who} at this age; {usual} to be expected: {name_largest(rows)}. {_advise(chances)}",
        rows,
    )


def _object_to_money(chances: Chances, seen: tuple[Surprise, ...]) -> Iterator[Objection]:
    # The odds of the very rows of which the money is summed up.
    odds = next(surprise.odds for surprise in seen if surprise.part == MONEY_PART)
    found = [*find_rare_money(chances)] if odds < (_MONEY_ODDS / chances.caution) ** 2 else []
    if found:
        rows = _take_named(chances.case.before, np.concatenate([part.rows for part in found]))
        shares = ", ".join(
            f"{format_money(part.gone, part.currency)} of {format_money(part.owed, part.currency)} "
            f"({part.gone / part.owed:.0%})"
            for part in found
        )
        yield _make_objection(
            "missing-money",
            f"{pluralize(len(rows), 'invoice')} rarely paid at this age {_are(rows)} missing from {chances.case.name}, "
            f"and with {'it' if len(rows) == 1 else 'them'} {shares} of all that was owed: {name_largest(rows)}. "
            f"{_advise(chances)}",
            rows,
        )


def _object_to_share(chances: Chances) -> Iterator[Objection]:
    share = find_large_share(chances)
    if share:
        rows = _take_named(chances.case.before, np.flatnonzero(chances.case.unproven))
        yield _make_objection(
            "missing-share",
            f"{share.gone:,} of {pluralize(share.of, 'invoice')} ({share.gone / share.of:.0%}) are missing from "
            f"{chances.case.name}; about {share.expected:.1f} would be usual: {name_largest(rows)}. {_advise(chances)}",
            rows,
        )


def _object_to_older_list(chances: Chances) -> Iterator[Objection]:
    older = find_older_list(chances)
    if older:
        rows = _take_named(chances.case.before, older.rows)
        what = (
            f"the latest invoice that {chances.case.name} lists is dated {older.latest}, and "
            f"{pluralize(len(rows), 'invoice')} issued after that {_are(rows)} missing"
            if older.latest
            else f"{len(rows):,} of {pluralize(older.new_last_time, 'invoice')} that were new in the last report are "
            f"missing from {chances.case.name}"
        )
        yield _make_objection(
            "older-list",
            f"{what}: {name_largest(rows)}. This looks like an older export, or a copy of the books that lags behind. "
            "Export it again; approve if they are settled",
            rows,
        )


def _object_to_returned(chances: Chances) -> Iterator[Objection]:
    back = find_returned(chances)
    if back is not None:
        rows = _take_named(chances.case.report, back)
        yield _make_objection(
            "returned",
            f"{pluralize(len(rows), 'invoice')} that an earlier report marked as paid {_are(rows)} open again at "
            f"{chances.case.name}: {name_largest(rows)}. Either the earlier report was wrong or this one is out of "
            "date: find out which. Approve if they really are open again",
            rows,
        )


def _advise(chances: Chances) -> str:
    """Describe what to do next and, for a young feed, how little is known about it."""
    reports = chances.learned.reports
    # So that whoever is asked early knows why: the odds still rest on what is usual elsewhere.
    young = f" arfeed has learned from {pluralize(reports, 'report')} of this feed so far." if reports <= _YOUNG else ""
    return (
        "Check in the source whether they are settled; if so, approve. A write-off run and the like can be announced "
        f"in advance with `arfeed expect`; caution in [guards] sets how often arfeed asks this.{young}"
    )


def _take_named(rows: pd.DataFrame, places: np.ndarray) -> pd.DataFrame:
    """Take the columns by which an objection names rows."""
    return pd.DataFrame({name: rows[name].array.take(places) for name in _NAMED})


def _are(rows: pd.DataFrame) -> str:
    return "is" if len(rows) == 1 else "are"


def _make_objection(code: str, message: str, rows: pd.DataFrame) -> Objection:
    return Objection(code, message, refs_of(rows))
