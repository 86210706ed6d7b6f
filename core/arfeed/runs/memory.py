"""What a run takes out of the history to weigh evidence by, and what it leaves there for the next one."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import pandas as pd

from arfeed.history.packing import pack_table, packed
from arfeed.history.records import Baseline, Closing, Memory, RunRecord
from arfeed.model.results import LedgerState, Objection, Plan
from arfeed.planning.compare import Comparison
from arfeed.planning.habits.memory import Habits
from arfeed.planning.known import BUDGET_SPAN, Known, Unproven, closings
from arfeed.planning.reasons import PROVEN
from arfeed.planning.traces import kept
from arfeed.planning.weighing import Source, learn, replayed, sources_of
from arfeed.runs.context import RunContext

_ENOUGH = 10
"""Closings that a source must have proven before it counts as one that proves most of them."""

_REPLAYED_ROWS = 3_000_000
"""How many rows of kept reports are looked through to learn from a history that is older than this learning."""


def what_is_known(
    context: RunContext,
    plan: Plan,
    baseline: Baseline | None,
    comparison: Comparison,
    trace: Callable[[], pd.DataFrame] | None,
    stated: Iterable[Objection],
) -> Known:
    """Return what a review knows beside the plan; `stated` are objections to what the sources listed."""
    closed = context.history.closings(context.destination, plan.at - BUDGET_SPAN)
    refused = context.history.refused_since(context.destination, baseline.id) if baseline else None
    files = trace().get("arfeed_file") if trace else None
    return Known(
        approved=tuple(
            Unproven(each.source, each.currency, each.documents, each.balance)
            for each in closed
            if each.evidence == "unexplained"
        ),
        expectations=tuple(context.history.expectations(context.destination, plan.at.date())),
        habits=_habits(context, baseline, plan.at),
        sources=tuple(sources_of(plan, comparison.lost, files, _proving(closed), refused)),
        stated=tuple(stated),
    )


def _proving(closed: Sequence[Closing]) -> set[str]:
    """Return the sources that have proven most of what was closed lately, and enough of it to go by."""
    proven, all_closed = Counter[str](), Counter[str]()
    for each in closed:
        all_closed[each.source] += each.documents
        proven[each.source] += each.documents * (each.evidence == "proven")
    return {source for source in proven if proven[source] >= _ENOUGH and 2 * proven[source] > all_closed[source]}


def _habits(context: RunContext, baseline: Baseline | None, now: datetime) -> Habits:
    """Return what was learned of the feed; from the kept reports where the history is older than this learning."""
    if baseline is None:
        return Habits.none()
    if baseline.habits is not None:
        return Habits.unpacked(baseline.habits)
    habits, rows = Habits.none(), 0
    runs = [run for run in context.history.kept_reports(context.destination) if run.started_at <= now]
    for before, after in pairwise(runs):
        rows += before.open_count + after.open_count
        if rows > _REPLAYED_ROWS:
            break
        habits = learn(habits, _sources_then(context, before, after))
    return habits


def _sources_then(context: RunContext, before: RunRecord, after: RunRecord) -> list[Source]:
    then, now = (context.history.report(run.id, context.destination) for run in (before, after))
    return [*replayed(then, now, _proven(after), since=before.started_at.date(), on=after.started_at.date())]


def _proven(run: RunRecord) -> set[str]:
    """Return the references that a receipt calls closed by their sources' own word; none where it was damaged."""
    try:
        missing = json.loads(run.receipt or "{}")["missing"]
        return {row["invoice_ref"] for row in missing if row["reason"] in PROVEN}
    except (ValueError, LookupError, TypeError):
        return set()


def pack(
    comparison: Comparison, baseline: Baseline | None, trace: Callable[[], pd.DataFrame] | None, run: str
) -> bytes:
    """Pack the report with what is kept of every row beside what the receiver sees."""
    report = comparison.report
    columns = trace() if trace else pd.DataFrame(index=report.index)
    before = report.iloc[:0] if baseline is None else baseline.report
    traced = report.assign(**{str(name): columns[name] for name in columns.columns})
    return packed(kept(traced, before, comparison.places, run))


def memory(
    plan: Plan, known: Known, beside: pd.DataFrame | None, states: Sequence[LedgerState], baseline: Baseline | None
) -> Memory:
    """Return what the next plan will weigh evidence by, once this one is delivered."""
    habits = learn(known.habits, known.sources, plan.expected)
    unchanged = baseline is not None and baseline.habits is not None and not known.sources
    return Memory(
        beside=None if beside is None else pack_table(beside),
        habits=baseline.habits if baseline and unchanged else habits.packed(),
        ledgers=states,
        closings=[Closing(*each) for each in closings(plan.missing)],
        expected=[expectation.id for expectation in plan.expected],
    )
