"""Whoever is told of a run can't change it: neither its delivery nor its exit code."""

from __future__ import annotations

import sys
import time
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from arfeed.model.errors import SourceError
from arfeed.plugins.fingerprint import settings_hash
from support.feeds.feed import Feed, codes, invoices
from support.plugins.strangers import install
from support.servers.mailboxes import mailbox
from support.servers.openssh import free_port
from support.servers.webhooks import TOKEN, Webhook, webhook

NOTIFIER = """
import time
from pydantic import SecretStr
from arfeed import Notifier, NotifierSettings, hookimpl

ARFEED_CONTRACT = 1

class Pigeon(Notifier):
    name = "pigeon"

    class Settings(NotifierSettings):
        token: SecretStr = SecretStr("")
        seconds: float = 0
        raises: str = ""

    def delivered(self, receipt):
        time.sleep(self.settings.seconds)
        if self.settings.raises == "exit":
            raise SystemExit(9)
        if self.settings.raises:
            raise OSError(self.settings.raises + self.settings.token.get_secret_value())

    def refused(self, plan):
        plan.missing["customer_name"] = "nobody"
        plan.missing["balance"] = plan.missing["balance"].head(0)
        self.delivered(None)

    def failed(self, failure):
        self.delivered(None)

@hookimpl
def arfeed_notifiers():
    return [Pigeon]
"""


@pytest.fixture
def pigeons(running: Feed, monkeypatch: pytest.MonkeyPatch) -> Feed:
    """A feed that has delivered once, with a stranger's notifier installed."""
    monkeypatch.syspath_prepend(install(running.folder / "site", "pigeon", NOTIFIER))
    monkeypatch.delitem(sys.modules, "arfeed_pigeon", raising=False)
    running.plugins = (*running.plugins, "pigeon", "notify")
    return running


def test_one_that_raises_is_reported_and_changes_nothing(pigeons: Feed) -> None:
    pigeons.notifiers = {"loft": {"use": "pigeon", "raises": "no wind for ", "token": "t-quux"}}
    assert pigeons.sync().receipt
    assert pigeons.steps.warnings == ["notifiers.loft did not report that the run delivered: OSError: no wind for ***"]


def test_one_that_exits_ends_nothing(pigeons: Feed) -> None:
    pigeons.notifiers = {"loft": {"use": "pigeon", "raises": "exit"}}
    assert pigeons.sync().receipt
    assert pigeons.steps.warnings == ["notifiers.loft did not report that the run delivered: SystemExit: 9"]


def test_a_slow_one_is_not_waited_for(pigeons: Feed) -> None:
    table = {"use": "pigeon", "seconds": 30, "timeout_seconds": 0.3}
    pigeons.notifiers = {"loft": table, "roof": table}
    began = time.monotonic()
    assert pigeons.sync().receipt
    assert time.monotonic() - began < 15
    assert [warning.partition(": ")[2] for warning in pigeons.steps.warnings] == [
        "it was still busy after 0.3 seconds, and was not waited for"
    ] * 2


def test_the_process_ends_while_a_slow_one_is_still_at_it(pigeons: Feed) -> None:
    pigeons.notifiers = {"loft": {"use": "pigeon", "seconds": 60, "timeout_seconds": 0.3}}
    began = time.monotonic()
    code, printed = pigeons.command("sync")
    assert (code, time.monotonic() - began < 30) == (0, True), printed
    assert "! notifiers.loft did not report that the run delivered: it was still busy" in " ".join(printed.split())


def test_an_unreachable_one_leaves_the_exit_code_of_a_refusal_and_of_a_failure(pigeons: Feed) -> None:
    pigeons.notifiers = {"ops": {"use": "webhook", "url": f"http://127.0.0.1:{free_port()}/{TOKEN}"}}
    pigeons.export(invoices(10))
    code, printed = pigeons.command("sync")
    assert code == 3
    assert "! notifiers.ops did not report that the run was refused: the webhook can't be reached" in " ".join(
        printed.split()
    )
    pigeons.export([])
    code, failed = pigeons.command("sync")
    assert code == 4
    said = " ".join(failed.split())
    assert "! notifiers.ops did not report that the run failed: the webhook can't be reached" in said
    assert TOKEN not in printed + failed


def test_an_answer_that_quotes_what_was_asked_for_tells_no_secret(pigeons: Feed) -> None:
    with webhook() as there:
        there.answers, there.says = [403], "no such hook {path}"
        pigeons.notifiers = {"ops": told(there)}
        assert pigeons.sync().receipt
    assert pigeons.steps.warnings == [
        "notifiers.ops did not report that the run delivered: the webhook answered 403 Forbidden no such hook ***"
    ]


def test_one_that_raises_does_not_silence_the_next(pigeons: Feed) -> None:
    with webhook() as there:
        pigeons.notifiers = {"loft": {"use": "pigeon", "raises": "no"}, "ops": told(there)}
        assert pigeons.sync().receipt
    assert [text.splitlines()[0] for text in there.texts] == ["✓ acme: 200 open delivered, 0 marked as paid"]


