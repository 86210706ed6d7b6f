"""The table of all pages of the board, with what each needs, and the application made of it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from arfeed.model.errors import ArfeedError
from arfeed.operations.board.access.guard import Guard, Visit
from arfeed.operations.board.access.problems import NotFoundError, make_problem
from arfeed.operations.board.api.metrics import show_metrics
from arfeed.operations.board.api.openapi import make_openapi
from arfeed.operations.board.api.table import CALLS
from arfeed.operations.board.application import Application, Page, Path, message, redirect_to
from arfeed.operations.board.pages import accounts, provider
from arfeed.operations.board.pages import feeds as pages

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp

_LOGGER = logging.getLogger("arfeed.board")

_STATIC = {
    "page.css": ("arfeed.runs.page", "text/css"),
    "page.js": ("arfeed.runs.page", "text/javascript"),
    "board.css": ("arfeed.operations.board", "text/css"),
    "board.js": ("arfeed.operations.board", "text/javascript"),
}


def health(application: Application, visit: Visit, path: Path) -> Response:
    """Say that the board is up and can read its database."""
    from starlette.responses import PlainTextResponse

    del visit, path
    with application.database.reading():
        return PlainTextResponse("ok\n")


def openapi(application: Application, visit: Visit, path: Path) -> Response:
    """Describe the API to programs and their authors."""
    from starlette.responses import JSONResponse

    del application, visit, path
    return JSONResponse(_described())


@cache
def _described() -> dict[str, Any]:
    # Once: whoever has no token may ask for it, and schemas take long to make.
    return make_openapi(CALLS)


def static(application: Application, visit: Visit, path: Path) -> Response:
    """Serve one of our own files, by a table: what is not in it is not looked for on the disk."""
    from starlette.responses import Response

    del application, visit
    if path["name"] not in _STATIC:
        raise NotFoundError
    package, kind = _STATIC[path["name"]]
    content = (files(package) / "template" / path["name"]).read_bytes()
    return Response(content, media_type=kind, headers={"Cache-Control": "max-age=300"})


PAGES = (
    Page("GET", "/healthz", "anyone", health),
    Page("GET", "/static/{name}", "anyone", static),
    Page("GET", "/login", "anyone", accounts.login_form),
    Page("POST", "/login", "anyone", accounts.log_in),
    Page("GET", "/login/provider", "anyone", provider.leave),
    Page("GET", provider.BACK, "anyone", provider.come_back),
    Page("GET", "/begin/{token}", "anyone", accounts.begin_form),
    Page("POST", "/begin/{token}", "anyone", accounts.begin),
    Page("POST", "/logout", "person", accounts.log_out),
    Page("GET", "/account", "person", accounts.account),
    Page("POST", "/account/password", "person", accounts.change_password),
    Page("POST", "/account/sessions", "person", accounts.end_others),
    Page("GET", "/", "person", pages.show_feeds),
    Page("GET", "/search", "person", pages.search),
    Page("GET", "/audit", "audit", pages.log),
    Page("GET", "/feeds/{feed}", "see", pages.feed),
    Page("POST", "/feeds/{feed}/look", "look", pages.look),
    Page("POST", "/feeds/{feed}/run", "run", pages.run),
    Page("GET", "/feeds/{feed}/plans/{plan}", "see", pages.plan),
    Page("GET", "/feeds/{feed}/plans/{plan}/page", "see", pages.whole_plan),
    Page("POST", "/feeds/{feed}/plans/{plan}/approve", "approve", pages.approve),
    Page("POST", "/feeds/{feed}/plans/{plan}/questions", "approve", pages.ask_about),
    Page("POST", "/feeds/{feed}/questions/{question}", "answer", pages.answer),
    Page("GET", "/feeds/{feed}/jobs/{job}", "see", pages.job),
    Page("GET", "/feeds/{feed}/jobs/{job}/state", "see", pages.job_state),
    Page("GET", "/feeds/{feed}/runs/{run}", "see", pages.receipt),
    Page("GET", "/metrics", "person", show_metrics),
    Page("GET", "/api/v1/openapi.json", "anyone", openapi),
    *(call.page for call in CALLS),
)
"""Every page and every call there is. Whoever adds one says who may load it."""


def make_site(application: Application) -> ASGIApp:
    """Return the board as an ASGI application."""
    from starlette.applications import Starlette
    from starlette.routing import Route

    @asynccontextmanager
    async def run_lifespan(site: Starlette) -> AsyncIterator[None]:
        from starlette.concurrency import run_in_threadpool

        del site
        application.worker.start()
        try:
            yield
        finally:
            await run_in_threadpool(application.worker.stop)

    routes = [Route(page.path, _endpoint(application, page), methods=[page.method]) for page in PAGES]
    lost = _lost(application)
    site = Starlette(routes=routes, lifespan=run_lifespan, exception_handlers={404: lost, 405: lost})
    site.router.redirect_slashes = False
    return Guard(site, application.database, application.place)


def _endpoint(application: Application, page: Page) -> Callable[[Request], Awaitable[Response]]:
    from starlette.concurrency import run_in_threadpool

    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(_answer, application, page, request)

    return endpoint


def _answer(application: Application, page: Page, request: Request) -> Response:
    """Answer if whoever asks may; a feed that somebody may not see does not exist for them."""
    visit: Visit = request.scope["visit"]
    try:
        refusal = _refuse(application, page, visit, request)
        return refusal or page.answer(application, visit, request.path_params)
    except NotFoundError:
        return _not_found(application, visit)
    except ArfeedError as exc:
        return message(application, visit, 503, "This can't be shown", str(exc))
    except Exception:
        # Its text may hold what is nobody's business; whoever runs the board finds it in the board's own log.
        _LOGGER.exception("%s %s failed", page.method, page.path)
        text = "This is a bug in the board. It delivered nothing; see the board's log on its machine."
        return message(application, visit, 500, "Something went wrong", text)


def _refuse(application: Application, page: Page, visit: Visit, request: Request) -> Response | None:
    if page.access == "anyone":
        return None
    if visit.session is None and visit.program:
        text = "Send a token that is still good, as `Authorization: Bearer …`; `arfeed board token add` makes one."
        return make_problem(401, "Not allowed without a token", text)
    if visit.session is None:
        wanted = quote(request.url.path + (f"?{request.url.query}" if request.url.query else ""), safe="")
        return redirect_to(f"/login?next={wanted}" if page.method == "GET" else "/login")
    if page.access == "person":
        return None
    person, name = visit.session.person, request.path_params.get("feed")
    if name is None:
        return None if person.may_everywhere(page.access) else answer_forbidden(application, visit)
    if not person.is_allowed("see", name) or application.feeds.find(name) is None:
        return _not_found(application, visit)
    return None if person.is_allowed(page.access, name) else answer_forbidden(application, visit)


def answer_forbidden(application: Application, visit: Visit) -> Response:
    """Say that the role does not allow it."""
    text = "Your role does not allow that. Whoever runs the board can give you another: arfeed board user add."
    return message(application, visit, 403, "Not allowed", text)


def _not_found(application: Application, visit: Visit) -> Response:
    text = "There is no such page, or it is not for you. A one-time link is good once, and for a day."
    return message(application, visit, 404, "Not found", text)


def _lost(application: Application) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def lost(request: Request, exc: Exception) -> Response:
        del exc
        return _not_found(application, request.scope["visit"])

    return lost
