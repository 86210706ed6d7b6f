"""What the notifiers have in common: certificates to trust, and how long they may take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from arfeed import Location, NotifierSettings

if TYPE_CHECKING:
    import ssl

LOOPBACK = ("localhost", "127.0.0.1", "::1")


class OverTls(NotifierSettings):
    """Settings of a notifier that speaks TLS."""

    ca_file: Location | None = Field(
        default=None,
        examples=["company-ca.pem"],
        description="PEM file of the CA certificates to trust, if the server's certificate comes from a private CA.",
    )

    @property
    def patience(self) -> float:
        """Seconds for one answer: less than the run waits, so that there is time to report what went wrong."""
        return self.timeout_seconds * 0.8

    def tls(self) -> ssl.SSLContext:
        """Return what checks the server's certificate and name."""
        import ssl

        return ssl.create_default_context(cafile=self.ca_file)
