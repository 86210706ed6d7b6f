"""Problems with a request, for programs as Problem Details for HTTP APIs (RFC 9457)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.responses import Response

PROBLEM = "application/problem+json"


class NotFoundError(Exception):
    """The page does not exist or is not allowed: both look the same."""


def make_problem(status: int, title: str, detail: str, wrong: list[str] | None = None) -> Response:
    """Return the answer; `wrong` says what is wrong with what was posted, each in a sentence."""
    from starlette.responses import Response

    document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    if wrong is not None:
        document["wrong"] = wrong
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else None
    return Response(json.dumps(document, ensure_ascii=False), status, headers, media_type=PROBLEM)
