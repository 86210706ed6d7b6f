"""The pages about feeds: what waits, what was delivered, a plan to approve, a run under way, the search."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from arfeed.operations.board import acting, approvals, audit, questions
from arfeed.operations.board.access.problems import NotFoundError
from arfeed.operations.board.application import (
    Application,
    Path,
    describe_age,
    describe_wait,
    draw,
    message,
    page,
    redirect_to,
)
from arfeed.operations.board.lookup import (
    LONGEST_NUMBER,
    MOST_LINES,
    find_feed,
    find_job,
    find_plan,
    find_project,
    find_traces,
    is_current,
    look_at,
    look_at_all,
    may_see,
    rank_feeds,
)
from arfeed.operations.board.tables import now
from arfeed.runs.page.rendering import describe_reasons, draw_figures, largest_first, row_of

if TYPE_CHECKING:
    from markupsafe import Markup
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit
    from arfeed.operations.board.approvals import Job, PlanHead
    from arfeed.operations.board.lookup import Overview

_MOST_FEEDS = 100
_MOST_MISSING = 2_000
"""So many missing invoices are on a plan's page, the largest; the whole plan, which takes longer to load, has more."""


def show_feeds(application: Application, visit: Visit, path: Path) -> Response:
    """Show the feeds that somebody may see, those that wait first, a hundred on a page."""
    del path
    named = visit.query.get("feed", "").strip()[:LONGEST_NUMBER]
    sees, part = may_see(visit), named.casefold()
    ranked = rank_feeds(application)
    if part or not (visit.session and visit.session.person.may_everywhere("see")):
        ranked = [each for each in ranked if sees(each.feed.name) and part in each.feed.name.casefold()]
    pages = max(1, -(-len(ranked) // _MOST_FEEDS))
    number = visit.query.get("page", "1")
    shown = min(int(number), pages) if number.isascii() and number.isdigit() and len(number) < 9 and int(number) else 1
    begin, end = (shown - 1) * _MOST_FEEDS, shown * _MOST_FEEDS
    here = sorted(look_at_all(application, [each.feed for each in ranked[begin:end]]), key=lambda each: each.urgency)
    # With these as they are now: the order is some seconds old.
    known = (*ranked[:begin], *here, *ranked[end:])
    facts: dict[str, Any] = {
        "rows": [_draw_row(_row_of(each)) for each in here],
        "waiting": sum(each.waiting is not None for each in known),
        "failed": sum(each.failed and each.waiting is None for each in known),
        "count": len(ranked),
        "named": named,
        "shown": shown,
        "pages": pages,
    }
    return page(application, visit, "front", **facts)


class _Row(NamedTuple):
    """All that a row of the first page shows of a feed; `age` and `wait` are in words, `failed` is how long ago."""

    name: str
    wrong: bool
    waiting: PlanHead | None
    pending: Job | None
    failed: str
    last: datetime | None
    age: str
    open_count: int
    missing_count: int
    due: datetime | None
    wait: str


def _row_of(each: Overview) -> _Row:
    outcome, last = (each.state.outcome, each.state.delivery) if each.state else (None, None)
    due = each.feed.next_run(now())
    return _Row(
        each.feed.name,
        bool(each.wrong),
        each.waiting,
        each.pending,
        describe_age(outcome.at) if outcome and outcome.ending == "failed" else "",
        last.started_at if last else None,
        describe_age(last.started_at) if last else "",
        last.open_count if last else 0,
        last.missing_count if last else 0,
        due,
        describe_wait(due) if due else "",
    )


# All that it shows is what it is remembered by, so it is never older than what was just read.
@lru_cache(maxsize=10_000)
def _draw_row(row: _Row) -> Markup:
    return draw("row", row=row)


def feed(application: Application, visit: Visit, path: Path) -> Response:
    """Show one feed."""
    found = find_feed(application, path)
    seen = look_at(application, found, looking_back=True)
    past = seen.back.past if seen.back else []
    # One point makes no line.
    charts = draw_figures(past) if len(past) > 1 else []
    facts: dict[str, Any] = {
        **seen._asdict(),
        "feed": found,
        "charts": charts,
    }
    with application.database.reading() as connection:
        facts["questions"] = questions.list_questions(connection, found.name)
    return page(application, visit, "feed", **facts)


def plan(application: Application, visit: Visit, path: Path) -> Response:
    """Show a plan, and the form to approve it by."""
    return _plan(application, visit, path)


def whole_plan(application: Application, visit: Visit, path: Path) -> Response:
    """Show a plan as the page that `plan --html` writes."""
    del visit
    project, record = find_project(application, path), find_plan(application, path)
    back = f"/feeds/{quote(record.feed)}/plans/{record.id}"
    return _own_page(application.histories.plan_page(project, record.document), back)


def approve(application: Application, visit: Visit, path: Path) -> Response:
    """Approve a plan: start its run, or wait for a second person."""
    address = f"/feeds/{quote(path['feed'])}"
    given = acting.give_approval(application, visit, path, visit.form)
    if given.wrong:
        return _plan(application, visit, path, given.wrong)
    return redirect_to(f"{address}/jobs/{given.job}" if given.job else f"{address}/plans/{path['plan']}")


def ask_about(application: Application, visit: Visit, path: Path) -> Response:
    """Ask about an invoice of a plan: nobody approves it until that is answered."""
    record = find_plan(application, path)
    ref, text = visit.form.get("invoice", "").strip(), visit.form.get("question", "").strip()
    if wrong := questions.check_question(record.document, ref, text):
        return _plan(application, visit, path, asked_wrong=wrong)
    questions.ask_about(application.database, record.feed, ref, text, visit.who)
    return redirect_to(f"/feeds/{quote(record.feed)}/plans/{record.id}#questions")


def answer(application: Application, visit: Visit, path: Path) -> Response:
    """Answer a question about an invoice."""
    name, text = find_feed(application, path).name, visit.form.get("answer", "").strip()
    if not 1 <= len(text) <= questions.LONGEST:
        words = f"Give an answer of 1 to {questions.LONGEST} characters. Go back, and try again."
        return message(application, visit, 400, "Not answered", words)
    if not questions.answer(application.database, name, path["question"], text, visit.who):
        raise NotFoundError
    return redirect_to(f"/feeds/{quote(name)}#questions")


def look(application: Application, visit: Visit, path: Path) -> Response:
    """Have a plan made now."""
    return _ask(application, visit, path, "look")


def run(application: Application, visit: Visit, path: Path) -> Response:
    """Have a feed delivered now, unless its plan is refused."""
    return _ask(application, visit, path, "run")


def job(application: Application, visit: Visit, path: Path) -> Response:
    """Show a run that was asked for, and how it ended."""
    found = find_job(application, path)
    with application.database.reading() as connection:
        given = approvals.approvals_of(connection, found.id)
        seen = approvals.find_plan(connection, found.feed, found.seen) if found.seen else None
    return page(application, visit, "job", job=found, approvals=given, seen=seen)


def job_state(application: Application, visit: Visit, path: Path) -> Response:
    """Say for the page's script whether a run has ended."""
    from starlette.responses import JSONResponse

    del visit
    return JSONResponse({"ended": find_job(application, path).state == "ended"})


def receipt(application: Application, visit: Visit, path: Path) -> Response:
    """Show a delivery by its receipt."""
    del visit
    text = application.histories.receipt_page(find_project(application, path), path["run"])
    if text is None:
        raise NotFoundError
    return _own_page(text, f"/feeds/{quote(path['feed'])}")


def search(application: Application, visit: Visit, path: Path) -> Response:
    """Show what became of an invoice, in all feeds that somebody may see."""
    del path
    number = visit.query.get("q", "").strip()[:LONGEST_NUMBER]
    found, unread = find_traces(application, visit, number)
    named = visit.query.get("feed", "").strip()[:LONGEST_NUMBER]
    return page(application, visit, "search", number=number, named=named, found=found, unread=unread)


def log(application: Application, visit: Visit, path: Path) -> Response:
    """Show the last lines of the audit log."""
    del path
    with application.database.reading() as connection:
        lines = audit.entries(connection, most=MOST_LINES)
    return page(application, visit, "audit", lines=[_shown(line) for line in lines])


def _shown(line: audit.Entry) -> tuple[audit.Entry, datetime, Any]:
    return line, datetime.fromisoformat(line.at), audit.as_data(line)["details"]


def _ask(application: Application, visit: Visit, path: Path, kind: approvals.Kind) -> Response:
    return redirect_to(f"/feeds/{quote(path['feed'])}/jobs/{acting.ask(application, visit, path, kind)}")


def _plan(
    application: Application,
    visit: Visit,
    path: Path,
    wrong: list[str] | None = None,
    asked_wrong: list[str] | None = None,
) -> Response:
    project, record = find_project(application, path), find_plan(application, path)
    document = record.document
    missing = largest_first(document["missing"])
    wanted = approvals.demands(document, project.board)
    with application.database.reading() as connection:
        given = approvals.waiting_approvals(connection, record.id)
        pending = approvals.pending_job(connection, record.feed, "approve")
        unanswered = questions.find_open(connection, record.feed, document)
    facts: dict[str, Any] = {
        "plan": record,
        "document": document,
        "missing": [row_of(row) for row in missing[:_MOST_MISSING]],
        "reasons": describe_reasons(document.get("reasons", ())),
        "current": is_current(application, record, project),
        "wanted": wanted,
        "given": given,
        "mine": visit.person in {each.person for each in given},
        "pending": pending,
        "unanswered": unanswered,
        "wrong": wrong or [],
        "asked_wrong": asked_wrong or [],
        "form": visit.form if wrong or asked_wrong else {},
        "longest_question": questions.LONGEST,
        "longest_reason": approvals.LONGEST_REASON,
    }
    return page(application, visit, "plan", 400 if wrong or asked_wrong else 200, **facts)


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
