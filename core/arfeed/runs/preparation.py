"""Prepare a delivery: compare with the baseline, stage the report and PDFs, and have the plan reviewed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from typing import TYPE_CHECKING

from arfeed.documents.contents.checking import Verification, choose_mode
from arfeed.documents.contents.known import COLUMNS as KNOWN_COLUMNS
from arfeed.documents.finding import nothing_found
from arfeed.documents.preparation import PreparedDocuments, Receiver, prepare_documents
from arfeed.intake.joining import join_frames
from arfeed.model import arrow
from arfeed.model.background import begin
from arfeed.model.events import event, is_wanted
from arfeed.model.figures import Facts
from arfeed.model.results import Ledger, LedgerState, Plan, SourceReport
from arfeed.model.shipping.destination import absence_of, has_document_folder, takes_documents
from arfeed.model.text.secrets import mask_secrets
from arfeed.planning.changes.contradictions import note_zero_balances
from arfeed.planning.changes.texts import note_unseen_characters
from arfeed.planning.compare import Comparison, compare
from arfeed.planning.evidence.degrees import add_evidence
from arfeed.planning.evidence.ledgers import compare_ledgers, find_ledger_states, note_ledgers, note_lost_accounts
from arfeed.planning.evidence.namesakes import note_namesakes
from arfeed.planning.evidence.reasons import SETTLED, UNSURE, add_answers, add_reasons, doubt_zeros
from arfeed.planning.facts import sum_up
from arfeed.planning.report import ReportFile
from arfeed.planning.review import review_plan
from arfeed.planning.wording import describe_statuses
from arfeed.plugins.fingerprint import plugin_versions, settings_hash
from arfeed.runs.chapters import Prepared, Reading
from arfeed.runs.context import OpenContext, find_foreign_reports
from arfeed.runs.ending.narration import describe_plan
from arfeed.runs.memory import (
    find_lost_documents,
    find_proving,
    find_renamed,
    find_settling,
    leave_memory,
    note_renamed,
    pack_report,
    recall,
)
from arfeed.runs.receiver.recognition import recognize
from arfeed.runs.shipping import Shipped, stage_delivery

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.delivery.remote import Remote
    from arfeed.plugins.config import Project


@dataclass(frozen=True, slots=True)
class Compared:
    """A reading beside the baseline, before the sources are asked.

    `known` are the missing invoices with what the rows say of each, `unsure` those of them that the sources have to be
    asked about, and `answers` what they said, None if nothing was asked.
    """

    comparison: Comparison
    states: Sequence[LedgerState]
    ledgers: tuple[Ledger, ...]
    known: pd.DataFrame
    unsure: pd.DataFrame
    answers: pd.DataFrame | None = None


@dataclass(frozen=True, slots=True)
class _Compared:
    """What has changed since the baseline: the missing invoices with reasons, and the control accounts.

    `at` is the time of the comparison in the feed's time zone; its date decides what is overdue.
    """

    at: datetime
    comparison: Comparison
    missing: pd.DataFrame
    states: Sequence[LedgerState]
    ledgers: tuple[Ledger, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Computing:
    """What is computed in the background while plugins and PDFs keep the run waiting."""

    facts: Callable[[], Facts]
    totals: Callable[[], pd.DataFrame]
    packed: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class _Staged:
    """Everything that a plan is drafted from; `settings` is the hash of the resolved settings."""

    compared: _Compared
    computing: _Computing
    documents: PreparedDocuments
    report: ReportFile
    settings: str
    shipped: Shipped | None


def compare_reading(context: OpenContext, reading: Reading) -> Compared:
    """Compare with the baseline, and find what the sources have to be asked about."""
    context.progress.step("Comparing with the last delivery")
    invoices, baseline = reading.invoices, reading.baseline
    # A first delivery is compared with an empty report: everything is new, and nothing can be missing.
    comparison = compare(invoices, invoices.iloc[:0] if baseline is None else baseline.report)
    states = _ledger_states(reading)
    known = add_reasons(
        comparison.missing,
        reading.rows,
        reading.removed,
        reading.sources,
        stating=reading.stating,
        beside=baseline.beside if baseline else None,
    )
    # Of an earlier report nothing is asked: what its sources list today is no matter.
    unsure = known[known["reason"].isin(UNSURE)] if reading.sources is not None else known.iloc[:0]
    return Compared(comparison, states, _compare_ledgers(reading, states), known, unsure)


def prepare(
    context: OpenContext, server: Remote, reading: Reading, compared: Compared, *, delivering: bool
) -> Prepared:
    """Stage the report and the PDFs, draft the plan and have it reviewed.

    `delivering` is false for `plan`, which needs no packed report.
    """
    project, baseline = context.project, reading.baseline
    staged = _stage(context, server, reading, _explain(context, reading, compared), delivering=delivering)
    drafted = _draft(context, server, reading, staged)
    known = recall(context, drafted, reading, staged.compared.comparison)
    final = review_plan(drafted, project.registry.manager, staged.settings, reading.content, known)
    settings = staged.settings
    if reading.sources is None and baseline is not None:
        # What is sent again was not made with today's settings, so a change of them is still to be asked about.
        settings = baseline.settings
    if is_wanted():  # to describe it takes as long as to compare it
        event("planned", **describe_plan(final))
    return Prepared(
        plan=final,
        report=staged.report,
        packed=staged.computing.packed,
        staged=staged.documents.staged,
        touched=staged.documents.touched,
        readings=staged.documents.readings,
        reads=reading.reads,
        baseline=baseline,
        settings=settings,
        plugins=plugin_versions(project),
        memory=partial(leave_memory, final, known, reading, staged.compared.states),
        shipped=staged.shipped,
    )


def _stage(context: OpenContext, server: Remote, reading: Reading, compared: _Compared, *, delivering: bool) -> _Staged:
    """Stage PDFs and report while figures are computed in the background."""
    computing = _begin_computing(context, reading, compared, delivering=delivering)
    # Staged before the review: the plan must say which PDFs are broken, and what is approved is what is sent.
    documents = _stage_documents(context, server, compared.comparison.report, reading)
    report, shipped = stage_delivery(context, reading.invoices, compared.missing, documents)
    return _Staged(compared, computing, documents, report, settings_hash(context.project), shipped)


def _explain(context: OpenContext, reading: Reading, compared: Compared) -> _Compared:
    """Add to each missing invoice its reason and the degree of evidence, and notes on what looks like a proof."""
    known, said = compared.known, [reading.rows]
    if compared.answers is not None:
        known = add_answers(known, compared.answers, reading.baseline.beside if reading.baseline else None)
        said.append(compared.answers)
    if (known["reason"] == SETTLED).any():
        known = doubt_zeros(known, [*reading.stating, *find_settling(context, reading)])
    notes = tuple(note for rows in said for note in note_namesakes(known, rows))
    missing = add_evidence(known, reading.reports, compared.ledgers, find_proving(context, known))
    at = context.clock().astimezone(context.zone)
    return _Compared(at, compared.comparison, missing, compared.states, compared.ledgers, notes)


def _begin_computing(context: OpenContext, reading: Reading, compared: _Compared, *, delivering: bool) -> _Computing:
    before = reading.baseline.report if reading.baseline else None
    report, missing = compared.comparison.report, compared.missing
    facts = begin(partial(sum_up, report, before, missing, reading.reports, compared.at.date()))
    # One after the other: plugins are at work meanwhile, and all of this together may take one processor only.
    totals = begin(partial(arrow.sum_balances, reading.invoices), after=facts)
    pack = partial(pack_report, reading, compared.comparison, context.run)
    # In the background although the plan may yet be refused: a delivery would have to wait for it.
    packed = begin(pack, after=totals).result if delivering else pack
    return _Computing(facts.result, totals.result, packed)


def _stage_documents(context: OpenContext, server: Remote, report: pd.DataFrame, reading: Reading) -> PreparedDocuments:
    context.progress.step("Preparing the PDFs")
    destination = context.project.destination
    beside, lost = has_document_folder(destination), find_lost_documents(context, reading.baseline)
    sent = context.history.documents(context.destination)
    receiver = Receiver(
        destination.document_name,
        {name: known for name, known in sent.items() if name not in lost},
        partial(server.irreplaceable, destination.document_folder) if beside else _nothing,
        partial(server.taken, destination.document_folder) if beside else _nothing,
    )
    verification = Verification(
        choose_mode(destination.settings.documents_verify),
        partial(_known_invoices, report, reading),
        cache(partial(context.history.document_readings, context.destination)),
    )
    found = reading.found if takes_documents(destination) else nothing_found()
    return prepare_documents(report, found, receiver, context.folder, context.progress, verification)


def _nothing(names: Iterable[str]) -> dict[str, str]:
    """Find no file under these names: PDFs in an archive are not files at the receiver."""
    del names
    return {}


def _known_invoices(report: pd.DataFrame, reading: Reading) -> pd.DataFrame:
    """Return all invoices that a PDF may be of: reported, listed by the sources, or in the last report."""
    listed = [reading.rows, *([reading.baseline.report] if reading.baseline else [])]
    return join_frames([rows[KNOWN_COLUMNS] for rows in (report, *listed) if len(rows) or rows is report])


def _draft(context: OpenContext, server: Remote, reading: Reading, staged: _Staged) -> Plan:
    """Return the plan before its review: without objections and approval code."""
    project, baseline, compared = context.project, reading.baseline, staged.compared
    recognized = recognize(project, context.history, context.destination, server)
    lost_accounts = note_lost_accounts(compared.states, baseline.ledgers if baseline else {}, reading.sources or ())
    return Plan(
        feed=project.feed.name,
        destination=context.destination,
        at=compared.at,
        baseline=baseline.id if baseline else None,
        before=baseline.report if baseline else None,
        report=compared.comparison.report,
        missing=compared.missing,
        totals=staged.computing.totals(),
        counts=compared.comparison.counts,
        sources=reading.reports,
        documents=staged.documents.plan,
        guards=project.guards,
        facts=staged.computing.facts(),
        documents_required=project.destination.settings.documents_required,
        settings_changed=baseline is not None and baseline.settings != staged.settings,
        # Asked again just before the report gets its name; here it is known while somebody can still decide.
        foreign=find_foreign_reports(context, server),
        also_known=recognized.also_known,
        forgotten=recognized.forgotten,
        notes=(
            *(() if baseline else _note_statuses(reading.reports)),
            *_notes(context, reading),
            *note_renamed(find_renamed(reading)),
            *compared.notes,
            *note_ledgers(compared.ledgers),
            *lost_accounts,
            *staged.report.notes,
            *recognized.notes,
            *staged.documents.notes,
        ),
        seconds={**reading.seconds, f"destination {project.destination.name}": staged.report.seconds},
        ledgers=compared.ledgers,
        config=project.path.absolute(),
        absence=absence_of(project.destination),
        named=project.chosen,
        board=_find_page(project),
    )


def _find_page(project: Project) -> str | None:
    """Return the address of the feed's page on a board, where each of several destinations has one."""
    url = project.board.url
    return f"{url.rstrip('/')}:{project.chosen}" if url and project.chosen else url


