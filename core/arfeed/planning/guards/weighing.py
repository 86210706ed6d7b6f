"""Judge a plan by what is usual in its feed: each source's rows that are missing without proof."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Expectation, GuardFigures, Objection, Plan, SourceReport
from arfeed.planning.guards.missing import find_unconfirmed, find_zeroed
from arfeed.planning.habits.case import Case, Source
from arfeed.planning.habits.judgement import judge
from arfeed.planning.habits.memory import Habits
from arfeed.planning.wording import pluralize

Mask = npt.NDArray[np.bool_]

_CALMER = 5
"""How much rarer an event must be to raise a question if most closings are proven or the books balance."""

MISSING_INVOICE_CODES = frozenset({"surprise", "pattern", "missing-money", "missing-share", "older-list", "file-gone"})
"""Codes that the guards raise about missing rows; `unexplained`, which needs no guard, is not among them."""

_NOT_ANNOUNCED = frozenset({"older-list", "returned", "file-gone"})
"""Codes that no answer given in advance settles: closings can be announced, an old list or a lost file can't."""

_WITHOUT_ODDS = frozenset({"older-list", "returned", "missing-share", "file-gone"})
"""Codes that still apply if receipts account for everything that has left a list."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the guards object to, what they saw, and which answers given in advance they used."""

    objections: tuple[Objection, ...] = ()
    figures: tuple[GuardFigures, ...] = ()
    expected: tuple[Expectation, ...] = ()
    notes: tuple[str, ...] = ()


def split_by_source(
    plan: Plan,
    lost: Mask,
    files: pd.Series[str] | None = None,
    proving: Collection[str] = (),
    refused: date | None = None,
) -> Iterator[Source]:
    """Yield a case for each source that was read and is in the baseline.

    `lost` marks the rows of the baseline that are missing, in the order of `plan.missing`; `files` is the file
    of every row of the report, where known; `proving` are sources that prove most of what is closed there. If plans
    have been `refused` since a day, all is judged as of that day: waiting does not make what was strange less so.
    """
    if plan.before is None:
        return
    unproven, judging, better = _find_masks(plan, lost)
    report = plan.report if files is None else plan.report.assign(arfeed_file=files)
    for source in plan.sources:
        mine = np.asarray(plan.before["source"] == source.source)
        # A failed source's rows were carried forward, so none of them can be missing; a new source has nothing to
        # miss.
        if source.failed or source.before is None or not mine.any():
            continue
        judged_here, day = judging & mine, _find_day(source, plan, now=True)
        # Better evidence makes a loss less likely, and needless questions teach people to approve without looking.
        calm = source.source in proving or bool(judged_here.any() and better[judged_here].all())
        case = Case(
            source=source.source,
            before=arrow.filter_rows(plan.before, pd.Series(mine)),
            missing=lost[mine],
            unproven=judged_here[mine],
            report=arrow.filter_rows(report, report["source"] == source.source),
            on=min(day, refused) if refused else day,
            since=_find_day(source, plan, now=False),
            last_run=plan.baseline,
            read=frozenset(file for file, _ in source.inputs) or None,
            caution=plan.guards.caution * (_CALMER if calm else 1),
            missing_share=plan.guards.missing_share,
            missing_floor=plan.guards.missing_floor,
        )
        yield Source(case, unproven[mine], day)


def _find_masks(plan: Plan, lost: Mask) -> tuple[Mask, Mask, Mask]:
    """Return which rows of the baseline are closed without proof, which of those are judged, and which balance.

    A balance of 0 that no status confirms is judged like one that balances: a fault of the export brings such, too. If
    it is most of a source's, it is objected to as that.
    """
    evidence, unconfirmed = plan.missing["evidence"], find_unconfirmed(plan)
    told = unconfirmed & plan.missing["source"].isin([*find_zeroed(plan)])
    settled = unconfirmed & (evidence == "proven")
    result = []
    # Unexplained rows are not judged by odds, since each is objected to by itself. Once approved, they do teach.
    for words in (["balanced", "asserted", "unexplained"], ["balanced", "asserted"], ["balanced"]):
        mask = np.zeros(len(lost), dtype=bool)
        mask[lost] = np.asarray((evidence.isin(words) | settled) & ~told)
        result.append(mask)
    return result[0], result[1], result[2]


def _find_day(source: SourceReport, plan: Plan, *, now: bool) -> date:
    """Return the day that a reading is about: its as-of date if both readings state one, else the day of reading."""
    read, before = source.read, source.before or source.read
    # Both or neither: from an as-of date to a day of reading, the age of the export would count as time that has
    # passed.
    if read.as_of and before.as_of:
        return read.as_of if now else before.as_of
    return (read if now else before).at.astimezone(plan.at.tzinfo).date()


