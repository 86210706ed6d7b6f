"""The pages by which people come in and go: login, one-time links, one's own account."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from arfeed.model.errors import ConfigError
from arfeed.operations.board.access import people, sessions
from arfeed.operations.board.access.problems import NotFoundError
from arfeed.operations.board.application import Application, Path, delete_cookie, page, redirect_to, set_cookie

if TYPE_CHECKING:
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit
    from arfeed.operations.board.access.people import Person

# A path of ours: one slash and no second, since //example.com is another host to a browser, and so is /\example.com.
_OWN_PATH = re.compile(r"/(?![/\\])[A-Za-z0-9._~/%?=&-]*")
_REFUSED = "Name or password is wrong, or there were too many tries: then wait some minutes."


def login_form(application: Application, visit: Visit, path: Path) -> Response:
    """Show the form to log in by."""
    del path
    return redirect_to("/") if visit.session else show_login(application, visit)


def log_in(application: Application, visit: Visit, path: Path) -> Response:
    """Log somebody in."""
    del path
    if not application.logins.allows(visit.address):
        return show_login(application, visit, _REFUSED, 429)
    name, password = visit.form.get("name", "").strip().lower(), visit.form.get("password", "")
    person = people.log_in(application.database, name, password, visit.address)
    if person is None:
        return show_login(application, visit, _REFUSED, 403)
    application.logins.forgive(visit.address)
    return enter(application, visit, person, own_path(visit.form.get("next", "/")))


def enter(application: Application, visit: Visit, person: Person, following: str) -> Response:
    """Begin the session of somebody who has proven who they are, and lead them on."""
    response = redirect_to(following)
    if visit.session:
        sessions.end(application.database, visit.session)
    set_cookie(application, response, "session", sessions.begin(application.database, person))
    delete_cookie(application, response, "form")
    return response


def own_path(wanted: str) -> str:
    """Return an address to lead to, if it is one of ours; else the first page's."""
    return wanted if _OWN_PATH.fullmatch(wanted) else "/"


def log_out(application: Application, visit: Visit, path: Path) -> Response:
    """End the session."""
    del path
    if visit.session:
        sessions.end(application.database, visit.session)
    response = redirect_to("/login?left=yes" if application.provider else "/login")
    delete_cookie(application, response, "session")
    return response


def begin_form(application: Application, visit: Visit, path: Path) -> Response:
    """Show the form of a one-time link."""
    return _begin(application, visit, path["token"])


def begin(application: Application, visit: Visit, path: Path) -> Response:
    """Set the password of whoever was invited."""
    name, password = visit.form.get("name", "").strip().lower(), visit.form.get("password", "")
    if not application.logins.allows(visit.address):
        return _begin(application, visit, path["token"], "There were too many tries: wait some minutes.", 429)
    with application.database.reading() as connection:
        good, invited = people.check_invitation(connection, path["token"])
    if not good:
        raise NotFoundError
    try:
        people.check_name(invited or name)
    except ConfigError as exc:
        return _begin(application, visit, path["token"], str(exc), 400)
    if password != visit.form.get("again", ""):
        return _begin(application, visit, path["token"], "The two passwords are not the same.", 400)
    if wrong := people.describe_weakness(password, invited or name):
        return _begin(application, visit, path["token"], wrong, 400)
    if not people.accept(application.database, path["token"], name, password):
        raise NotFoundError
    application.logins.forgive(visit.address)
    # Not logged in by that: the first use of a password shows that it is known.
    return redirect_to("/login")


def account(application: Application, visit: Visit, path: Path) -> Response:
    """Show who one is, and what one may do."""
    del path
    return _account(application, visit)


def change_password(application: Application, visit: Visit, path: Path) -> Response:
    """Set another password; all sessions end, this one too."""
    del path
    form, name = visit.form, visit.person
    if not application.logins.allows(visit.address):
        return _account(application, visit, "There were too many tries: wait some minutes.", 429)
    if people.log_in(application.database, name, form.get("password", ""), visit.address) is None:
        return _account(application, visit, "The present password is wrong.", 403)
    application.logins.forgive(visit.address)
    if form.get("new", "") != form.get("again", ""):
        return _account(application, visit, "The two new passwords are not the same.", 400)
    if wrong := people.describe_weakness(form.get("new", ""), name):
        return _account(application, visit, wrong, 400)
    people.set_password(application.database, name, form.get("new", ""), name)
    return redirect_to("/login")


def end_others(application: Application, visit: Visit, path: Path) -> Response:
    """End one's other sessions."""
    del path
    if visit.session:
        sessions.end(application.database, visit.session, others=True)
    return redirect_to("/account")


def show_login(application: Application, visit: Visit, wrong: str = "", status: int = 200) -> Response:
    """Return the page on which one logs in."""
    facts = {
        "wrong": wrong,
        "next": visit.form.get("next") or visit.query.get("next", "/"),
        "provider": application.provider,
        "left": "left" in visit.query,
    }
    return page(application, visit, "login", status, **facts)


def _account(application: Application, visit: Visit, wrong: str = "", status: int = 200) -> Response:
    with application.database.reading() as connection:
        chosen = people.has_password(connection, visit.person)
    return page(application, visit, "account", status, wrong=wrong, has_password=chosen)


def _begin(application: Application, visit: Visit, token: str, wrong: str = "", status: int = 200) -> Response:
    with application.database.reading() as connection:
        good, invited = people.check_invitation(connection, token)
    if not good:
        raise NotFoundError
    facts = {"invited": invited, "wrong": wrong, "name": visit.form.get("name", ""), "shortest": people.SHORTEST}
    return page(application, visit, "begin", status, **facts)
