"""The whole story of a run: extract, normalize, transform, plan, review, deliver, record."""

from __future__ import annotations

import hashlib
import json
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

import pandas as pd

from arfeed import schema
from arfeed.config import Project, settings_of
from arfeed.delivery import Outcome, Remote, Upload, destination_id, open_remote
from arfeed.errors import DestinationError
from arfeed.history import Baseline, DeliveredDocument, History, RunRecord, make_receipt
from arfeed.intake.documents import Staged, find, stage
from arfeed.intake.extract import extract
from arfeed.intake.transform import check_unique, keep, transform
from arfeed.interfaces import Connector, Delivered, Destination, DocumentPlan, Plan, Receipt, SentDocument, Transform
from arfeed.planning import (
    ReportFile,
    compare,
    reviewed,
    select,
    settle,
    settled_by,
    totals,
    with_reasons,
    write_report,
)
from arfeed.rehearsal import receiver

_REHEARSAL = "rehearsal://"

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the time of the machine's clock, in UTC."""
    return datetime.now(UTC)


class Progress(Protocol):
    """What a run tells while it works."""

    def step(self, text: str) -> None:
        """Begin a step, named for people."""

    def sending(self, files: int) -> None:
        """Begin to send so many PDFs."""

    def sent(self) -> None:
        """Note that one more PDF was sent, or failed."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended: the plan, and the receipt if it was delivered."""

    plan: Plan
    receipt: Receipt | None = None


@dataclass(frozen=True, slots=True)
class _Run:
    """One delivery: its id, when it began, the time in its report's name, and the approval it was given."""

    id: str
    started: datetime
    report_at: datetime
    approval: str | None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """Everything that a delivery needs, staged on this machine."""

    plan: Plan
    report: ReportFile
    staged: Mapping[str, Staged]
    baseline: Baseline | None
    settings: str


def plan(project: Project, progress: Progress) -> Result:
    """Say what `sync` would deliver; nothing leaves this machine."""
    with _history(project) as history, _staging() as folder:
        return Result(_prepare(project, history, folder, progress).plan)


def sync(project: Project, progress: Progress, *, approve: str | None = None, clock: Clock = utc_now) -> Result:
    """Deliver every open invoice and its PDF, unless the plan is refused."""
    started = clock()
    with _history(project) as history, _staging() as folder:
        prepared = _prepare(project, history, folder, progress)
        if prepared.plan.objections and not settled_by(approve, prepared.plan):
            return Result(prepared.plan)
        run = _new_run(started, prepared, approve)
        with remote(project) as server:
            receipt = _deliver(project, server, prepared, run, progress)
        _record(history, prepared, receipt, run, clock())
        return Result(prepared.plan, receipt)


def reach(project: Project) -> None:
    """Connect to the destination and look at its folders; nothing is written there."""
    with remote(project) as server:
        for folder in dict.fromkeys([project.destination.document_folder, project.destination.report_folder]):
            server.listing(folder)


def identity(project: Project) -> str:
    """Return the one name that the destination is known by in the history."""
    url = project.destination.settings.url
    return url if url.startswith(_REHEARSAL) else destination_id(url)


@contextmanager
def remote(project: Project) -> Iterator[Remote]:
    """Connect to the destination; `rehearsal://NAME` starts the local receiver for as long."""
    settings = project.destination.settings
    if not settings.url.startswith(_REHEARSAL):
        with open_remote(settings) as server:
            yield server
        return
    name = settings.url.removeprefix(_REHEARSAL)
    with receiver(name, project.folder / ".arfeed" / "rehearsal" / name) as local:
        keys = {"private_key": str(local.private_key), "known_hosts": str(local.known_hosts)}
        with open_remote(settings.model_copy(update=keys), url=local.url) as server:
            yield server


def _history(project: Project) -> History:
    return History(project.feed.history.get_secret_value())


@contextmanager
def _staging() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="arfeed-") as folder:
        yield Path(folder)


def _prepare(project: Project, history: History, folder: Path, progress: Progress) -> _Prepared:
    """Read the sources, shape, compare and review; stage the report and the PDFs."""
    progress.step("Reading the sources")
    extracted = extract(project.sources)
    shaped = transform(extracted.open, project.transforms)
    wanted = shaped.invoices["kind"].isin(project.destination.settings.kinds)
    kept = keep(shaped.invoices, wanted, "the destination's `kinds`")
    invoices, keys = kept.invoices, schema.folded(kept.invoices["invoice_ref"])
    check_unique(invoices, keys)
    progress.step("Comparing with the last delivery")
    where = identity(project)
    baseline = history.baseline(where)
    comparison = compare(invoices, keys, invoices.iloc[:0] if baseline is None else baseline.report)
    removed = pd.concat([shaped.removed, kept.removed], ignore_index=True)
    names = [source.source for source in project.sources]
    missing = with_reasons(comparison.missing, extracted.rows, removed, names)
    progress.step("Preparing the PDFs")
    documents, staged = _documents(project, invoices, history.documents(where), folder)
    report = write_report(project.destination, invoices, folder / "report.csv")
    drafted = Plan(
        feed=project.feed.name,
        destination=where,
        baseline=baseline.run if baseline else None,
        report=comparison.report,
        missing=missing,
        totals=totals(invoices),
        counts=comparison.counts,
        sources=extracted.reports,
        documents=documents,
    )
    settings = settings_hash(project)
    return _Prepared(reviewed(drafted, project.registry.manager, settings), report, staged, baseline, settings)


