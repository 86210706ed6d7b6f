"""PostgreSQL: the server keeps the time limit itself, and psycopg can be interrupted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from arfeed import SourceError
from arfeed_connectors.sql.systems.base import CONNECT_SECONDS, System, one_line

if TYPE_CHECKING:
    import sqlalchemy as sa


_POLICIES_ARE_LEFT_TO_US = "SELECT source = 'default' FROM pg_settings WHERE name = 'row_security'"


class PostgreSQL(System):
    """Read in REPEATABLE READ, READ ONLY."""

    driver: ClassVar[Mapping[str, str]] = {"postgresql": "postgresql+psycopg"}
    pooled = True
    one_snapshot = "REPEATABLE READ, READ ONLY"

    @property
    def is_interruptible(self) -> bool:
        """Whether it is psycopg 3; others wait in C."""
        return self.url.get_driver_name() == "psycopg"

    def arguments(self) -> dict[str, Any]:
        """Limit the time to connect; one that the URL names has precedence."""
        return {"connect_args": {"connect_timeout": CONNECT_SECONDS}} if self.is_interruptible else {}

    def prepare(self, engine: sa.Engine) -> None:
        """Refuse texts of no encoding, which psycopg gives as bytes, before SQLAlchemy stumbles over the first."""
        import sqlalchemy as sa

        if self.is_interruptible:
            sa.event.listen(engine, "connect", self._refuse_bytes, insert=True)

    def _refuse_bytes(self, driver_connection: Any, _record: object) -> None:
        if driver_connection.info.parameter_status("client_encoding") == "SQL_ASCII":
            # Nobody else would: SQLAlchemy's pool does not know it yet.
            driver_connection.close()
            raise SourceError(
                f"{self.source}: the database does not say how its texts are encoded (SQL_ASCII); set the encoding "
                "that its program uses in the URL, as in ?client_encoding=utf8 or ?client_encoding=win1252"
            )

    def begin(self, connection: sa.Connection) -> None:
        """Begin a transaction that may only read."""
        connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {self.timeout * 1000}")
        # The snapshot idles while other sources are read; a limit of the server's would end it in between.
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        # A policy that hides rows from this user is an error then, unless the URL says that it is meant.
        if connection.exec_driver_sql(_POLICIES_ARE_LEFT_TO_US).scalar():
            connection.exec_driver_sql("SET LOCAL row_security = off")

    def advice(self, said: str) -> str:
        """Return what to do about a policy of row-level security."""
        if "row-level security" in said:
            return (
                ", which may hide open invoices from this user; ALTER ROLE … BYPASSRLS lets it see all; if it is to "
                "see only some of them, say so behind the URL: ?options=-crow_security%3Don"
            )
        return ""

    def message_of(self, exc: BaseException) -> str:
        """Return the message with its detail and hint, without the piece of the query that it points at."""
        diagnosis = getattr(exc, "diag", None)
        # str(exc) would show the line of the query at fault, and with it values that the user wrote there.
        first = getattr(diagnosis, "message_primary", None)
        if not first:
            return super().message_of(exc)
        more = (getattr(diagnosis, name, None) for name in ("message_detail", "message_hint"))
        return one_line("; ".join([first, *(text for text in more if text)]))
