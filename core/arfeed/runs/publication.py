"""Delivering a plan: the PDFs, a barrier, then the report, each step written down before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from arfeed.delivery.remote import Remote
from arfeed.delivery.uploads import Outcome, Upload, part_name
from arfeed.documents.staging import Staged
from arfeed.history.lease import Lease, whoami
from arfeed.history.receipts import make_receipt
from arfeed.history.records import Baseline, Memory, PlannedDocument, RunRecord
from arfeed.model.errors import DestinationError, LockedError, RefusedError
from arfeed.model.parts import Destination
from arfeed.model.results import DeliveredFile, Plan, Receipt, SourceRead
from arfeed.planning.report import ReportFile
from arfeed.plugins.isolation import undisturbed
from arfeed.runs.context import RunContext, clear_parts, foreign_reports

_MOST_LINES = 10


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything that a delivery needs, staged on this machine. `reads` says how each source was read for it.

    `packed` returns the report as the history keeps it.

    `memory` returns what it leaves behind for the next plan. `touched` are the new versions, by name, of PDFs that need
    not be sent.
    """

    plan: Plan
    report: ReportFile
    packed: Callable[[], bytes]
    staged: Mapping[str, Staged]
    touched: Mapping[str, str]
    reads: Mapping[str, SourceRead]
    baseline: Baseline | None
    settings: str
    plugins: Mapping[str, str]
    memory: Callable[[], Memory]


def describe_run(
    context: RunContext,
    run: str,
    kind: Literal["sync", "resend"],
    started: datetime,
    prepared: Prepared,
    approve: str | None,
) -> RunRecord:
    """Describe the run as it begins. The time in the report's name is never before, or at, that of the last one.

    Raise `DestinationError` where the destination would not know its own report by that name.
    """
    plan, now, before = (
        prepared.plan,
        started.replace(microsecond=0),
        context.history.latest_report_at(context.destination),
    )
    report_at = now if before is None else max(now, before + timedelta(seconds=1))
    return RunRecord(
        id=run,
        kind=kind,
        state="running",
        feed=plan.feed,
        destination=plan.destination,
        settings=prepared.settings,
        started_at=started,
        ended_at=None,
        report_at=report_at,
        report_name=_report_name(context.project.destination, run, report_at, before),
        report_size=prepared.report.size,
        open_count=len(plan.report),
        missing_count=plan.counts.missing,
        approval=approve if plan.objections else None,
        approved_by=whoami() if plan.objections else None,
        receipt=None,
    )


def _report_name(destination: Destination, run: str, at: datetime, before: datetime | None) -> str:
    """Return the name of the report, by which it alone, and no upload under way, is known to be one."""
    with undisturbed():
        name = destination.report_name(at)
        if not isinstance(name, str):
            raise DestinationError(f"{destination.name}: its report_name() returned {name!r}, no text")
        if before is not None and destination.report_name(before) == name:
            raise DestinationError(
                f"{destination.name}: its report_name() calls this report {name}, as it called the last one; each "
                "needs a name of its own, such as one with the date and the time to the second"
            )
        for each, right in ((name, True), (part_name(name, run), False)):
            if (said := destination.is_report(each)) is not right:
                what = "the name that its report_name() gives" if right else "an upload under way"
                raise DestinationError(
                    f"{destination.name}: its is_report() says {said!r} of {each}, {what}, and {right} would be right; "
                    "without it no foreign report would be found"
                )
    return name


def deliver(context: RunContext, server: Remote, prepared: Prepared, run: RunRecord, lease: Lease) -> Receipt:
    """Send the PDFs, wait for all of them, see that nothing has changed meanwhile, then publish the report.

    Raise `LockedError` where the run has slept through its lease, `RefusedError` where a foreign report has come.
    """
    planned = _planned(prepared)
    lease.insist()
    context.history.touched(context.destination, prepared.touched)
    context.history.begin(run, prepared.packed(), prepared.reads, planned, prepared.memory())
    outcomes = _send_documents(context, server, prepared, run, lease)
    arrived = {item.upload.name for item in outcomes if item.error is None}
    sent = [document for document in planned if document.name in arrived]
    if lacking := _lacking(context, outcomes):
        context.history.failed(run, ended_at=context.clock(), documents=sent)
        raise DestinationError(lacking)
    try:
        outcome = _publish_report(context, server, prepared, run, outcomes)
    except RefusedError:
        context.history.failed(run, ended_at=context.clock(), documents=sent)
        raise
    if outcome.error is not None:
        context.history.failed(run, ended_at=context.clock(), documents=sent, unsettled=outcome.exposed)
        raise DestinationError(f"the report could not be published: {outcome.error} Run sync again")
    receipt = _receipt(prepared, run, outcome.upload, outcome.verified, outcomes)
    context.history.delivered(
        run, ended_at=context.clock(), receipt=receipt.body, documents=sent, verified=outcome.verified
    )
    return receipt


