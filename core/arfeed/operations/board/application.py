"""What every page of the board works with, and how a page is made."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from arfeed.operations.board.access.people import Permission
from arfeed.operations.board.access.problems import make_problem
from arfeed.operations.board.access.provider import Attempts
from arfeed.operations.board.access.sessions import RateLimit
from arfeed.operations.board.tables import now
from arfeed.planning.wording import format_age
from arfeed.runs.page.rendering import make_environment

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Place, Visit
    from arfeed.operations.board.access.provider import Provider
    from arfeed.operations.board.caching import Ranking
    from arfeed.operations.board.database import Database
    from arfeed.operations.board.feeds import Feeds
    from arfeed.operations.board.histories import Histories
    from arfeed.operations.board.work import Worker

Path = Mapping[str, str]
"""What stands in a page's address, by name."""

_RECENT = timedelta(minutes=2)


Access = Literal["anyone", "person"] | Permission
"""Who may load a page: anyone at all, whoever is logged in, or whoever has a permission, for the feed in the address if
there is one, else for all feeds."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page, or a call of the API: how it is asked for, who may, and what answers."""

    method: Literal["GET", "POST"]
    path: str
    access: Access
    answer: Callable[[Application, Visit, Path], Response]


@dataclass(frozen=True, slots=True)
class Application:
    """The board at work."""

    database: Database
    feeds: Feeds
    histories: Histories
    worker: Worker
    place: Place
    ranking: Ranking[Any]
    provider: Provider | None = None
    logins: RateLimit = field(default_factory=RateLimit)
    departures: RateLimit = field(default_factory=lambda: RateLimit(most=100))
    """To the provider: more, since an office comes from one address and takes a while there."""
    attempts: Attempts = field(default_factory=Attempts)
    taken_over: dict[str, str] = field(default_factory=dict)
    """By feed the run whose refused plan is on the board already."""


def page(application: Application, visit: Visit, template: str, status: int = 200, **facts: Any) -> Response:
    """Return one of our pages. Without a session, its forms get their token by a cookie."""
    from starlette.responses import HTMLResponse

    name = application.place.cookie("form")
    token = visit.session.form_token if visit.session else visit.cookies.get(name) or secrets.token_urlsafe(32)
    shared = {"person": visit.session.person if visit.session else None, "form_token": token, "moment": now()}
    response = HTMLResponse(_room().get_template(f"{template}.html.j2").render(**shared, **facts), status)
    if visit.session is None and name not in visit.cookies:
        set_cookie(application, response, "form", token)
    return response


def draw(template: str, **facts: Any) -> Markup:
    """Return a part of a page, which shows these facts and nothing else."""
    from markupsafe import Markup

    # Its own texts are escaped by the template.
    return Markup(_room().get_template(f"{template}.html.j2").render(**facts))  # noqa: S704


def message(application: Application, visit: Visit, status: int, title: str, text: str) -> Response:
    """Return a page with one message, or the same for a program."""
    if visit.program:
        return make_problem(status, title, text)
    return page(application, visit, "message", status, title=title, text=text)


def redirect_to(address: str) -> Response:
    """Return the answer to a form: the page to load next, so that loading that one again sends no form again."""
    from starlette.responses import RedirectResponse

    return RedirectResponse(address, 303)


def set_cookie(application: Application, response: Response, name: str, value: str) -> None:
    """Set a cookie that scripts can't read, that other sites' forms don't bring along."""
    # Not strict: a link in a mail would lead to the login although somebody is logged in.
    place = application.place
    response.set_cookie(place.cookie(name), value, path="/", secure=place.secure, httponly=True, samesite="lax")


def delete_cookie(application: Application, response: Response, name: str) -> None:
    """Have the browser forget a cookie."""
    place = application.place
    response.delete_cookie(place.cookie(name), path="/", secure=place.secure, httponly=True, samesite="lax")


def describe_age(at: datetime) -> str:
    """Return how long ago something was."""
    age = now() - at
    return f"{format_age(age)} ago" if age >= _RECENT else "just now"


def describe_wait(until: datetime) -> str:
    """Return in how long something will be."""
    wait = until - now()
    return f"in {format_age(wait)}" if wait >= _RECENT else "now"


def format_whole(number: int) -> str:
    """Return a number as the page has it until the script writes it in the reader's notation."""
    from markupsafe import Markup

    return f"{number}" if abs(number) < 1000 else Markup('<span class="whole">{:,}</span>').format(number)


@cache
def _room() -> Environment:
    room = make_environment("arfeed.operations.board", "arfeed.runs.page")
    room.filters |= {"age": describe_age, "wait": describe_wait, "whole": format_whole}
    return room
