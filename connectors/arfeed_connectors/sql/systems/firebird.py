"""Firebird 3 and later: a read-only snapshot, and statements that can be cancelled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from arfeed import SourceError
from arfeed_connectors.sql.systems.base import LOCK_SECONDS, System

if TYPE_CHECKING:
    import sqlalchemy as sa

# Firebird's messages about a file that another program has, across its versions.
_NOT_OURS = ("unavailable database", "lock time-out on wait", "file in use", "already opened", "Database already")


class Firebird(System):
    """Read in a read-only SNAPSHOT, which holds up no writer."""

    driver: ClassVar[Mapping[str, str]] = {"firebird": "firebird+firebird"}
    one_snapshot = "a SNAPSHOT that may only read"

    def arguments(self) -> dict[str, Any]:
        """Ask for UTF-8: without a charset, texts beyond ASCII come as they lie in the file."""
        if "charset" not in self.url.query:
            self.url = self.url.update_query_dict({"charset": "UTF8"})
        self._load_client()
        # A name without a point may be an alias of databases.conf, which only Firebird can look up.
        if not self.url.host and "." in (self.url.database or "") and not Path(str(self.url.database)).is_file():
            raise SourceError(f"{self.source}: there is no database file {self.url.database}; look at `url`")
        return {}

    def _load_client(self) -> None:
        """Load the client's library, whose absence the driver reports by a bare `Exception`."""
        from firebird.driver import driver_config, load_api

        named = self.url.query.get("fb_client_library")
        try:
            load_api(named or driver_config.fb_client_library.value)
        except Exception as exc:  # noqa: BLE001 - as it raises it
            raise SourceError(
                f"{self.source}: Firebird's client library was not found ({exc}); install it (Debian: libfbclient2; "
                "Windows: Firebird's client), or name it in the URL with ?fb_client_library=/…"
            ) from None

    def begin(self, connection: sa.Connection) -> None:
        """Begin a snapshot. Setting the connection's `default_tpb` would come too late for its main transaction."""
        from firebird.driver import Isolation, TraAccessMode, tpb

        driver: Any = connection.connection.driver_connection
        # SQLAlchemy's own questions at connecting may have begun a transaction, with the driver's default options.
        if driver.main_transaction.is_active():
            driver.main_transaction.rollback()
        driver.main_transaction.default_tpb = tpb(
            Isolation.SNAPSHOT, lock_timeout=LOCK_SECONDS, access_mode=TraAccessMode.READ
        )
        driver.begin()

    def cancel(self, driver_connection: Any) -> None:
        """End the statement that runs, as another thread may."""
        from firebird.driver.types import CancelType

        driver_connection._att.cancel_operation(CancelType.RAISE)  # noqa: SLF001 - the driver offers no other way

    def prepare(self, engine: sa.Engine) -> None:
        """Let a broken connection be closed: the dialect calls a `terminate` that this driver does not have."""
        engine.dialect.do_terminate = engine.dialect.do_close  # type: ignore[method-assign]

    def holds_writers(self, connection: sa.Connection) -> bool:  # noqa: ARG002 - others look at it
        """Whether it is a file without a server: then no other program may have it open."""
        return not self.url.host

    def advice(self, said: str) -> str:
        """Return what to do about texts in another charset, and about a file that another program has."""
        if "codec can't decode" in said:
            return (
                "; a text is not in the charset that it was asked for in: say which behind the URL, as in "
                "?charset=WIN1252 (databases of charset NONE keep texts as the program wrote them)"
            )
        if "Cannot transliterate" in said or "malformed string" in said.lower():
            return "; set the charset of the texts in the URL, as in ?charset=WIN1252"
        if any(word.lower() in said.lower() for word in _NOT_OURS) and not self.url.host:
            return (
                "; if a server or another program has the file, name the server in the URL: "
                "firebird://USER:PASSWORD@localhost/FILE"
            )
        return ""
