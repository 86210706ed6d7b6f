"""Read what is to be reported: from the sources, or from the report of an earlier run."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from arfeed.documents.finding import find, nothing_found
from arfeed.intake.carried import as_invoices, carry_forward
from arfeed.intake.extract import Extract, extract
from arfeed.intake.joining import join_frames
from arfeed.intake.meaning.doubts import drop_settled
from arfeed.intake.transform import Transformed, check_unique, keep, transform
from arfeed.model import arrow
from arfeed.model.background import begin
from arfeed.planning.evidence.reasons import find_closed_beside, keep_still_beside
from arfeed.planning.fingerprints import hash_facts
from arfeed.planning.traces import trace_rows
from arfeed.runs.chapters import Reading
from arfeed.runs.memory import find_columns
from arfeed.tables.files.changes import wait_until_settled

if TYPE_CHECKING:
    from arfeed.history.records import Baseline
    from arfeed.model.results import SourceReport
    from arfeed.runs.context import OpenContext


def read_sources(context: OpenContext, baseline: Baseline | None) -> Reading:
    """Read the sources, shape their invoices, and add the rows of sources that are carried forward."""
    context.progress.step("Reading the sources")
    sources = context.project.sources
    last = baseline.reads if baseline else {}
    for connector in sources:
        connector.since = last[connector.source].at if connector.source in last else None
    # Files that are still being written are waited for: half an export would list half of what is owed.
    extracted = extract(sources, context.clock, wait_until_settled(sources), context.progress.reading)
    shaped = transform(extracted.open, context.project.transforms)
    # After the transforms, which may change a row's kind; what is left out here is recorded as removed, like theirs.
    wanted = keep(shaped.invoices, context.project.destination.settings.kinds, shaped.facts)
    carried = _carry_failed(context, extracted, baseline)
    carried_reports = (report for _, report in carried)
    reports = (
        *_add_doubts(context, extracted, wanted.invoices, baseline),
        *(report._replace(before=last.get(report.source)) for report in carried_reports),
    )
    invoices = join_frames([wanted.invoices, *(rows for rows, _ in carried)])
    # Nothing below waits for these two: they are computed while the PDFs are looked for.
    content = begin(partial(hash_facts, invoices)).result if baseline is None else None
    trace = begin(partial(trace_rows, invoices, extracted.rows, wanted.facts)).result
    # Over all sources, after renaming: two invoices of one number would be one to the receiver.
    check_unique(invoices, arrow.fold(invoices["invoice_ref"]))
    context.progress.step("Looking for the PDFs")
    read = [source for source in sources if source.source not in extracted.failed]
    return Reading(
        baseline=baseline,
        invoices=invoices.drop(columns="origin"),  # from here on nothing asks for lines of files
        rows=extracted.rows.drop(columns="origin"),
        removed=pd.concat([shaped.removed, wanted.removed], ignore_index=True),
        found=find(read, wanted.invoices, context.project.folder, _listed_ever(context, extracted, baseline)),
        reports=reports,
        sources=tuple(source.source for source in sources),
        reads={report.source: report.read for report in reports},
        seconds=_seconds(extracted, shaped),
        beside=_closed_beside(extracted, baseline),
        listed=extracted.open,
        trace=trace,
        notes=shaped.notes,
        content=content,
    )


def read_earlier_report(context: OpenContext, baseline: Baseline | None, run: str) -> Reading:
    """Read the invoices that an earlier run reported, without reading any source."""
    invoices = as_invoices(context.history.report(run, context.destination), f"run {run}")
    nothing = invoices.iloc[:0]
    return Reading(
        baseline=baseline,
        invoices=invoices,
        rows=nothing,
        removed=nothing.assign(by=nothing["source"]),
        found=nothing_found(),
        reports=(),
        sources=None,
        # As they were read then: what is sent again is as old as it is.
        reads=context.history.reads(run),
        seconds={},
        beside=baseline.beside if baseline else None,
        states=tuple(context.history.ledgers(run).values()),
    )


def _add_doubts(
    context: OpenContext, extracted: Extract, reported: pd.DataFrame, baseline: Baseline | None
) -> Iterator[SourceReport]:
    """Add each source's last reading, and what is doubtful about this one: all of it at first, later what is new."""
    for report in extracted.reports:
        if baseline is None or report.source not in baseline.reads:
            doubts, before = extracted.doubts(report), None
        else:
            before = baseline.reads[report.source]
            theirs = partial(as_invoices, baseline.report, "the last report")
            doubts = extracted.new_doubts(report, reported, theirs, partial(find_columns, context, report.source))
        yield report._replace(before=before, doubts=drop_settled(doubts, context.project.transforms))


def _listed_ever(context: OpenContext, extracted: Extract, baseline: Baseline | None) -> pd.DataFrame:
    """Return all rows that sources listed, and what only the last report has: the PDF of a closed one is still its."""
    named = [source.source for source in context.project.sources if source.settings.documents]
    if baseline is None or not named:
        return extracted.rows
    before = baseline.report
    left = arrow.is_in(before["source"], pd.Series(named, dtype="str"))
    left &= ~arrow.is_in(before["source_ref"], extracted.rows["source_ref"])
    return join_frames([extracted.rows, arrow.filter_rows(before, left)]) if left.any() else extracted.rows


def _carry_failed(
    context: OpenContext, extracted: Extract, baseline: Baseline | None
) -> list[tuple[pd.DataFrame, SourceReport]]:
    """Return the rows of failed sources as the baseline has them, each with a report that states the failure."""
    last = baseline.reads if baseline else {}
    return [
        carry_forward(
            connector, why, baseline.report if baseline else None, last.get(connector.source), context.clock()
        )
        for connector in context.project.sources
        if (why := extracted.failed.get(connector.source))
    ]


def _seconds(extracted: Extract, shaped: Transformed) -> dict[str, float]:
    sources = {f"source {report.source}": report.seconds for report in extracted.reports}
    return sources | {f"transform {step}": spent for step, spent in shaped.seconds.items()}


def _closed_beside(extracted: Extract, baseline: Baseline | None) -> pd.DataFrame:
    """Return the closed rows that are listed beside open ones of the same number, now or at an earlier run."""
    now = find_closed_beside(extracted.rows)
    if baseline is None or baseline.beside is None or baseline.beside.empty:
        return now
    # A closed row that an export lists only for a while must not explain an absence once it has been a namesake.
    earlier = keep_still_beside(baseline.beside, extracted.open, extracted.failed)
    return earlier if now.empty else pd.concat([now, earlier], ignore_index=True).drop_duplicates(ignore_index=True)
