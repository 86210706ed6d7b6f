"""Settling runs that were killed or cut off: from what the server holds now, never from a guess."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from arfeed.delivery import Remote
from arfeed.desk import Desk
from arfeed.history import INTERRUPTED, RunRecord, Verdict, judge, parts_of, proven, recovered


def interrupted(at: Desk, server: Remote) -> Iterator[tuple[RunRecord, Verdict]]:
    """Judge every run that ended without a word; one that still holds the lock has not ended."""
    alive = at.history.lock_holder(at.where)
    runs = [run for run in at.history.runs(at.where) if run.state in INTERRUPTED and run.id != alive]
    if not runs:
        return
    folder = at.project.destination.report_folder
    reports = server.sizes(folder)
    parts = server.sizes(_part_folder(at, folder))
    for run in reversed(runs):
        yield run, judge(run, reports, parts)


def settle_interrupted(at: Desk, server: Remote) -> None:
    """Record what became of interrupted runs, and remove what they left under way. Needs the lock."""
    documents = at.project.destination.document_folder
    for run, verdict in list(interrupted(at, server)):
        at.progress.step(f"Settling run {run.id}, which was interrupted: its report {_WORDS[verdict]}")
        planned = at.history.planned_documents(run.id)
        there = server.sizes(documents) if planned else {}
        sent = proven(planned, there, at.history.documents(at.where))
        folders = (documents, at.project.destination.report_folder)
        for folder in dict.fromkeys(_part_folder(at, folder) for folder in folders):
            server.remove(folder, parts_of(run.id, server.sizes(folder)))
        if verdict == "arrived":
            receipt = recovered(run.receipt or "{}", verified=True)
            at.history.delivered(run, ended_at=at.clock(), receipt=receipt, documents=sent)
        else:
            at.history.failed(run, ended_at=at.clock(), documents=sent, unsettled=verdict == "unknown")


_WORDS: Mapping[Verdict, str] = {
    "arrived": "had arrived",
    "lost": "had not arrived",
    "unknown": "may have arrived, so it counts beside the last one",
}


def _part_folder(at: Desk, folder: str) -> str:
    chosen = at.project.destination.settings.part_folder
    return folder if chosen is None else chosen