def _documents(
    project: Project, invoices: pd.DataFrame, known: Mapping[str, SentDocument], folder: Path
) -> tuple[DocumentPlan, dict[str, Staged]]:
    """Find the PDFs, and copy the ones that are new or changed into the staging folder."""
    found = find(project.sources, invoices)
    selection = select(invoices, found.table, project.destination.document_name, known)
    outcomes = dict(stage(selection.send, found, folder))
    staged = {name: item for name, item in outcomes.items() if isinstance(item, Staged)}
    broken = {name: item for name, item in outcomes.items() if isinstance(item, str)}
    hashes = {name: item.sha256 for name, item in staged.items()}
    return settle(selection, hashes, broken, known), staged


def settings_hash(project: Project) -> str:
    """Return the SHA-256 of the resolved settings of sources, transforms and destination, without secrets."""
    parts: list[Connector | Transform | Destination] = [*project.sources, *project.transforms, project.destination]
    names = [source.source for source in project.sources]
    document = [names, [[part.name, settings_of(part)] for part in parts]]
    return hashlib.sha256(json.dumps(document, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _new_run(started: datetime, prepared: _Prepared, approve: str | None) -> _Run:
    at, before = started.replace(microsecond=0), prepared.baseline
    report_at = at if before is None else max(at, before.report_at + timedelta(seconds=1))
    approval = approve if prepared.plan.objections else None
    return _Run(f"{started:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}", started, report_at, approval)


def _deliver(project: Project, server: Remote, prepared: _Prepared, run: _Run, progress: Progress) -> Receipt:
    """Send the PDFs, wait for all of them, then send the report."""
    destination = project.destination
    uploads = _document_uploads(prepared, destination.document_folder)
    progress.step("Sending the PDFs")
    progress.sending(len(uploads))
    outcomes = server.publish(uploads, run=run.id, on_done=lambda _: progress.sent())
    progress.step("Sending the report")
    server.ensure_folder(destination.report_folder)
    name = destination.report_name(run.report_at)
    report = Upload(
        prepared.report.path,
        destination.report_folder,
        name,
        prepared.report.size,
        prepared.report.sha256,
        replaces=False,
    )
    (outcome,) = server.publish([report], run=run.id)
    if outcome.error is not None:
        raise DestinationError(
            f"the report {name} could not be published: {outcome.error}. Nothing is recorded; run sync again"
        )
    return make_receipt(
        prepared.plan,
        run=run.id,
        settings=prepared.settings,
        report=_delivered(outcome),
        documents=tuple(_delivered(item) for item in outcomes if item.error is None),
        failed={item.upload.name: item.error for item in outcomes if item.error is not None},
        approval=run.approval,
    )


def _document_uploads(prepared: _Prepared, folder: str) -> list[Upload]:
    send = prepared.plan.documents.send
    return [
        Upload(item.path, folder, name, item.size, item.sha256, replaces=change == "changed")
        for name, change in zip(send["name"], send["change"], strict=True)
        if (item := prepared.staged[name])
    ]


def _delivered(outcome: Outcome) -> Delivered:
    upload = outcome.upload
    return Delivered(upload.folder, upload.name, upload.size, upload.sha256)


def _record(history: History, prepared: _Prepared, receipt: Receipt, run: _Run, ended: datetime) -> None:
    plan = prepared.plan
    send = plan.documents.send
    planned = {row[0]: row[1:] for row in zip(send["name"], send["invoice_ref"], send["version"], strict=True)}
    documents = [
        DeliveredDocument(item.name, *planned[item.name], item.sha256, item.size) for item in receipt.documents
    ]
    record = RunRecord(
        id=run.id,
        feed=plan.feed,
        destination=plan.destination,
        started_at=run.started,
        ended_at=ended,
        report_at=run.report_at,
        report_name=receipt.report.name,
        open_count=len(plan.report),
        missing_count=plan.counts.missing,
        approval=run.approval,
        receipt=receipt.body,
    )
    history.record(record, plan.report, documents)
