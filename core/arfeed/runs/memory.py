"""What a run recalls from the history to weigh evidence, and what it leaves there for the next run."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.history.packing import pack_report as pack_rows
from arfeed.history.packing import pack_table
from arfeed.history.receipts import documents_of
from arfeed.history.records import Baseline, Closing, Memory, RunRecord
from arfeed.model import arrow, schema
from arfeed.model.shipping.destination import sends_documents_inside
from arfeed.planning.changes.contradictions import object_to_contradictory_rows
from arfeed.planning.evidence.reasons import PROVEN, SILENT, get_as_stated
from arfeed.planning.guards.budget import BUDGET_SPAN, Unproven, sum_closings
from arfeed.planning.guards.known import Known
from arfeed.planning.guards.weighing import learn, replay, split_by_source
from arfeed.planning.habits.case import Source
from arfeed.planning.habits.memory import Habits
from arfeed.planning.traces import add_traces

if TYPE_CHECKING:
    from datetime import datetime

    from arfeed.model.results import LedgerState, Plan
    from arfeed.planning.compare import Comparison
    from arfeed.runs.chapters import Reading
    from arfeed.runs.context import OpenContext

_ENOUGH = 10
"""A source that has proven fewer closings than this does not yet count as one that proves most of them."""

_LOOKED_AT = 5
"""Deliveries whose receipts are read to find which columns a source had."""

_REPLAYED_ROWS = 3_000_000
"""At most this many rows of kept reports are replayed, if an older arfeed has kept no habits in the history."""


def recall(context: OpenContext, plan: Plan, reading: Reading, comparison: Comparison) -> Known:
    """Return what a review knows in addition to the plan, from the history and from what the sources listed."""
    baseline = reading.baseline
    closed = context.history.closings(context.destination, plan.at - BUDGET_SPAN)
    refused = context.history.refused_since(context.destination, baseline.id) if baseline else None
    files = reading.trace().get("arfeed_file") if reading.trace else None
    return Known(
        approved=tuple(
            Unproven(each.source, each.currency, each.documents, each.balance)
            for each in closed
            if each.evidence == "unexplained"
        ),
        expectations=tuple(context.history.expectations(context.destination, plan.at.date())),
        habits=_carry_over(_habits(context, baseline, plan.at), find_renamed(reading)),
        sources=tuple(split_by_source(plan, comparison.lost, files, _find_proving_sources(closed), refused)),
        # Raised here, while all rows are at hand: the plan has only those that are reported.
        reconciled=context.history.reconciled_at(context.destination),
        first=context.history.first_arrived_at(context.destination),
        rejections=tuple(baseline.rejections) if baseline else (),
        stated=tuple(object_to_contradictory_rows(reading.rows, baseline.beside if baseline else None)),
    )


def find_proving(context: OpenContext, missing: pd.DataFrame) -> set[str]:
    """Return the sources that have proven all of what was closed lately, at least `_ENOUGH` with what they prove now.

    `missing` has source and reason. What somebody approved without proof counts as unproven: such a source is believed
    again if absence is declared to mean payment.
    """
    # It matters only for what is gone without a word, which there is none of on most days.
    if not missing["reason"].isin(SILENT).any():
        return set()
    closed, proven = _count_closed(context.history.closings(context.destination, context.clock() - BUDGET_SPAN))
    now = Counter[str](missing["source"][missing["reason"].isin([*PROVEN])])
    return {source for source in proven | now if proven[source] == closed[source] and (proven + now)[source] >= _ENOUGH}


def find_settling(context: OpenContext, reading: Reading) -> set[str]:
    """Return the sources known to list what is settled, with a balance of 0: they did so at the last delivery, and do.

    Of a source whose last reading is not known, as after `adopt`, those are believed that now list more such rows
    beside the last report's invoices than among them.
    """
    known: dict[str, bool] = {}
    for run in reading.baseline.runs if reading.baseline else ():
        for source in _read_receipt(context.history.receipt(run)).get("sources", ()):
            name = source["source"]
            known[name] = known.get(name, False) or source["rows"] > source["open"]
    # What was free of charge has an amount of 0 as well: it has never been owed, and says nothing of what was paid.
    worth = pc.fill_null(pc.not_equal(pa.array(reading.rows["amount"]), schema.ZERO), fill_value=True)
    settled = reading.rows[(reading.rows["balance"] == schema.ZERO) & np.asarray(worth)]
    listed = reading.baseline.report["source_ref"] if reading.baseline else settled["source_ref"]
    ours = np.asarray(arrow.is_in(settled["source_ref"], listed))
    for name, mine in ((name, np.asarray(settled["source"] == name)) for name in settled["source"].unique()):
        beside = int((mine & ~ours).sum())
        known[name] = known[name] and beside > 0 if name in known else beside > int((mine & ours).sum())
    return {name for name, settling in known.items() if settling}


def find_lost_documents(context: OpenContext, baseline: Baseline | None) -> set[str]:
    """Return the names of PDFs that went in archives that the receiver has rejected since."""
    if baseline is None or not sends_documents_inside(context.project.destination):
        return set()
    rejected = [told.run for told in baseline.rejections if told.state == "rejected"]
    return {name for run in rejected for name in documents_of(context.history.receipt(run) or '{"documents": []}')}


def find_columns(context: OpenContext, source: str) -> set[str] | None:
    """Return the canonical columns that were read of a source for its last delivery; None if no receipt names them."""
    # What is sent again has no sources, so the receipt that names them may be an earlier one.
    for run in context.history.deliveries(context.destination, most=_LOOKED_AT):
        for stated in _read_receipt(run.receipt).get("sources", ()):
            if stated["source"] == source and "headings" in stated and not stated["carried_forward"]:
                return {*stated["headings"]}
    return None


def _find_proving_sources(closed: Sequence[Closing]) -> set[str]:
    """Return the sources that have proven most of what was closed lately, and at least `_ENOUGH` of it."""
    every, proven = _count_closed(closed)
    return {source for source in proven if proven[source] >= _ENOUGH and 2 * proven[source] > every[source]}


def _count_closed(closed: Sequence[Closing]) -> tuple[Counter[str], Counter[str]]:
    """Count, by source, the documents that were closed, and those of them that were proven to be."""
    every, proven = Counter[str](), Counter[str]()
    for each in closed:
        every[each.source] += each.documents
        proven[each.source] += each.documents * (each.evidence == "proven")
    return every, proven


def _habits(context: OpenContext, baseline: Baseline | None, now: datetime) -> Habits:
    """Return what was learned about the feed; from the kept reports if an older arfeed has kept no habits."""
    if baseline is None:
        return Habits.none()
    if baseline.habits is not None:
        return Habits.unpack(baseline.habits)
    habits, rows = Habits.none(), 0
    runs = [run for run in context.history.kept_reports(context.destination) if run.started_at <= now]
    for before, after in pairwise(runs):
        rows += before.open_count + after.open_count
        if rows > _REPLAYED_ROWS:
            break  # what has been learned so far is kept; guards are merely less sure
        habits = learn(habits, _sources_then(context, before, after))
    return habits


def find_renamed(reading: Reading) -> dict[str, str]:
    """Return today's names of sources that had other names at the last delivery, by those.

    A source was renamed if the feed no longer has it, and most of its invoices are listed by one that is new.
    """
    baseline, now = reading.baseline, reading.sources
    if baseline is None or now is None:
        return {}
    gone = {*baseline.report["source"].unique()} - {*now, ""}
    new = [source for source in now if source not in baseline.reads]
    if not gone or not new:
        return {}
    listed = {source: _name_documents(reading.rows, source) for source in new}
    found: dict[str, str] = {}
    for source in sorted(gone):
        theirs = _name_documents(baseline.report, source)
        alike = [name for name in new if name not in found.values() and 2 * len(theirs & listed[name]) > len(theirs)]
        if len(alike) == 1:
            found[source] = alike[0]
    return found


def _name_documents(rows: pd.DataFrame, source: str) -> set[tuple[str, str]]:
    mine = rows[rows["source"] == source]
    return {*zip(mine["source_ref"], get_as_stated(mine, "customer_id"), strict=True)}


def note_renamed(renamed: Mapping[str, str]) -> Iterator[str]:
    """Write of each source that was renamed which it was, and what is known of it by its former name alone."""
    for before, now in renamed.items():
        yield (
            f"{now} lists the invoices of {before}, a former source, and is treated as its new name: what was "
            "learned of it still applies; a control account is compared from the next delivery on"
        )


def _carry_over(habits: Habits, renamed: Mapping[str, str]) -> Habits:
    """Return the habits with what was learned of renamed sources under their new names."""
    known = {now: habits.sources[before] for before, now in renamed.items() if before in habits.sources}
    return Habits({**habits.sources, **known}) if known else habits


def _sources_then(context: OpenContext, before: RunRecord, after: RunRecord) -> list[Source]:
    then, now = (context.history.report(run.id, context.destination) for run in (before, after))
    # Without what was proven: guards judge only what left without proof, so only that may teach them.
    return [*replay(then, now, _read_proven_refs(after), since=before.started_at.date(), on=after.started_at.date())]


def _read_proven_refs(run: RunRecord) -> set[str]:
    """Return the references that a receipt calls proven to be closed; an empty set if the receipt is damaged."""
    try:
        missing = _read_receipt(run.receipt)["missing"]
        return {row["invoice_ref"] for row in missing if row["reason"] in PROVEN}
    except (LookupError, TypeError):
        return set()


def _read_receipt(receipt: str | None) -> dict[str, Any]:
    """Return what a receipt states; nothing if there is none, or if it is damaged."""
    stated: dict[str, Any] = {}
    with suppress(ValueError):
        stated = json.loads(receipt or "{}")
    return stated


def pack_report(reading: Reading, comparison: Comparison, run: str) -> bytes:
    """Pack the report with what is kept of every row in addition to what the receiver sees."""
    report = comparison.report
    columns = reading.trace() if reading.trace else pd.DataFrame(index=report.index)
    before = report.iloc[:0] if reading.baseline is None else reading.baseline.report
    traced = report.assign(**{str(name): columns[name] for name in columns.columns})
    return pack_rows(add_traces(traced, before, comparison.places, run))


def leave_memory(plan: Plan, known: Known, reading: Reading, states: Sequence[LedgerState]) -> Memory:
    """Return what the next plan needs to weigh evidence, once this one is delivered."""
    baseline, beside = reading.baseline, reading.beside
    habits = learn(known.habits, known.sources, plan.expected)
    # If nothing was judged, nothing was learned, and the packed habits are passed on as they are.
    unchanged = baseline is not None and baseline.habits is not None and not known.sources and not find_renamed(reading)
    return Memory(
        beside=None if beside is None else pack_table(beside),
        habits=baseline.habits if baseline and unchanged else habits.pack(),
        ledgers=states,
        closings=[Closing(*each) for each in sum_closings(plan.missing)],
        expected=[expectation.id for expectation in plan.expected],
    )