def test_only_the_endings_that_were_asked_for_are_told(pigeons: Feed) -> None:
    with webhook() as there:
        pigeons.notifiers = {"ops": {**told(there), "on": ["refused"]}}
        assert pigeons.sync().receipt
        pigeons.export(invoices(10))
        assert "missing-share" in codes(pigeons.sync())
        pigeons.export([])
        with pytest.raises(SourceError):
            pigeons.sync()
    assert [text.splitlines()[0] for text in there.texts] == ["✗ acme: refused, nothing was delivered"]


def test_what_a_notifier_does_to_a_plan_reaches_nobody_else(pigeons: Feed) -> None:
    with webhook() as there:
        pigeons.notifiers = {"loft": {"use": "pigeon"}, "ops": told(there)}
        pigeons.export(invoices(10))
        result = pigeons.sync()
    assert result.plan.missing["balance"].notna().all()
    assert "nobody" not in there.texts[0]
    assert "190 would be marked as paid" in there.texts[0]
    assert pigeons.steps.warnings == []


def test_a_plan_tells_nobody(pigeons: Feed) -> None:
    with webhook() as there:
        pigeons.notifiers = {"ops": told(there)}
        pigeons.export(invoices(10))
        pigeons.plan()
    assert there.texts == []


def test_a_bug_is_told_too(pigeons: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("arfeed.runs.preparation.compare", lambda *_: 1 / 0)
    with webhook() as there:
        pigeons.notifiers = {"ops": told(there)}
        with pytest.raises(ZeroDivisionError):
            pigeons.sync()
    assert "✗ acme: failed with exit code 1\n```\nZeroDivisionError: division by zero" in there.texts[0]


def test_the_lock_is_given_back_before_anybody_is_told(pigeons: Feed, monkeypatch: pytest.MonkeyPatch) -> None:
    free: list[bool] = []

    def told(*_: object) -> None:
        with pigeons.records() as history, history.lock(pigeons.where, "another", 5):
            free.append(True)

    monkeypatch.setattr("arfeed.runs.ending.conclusion.notify", told)
    pigeons.export(invoices(10))
    assert pigeons.sync().receipt is None
    assert free == [True]


def test_a_notifier_is_no_other_configuration(running: Feed) -> None:
    plain = settings_hash(running.project())
    running.plugins = (*running.plugins, "notify")
    running.notifiers = {"ops": {"use": "webhook", "url": "https://chat.example.com/hooks/1"}}
    assert settings_hash(running.project()) == plain


def told(there: Webhook) -> dict[str, object]:
    return {"use": "webhook", "url": there.url}


def test_check_tries_each_notifier_and_fails_for_none(pigeons: Feed) -> None:
    mail = {"use": "mail", "host": "127.0.0.1", "port": free_port(), "sender": "a@example.com", "to": "b@example.com"}
    with webhook() as there:
        pigeons.notifiers = {"ops": told(there), "office": mail}
        code, printed = pigeons.command("check")
    text = " ".join(printed.split())
    assert code == 0, printed
    assert "✓ notifier ops (webhook): is notified of: delivered, refused, failed, reconciled" in text
    assert "! notifier office (mail): the mail server 127.0.0.1 at port" in text
    assert there.texts == []


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "left out"])
def test_a_mail_about_a_delivery_has_its_page(pigeons: Feed, tmp_path: Path, attached: bool) -> None:
    with mailbox(tmp_path, "starttls") as there:
        pigeons.pages = True
        pigeons.notifiers = {"office": {"use": "mail", **there.settings, "attach_page": attached}}
        page = pigeons.sync().page
    (mail,) = there.mails
    assert "200 open delivered" in mail["Subject"]
    assert page is not None
    pages = [
        (each.get_content_type(), each.get_filename(), each.get_payload(decode=True)) for each in attachments(mail)
    ]
    assert pages == ([("text/html", page.name, page.read_bytes())] if attached else [])


@pytest.mark.parametrize("attached", [True, False], ids=["attached", "left out"])
def test_a_mail_about_a_refusal_has_the_plans_page(pigeons: Feed, tmp_path: Path, attached: bool) -> None:
    pigeons.approved()
    pigeons.export(invoices(20))
    with mailbox(tmp_path, "starttls") as there:
        pigeons.pages = True
        pigeons.notifiers = {"office": {"use": "mail", **there.settings, "attach_page": attached}}
        assert pigeons.sync().plan.objections
    (mail,) = there.mails
    assert "refused" in mail["Subject"]
    file = pigeons.folder / ".arfeed/pages/refused.html"
    assert "Refused: nothing is delivered." in file.read_text(encoding="utf-8")
    pages = [(each.get_filename(), each.get_payload(decode=True)) for each in attachments(mail)]
    assert pages == ([("refused.html", file.read_bytes())] if attached else [])


def test_a_page_that_is_too_large_is_named_instead(
    pigeons: Feed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("arfeed_connectors.notify.mail._LARGEST_PAGE", 10)
    with mailbox(tmp_path, "starttls") as there:
        pigeons.pages = True
        pigeons.notifiers = {"office": {"use": "mail", **there.settings}}
        page = pigeons.sync().page
    assert f"The page is too large for an email: {page}" in there.texts[0]
    assert attachments(there.mails[0]) == []


def attachments(mail: EmailMessage) -> list[Any]:
    return [*mail.iter_attachments()]
