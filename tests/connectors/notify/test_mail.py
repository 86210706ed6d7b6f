"""Mailing through a real SMTP server: over TLS, with and without a login, and what is reported."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from pydantic import ValidationError

from arfeed import ArfeedError, ConfigError, DestinationError, Failure
from arfeed_connectors.notify.mail import Mail
from support.servers.mailboxes import PASSWORD, USER, Mailbox, mailbox
from support.servers.openssh import free_port

# aiosmtpd does not count a connection that is encrypted from the start as TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")

FAILURE = Failure("Müller & Söhne", "file:///out/", "row 7: 'Ångström' is no date", 4)
PLAIN: dict[str, object] = {"host": "smtp.example.com", "sender": "arfeed@example.com", "to": "ada@example.com"}


def notifier(there: Mailbox, **changes: object) -> Mail:
    return Mail("office", Mail.Settings.model_validate({**there.settings, **changes}))


@pytest.mark.parametrize("security", ["starttls", "tls"])
@pytest.mark.parametrize("login", [True, False], ids=["login", "no login"])
def test_a_mail_arrives_over_tls(tmp_path: Path, security: Literal["starttls", "tls"], login: bool) -> None:
    with mailbox(tmp_path, security, login=login) as there:
        notifier(there).failed(FAILURE)
    (mail,) = there.mails
    assert mail["Subject"] == "✗ Müller & Söhne: failed with exit code 4"
    assert (mail["From"], mail["To"]) == ("arfeed@example.com", "ada@example.com, bob@example.com")
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.com>")
    assert "row 7: 'Ångström' is no date" in mail.get_content()
    assert there.logins == ([USER] if login else [])


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_a_server_that_nobody_vouches_for_gets_neither_login_nor_mail(
    tmp_path: Path, security: Literal["starttls", "tls"]
) -> None:
    with mailbox(tmp_path, security) as there:
        with pytest.raises(DestinationError, match="certificate verify failed"):
            notifier(there, ca_file=None).failed(FAILURE)
        assert (there.logins, there.mails) == ([], [])


def test_a_server_without_encryption_gets_no_login(tmp_path: Path) -> None:
    with mailbox(tmp_path, "plain") as there:
        with pytest.raises(DestinationError, match="STARTTLS extension not supported"):
            notifier(there, security="starttls").failed(FAILURE)
        assert (there.logins, there.mails) == ([], [])


def test_a_wrong_password_is_said_without_it(tmp_path: Path) -> None:
    with mailbox(tmp_path, "starttls") as there, pytest.raises(ConfigError, match="refused the login of arfeed") as it:
        notifier(there, password="wrong-quux").failed(FAILURE)
    assert "quux" not in str(it.value)


def test_a_recipient_who_is_refused_is_named_and_the_others_get_their_mail(tmp_path: Path) -> None:
    with mailbox(tmp_path, "starttls") as there:
        there.unknown = frozenset({"bob@example.com"})
        with pytest.raises(DestinationError, match=r"did not take it for bob@example\.com"):
            notifier(there).failed(FAILURE)
    assert len(there.mails) == 1


def test_a_server_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with mailbox(tmp_path, "starttls") as there, pytest.raises(DestinationError, match=r"localhost at port .*refused"):
        notifier(there, port=free_port()).failed(FAILURE)


def test_check_logs_in_and_sends_nothing(tmp_path: Path) -> None:
    with mailbox(tmp_path, "tls") as there:
        notifier(there).check()
        with pytest.raises(ArfeedError, match="refused the login"):
            notifier(there, password="wrong-quux").check()
    assert (set(there.logins), there.mails) == ({USER}, [])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"security": "none"}, "for a server on this machine only"),
        ({"username": "ada"}, "username and password go together"),
        ({"username": "ada", "password": "pässword-quux"}, "must be plain ASCII"),
        ({"to": []}, "at least 1 item"),
        ({"to": ["Ada <ada@example.com>"]}, "give a plain address"),
        ({"sender": "ada@example.com\nBcc: eve@example.com"}, "give a plain address"),
    ],
    ids=["no encryption", "no password", "no ASCII", "nobody", "name", "header"],
)
def test_settings_that_cannot_work_are_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said) as caught:
        Mail.Settings.model_validate({**PLAIN, **changes})
    assert "quux" not in str(caught.value)


def test_a_server_on_this_machine_needs_no_encryption(tmp_path: Path) -> None:
    with mailbox(tmp_path, "plain", login=False) as there:
        notifier(there, security="none").failed(FAILURE)
    assert len(there.mails) == 1
    assert PASSWORD not in there.texts[0]