def _send_documents(
    context: RunContext, server: Remote, prepared: Prepared, run: RunRecord, lease: Lease
) -> list[Outcome]:
    uploads = _document_uploads(prepared, context.project.destination.document_folder)
    context.progress.step("Sending the PDFs")
    context.progress.expect(len(uploads), sum(upload.size for upload in uploads))
    try:
        return server.publish(
            uploads, run=run.id, on_done=lambda end: context.progress.done(end.upload.size), before_naming=lease.insist
        )
    except LockedError:
        # The run that took over has settled this one already, so nobody else will clear up behind it.
        clear_parts(context, server, run.id)
        raise


def _lacking(context: RunContext, outcomes: list[Outcome]) -> str | None:
    """Say which PDFs did not arrive, where the report may not go without them."""
    failed = [item.error for item in outcomes if item.error is not None]
    if not failed or not context.project.destination.settings.documents_required:
        return None
    lines = "\n".join(f"  {error}" for error in failed[:_MOST_LINES])
    more = f"\n  … and {len(failed) - _MOST_LINES} more" if len(failed) > _MOST_LINES else ""
    return (
        f"{len(failed)} of {len(outcomes)} PDFs did not arrive, so the report was not sent (documents_required):\n"
        f"{lines}{more}\nRun sync again when that is settled; what has arrived is not sent twice"
    )


def _publish_report(
    context: RunContext, server: Remote, prepared: Prepared, run: RunRecord, outcomes: list[Outcome]
) -> Outcome:
    folder, staged = context.project.destination.report_folder, prepared.report
    context.progress.step("Sending the report")
    server.ensure_folder(folder)
    upload = Upload(staged.path, folder, run.report_name, staged.size, staged.sha256, replaces=False)

    def before_naming() -> None:
        _refuse_latecomers(context, server)
        draft = _receipt(prepared, run, upload, None, outcomes)
        context.history.publishing(run, prepared.baseline, draft.body, context.project.feed.lock_seconds)

    context.progress.expect(1, upload.size)
    (outcome,) = server.publish([upload], run=run.id, before_naming=before_naming)
    return outcome


def _refuse_latecomers(context: RunContext, server: Remote) -> None:
    foreign = foreign_reports(context, server)
    if foreign:
        raise RefusedError(
            f"foreign-report: {', '.join(foreign)} came to {context.destination} while the PDFs were sent; the report "
            "was not published. Look who else delivers there; then `arfeed adopt` takes the latest as baseline"
        )


def _planned(prepared: Prepared) -> list[PlannedDocument]:
    send = prepared.plan.documents.send
    rows = zip(*(send[column].to_list() for column in ("name", "invoice_ref", "version")), strict=True)
    staged = prepared.staged
    return [PlannedDocument(name, ref, version, staged[name].sha256, staged[name].size) for name, ref, version in rows]


def _document_uploads(prepared: Prepared, folder: str) -> list[Upload]:
    staged = prepared.staged
    return [
        Upload(staged[name].path, folder, name, staged[name].size, staged[name].sha256, True, staged[name].start)
        for name in prepared.plan.documents.send["name"]
    ]


def _receipt(
    prepared: Prepared, run: RunRecord, report: Upload, verified: bool | None, outcomes: list[Outcome]
) -> Receipt:
    return make_receipt(
        prepared.plan,
        run=run.id,
        kind=run.kind,
        settings=prepared.settings,
        plugins=prepared.plugins,
        approval=run.approval,
        approved_by=run.approved_by,
        started_at=run.started_at,
        report=_delivered(report),
        verified=verified,
        documents=[_delivered(item.upload) for item in outcomes if item.error is None],
        failed={item.upload.name: item.error for item in outcomes if item.error is not None},
    )


def _delivered(upload: Upload) -> DeliveredFile:
    return DeliveredFile(upload.folder, upload.name, upload.size, upload.sha256)
