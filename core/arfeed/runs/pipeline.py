"""The whole story of a run: extract, normalize, transform, plan, review, deliver, record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import pandas as pd

from arfeed.delivery.remote import Remote
from arfeed.documents.finding import Found, find, nothing_found
from arfeed.documents.selection import find_touched, select, settle
from arfeed.documents.staging import Staged, stage
from arfeed.history.receipts import receipt_hash
from arfeed.history.records import Baseline
from arfeed.intake.carried import as_invoices, carry_forward
from arfeed.intake.explaining import ask_sources, release, released
from arfeed.intake.extract import Extract, extract
from arfeed.intake.joining import join_frames
from arfeed.intake.transform import check_unique, keep, transform
from arfeed.model import arrow
from arfeed.model.background import begin
from arfeed.model.errors import ArfeedError
from arfeed.model.events import bind, event
from arfeed.model.results import (
    DocumentPlan,
    Failure,
    Ledger,
    LedgerState,
    Plan,
    Receipt,
    SentDocument,
    SourceRead,
    SourceReport,
)
from arfeed.model.secrets import mask_secrets
from arfeed.planning.approval import is_settled_by
from arfeed.planning.changes.contradictions import note_zero_balances, object_to_contradictory_rows
from arfeed.planning.changes.texts import note_unseen_characters
from arfeed.planning.compare import compare
from arfeed.planning.evidence.degrees import add_evidence
from arfeed.planning.evidence.ledgers import compare_ledgers, find_ledger_states, note_ledgers, note_lost_accounts
from arfeed.planning.evidence.reasons import GONE, add_answers, add_reasons, find_closed_beside, keep_still_beside
from arfeed.planning.facts import sum_up
from arfeed.planning.fingerprints import hash_facts
from arfeed.planning.guards.weighing import ASKED_OF_ABSENCE
from arfeed.planning.report import write_report
from arfeed.planning.review import review_plan
from arfeed.planning.traces import trace_rows
from arfeed.plugins.config import Project
from arfeed.plugins.fingerprint import plugin_versions, settings_hash
from arfeed.runs.context import (
    Clock,
    Progress,
    RunContext,
    foreign_reports,
    identity,
    new_run,
    open_context,
    remote,
    utc_now,
)
from arfeed.runs.convergence import interrupted, settle_interrupted
from arfeed.runs.memory import memory, pack, what_is_known
from arfeed.runs.narration import planned
from arfeed.runs.notification import tell
from arfeed.runs.pages import receipt_page
from arfeed.runs.publication import Prepared, deliver, describe_run
from arfeed.runs.recognition import leave_witness, note_receiver, recognize
from arfeed.tables.files.changes import wait_until_settled


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: the plan, the receipt if it was delivered, and the page that says so."""

    plan: Plan
    receipt: Receipt | None = None
    page: Path | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """What is to be reported: the invoices, and what explains the absence of others.

    `rows` are all rows that the sources listed, `removed` those that a step removed. `sources` are the feed's own
    names, None where no source was asked; `reads` says how each was read for these invoices, `seconds` how long
    each source and step took, `notes` what the steps changed. `listed` are the open rows before any step, None where
    control accounts are as `states` say; `beside` is what `closed_beside` says of `rows`. `trace` gives file and place
    of each invoice, and `content` their `content_hash`, where that has been begun.
    """

    invoices: pd.DataFrame
    rows: pd.DataFrame
    removed: pd.DataFrame
    found: Found
    reports: tuple[SourceReport, ...]
    sources: tuple[str, ...] | None
    reads: Mapping[str, SourceRead]
    seconds: Mapping[str, float]
    beside: pd.DataFrame | None
    listed: pd.DataFrame | None = None
    states: Sequence[LedgerState] = ()
    trace: Callable[[], pd.DataFrame] | None = None
    notes: tuple[str, ...] = ()
    content: Callable[[], str] | None = None


def plan(project: Project, progress: Progress, *, clock: Clock = utc_now) -> Result:
    """Say what `sync` would deliver. Looks at the destination, writes nothing there and nothing in the history."""
    bind(feed=project.feed.name, destination=identity(project))
    with (
        open_context(project, progress, clock) as context,
        remote(project, meanwhile=True) as server,
        released(project.sources),
    ):
        verdicts = {run.id: verdict for run, verdict in interrupted(context, server)}
        arrived, lost = ([run for run in verdicts if verdicts[run] == what] for what in ("arrived", "lost"))
        baseline = context.history.baseline(context.destination, arrived, lost)
        return Result(_prepare(context, server, _read(context, baseline), baseline).plan)


