"""Read what is to be reported: from the sources, or from the report of an earlier run.

The sources are read once, for however many destinations; what depends on a destination is worked out for each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from arfeed.documents.finding import find, nothing_found
from arfeed.intake.carried import as_invoices, carry_forward
from arfeed.intake.explaining import ask_sources
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
    from arfeed.documents.copies import Copies
    from arfeed.history.records import Baseline
    from arfeed.model.parts import Connector
    from arfeed.model.results import SourceReport
    from arfeed.runs.context import OpenContext, RunContext


_IDENTITY = ["source", "source_ref", "customer_id", "customer_name", "currency", "issued_on"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What the sources list now, shaped by the feed's steps.

    `since` is, by source, the moment from which it says what was received: that of its last reading, for whichever
    destination that was. `copies` has the PDFs that were read for one destination, for the others.
    """

    extracted: Extract
    shaped: Transformed
    since: Mapping[str, datetime]
    copies: Copies | None = None


def list_sources(begun: RunContext, baselines: Iterable[Baseline | None], copies: Copies | None = None) -> Listing:
    """Read the sources, and shape their invoices. `baselines` are those of all destinations."""
    begun.progress.step("Reading the sources")
    sources = begun.project.sources
    since = _set_since(sources, baselines)
    # Files that are still being written are waited for: half an export would list half of what is owed.
    extracted = extract(sources, begun.clock, wait_until_settled(sources), begun.progress.reading)
    return Listing(extracted, transform(extracted.open, begun.project.transforms), since, copies)


def _set_since(sources: Iterable[Connector], baselines: Iterable[Baseline | None]) -> dict[str, datetime]:
    """Let each source know when it was read last for a delivery; return that.

    Of several destinations the latest counts: a list of what is closed has to be newer, so that what is missing where a
    delivery lags behind is rather asked about. What a control account says was received since does not count there.
    """
    since: dict[str, datetime] = {}
    for name, read in (each for baseline in baselines if baseline for each in baseline.reads.items()):
        since[name] = max(read.at, since.get(name, read.at))
    for connector in sources:
        connector.since = since.get(connector.source)
    return since


def ask_about(
    begun: RunContext, listing: Listing, missing: Sequence[tuple[Baseline | None, pd.DataFrame]]
) -> pd.DataFrame:
    """Ask the sources what became of invoices that are missing at one destination or several, each with its baseline.

    A source is asked once, as connectors may count on: its answer comes from the moment at which its list was read.
    """
    begun.progress.step("Asking the sources what became of missing invoices")
    # A failed source's rows are carried forward, so it has no missing invoices; and it would most likely fail again.
    sources = [source for source in begun.project.sources if source.source not in listing.extracted.failed]
    _set_since(sources, (baseline for baseline, _ in missing))
    # Once for each invoice, though one destination may have had it with another balance.
    about = join_frames([rows for _, rows in missing]).drop_duplicates(_IDENTITY, ignore_index=True)
    return ask_sources(sources, about)


def read_listing(listing: Listing, context: OpenContext, baseline: Baseline | None) -> Reading:
    """Return what is to be reported to a destination, with the rows of sources that are carried forward."""
    sources, extracted, shaped = context.project.sources, listing.extracted, listing.shaped
    last = baseline.reads if baseline else {}
    # After the transforms, which may change a row's kind; what is left out here is recorded as removed, like theirs.
    wanted = keep(shaped.invoices, context.project.destination.settings.kinds, shaped.facts)
    carried = _carry_failed(context, extracted, baseline)
    carried_reports = (report for _, report in carried)
    read_now = _add_doubts(context, extracted, wanted.invoices, baseline)
    reports = (
        *(_count_nothing_received(each) if _lags(each, listing, baseline) else each for each in read_now),
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
    found = find(read, wanted.invoices, context.project.folder, _listed_ever(context, extracted, baseline))
    return Reading(
        baseline=baseline,
        invoices=invoices.drop(columns="origin"),  # from here on nothing asks for lines of files
        rows=extracted.rows.drop(columns="origin"),
        removed=pd.concat([shaped.removed, wanted.removed], ignore_index=True),
        found=listing.copies.remember(found) if listing.copies else found,
        reports=reports,
        sources=tuple(source.source for source in sources),
        reads={report.source: report.read for report in reports},
        seconds=_seconds(extracted, shaped),
        beside=_closed_beside(extracted, baseline),
        listed=extracted.open,
        trace=trace,
        notes=(*shaped.notes, *_note_other_spans(listing, baseline)),
        content=content,
    )


def _lags(report: SourceReport, listing: Listing, baseline: Baseline | None) -> bool:
    """Whether a source's control account says what was received since a later delivery than the last one here."""
    account, since = report.complete.control_account, listing.since.get(report.source)
    mine = baseline.reads.get(report.source) if baseline else None
    return bool(account and account.received is not None and mine and since and mine.at < since)


def _count_nothing_received(report: SourceReport) -> SourceReport:
    """Leave out what was received: a payment taken back since the last delivery would make a shorter span hold more."""
    account = report.complete.control_account
    return report._replace(complete=replace(report.complete, control_account=account and replace(account, received={})))


def _note_other_spans(listing: Listing, baseline: Baseline | None) -> Iterator[str]:
    for report in listing.extracted.reports:
        if baseline and _lags(report, listing, baseline):
            mine, since = baseline.reads[report.source].at, listing.since[report.source]
            yield (
                f"{report.source}: its control account says what was received since {since:%Y-%m-%d %H:%M} UTC, when "
                f"it was read for another destination, and not since {mine:%Y-%m-%d %H:%M} UTC, the last delivery to "
                "this one; so nothing counts as received here, and what has left the list has to be approved"
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