def weigh(
    habits: Habits,
    sources: Sequence[Source],
    expectations: Iterable[Expectation] = (),
    accounted_for: Set[tuple[str, str]] = frozenset(),
) -> Weighed:
    """Judge every source; an answer given in advance is used if the guards object to less with it."""
    plain = _judge(habits, sources, accounted_for)
    if not plain.objections:
        return plain
    told, used = plain, list[Expectation]()
    for expectation in expectations:
        rest = [_take_out_expected(each, [*used, expectation]) for each in sources]
        with_it = _keep_unannounced(plain, _judge(habits, rest, accounted_for))
        # An answer that settles nothing today is not used up: it may be meant for tomorrow's delivery.
        if len(with_it.objections) < len(told.objections):
            told, used = with_it, [*used, expectation]
    notes = tuple(_describe_expectation(expectation, sources) for expectation in used)
    # The figures without the answers: the receipt states what was seen, not what was left once somebody explained it.
    return replace(told, figures=plain.figures, expected=tuple(used), notes=notes)


def _keep_unannounced(plain: Weighed, told: Weighed) -> Weighed:
    """Keep the objections that no answer given in advance settles: an old list, a lost file, invoices that return."""
    kept = [each for each in plain.objections if each.code in _NOT_ANNOUNCED]
    return replace(told, objections=(*kept, *(each for each in told.objections if each.code not in _NOT_ANNOUNCED)))


def _judge(habits: Habits, sources: Sequence[Source], accounted_for: Set[tuple[str, str]]) -> Weighed:
    objections, figures = [], []
    for each in sources:
        found, seen = judge(habits.of(each.case.source), each.case)
        currencies = set(each.case.before["currency"][each.case.unproven].unique())
        # All currencies must be accounted for, since a guard looks at all rows of the source together.
        quiet = bool(currencies) and {(each.case.source, currency) for currency in currencies} <= accounted_for
        objections += [each for each in found if not quiet or each.code in _WITHOUT_ODDS]
        figures.append(seen)
    return Weighed(tuple(merge_by_code(objections)), tuple(figures))


def merge_by_code(objections: Iterable[Objection]) -> Iterator[Objection]:
    """Yield one objection for each code, in the order in which codes come up: several sources may raise the same."""
    by_code: dict[str, list[Objection]] = {}
    for objection in objections:
        by_code.setdefault(objection.code, []).append(objection)
    for code, each in by_code.items():
        message = "; ".join(objection.message.rstrip(".") for objection in each) if len(each) > 1 else each[0].message
        yield Objection(code, message, tuple(ref for objection in each for ref in objection.refs))


def _take_out_expected(source: Source, used: Iterable[Expectation]) -> Source:
    covered = np.logical_or.reduce([_find_covered(expectation, source.case) for expectation in used])
    return replace(source, case=replace(source.case, unproven=source.case.unproven & ~covered))


def _find_covered(expectation: Expectation, case: Case) -> Mask:
    """Return which of the judged rows an expectation covers."""
    covered: Mask = case.unproven.copy()
    if expectation.customer is not None:
        wanted = pa.array([expectation.customer.strip().casefold()], pa.large_string())
        of_customer = [
            np.asarray(pc.is_in(arrow.to_text_array(arrow.fold(case.before[name])), value_set=wanted), dtype=bool)
            # By number or by name, since whoever announces a write-off may know either.
            for name in ("customer_id", "customer_name")
        ]
        covered &= of_customer[0] | of_customer[1]
    if expectation.below is not None:
        sizes = pc.abs(arrow.as_single_chunk(pa.array(case.before["balance"])))
        covered &= np.asarray(pc.less(sizes, pa.scalar(expectation.below, pa.decimal128(38, 10))), dtype=bool)
    return covered


def _describe_expectation(expectation: Expectation, sources: Sequence[Source]) -> str:
    count = sum(int(_find_covered(expectation, each.case).sum()) for each in sources)
    return (
        f"{pluralize(count, 'missing invoice')} {'was' if count == 1 else 'were'} expected: “{expectation.words}”, "
        f"said by {expectation.by} on {expectation.at:%Y-%m-%d}; this delivery uses up that announcement"
    )


def learn(habits: Habits, sources: Iterable[Source], expected: Sequence[Expectation] = ()) -> Habits:
    """Return what is known of the feed after a delivery: from all that closed without proof, approved or not.

    What was `expected` is a singular event and teaches nothing about other days.
    """
    for each in sources:
        announced = [_find_covered(expectation, each.case) for expectation in expected]
        closed = each.closed & ~np.logical_or.reduce(announced)  # of no masks that is a single False
        # Learned as of the day itself: a plan that was refused for a week is judged as of the first day, but its rows
        # were open all week.
        habits = habits.learn(replace(each.case, on=each.on), closed)
    return habits


def replay(
    before: pd.DataFrame, after: pd.DataFrame, proven: Collection[str], *, since: date, on: date
) -> Iterator[Source]:
    """Yield what two reports of the past teach: `proven` are the references that their sources called closed."""
    refs = arrow.to_text_array(before["invoice_ref"])
    lost = ~np.asarray(pc.is_in(refs, value_set=arrow.to_text_array(after["invoice_ref"])))
    said = np.asarray(pc.is_in(refs, value_set=pa.array([*proven], pa.large_string())))
    for source in before["source"].unique():
        mine = np.asarray(before["source"] == source)
        rows, report = before[mine].reset_index(drop=True), after[after["source"] == source].reset_index(drop=True)
        closed = (lost & ~said)[mine]
        yield Source(Case(source, rows, lost[mine], closed, report, on, since), closed, on)