def sync(project: Project, progress: Progress, *, approve: str | None = None, clock: Clock = utc_now) -> Result:
    """Deliver every open invoice and its PDF, unless the plan is refused."""
    return _deliver_reading(project, progress, "sync", _read, approve, clock)


def resend(
    project: Project, progress: Progress, run: str, *, approve: str | None = None, clock: Clock = utc_now
) -> Result:
    """Deliver the report of an earlier run again, planned and reviewed like any other."""

    def read(context: RunContext, baseline: Baseline | None) -> _Reading:
        invoices = as_invoices(context.history.report(run, context.destination), f"run {run}")
        nothing = invoices.iloc[:0]
        removed, reads = nothing.assign(by=nothing["source"]), context.history.reads(run)
        beside, states = baseline.beside if baseline else None, tuple(context.history.ledgers(run).values())
        return _Reading(invoices, nothing, removed, nothing_found(), (), None, reads, {}, beside, states=states)

    return _deliver_reading(project, progress, "resend", read, approve, clock)


def _deliver_reading(
    project: Project,
    progress: Progress,
    kind: Literal["sync", "resend"],
    read: Callable[[RunContext, Baseline | None], _Reading],
    approve: str | None,
    clock: Clock,
) -> Result:
    """Run, and tell the plugins and notifiers how it ended, after the lock is given back."""
    run = new_run(clock())
    bind(feed=project.feed.name, destination=identity(project), run=run)
    try:
        result = _run(project, progress, run, kind, read, approve, clock)
    except Exception as exc:
        expected = isinstance(exc, ArfeedError)
        error, code = str(exc) if expected else f"{type(exc).__name__}: {exc}", getattr(exc, "exit_code", 1)
        failure = Failure(project.feed.name, identity(project), mask_secrets(error, project.secrets), code)
        tell(project, progress, "failed", failure)
        raise
    if result.receipt:
        page = receipt_page(project, progress, result.receipt)
        tell(project, progress, "delivered", replace(result.receipt, page=page))
        return replace(result, page=page)
    tell(project, progress, "refused", result.plan)
    return result


def _run(
    project: Project,
    progress: Progress,
    run: str,
    kind: Literal["sync", "resend"],
    read: Callable[[RunContext, Baseline | None], _Reading],
    approve: str | None,
    clock: Clock,
) -> Result:
    """Take the lock, settle what was interrupted, plan, review, deliver, record."""
    started = clock()
    with (
        open_context(project, progress, clock) as context,
        context.history.lock(context.destination, run, project.feed.lock_seconds) as lease,
        remote(project, meanwhile=True) as server,
        released(project.sources),
    ):
        settle_interrupted(context, server)
        baseline = context.history.baseline(context.destination)
        prepared = _prepare(context, server, read(context, baseline), baseline, run)
        if prepared.plan.objections and not is_settled_by(approve, prepared.plan):
            if baseline and any(each.code in ASKED_OF_ABSENCE for each in prepared.plan.objections):
                context.history.note_refusal(context.destination, baseline.id, prepared.plan.at.date())
            return Result(prepared.plan)
        record = describe_run(context, run, kind, started, prepared, approve)
        signs = note_receiver(context, server)
        receipt = deliver(context, server, prepared, record, lease)
        leave_witness(context, signs, run, receipt.report.name, record.open_count, receipt_hash(receipt.body))
        return Result(prepared.plan, receipt)


