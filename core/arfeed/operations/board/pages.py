"""The pages about feeds: what waits, what was delivered, a plan to approve, a run under way, the search."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from arfeed.model.errors import ArfeedError
from arfeed.operations.board import approvals, audit
from arfeed.operations.board.application import Application, NotFoundError, Path, page, to
from arfeed.operations.board.approvals import Job, PlanRecord
from arfeed.operations.board.feeds import (
    Feed,
    State,
    Trace,
    deliveries_of,
    plan_page,
    receipt_page,
    state_of,
    trace,
)
from arfeed.operations.board.guard import Visit
from arfeed.plugins.config import Project
from arfeed.runs.page.rendering import MOST_ROWS, describe_reasons, largest_first, row_of

if TYPE_CHECKING:
    from starlette.responses import Response

_MOST_DELIVERIES = 50
_MOST_LINES = 200
_MOST_TRACES = 200


class Overview(NamedTuple):
    """One feed on the first page. `waiting` is the plan that somebody has to approve, `wrong` what can't be read."""

    feed: Feed
    state: State | None
    waiting: PlanRecord | None
    pending: Job | None
    wrong: str

    @property
    def urgency(self) -> tuple[bool, bool, str]:
        """What to sort by: what somebody has to do something about comes first."""
        failed = bool(self.wrong or (self.state and self.state.outcome and self.state.outcome.ending == "failed"))
        return (self.waiting is None, not failed, self.feed.name.casefold())


def front(application: Application, visit: Visit, path: Path) -> Response:
    """Show all feeds that somebody may see, those that wait first."""
    del path
    seen = [_look_at(application, feed) for feed in _visible(application, visit)]
    return page(application, visit, "front", feeds=sorted(seen, key=lambda each: each.urgency))


def feed(application: Application, visit: Visit, path: Path) -> Response:
    """Show one feed."""
    found = _find(application, path)
    overview = _look_at(application, found)
    deliveries = []
    if found.project and not overview.wrong:
        deliveries = deliveries_of(found.project, _MOST_DELIVERIES)
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, found.name)
        jobs = approvals.jobs_of(connection, found.name)
    return page(
        application, visit, "feed", overview=overview, feed=found, deliveries=deliveries, latest=latest, jobs=jobs
    )


def plan(application: Application, visit: Visit, path: Path) -> Response:
    """Show a plan, and the form to approve it by."""
    return _plan(application, visit, path)


def whole_plan(application: Application, visit: Visit, path: Path) -> Response:
    """Show a plan as the page that `plan --html` writes."""
    del visit
    project, record = _project(application, path), _find_plan(application, path)
    back = f"/feeds/{quote(record.feed)}/plans/{record.id}"
    return _own_page(plan_page(project, record.document), back)


def approve(application: Application, visit: Visit, path: Path) -> Response:
    """Approve a plan: start its run, or wait for a second person."""
    project, record = _project(application, path), _find_plan(application, path)
    address = f"/feeds/{quote(record.feed)}"
    if record.code is None or not _is_current(application, record, project):
        return to(f"{address}/plans/{record.id}")
    wanted = approvals.demands(record.document, project.board)
    if wrong := approvals.mistakes(wanted, visit.form):
        return _plan(application, visit, path, wrong)
    reason = visit.form.get("reason", "").strip()
    job = approvals.approve(application.database, record, wanted, visit.who, reason)
    application.worker.wake()
    return to(f"{address}/jobs/{job}" if job else f"{address}/plans/{record.id}")


def look(application: Application, visit: Visit, path: Path) -> Response:
    """Have a plan made now."""
    return _ask(application, visit, path, "look")


def run(application: Application, visit: Visit, path: Path) -> Response:
    """Have a feed delivered now, unless its plan is refused."""
    return _ask(application, visit, path, "run")


def job(application: Application, visit: Visit, path: Path) -> Response:
    """Show a run that was asked for, and how it ended."""
    found = _find_job(application, path)
    with application.database.reading() as connection:
        given = approvals.approvals_of(connection, found.id)
        seen = approvals.find_plan(connection, found.feed, found.seen) if found.seen else None
    return page(application, visit, "job", job=found, approvals=given, seen=seen)


def job_state(application: Application, visit: Visit, path: Path) -> Response:
    """Say for the page's script whether a run has ended."""
    from starlette.responses import JSONResponse

    del visit
    return JSONResponse({"ended": _find_job(application, path).state == "ended"})


def receipt(application: Application, visit: Visit, path: Path) -> Response:
    """Show a delivery by its receipt."""
    del visit
    text = receipt_page(_project(application, path), path["run"])
    if text is None:
        raise NotFoundError
    return _own_page(text, f"/feeds/{quote(path['feed'])}")


