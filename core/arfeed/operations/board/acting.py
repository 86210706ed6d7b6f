"""What people and programs have the board do: look, run, approve."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from arfeed.operations.board import approvals
from arfeed.operations.board.lookup import find_feed, find_plan, find_project, is_current
from arfeed.operations.board.questions import find_open

if TYPE_CHECKING:
    from arfeed.operations.board.access.guard import Visit
    from arfeed.operations.board.application import Application, Path


class Given(NamedTuple):
    """What became of an approval that was sent.

    `stale`: it can't be approved, or no longer. `wrong` says what was typed wrongly. Without either and without a
    `job`, another person has to approve, too.
    """

    stale: bool = False
    wrong: list[str] | None = None
    job: str | None = None


def ask(application: Application, visit: Visit, path: Path, kind: approvals.Kind) -> str:
    """Ask for a look or a run; return the job."""
    job = approvals.ask(application.database, find_feed(application, path).name, kind, visit.who)
    _begin(application)
    return job


def give_approval(application: Application, visit: Visit, path: Path, typed: Mapping[str, str]) -> Given:
    """Approve a plan if what was typed is right, starting its run unless a second person has to approve."""
    project, record = find_project(application, path), find_plan(application, path)
    if record.code is None or not is_current(application, record, project):
        return Given(stale=True)
    document = record.document
    wanted = approvals.demands(document, project.board)
    with application.database.reading() as connection:
        unanswered = find_open(connection, record.feed, document)
    wrong = [f"{each.asked_by} has asked about {each.invoice_ref}; answer that first." for each in unanswered]
    if wrong := [*wrong, *approvals.find_mistakes(wanted, typed)]:
        return Given(wrong=wrong)
    word = approvals.Word(visit.person, visit.way, typed.get("reason", "").strip())
    job = approvals.approve(application.database, record, wanted, word)
    _begin(application)
    return Given(job=job)


def _begin(application: Application) -> None:
    application.ranking.forget()
    application.worker.wake()