def _read(context: RunContext, baseline: Baseline | None) -> _Reading:
    """Read the sources, shape their invoices, and add the rows of sources that are carried forward."""
    context.progress.step("Reading the sources")
    sources = context.project.sources
    last = baseline.reads if baseline else {}
    for connector in sources:
        connector.since = last[connector.source].at if connector.source in last else None
    extracted = extract(sources, context.clock, wait_until_settled(sources), context.progress.reading)
    shaped = transform(extracted.open, context.project.transforms)
    wanted = keep(shaped.invoices, context.project.destination.settings.kinds, shaped.facts)
    carried = [
        carry_forward(
            connector, why, baseline.report if baseline else None, last.get(connector.source), context.clock()
        )
        for connector in sources
        if (why := extracted.failed.get(connector.source))
    ]
    reports = tuple(
        report._replace(before=last.get(report.source))
        for report in (*extracted.reports, *(carried_report for _, carried_report in carried))
    )
    invoices = join_frames([wanted.invoices, *(rows for rows, _ in carried)])
    content = begin(partial(hash_facts, invoices)).result if baseline is None else None
    trace = begin(partial(trace_rows, invoices, extracted.rows, wanted.facts)).result
    check_unique(invoices, arrow.fold(invoices["invoice_ref"]))
    context.progress.step("Looking for the PDFs")
    read = [source for source in sources if source.source not in extracted.failed]
    return _Reading(
        invoices=invoices.drop(columns="origin"),  # from here on nobody asks for lines of files
        rows=extracted.rows.drop(columns="origin"),
        removed=pd.concat([shaped.removed, wanted.removed], ignore_index=True),
        found=find(read, wanted.invoices, context.project.folder, extracted.rows),
        reports=reports,
        sources=tuple(source.source for source in sources),
        reads={report.source: report.read for report in reports},
        seconds={f"source {report.source}": report.seconds for report in extracted.reports}
        | {f"transform {step}": spent for step, spent in shaped.seconds.items()},
        beside=_beside(extracted, baseline),
        listed=extracted.open,
        trace=trace,
        notes=shaped.notes,
        content=content,
    )


def _beside(extracted: Extract, baseline: Baseline | None) -> pd.DataFrame:
    """Return the closed rows that stand beside open ones, or stood there since: they stay what they were."""
    now = find_closed_beside(extracted.rows)
    if baseline is None or baseline.beside is None or baseline.beside.empty:
        return now
    earlier = keep_still_beside(baseline.beside, extracted.open, extracted.failed)
    return earlier if now.empty else pd.concat([now, earlier], ignore_index=True).drop_duplicates(ignore_index=True)


def _prepare(
    context: RunContext, server: Remote, reading: _Reading, baseline: Baseline | None, run: str | None = None
) -> Prepared:
    """Compare and review; stage the report and the PDFs. What needs no plugin is done while plugins are at work.

    `run` is the run that may deliver it, None for a plan alone.
    """
    project, invoices = context.project, reading.invoices
    context.progress.step("Comparing with the last delivery")
    comparison = compare(invoices, invoices.iloc[:0] if baseline is None else baseline.report)
    states = _ledger_states(reading, baseline)
    ledgers = _ledgers(reading, states, baseline)
    missing = _missing(context, reading, comparison.missing, baseline, ledgers)
    before, now = (
        baseline.report if baseline else None,
        context.clock().astimezone(ZoneInfo(project.feed.timezone or "UTC")),
    )
    facts = begin(partial(sum_up, comparison.report, before, missing, reading.reports, now.date()))
    totals = begin(partial(arrow.sum_balances, invoices), after=facts)
    to_pack = partial(pack, comparison, baseline, reading.trace, run or "")
    packing = begin(to_pack, after=totals).result if run else to_pack
    context.progress.step("Preparing the PDFs")
    documents, staged, unsent = _documents(context, server, reading)
    report = write_report(project.destination, invoices, context.folder / "report.csv")
    settings, recognized = settings_hash(project), recognize(project, context.history, context.destination, server)
    drafted = Plan(
        feed=project.feed.name,
        destination=context.destination,
        at=now,
        baseline=baseline.id if baseline else None,
        before=before,
        report=comparison.report,
        missing=missing,
        totals=totals.result(),
        counts=comparison.counts,
        sources=reading.reports,
        documents=documents,
        guards=project.guards,
        facts=facts.result(),
        documents_required=project.destination.settings.documents_required,
        settings_changed=baseline is not None and baseline.settings != settings,
        foreign=foreign_reports(context, server),
        also_known=recognized.also_known,
        forgotten=recognized.forgotten,
        notes=(
            *_notes(project, reading),
            *note_ledgers(ledgers),
            *note_lost_accounts(states, baseline.ledgers if baseline else {}, reading.sources or ()),
            *report.notes,
            *recognized.notes,
        ),
        seconds={**reading.seconds, f"destination {project.destination.name}": report.seconds},
        ledgers=ledgers,
    )
    stated = object_to_contradictory_rows(reading.rows, baseline.beside if baseline else None)
    known = what_is_known(context, drafted, baseline, comparison, reading.trace, stated)
    final = review_plan(drafted, project.registry.manager, settings, reading.content, known)
    if reading.sources is None and baseline is not None:
        settings = baseline.settings  # what is sent again was not made by today's, so these are still to be asked about
    event("planned", **planned(final))
    return Prepared(
        final,
        report,
        packing,
        staged,
        unsent,
        reading.reads,
        baseline,
        settings,
        plugin_versions(project),
        partial(memory, final, known, reading.beside, states, baseline),
    )


