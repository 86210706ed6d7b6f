"""Coming in by an OpenID provider: off to it, and back from it."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from arfeed.operations.board.access import identities
from arfeed.operations.board.access.problems import NotFoundError
from arfeed.operations.board.access.provider import DistrustError, UnreachableError
from arfeed.operations.board.application import Application, Path, delete_cookie, redirect_to, set_cookie
from arfeed.operations.board.pages.accounts import enter, own_path, show_login

if TYPE_CHECKING:
    from starlette.responses import Response

    from arfeed.operations.board.access.guard import Visit
    from arfeed.operations.board.access.provider import Attempt, Provider

BACK = "/login/provider/back"

_LOGGER = logging.getLogger("arfeed.board")
_TOO_MANY = "There were too many tries: wait some minutes."
_EXPIRED = "This login was begun elsewhere, or too long ago. Begin it again."
_ERROR = re.compile("[a-z_]{1,60}")


def leave(application: Application, visit: Visit, path: Path) -> Response:
    """Lead somebody to the provider."""
    del path
    provider = _provider(application)
    if not application.departures.allows(visit.address):
        return show_login(application, visit, _TOO_MANY, 429)
    try:
        address, attempt = provider.begin(visit.origin + BACK, own_path(visit.query.get("next", "/")))
    except UnreachableError as exc:
        return show_login(application, visit, str(exc), 503)
    response = redirect_to(address)
    set_cookie(application, response, "attempt", application.attempts.keep(attempt))
    return response


def come_back(application: Application, visit: Visit, path: Path) -> Response:
    """Log in whoever comes back from the provider, if it proves who that is."""
    del path
    provider, key = _provider(application), visit.cookies.get(application.place.cookie("attempt"), "")
    attempt = application.attempts.take(key, visit.query.get("state", ""))
    response = _come_back(application, visit, provider, attempt)
    delete_cookie(application, response, "attempt")
    return response


def _come_back(application: Application, visit: Visit, provider: Provider, attempt: Attempt | None) -> Response:
    if attempt is None:
        return show_login(application, visit, _EXPIRED, 400)
    title = provider.settings.title
    if "error" in visit.query:
        # Not the description: whoever made the link may have written it.
        error = visit.query["error"]
        why = f" ({error})" if _ERROR.fullmatch(error) else ""
        return show_login(application, visit, f"{title} did not let you in{why}.", 403)
    try:
        claimed = provider.finish(attempt, visit.origin + BACK, visit.query)
    except UnreachableError as exc:
        return show_login(application, visit, str(exc), 503)
    except DistrustError as exc:
        _LOGGER.warning("a login by %s was refused: %s", title, exc)
        return show_login(application, visit, f"What {title} answered does not prove who you are. Begin again.", 403)
    admission = identities.come_in(application.database, claimed, visit.address)
    if admission.person is None:
        return show_login(application, visit, f"{title} knows you. {admission.why}", 403)
    return enter(application, visit, admission.person, attempt.next)


def _provider(application: Application) -> Provider:
    if application.provider is None:
        raise NotFoundError
    return application.provider
