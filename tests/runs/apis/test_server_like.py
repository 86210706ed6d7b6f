"""To a run, an API is a server without files."""

from __future__ import annotations

from arfeed.delivery.http.sending import ApiRemote
from arfeed.delivery.remote import Remote


def test_an_api_answers_all_that_a_server_is_asked() -> None:
    asked = {name for name in vars(Remote) if not name.startswith("_")}
    assert asked <= {*vars(ApiRemote)}
