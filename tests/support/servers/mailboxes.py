"""A mail server on this machine: aiosmtpd with a certificate, one login, and a mailbox for all that arrives."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Literal

import trustme
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from support.servers.openssh import free_port

USER, PASSWORD = "arfeed", "mail-quux"


@dataclass
class Mailbox:
    """How to reach the server, and what it took. It refuses recipients who are `unknown`."""

    settings: dict[str, Any] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    unknown: frozenset[str] = frozenset()
    logins: list[str] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return [f"{mail['Subject']}\n{body(mail)}" for mail in self.mails]

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name for it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address in self.unknown:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - likewise
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        mail = message_from_bytes(envelope.original_content or b"", policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 taken"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, data: object) -> AuthResult:
        assert isinstance(data, LoginPassword)
        self.logins.append(data.login.decode())
        right = (data.login.decode(), data.password.decode()) == (USER, PASSWORD)
        return AuthResult(success=right, handled=False)


def body(mail: EmailMessage) -> str:
    """Return what is read, without attachments."""
    plain = mail.get_body(("plain",))
    assert plain is not None
    return str(plain.get_content())


def certificate(authority: trustme.CA) -> ssl.SSLContext:
    """Return the side of a server whose certificate the authority has issued."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    return context


@contextmanager
def mailbox(folder: Path, security: Literal["starttls", "tls", "plain"], *, login: bool = True) -> Iterator[Mailbox]:
    there, authority = Mailbox(), trustme.CA()
    context = certificate(authority)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    controller = Controller(
        there,
        hostname="127.0.0.1",
        port=free_port(),
        ssl_context=context if security == "tls" else None,
        tls_context=context if security == "starttls" else None,
        require_starttls=security == "starttls",
        authenticator=there.authenticate if login else None,
        auth_required=login,
        auth_require_tls=security == "starttls",
        enable_SMTPUTF8=True,
    )
    controller.start()
    try:
        there.settings = {
            "host": "localhost",
            "port": controller.port,
            "security": "none" if security == "plain" else security,
            "sender": "arfeed@example.com",
            "to": ["ada@example.com", "bob@example.com"],
            "ca_file": str(folder / "ca.pem"),
            **({"username": USER, "password": PASSWORD} if login else {}),
        }
        yield there
    finally:
        controller.stop()
