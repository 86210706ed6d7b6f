"""Posting to a real HTTP server: what is tried again, what is reported, and what is never sent."""

from __future__ import annotations

from pathlib import Path

import pytest
import trustme
from pydantic import ValidationError

from arfeed import DestinationError, Failure
from arfeed_connectors.notify.webhook import Webhook
from support.servers.mailboxes import certificate
from support.servers.openssh import free_port
from support.servers.webhooks import TOKEN, webhook

FAILURE = Failure("acme", "file:///out/", "it broke", 4)


def notifier(url: str, **settings: object) -> Webhook:
    return Webhook("ops", Webhook.Settings.model_validate({"url": url, **settings}))


def test_one_json_document_with_a_text_is_posted() -> None:
    with webhook() as there:
        notifier(there.url).failed(FAILURE)
    assert [sorted(post) for post in there.posts] == [["text"]]
    assert there.texts[0].startswith("✗ acme: failed with exit code 4\n```\nit broke\n")
    assert there.headers[0]["Content-Type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(status: int) -> None:
    with webhook() as there:
        there.answers = [status]
        notifier(there.url).failed(FAILURE)
    assert len(there.posts) == 2


@pytest.mark.parametrize("status", [302, 307, 400, 404])
def test_another_answer_is_reported_at_once(status: int) -> None:
    with webhook() as there:
        there.answers = [status]
        with pytest.raises(DestinationError, match=f"the webhook answered {status} .*no_service") as caught:
            notifier(there.url).failed(FAILURE)
    assert len(there.posts) == 1
    assert TOKEN not in str(caught.value)


def test_a_server_that_stays_broken_is_reported() -> None:
    with webhook() as there:
        there.answers = [503] * 3
        with pytest.raises(DestinationError, match="the webhook answered 503"):
            notifier(there.url).failed(FAILURE)
    assert len(there.posts) == 3


def test_a_server_that_is_not_there_is_reported() -> None:
    with pytest.raises(DestinationError, match=r"the webhook can't be reached: .*refused"):
        notifier(f"http://127.0.0.1:{free_port()}/{TOKEN}", timeout_seconds=1).failed(FAILURE)


def test_a_server_without_an_answer_is_not_posted_to_twice() -> None:
    with webhook() as there:
        there.seconds = 1
        with pytest.raises(DestinationError, match=r"the webhook can't be reached: .*timed out"):
            notifier(there.url, timeout_seconds=0.5).failed(FAILURE)
    assert len(there.posts) <= 1


def test_a_certificate_that_nobody_vouches_for_is_sent_nothing(tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    with webhook(certificate(authority)) as there:
        with pytest.raises(DestinationError, match="certificate verify failed"):
            notifier(there.url).failed(FAILURE)
        assert there.posts == []
        notifier(there.url, ca_file=str(tmp_path / "ca.pem")).failed(FAILURE)
        assert len(there.posts) == 1


@pytest.mark.parametrize("url", ["http://chat.example.com/x", "file:///etc/passwd", "chat.example.com/x", "https:///x"])
def test_an_address_that_is_not_encrypted_is_refused(url: str) -> None:
    with pytest.raises(ValidationError, match="give a URL that begins with https://"):
        notifier(url)


@pytest.mark.parametrize("tail", ["a b", "a\n", "a\tb", "ä", "?x=ü"])
def test_an_address_that_no_server_can_be_asked_for_is_refused(tail: str) -> None:
    with pytest.raises(ValidationError, match="a URL has no space, line end or non-ASCII letter"):
        notifier(f"https://chat.example.com/{tail}")


def test_an_address_that_is_not_valid_is_not_quoted() -> None:
    with pytest.raises(DestinationError, match="can't be reached: its URL is not valid") as caught:
        notifier(f"http://localhost:{TOKEN}/x").failed(FAILURE)
    assert TOKEN not in str(caught.value)


def test_a_long_answer_is_not_cut_within_a_word() -> None:
    with webhook() as there:
        there.answers, there.says = [403], f"{'x ' * 97}/services/{TOKEN} is unknown"
        with pytest.raises(DestinationError, match=r"403 Forbidden (x ){97}…$"):
            notifier(there.url).failed(FAILURE)
