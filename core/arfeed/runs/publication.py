"""Deliver a plan: the PDFs first, then the report; each step is recorded before it is taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from arfeed.delivery.uploads import Outcome, Upload, part_name
from arfeed.history.locking.lease import whoami
from arfeed.history.receipts import Sent, make_receipt
from arfeed.history.records import PlannedDocument, RunRecord, forget_content
from arfeed.model import arrow
from arfeed.model.errors import DestinationError, LockedError, RefusedError
from arfeed.model.parts import Destination
from arfeed.model.results import DeliveredFile, Receipt
from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.destination import sends_documents_inside
from arfeed.model.text.commands import with_destination
from arfeed.model.text.legible import list_some
from arfeed.plugins.isolation import restore_process_state
from arfeed.runs.calling import Calling
from arfeed.runs.chapters import Delivery, Prepared
from arfeed.runs.context import OpenContext, clear_parts, find_foreign_reports
from arfeed.runs.shipping import next_report_at
from arfeed.sftp.reasons import SHARED_HANDLES

_LONGEST_NAME = 200


class _NotCompletedError(DestinationError):
    """A file did not arrive that goes before the one that commits."""


def describe_run(
    context: OpenContext, kind: Literal["sync", "resend"], prepared: Prepared, approve: str | None
) -> RunRecord:
    """Describe the run as it begins. The time in the report's name is always later than that of the last report.

    Raise `DestinationError` if the destination would not recognize its own report by that name.
    """
    plan = prepared.plan
    report_at, before = next_report_at(context)
    if prepared.shipped:
        report_at = prepared.shipped.at  # which is in the names of its files already
    return RunRecord(
        id=context.run,
        kind=kind,
        state="running",
        feed=plan.feed,
        destination=plan.destination,
        settings=prepared.settings,
        started_at=context.started,
        ended_at=None,
        report_at=report_at,
        report_name=_report_name(context.project.destination, context.run, report_at, before),
        report_size=prepared.report.size,
        open_count=len(plan.report),
        missing_count=plan.counts.missing,
        # An approval that was not needed approves nothing, and must not stand in the receipt as if somebody had.
        approval=approve if plan.objections else None,
        approved_by=_approver(context) if plan.objections else None,
        receipt=None,
    )


def _approver(context: OpenContext) -> str:
    """Return who approved, within what the history has room for."""
    # Whoever runs this stays named beside a person that another program, such as the board, names.
    return f"{context.approver}; run by {whoami()}"[:_LONGEST_NAME] if context.approver else whoami()


def _report_name(destination: Destination, run: str, at: datetime, before: datetime | None) -> str:
    """Return the name of the report, which must be recognized as a report's, and an unfinished upload's must not."""
    with restore_process_state():
        name = destination.report_name(at)
        if not isinstance(name, str):
            raise DestinationError(f"{destination.name}: its report_name() returned {name!r}, not text")
        if before is not None and destination.report_name(before) == name:
            raise DestinationError(
                f"{destination.name}: its report_name() calls this report {name}, like the last one; each report needs "
                "a unique name, such as one with the date and the time to the second"
            )
        for each, right in ((name, True), (part_name(name, run), False)):
            if (answer := destination.is_report(each)) is not right:
                what = "the name that its report_name() gives" if right else "an unfinished upload"
                raise DestinationError(
                    f"{destination.name}: its is_report() returns {answer!r} for {each}, {what}; it must return "
                    f"{right}, or foreign reports go unnoticed"
                )
    return name


def deliver(delivery: Delivery) -> Receipt:
    """Send the PDFs, wait for all of them, check that nothing has changed meanwhile, then publish the report.

    Each step is recorded before it is taken, so that a run that is killed can be settled by the next one. Raise
    `LockedError` if the lease ran out while the machine slept, `RefusedError` if a foreign report has come.
    """
    context, prepared, record = delivery.context, delivery.prepared, delivery.record
    planned = _plan_documents(prepared)
    # Reading and staging may have taken long, and the next line is the first to write anything.
    delivery.lease.check_held()
    arrow.release_memory()
    context.history.update_versions(context.destination, prepared.touched)
    context.history.begin(record, prepared.packed(), prepared.reads, planned, prepared.memory())
    if isinstance(context.project.destination, ApiDestination):
        return _deliver_by_calls(delivery, planned)
    outcomes = _send_documents(delivery)
    # What arrived is recorded even if the report does not go, so that the next run need not send it again.
    sent = _arrived(planned, outcomes)
    # Every PDF has its answer by now: nothing that is named in the receipt is still under way.
    try:
        _require_documents(context, outcomes)
    except DestinationError:
        context.history.record_failure(record, ended_at=context.clock(), documents=sent)
        raise
    try:
        ahead = _publish_ahead(delivery)
        outcome = _publish_report(delivery, outcomes)
    except (RefusedError, _NotCompletedError):
        context.history.record_failure(record, ended_at=context.clock(), documents=sent)
        raise
    if outcome.error is not None:
        # A report that may have had its name for a moment counts until it is known that it did not arrive.
        context.history.record_failure(record, ended_at=context.clock(), documents=sent, unsettled=outcome.exposed)
        what = "be verified, and may be there" if outcome.exposed else "be published"
        raise DestinationError(f"the report could not {what}: {outcome.error} Run sync again")
    verified = outcome.verified and all(each.verified for each in ahead)
    receipt = _receipt(delivery, outcome.upload, verified, outcomes)
    if sends_documents_inside(context.project.destination):
        sent = planned
    context.history.record_delivery(
        record, ended_at=context.clock(), receipt=receipt.body, documents=sent, verified=verified
    )
    return receipt


def _deliver_by_calls(delivery: Delivery, planned: Sequence[PlannedDocument]) -> Receipt:
    """Send all calls, the PDFs once their invoices are there, what is closed last, and have the receiver prove it.

    Whatever an API takes counts at once, so that a delivery that breaks off is unsettled from its first call on.
    """
    context, record, calling = delivery.context, delivery.record, Calling(delivery)
    uploads = _document_uploads(delivery.prepared, "")
    outcomes: list[Outcome] = []
    _begin_publishing(delivery, outcomes)
    try:
        calling.send_ahead()
        outcomes = calling.send_documents(uploads)
        _require_documents(context, outcomes)
        # Once more, since the machine may have slept, and with the PDFs that this run has sent.
        _begin_publishing(delivery, outcomes)
        calling.send_closings()
        calling.prove(outcomes)
    except DestinationError:
        sent = _arrived(planned, outcomes)
        context.history.record_failure(
            record, ended_at=context.clock(), documents=sent, unsettled=calling.may_have_changed
        )
        raise
    # Each call has been answered for by the receiver; where it can be asked, it holds them as well.
    receipt = _receipt(delivery, _report_upload(delivery), True, outcomes)
    context.history.record_delivery(
        record, ended_at=context.clock(), receipt=receipt.body, documents=_arrived(planned, outcomes)
    )
    return receipt


def _arrived(planned: Iterable[PlannedDocument], outcomes: Iterable[Outcome]) -> list[PlannedDocument]:
    """Return the PDFs that are there, and those that may be, whose content is not known then."""
    ended = {item.upload.name: item for item in outcomes}
    there = [(document, ended[document.name]) for document in planned if document.name in ended]
    sent = [document for document, outcome in there if outcome.error is None]
    return sent + [forget_content(document) for document, outcome in there if outcome.error and outcome.exposed]


def _publish_ahead(delivery: Delivery) -> list[Outcome]:
    """Publish all files but the one that commits, each only when the one before it is there.

    Raise `_NotCompletedError` if one can't be: nothing has been committed then, and those that are there stay unread.
    """
    context, shipped = delivery.context, delivery.prepared.shipped
    outcomes = []
    for file in shipped.files[:-1] if shipped else ():
        context.progress.step(f"Sending {file.name}")
        delivery.server.ensure_folder(file.folder)
        upload = Upload(file.path, file.folder, file.name, file.size, file.sha256, replaces=False)
        context.progress.expect(1, upload.size)
        (outcome,) = delivery.server.publish([upload], run=context.run, before_naming=_hold_back(delivery))
        if outcome.error is not None:
            raise _NotCompletedError(
                f"{file.name} could not be published, so the receiver will not process this delivery: {outcome.error} "
                "Run sync again"
            )
        context.progress.done(upload.size)
        outcomes.append(outcome)
    return outcomes


def _hold_back(delivery: Delivery) -> Callable[[], None]:
    def before_naming() -> None:
        delivery.lease.check_held()
        _refuse_latecomers(delivery)

    return before_naming


def _send_documents(delivery: Delivery) -> list[Outcome]:
    context = delivery.context
    if sends_documents_inside(context.project.destination):
        return []  # they go with the archive that they are in
    uploads = _document_uploads(delivery.prepared, context.project.destination.document_folder)
    context.progress.step("Sending the PDFs")
    context.progress.expect(len(uploads), sum(upload.size for upload in uploads))
    knew = _limit_open_files(delivery)
    try:
        outcomes = delivery.server.publish(
            uploads,
            run=context.run,
            on_done=lambda end: context.progress.done(end.upload.size),
            before_naming=delivery.lease.check_held,
        )
    except LockedError:
        # The run that took over has settled this one already, so nobody else will clear up behind it.
        clear_parts(context, delivery.server, context.run)
        raise
    if delivery.server.shares_handles and not knew:
        context.progress.warn(SHARED_HANDLES)
    return outcomes


def _limit_open_files(delivery: Delivery) -> bool:
    """Open one file at once on a server that is known to mix up more; return whether this one is."""
    context, server = delivery.context, delivery.server
    if context.history.receivers.shares_handles(context.destination):
        server.open_one_at_a_time()
    return server.shares_handles


def _require_documents(context: OpenContext, outcomes: list[Outcome]) -> None:
    """Raise `DestinationError`, naming the PDFs that did not arrive, if the report must not go without them."""
    failed = [item.error for item in outcomes if item.error is not None]
    if not failed or not context.project.destination.settings.documents_required:
        return
    raise DestinationError(
        f"{len(failed)} of {len(outcomes)} PDFs did not arrive, so the report was not sent "
        f"(documents_required):\n{list_some(failed)}\nRun sync again once that is fixed; what has arrived is not sent "
        "twice"
    )


def _publish_report(delivery: Delivery, outcomes: list[Outcome]) -> Outcome:
    context = delivery.context
    context.progress.step("Sending the report")
    delivery.server.ensure_folder(context.project.destination.report_folder)
    upload = _report_upload(delivery)

    def before_naming() -> None:
        # The last moment at which the report can still be held back: once it has its name, the receiver reads it.
        _refuse_latecomers(delivery)
        _begin_publishing(delivery, outcomes)

    context.progress.expect(1, upload.size)
    (outcome,) = delivery.server.publish([upload], run=context.run, before_naming=before_naming)
    return outcome


def _report_upload(delivery: Delivery) -> Upload:
    staged, folder = delivery.prepared.report, delivery.context.project.destination.report_folder
    # A report never replaces a file: its name is new, and one that is there belongs to somebody else.
    return Upload(staged.path, folder, delivery.record.report_name, staged.size, staged.sha256, replaces=False)


def _begin_publishing(delivery: Delivery, outcomes: list[Outcome]) -> None:
    """Record that the receiver may see this delivery from now on: if this run dies, the next completes its receipt."""
    context, baseline = delivery.context, delivery.prepared.baseline
    draft = _receipt(delivery, _report_upload(delivery), None, outcomes)
    context.history.begin_publishing(delivery.record, baseline, draft.body, context.project.feed.lock_seconds)


def _refuse_latecomers(delivery: Delivery) -> None:
    context = delivery.context
    foreign = find_foreign_reports(context, delivery.server)
    if foreign:
        raise RefusedError(
            f"foreign-report: {', '.join(foreign)} came to {context.destination} while the PDFs were sent; the report "
            "was not published. Find out who else delivers there; then "
            f"`{with_destination('arfeed adopt', context.project.chosen)}` takes the latest as baseline"
        )


def _plan_documents(prepared: Prepared) -> list[PlannedDocument]:
    send = prepared.plan.documents.send
    rows = zip(*(send[column].to_list() for column in ("name", "invoice_ref", "version")), strict=True)
    staged, report = prepared.staged, prepared.plan.report
    mine = arrow.filter_rows(report, arrow.is_in(report["invoice_ref"], send["invoice_ref"]))
    columns = (mine[column].tolist() for column in ("invoice_ref", "customer_id", "issued_on"))
    facts = {ref: (customer, issued_on) for ref, customer, issued_on in zip(*columns, strict=True)}
    return [
        PlannedDocument(name, ref, version, staged[name].sha256, staged[name].size, *facts[ref])
        for name, ref, version in rows
    ]


def _document_uploads(prepared: Prepared, folder: str) -> list[Upload]:
    staged, send = prepared.staged, prepared.plan.documents.send
    uploads = []
    for name, change in zip(send["name"], send["change"], strict=True):
        copy, replaces = staged[name], change == "changed"
        uploads.append(Upload(copy.path, folder, name, copy.size, copy.sha256, replaces, copy.start))
    return uploads


def _receipt(delivery: Delivery, report: Upload, verified: bool | None, outcomes: list[Outcome]) -> Receipt:
    shipped = delivery.prepared.shipped
    documents = [_describe_delivered(item.upload) for item in outcomes if item.error is None]
    if sends_documents_inside(delivery.context.project.destination):
        documents = _inside(delivery.prepared)
    sent = Sent(
        _describe_delivered(report),
        verified,
        documents,
        {item.upload.name: item.error for item in outcomes if item.error is not None},
        delivery.server.shares_handles,
        [(DeliveredFile(file.folder, file.name, file.size, file.sha256), file.contents) for file in shipped.files]
        if shipped
        else [],
    )
    return make_receipt(delivery.prepared.plan, delivery.record, delivery.prepared.plugins, sent)


def _inside(prepared: Prepared) -> list[DeliveredFile]:
    """Return the PDFs in archives; their folder is the archive's path and the folder inside."""
    wanted, files = {*prepared.plan.documents.send["name"]}, prepared.shipped.files if prepared.shipped else ()
    return [
        replace(inner, folder="/".join(filter(None, [file.folder, file.name, inner.folder])))
        for file in files
        for inner in file.contents
        if inner.name in wanted and inner.name in prepared.staged
    ]


def _describe_delivered(upload: Upload) -> DeliveredFile:
    return DeliveredFile(upload.folder, upload.name, upload.size, upload.sha256)