def _ledger_states(reading: _Reading, baseline: Baseline | None) -> Sequence[LedgerState]:
    if reading.listed is None:
        return reading.states
    return find_ledger_states(reading.reports, reading.listed, baseline.ledgers if baseline else {})


def _ledgers(reading: _Reading, states: Sequence[LedgerState], baseline: Baseline | None) -> tuple[Ledger, ...]:
    """Hold lists against control accounts; what an earlier report was held against says nothing of today."""
    if reading.sources is None:
        return ()
    return compare_ledgers(states, baseline.ledgers if baseline else {})


def _missing(
    context: RunContext, reading: _Reading, missing: pd.DataFrame, baseline: Baseline | None, ledgers: Sequence[Ledger]
) -> pd.DataFrame:
    """Say of each missing invoice why it is missing and how good the evidence is; ask the sources about the rest."""
    stating = [report.source for report in reading.reports if report.states_status]
    beside = baseline.beside if baseline else None
    known = add_reasons(missing, reading.rows, reading.removed, reading.sources, stating=stating, beside=beside)
    gone = known[known["reason"] == GONE]
    if len(gone) and reading.sources is not None:
        context.progress.step("Asking the sources what became of missing invoices")
        failed = [report.source for report in reading.reports if report.failed]
        answers = ask_sources([source for source in context.project.sources if source.source not in failed], gone)
        known = add_answers(known, answers, beside)
    release(context.project.sources)  # nothing is asked any more: no database is held up by the delivery
    return add_evidence(known, reading.reports, ledgers)


def _notes(project: Project, reading: _Reading) -> tuple[str, ...]:
    carried = [
        f"{report.source} failed ({mask_secrets(report.failed, project.secrets)}); its {report.rows} invoices are "
        f"carried forward as they were on {report.read.at:%Y-%m-%d %H:%M} UTC"
        for report in reading.reports
        if report.failed
    ]
    said = [f"{report.source}: {note}" for report in reading.reports for note in report.complete.notes]
    direct = ['publish = "direct": arfeed can\'t promise that no partial file ever stands under a real name']
    published = direct if project.destination.settings.publish == "direct" else []
    unseen = note_unseen_characters(reading.invoices["invoice_ref"])
    stating = [report.source for report in reading.reports if report.states_status]
    zero = note_zero_balances(reading.rows, stating)
    return (*carried, *said, *zero, *reading.notes, *reading.found.notes, *published, *unseen)


def _documents(
    context: RunContext, server: Remote, reading: _Reading
) -> tuple[DocumentPlan, dict[str, Staged], dict[str, str]]:
    """Choose the PDFs that are new or changed, copy them into the staging folder, and name those only touched."""
    known: Mapping[str, SentDocument] = context.history.documents(context.destination)
    found = reading.found
    name_of = context.project.destination.document_name
    selection = select(reading.invoices, found.table, name_of, known, found.ambiguous)
    outcomes: dict[str, Staged | str] = {}
    context.progress.expect(len(selection.send))
    for name, outcome in stage(selection.send, found, context.folder):
        outcomes[name] = outcome
        context.progress.done(outcome.size if isinstance(outcome, Staged) else 0)
    staged = {name: item for name, item in outcomes.items() if isinstance(item, Staged)}
    broken = {name: item for name, item in outcomes.items() if isinstance(item, str)}
    hashes = {name: item.sha256 for name, item in staged.items()}
    changed = [name for name in hashes if name in known and known[name].sha256 != hashes[name]]
    broken |= server.irreplaceable(context.project.destination.document_folder, changed)
    return settle(selection, hashes, broken, known), staged, find_touched(selection, hashes, known)
