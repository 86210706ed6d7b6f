"""The calls of the API. Each reads what its page reads, or does what its page does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from arfeed.operations.board import acting, approvals, audit
from arfeed.operations.board.access.problems import NotFoundError, make_problem
from arfeed.operations.board.api import models
from arfeed.operations.board.application import Application, Path
from arfeed.operations.board.histories import mask_document
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
    visible_feeds,
)

if TYPE_CHECKING:
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit


def list_feeds(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with all feeds that the token may see."""
    del path
    seen = look_at_all(application, [*visible_feeds(application, visit)])
    seen.sort(key=lambda each: each.urgency)
    return _answer(models.Feeds(feeds=[models.Feed.of(each) for each in seen]))


def show_feed(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with one feed."""
    del visit
    seen = look_at(application, find_feed(application, path))
    return _answer(
        models.FeedDetails(
            feed=models.Feed.of(seen.overview),
            deliveries=[models.Delivery.of(run) for run, _ in seen.deliveries],
            jobs=[models.Job.of(job) for job in seen.jobs],
            latest_plan=seen.plans[0].id if seen.plans else None,
        )
    )


def look(application: Application, visit: Visit, path: Path) -> Response:
    """Have a plan made now."""
    return _answer(models.Asked(job=acting.ask(application, visit, path, "look")), 202)


def run(application: Application, visit: Visit, path: Path) -> Response:
    """Have a feed delivered now, unless its plan is refused."""
    return _answer(models.Asked(job=acting.ask(application, visit, path, "run")), 202)


def show_plan(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with a plan and what it takes to approve it."""
    del visit
    project, record = find_project(application, path), find_plan(application, path)
    document = record.document
    wanted = approvals.demands(document, project.board)
    with application.database.reading() as connection:
        given = approvals.waiting_approvals(connection, record.id)
    # As text: JSON's numbers are floats to most programs, and these have to be typed back exactly.
    amounts = {currency: str(amount) for currency, amount in wanted.amounts.items()}
    return _answer(
        models.Plan(
            id=record.id,
            feed=record.feed,
            at=record.at,
            refused=record.refused,
            approvable=record.code is not None,
            current=is_current(application, record, project),
            demands=models.Demands(invoices=wanted.invoices, amounts=amounts, people=wanted.people),
            approved_by=[each.person for each in given],
            document=mask_document(project, document),
        )
    )


def approve(application: Application, visit: Visit, path: Path) -> Response:
    """Approve a plan."""
    try:
        posted = models.PlanApproval.model_validate(dict(visit.posted))
    except ValidationError as exc:
        # Without the values: a mistyped token must not come back in an answer that is logged.
        wrong = [f"{'.'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in exc.errors()]
        return make_problem(422, "This is not an approval", "Nothing was approved.", wrong)
    given = acting.give_approval(application, visit, path, posted.as_typed())
    if given.stale:
        text = "The plan can't be approved, or no longer: have the feed looked at, and read the plan anew."
        return make_problem(409, "Not the current plan", text)
    if given.wrong:
        return make_problem(422, "Not what the plan says", "Nothing was approved.", given.wrong)
    return _answer(models.Asked(job=given.job), 202)


def show_job(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with a run that was asked for."""
    del visit
    return _answer(models.Job.of(find_job(application, path)))


def show_receipt(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with the receipt of a delivery."""
    del visit
    receipt = application.histories.receipt_of(find_project(application, path), path["run"])
    if receipt is None:
        raise NotFoundError
    return _answer(models.Receipt(receipt=receipt))


def search(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with what became of an invoice."""
    del path
    number = visit.query.get("q", "").strip()[:LONGEST_NUMBER]
    found, unread = find_traces(application, visit, number)
    return _answer(models.Found(events=[models.Event.of(trace) for trace in found], unread=unread))


def show_log(application: Application, visit: Visit, path: Path) -> Response:
    """Answer with the end of the audit log."""
    del visit, path
    with application.database.reading() as connection:
        lines = audit.entries(connection, most=MOST_LINES)
    return _answer(models.Log(lines=[models.Line.of(line) for line in lines]))


def _answer(document: BaseModel, status: int = 200) -> Response:
    from starlette.responses import Response

    return Response(document.model_dump_json(), status, media_type="application/json")
