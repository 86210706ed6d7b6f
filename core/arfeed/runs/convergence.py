"""Settle runs that were killed or cut off: by what the server holds now, never by a guess."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from arfeed.history.receipts import documents_of, mark_recovered
from arfeed.history.records import PlannedDocument, RunRecord, forget_content
from arfeed.history.recovery import Verdict, find_arrived, judge
from arfeed.model.shipping.destination import sends_documents_inside
from arfeed.runs.calling import has_arrived
from arfeed.runs.context import OpenContext, clear_parts, part_folder

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote


def judge_interrupted(context: OpenContext, server: Remote) -> Iterator[tuple[RunRecord, Verdict]]:
    """Yield every run without a recorded end, with a verdict on its report, except the one that holds the lock."""
    alive = context.history.lock_holder(context.destination)
    runs = [run for run in context.history.list_interrupted(context.destination) if run.id != alive]
    if not runs:
        return  # nothing is listed at the server: the usual case costs no round trip
    folder = context.project.destination.report_folder
    # Uploads before reports: a file that gets its name in between is in both lists, and counts as arrived.
    parts = server.sizes(part_folder(context.project, folder))
    reports = server.sizes(folder)
    for run in reversed(runs):
        yield run, _judge(context, server, run, reports, parts)


def settle_interrupted(context: OpenContext, server: Remote) -> None:
    """Record what became of interrupted runs, and remove their unfinished uploads. Needs the lock.

    Uploads are removed before the reports are listed: a run that only slept can't give them their names afterwards.
    """
    # The oldest first, so that the latest one that arrived ends up as the baseline.
    for run in reversed(context.history.list_interrupted(context.destination)):
        parts = clear_parts(context, server, run.id)
        reports = server.sizes(context.project.destination.report_folder)
        verdict = _judge(context, server, run, reports, parts)
        context.progress.step(f"Settling run {run.id}, which was interrupted: its report {_WORDS[verdict]}")
        documents = _arrived_documents(context, server, run, verdict)
        if verdict == "arrived":
            receipt = mark_recovered(run.receipt or "{}", verified=True)
            context.history.record_delivery(run, ended_at=context.clock(), receipt=receipt, documents=documents)
        else:
            context.history.record_failure(
                run, ended_at=context.clock(), documents=documents, unsettled=verdict == "unknown"
            )


def _judge(
    context: OpenContext, server: Remote, run: RunRecord, reports: Mapping[str, int], parts: Iterable[str]
) -> Verdict:
    verdict = judge(run, reports, parts)
    # An API lists no files. What it holds proves that all has arrived; otherwise any part of it may have.
    return "arrived" if verdict == "unknown" and has_arrived(context, server, run) else verdict


_WORDS: Mapping[Verdict, str] = {
    "arrived": "had arrived",
    "lost": "had not arrived",
    "unknown": "may have arrived, so it counts beside the last one",
}


def _arrived_documents(context: OpenContext, server: Remote, run: RunRecord, verdict: Verdict) -> list[PlannedDocument]:
    """Return the PDFs that did arrive; a run that got as far as its report has recorded them in its receipt."""
    planned = context.history.planned_documents(run.id)
    if sends_documents_inside(context.project.destination):
        return planned if verdict == "arrived" else []
    if run.receipt is not None:
        names = documents_of(run.receipt)
        return [document for document in planned if document.name in names]
    there = server.sizes(context.project.destination.document_folder) if planned else {}
    arrived = find_arrived(planned, there, context.history.documents(context.destination))
    if context.project.destination.settings.publish != "direct":
        return arrived
    # These names were free or ours when the run began, and it wrote under them: what stands there is a part of ours.
    left = {document.name for document in planned} & there.keys() - {document.name for document in arrived}
    return arrived + [forget_content(document) for document in planned if document.name in left]
