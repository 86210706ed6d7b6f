"""What keeps the REST client from harm, each on its own: renewal, keys, masking, pages, pauses, certificates."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
import stamina
from pydantic import SecretStr

from arfeed import Patience, RestClient, SourceError, Token, client_credentials, follow_link
from model.test_rest import Reply, api


def test_a_token_is_renewed_a_minute_before_its_end() -> None:
    tokens = iter(["first", "second"])
    with (
        api(lambda method, path, headers, number: (200, {}, "[]")) as (url, seen),
        # A minute before its end, or at half of a shorter time.
        RestClient(url, token=lambda _: Token(f"Bearer {next(tokens)}", seconds=0.6)) as client,
    ):
        client.get("/a")
        time.sleep(0.4)
        client.get("/b")
    assert [headers["authorization"] for _, _, headers in seen] == ["Bearer first", "Bearer second"]


def test_a_token_that_another_thread_has_renewed_meanwhile_stays() -> None:
    tokens = iter(["first", "second", "third"])
    with (
        api(lambda method, path, headers, number: (200, {}, "[]")) as (url, seen),
        RestClient(url, token=lambda _: Token(f"Bearer {next(tokens)}", seconds=3600)) as client,
    ):
        client.get("/a")
        client._forget_token("Bearer an older one")
        client.get("/b")
    assert {headers["authorization"] for _, _, headers in seen} == {"Bearer first"}


@pytest.mark.parametrize("header", ["X-Request-Id", None], ids=["another header", "none"])
def test_a_key_goes_in_the_header_that_the_server_knows(header: str | None) -> None:
    with api(lambda method, path, headers, number: (200, {}, "{}")) as (url, seen), RestClient(url) as client:
        client.idempotency_header = header
        client.post("/invoices", {}, key="run-1")
    assert "idempotency-key" not in seen[0][2]
    assert seen[0][2].get("x-request-id") == (None if header is None else "run-1")


def test_the_secret_of_a_login_is_masked_even_if_the_login_fails() -> None:
    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        return 403, {}, "client_secret=our-long-secret is not known"

    login = client_credentials("/token", "us", SecretStr("our-long-secret"))
    with api(reply) as (url, _), RestClient(url, token=login) as client, pytest.raises(SourceError) as caught:
        client.get("/invoices")
    assert "our-long-secret" not in str(caught.value)
    assert "client_secret=***" in str(caught.value)


def test_an_answer_without_a_list_is_no_empty_page() -> None:
    with (
        api(lambda method, path, headers, number: (200, {}, '{"items": null}')) as (url, _),
        RestClient(url) as client,
        pytest.raises(SourceError, match="has no list at items"),
    ):
        [*client.records("/items", "items", follow_link("next"))]


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_the_server_is_left_alone_for_as_long_as_it_asks(how: str) -> None:
    moments: list[float] = []

    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        moments.append(time.monotonic())
        # A date has whole seconds: two ahead are at least one.
        later = format_datetime(datetime.now(UTC) + timedelta(seconds=3), usegmt=True)
        wait = "2" if how == "seconds" else later
        return (429, {"Retry-After": wait}, "") if number == 1 else (200, {}, "[]")

    # Other tests don't wait.
    with stamina.set_testing(False), api(reply) as (url, _), RestClient(url, patience=Patience(in_all=30)) as client:
        client.get("/invoices")
    # Its own growing pauses begin with a tenth of a second.
    assert moments[1] - moments[0] > 1.8


@pytest.mark.parametrize(("status", "times"), [(429, 2), (503, 2), (500, 1), (504, 1)], ids=str)
def test_a_post_that_the_server_has_not_taken_is_sent_again_and_one_that_it_may_have_is_not(
    status: int, times: int
) -> None:
    def reply(method: str, path: str, headers: dict[str, str], number: int) -> Reply:
        return (status, {}, "") if number == 1 else (200, {}, "")

    with api(reply) as (url, seen), RestClient(url) as client:
        if times == 1:
            with pytest.raises(SourceError, match=f"the server answered {status}"):
                client.post("/invoices", {})
        else:
            client.post("/invoices", {})
    assert len(seen) == times


@pytest.mark.parametrize(
    ("status", "changed"), [(200, True), (500, True), (0, True), (422, False), (429, False)], ids=str
)
def test_what_may_have_been_done_is_known(status: int, changed: bool) -> None:
    with (
        api(lambda method, path, headers, number: (status, {}, "")) as (url, _),
        RestClient(url, patience=Patience(answer=2, in_all=0.2)) as client,
    ):
        try:
            client.post("/invoices", {})
        except SourceError:
            assert status != 200
        assert client.may_have_changed is changed