def _note_statuses(sources: Iterable[SourceReport]) -> Iterator[str]:
    """Write, for a first delivery, how many rows have which status: a word that was misread is seen here."""
    for source in sources:
        if words := describe_statuses(source):
            yield f"the rows of {source.source} by status: {words}"


def _ledger_states(reading: Reading) -> Sequence[LedgerState]:
    if reading.listed is None:
        return reading.states
    return find_ledger_states(reading.reports, reading.listed, reading.baseline.ledgers if reading.baseline else {})


def _compare_ledgers(reading: Reading, states: Sequence[LedgerState]) -> tuple[Ledger, ...]:
    """Compare lists with control accounts, except for an earlier report: its control accounts prove nothing today."""
    if reading.sources is None:
        return ()
    return compare_ledgers(states, reading.baseline.ledgers if reading.baseline else {})


def _notes(context: OpenContext, reading: Reading) -> tuple[str, ...]:
    project = context.project
    # A failed source's message may quote the connection that it was given.
    carried = [
        f"{report.source} failed ({mask_secrets(report.failed, project.secrets)}); its {report.rows} invoices are "
        f"carried forward as they were on {report.read.at:%Y-%m-%d %H:%M} UTC"
        for report in reading.reports
        if report.failed
    ]
    from_sources = [f"{report.source}: {note}" for report in reading.reports for note in report.complete.notes]
    direct = ['publish = "direct": arfeed can\'t promise that no partial file ever stands under a real name']
    published = direct if project.destination.settings.publish == "direct" else []
    if project.destination.settings.replace_by == "remove":
        published.append(
            'replace_by = "remove": a PDF that has changed is missing for a moment, before the new one is in place'
        )
    unseen = note_unseen_characters(reading.invoices["invoice_ref"])
    zero = note_zero_balances(reading.rows, reading.stating)
    return (*carried, *from_sources, *zero, *reading.notes, *reading.found.notes, *published, *unseen)
