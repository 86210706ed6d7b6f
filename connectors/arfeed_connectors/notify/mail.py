"""A message by SMTP, over TLS from the start or by STARTTLS."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, model_validator
from pydantic.config import JsonDict

from arfeed import ConfigError, DestinationError, Failure, Notifier, Plan, Receipt, Reconciliation
from arfeed_connectors.notify.message import Message, of_delivery, of_failure, of_reconciliation, of_refusal
from arfeed_connectors.notify.settings import LOOPBACK, OverTls

if TYPE_CHECKING:
    from smtplib import SMTP

_EXAMPLE: JsonDict = {
    "host": "smtp.example.com",
    "username": "arfeed@example.com",
    "password": "${MAIL_PASSWORD}",
    "sender": "arfeed@example.com",
    "to": ["ada@example.com"],
}
_LARGEST_PAGE = 7_000_000
"""Bytes; as an attachment it grows by a third, and many servers take ten megabytes."""

# RFC 6409 for submission by STARTTLS, RFC 8314 for TLS from the start; 25 is a relay's.
_PORTS = {"starttls": 587, "tls": 465, "none": 25}


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+", text):
        raise ValueError("give a plain address, such as ada@example.com")
    return text


Address = Annotated[str, AfterValidator(_address)]


def _one_or_several(value: object) -> object:
    return [value] if isinstance(value, str) else value


class Mail(Notifier):
    """Mails how a run ended, over TLS."""

    name = "mail"

    class Settings(OverTls):
        """Settings of the notifier `mail`."""

        model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

        host: str = Field(examples=["smtp.example.com"], description="The mail server.")
        port: int | None = Field(
            default=None, examples=[587], description="Its port: 587 for starttls, 465 for tls, if unset."
        )
        security: Literal["starttls", "tls", "none"] = Field(
            default="starttls",
            description='How the connection is encrypted; "none" is for a server on this machine only.',
        )
        username: str | None = Field(default=None, description="Whom to log in as; no login if unset.")
        password: SecretStr | None = Field(default=None, description="The password to log in with, as ${NAME}.")
        sender: Address = Field(examples=["arfeed@example.com"], description="The sender's address.")
        to: Annotated[tuple[Address, ...], BeforeValidator(_one_or_several)] = Field(
            min_length=1, examples=[["ada@example.com"]], description="The recipients' addresses."
        )

        attach_page: bool = Field(
            default=True,
            description="Whether to attach the page of a delivery or a refused plan, which contains invoice details.",
        )

        @model_validator(mode="after")
        def _consistent(self) -> Mail.Settings:
            if (self.username is None) != (self.password is None):
                raise ValueError("username and password go together: give both, or neither")
            # smtplib encodes logins as ASCII, and would fail only once there is something to send.
            login = f"{self.username}{self.password.get_secret_value() if self.password else ''}"
            if not login.isascii():
                raise ValueError("username and password must be plain ASCII; SMTP logins reliably support nothing else")
            if self.security == "none" and self.host not in LOOPBACK:
                raise ValueError('security = "none" is for a server on this machine only; say "starttls" or "tls"')
            return self

    settings: Settings

    def delivered(self, receipt: Receipt) -> None:
        """Mail what was delivered, with its page."""
        self._send(of_delivery(receipt), receipt.page if self.settings.attach_page else None)

    def refused(self, plan: Plan) -> None:
        """Mail what was refused, and what would approve it, with its page."""
        self._send(of_refusal(plan), plan.page if self.settings.attach_page else None)

    def reconciled(self, reconciliation: Reconciliation) -> None:
        """Mail what the receiver has otherwise than it was delivered."""
        self._send(of_reconciliation(reconciliation))

    def failed(self, failure: Failure) -> None:
        """Mail what failed."""
        self._send(of_failure(failure))

    def check(self) -> None:
        """Connect and log in; nothing is sent."""
        with self._server() as server:
            server.noop()

    def _send(self, message: Message, page: Path | None = None) -> None:
        from email.message import EmailMessage
        from email.utils import localtime, make_msgid

        mail = EmailMessage()
        mail["Subject"] = message.heading
        mail["From"], mail["To"] = self.settings.sender, ", ".join(self.settings.to)
        # Without a domain, make_msgid would publish the name of this machine.
        mail["Date"], mail["Message-ID"] = localtime(), make_msgid(domain=self.settings.sender.partition("@")[2])
        # RFC 3834: absence notes and other robots do not answer to this.
        mail["Auto-Submitted"] = "auto-generated"
        lines = [message.heading, "", *message.lines]
        if page and page.stat().st_size > _LARGEST_PAGE:
            lines.append(f"The page is too large for an email: {page}")
            page = None
        mail.set_content("\n".join([*lines, ""]))
        if page:
            # As bytes: other line ends would break the hashes by which the page allows its script.
            mail.add_attachment(page.read_bytes(), maintype="text", subtype="html", filename=page.name)
        with self._server() as server:
            refused = server.send_message(mail)
        # smtplib raises only if all recipients were refused.
        if refused:
            raise DestinationError(f"the mail server did not take it for {', '.join(sorted(refused))}")

    @contextmanager
    def _server(self) -> Iterator[SMTP]:
        """Connect over TLS and log in."""
        from smtplib import SMTP, SMTP_SSL, SMTPAuthenticationError, SMTPException

        at = self.settings
        port, where = at.port or _PORTS[at.security], f"the mail server {at.host}"
        try:
            with (
                SMTP_SSL(at.host, port, timeout=at.patience, context=at.tls())
                if at.security == "tls"
                else SMTP(at.host, port, timeout=at.patience)
            ) as server:
                if at.security == "starttls":
                    # Raises if the server offers no TLS, so that the password never goes out in clear text.
                    server.starttls(context=at.tls())
                if at.username is not None and at.password is not None:
                    server.login(at.username, at.password.get_secret_value())
                yield server
        # A wrong password stays wrong until somebody changes it; other failures may pass.
        except SMTPAuthenticationError as exc:
            raise ConfigError(f"{where} refused the login of {at.username}; look at username and password") from exc
        except (SMTPException, OSError) as exc:
            raise DestinationError(f"{where} at port {port}: {str(exc) or type(exc).__name__}") from exc