def search(application: Application, visit: Visit, path: Path) -> Response:
    """Show what became of an invoice, in all feeds that somebody may see."""
    del path
    number = visit.query.get("q", "").strip()[:200]
    found: list[Trace] = []
    unread: list[str] = []
    for each in _visible(application, visit) if number else ():
        try:
            found += trace(each, number)
        except ArfeedError as exc:
            # Said on the page: what could not be searched may be where it was.
            unread.append(f"{each.name}: {exc}")
    newest = sorted(found, key=lambda each: each.at, reverse=True)
    return page(application, visit, "search", number=number, found=newest[:_MOST_TRACES], unread=unread)


def log(application: Application, visit: Visit, path: Path) -> Response:
    """Show the last lines of the audit log."""
    del path
    with application.database.reading() as connection:
        lines = audit.entries(connection, most=_MOST_LINES)
    return page(application, visit, "audit", lines=[(line, audit.as_data(line)["details"]) for line in lines])


def _visible(application: Application, visit: Visit) -> Iterator[Feed]:
    person = visit.session.person if visit.session else None
    return (each for each in application.feeds.all().values() if person and person.may("see", each.name))


def _find(application: Application, path: Path) -> Feed:
    found = application.feeds.find(path["feed"])
    if found is None:
        raise NotFoundError
    return found


def _project(application: Application, path: Path) -> Project:
    found = _find(application, path)
    if found.project is None:
        raise NotFoundError
    return found.project


def _find_plan(application: Application, path: Path) -> PlanRecord:
    with application.database.reading() as connection:
        found = approvals.find_plan(connection, path["feed"], path["plan"])
    if found is None:
        raise NotFoundError
    return found


def _find_job(application: Application, path: Path) -> Job:
    with application.database.reading() as connection:
        found = approvals.find_job(connection, path["feed"], path["job"])
    if found is None:
        raise NotFoundError
    return found


def _ask(application: Application, visit: Visit, path: Path, kind: approvals.Kind) -> Response:
    name = _find(application, path).name
    asked = approvals.ask(application.database, name, kind, visit.who)
    application.worker.wake()
    return to(f"/feeds/{quote(name)}/jobs/{asked}")


def _look_at(application: Application, found: Feed) -> Overview:
    """Return what is to be seen of a feed; a plan that another run was refused for is taken over."""
    with application.database.reading() as connection:
        pending = approvals.pending_job(connection, found.name)
    if found.project is None:
        return Overview(found, None, None, pending, found.mistake)
    try:
        state = state_of(found.project)
    except ArfeedError as exc:
        return Overview(found, None, None, pending, str(exc))
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, found.name)
    if state.refused is not None and state.outcome and (latest is None or latest.at < state.outcome.at):
        with application.database.writing() as connection:
            approvals.keep(connection, found.name, state.refused)
            latest = approvals.latest_plan(connection, found.name)
    waiting = latest if latest and latest.refused and _is_open(latest, state) else None
    return Overview(found, state, waiting, pending, "")


def _is_open(record: PlanRecord, state: State) -> bool:
    """Whether nothing was delivered since a plan was made."""
    return state.delivery is None or state.delivery.started_at < record.at


def _is_current(application: Application, record: PlanRecord, project: Project) -> bool:
    """Whether a plan is the last one of its feed that is known, and nothing was delivered since."""
    with application.database.reading() as connection:
        latest = approvals.latest_plan(connection, record.feed)
    return latest is not None and latest.id == record.id and _is_open(record, state_of(project))


def _plan(application: Application, visit: Visit, path: Path, wrong: list[str] | None = None) -> Response:
    project, record = _project(application, path), _find_plan(application, path)
    document = record.document
    missing = largest_first(document["missing"])
    wanted = approvals.demands(document, project.board)
    with application.database.reading() as connection:
        given = approvals.waiting_approvals(connection, record.id)
        pending = approvals.pending_job(connection, record.feed, "approve")
    facts: dict[str, Any] = {
        "plan": record,
        "document": document,
        "missing": [row_of(row) for row in missing[:MOST_ROWS]],
        "reasons": describe_reasons(document.get("reasons", ())),
        "current": _is_current(application, record, project),
        "wanted": wanted,
        "given": given,
        "mine": visit.who in {each.person for each in given},
        "pending": pending,
        "wrong": wrong or [],
        "form": visit.form if wrong else {},
        "longest_reason": approvals.LONGEST_REASON,
    }
    return page(application, visit, "plan", 400 if wrong else 200, **facts)


def _own_page(text: str, back: str) -> Response:
    """Serve a page that stands by itself, with its own style and script, apart from the board's session."""
    from starlette.responses import HTMLResponse

    (digest,) = re.findall(r"script-src '(sha256-[A-Za-z0-9+/=]+)'", text)[:1] or [""]
    # A sandbox: a page that holds what others have written has no access to cookies, storage or forms of the board.
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src '{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'; sandbox allow-scripts"
    )
    link = f'<nav aria-label="Board"><p class="kind"><a href="{back}">← Back to the board</a></p></nav>'
    return HTMLResponse(text.replace("<body>", f"<body>{link}", 1), headers={"Content-Security-Policy": policy})
