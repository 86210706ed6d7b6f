"""The receiver as a feed sees it: an address, a key, a known host, and afterwards its books."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from arfeed.delivery.rehearsal import layout
from arfeed.delivery.rehearsal.books import Books, read_books
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.identity import key_at, write_known_hosts
from arfeed.delivery.rehearsal.reports import Bookkeeper, Headers
from arfeed.delivery.rehearsal.server import HOST, USER, Door, running
from arfeed.delivery.rehearsal.shipments import ShipmentBookkeeper
from arfeed.model.errors import LockedError
from arfeed.model.shipping.files import RehearsalRule

Reads = Headers | RehearsalRule
"""By what a receiver reads: the headers of Kolleno's report, or the rule of another layout."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A receiver under way: where it is, how to log in, and what it holds below `root`."""

    url: str
    private_key: Path
    known_hosts: Path
    folder: Path

    @classmethod
    def at(cls, url: str, folder: Path) -> Receiver:
        """Return the receiver at an address, whose things are kept in a folder."""
        return cls(url, layout.client_key(folder), layout.known_hosts(folder), folder)

    @property
    def root(self) -> Path:
        """The folder that clients see as their root."""
        return layout.inbox(self.folder)

    @property
    def books(self) -> Books:
        """What the receiver believes at this moment."""
        return read_books(self.folder)


@contextmanager
def receiver(
    name: str, folder: Path, headers: Reads | None = None, faults: Faults | None = None, port: int = 0
) -> Iterator[Receiver]:
    """Run a receiver whose things are kept in a folder, so that it can be played on for several days.

    `headers` names the two columns of the report that it reads, or is another layout's rule; `faults` may be changed
    meanwhile. A folder serves one receiver at a time, as two would book over each other: `LockedError`. Without a port
    it takes any free one.
    """
    reports = headers.folder if isinstance(headers, RehearsalRule) else layout.REPORT_FOLDER
    (layout.inbox(folder) / reports).mkdir(parents=True, exist_ok=True)
    layout.keys(folder).mkdir(exist_ok=True)
    with lock_folder(name, folder):
        layout.address_file(folder).unlink(missing_ok=True)  # of one that was killed
        bookkeeper = _bookkeeper(folder, headers or Headers())
        # What came while no receiver ran, or as one was killed, is booked before anything new.
        bookkeeper.catch_up()
        # Kept over restarts: another host key would be another receiver to arfeed, and rightly refused.
        host_key = key_at(layout.keys(folder) / "host_ed25519")
        door = Door(host_key, key_at(layout.client_key(folder)), faults or Faults())
        with running(door, layout.inbox(folder), bookkeeper.take, port) as taken:
            write_known_hosts(layout.known_hosts(folder), HOST, taken, door.host_key)
            yield Receiver.at(f"sftp://{USER}@{HOST}:{taken}", folder)


def _bookkeeper(folder: Path, reads: Reads) -> Bookkeeper | ShipmentBookkeeper:
    if isinstance(reads, RehearsalRule):
        return ShipmentBookkeeper(folder, reads)
    return Bookkeeper(folder, reads)


@contextmanager
def lock_folder(name: str, folder: Path) -> Iterator[None]:
    """Have a receiver's folder for oneself; raise `LockedError` if somebody else has it."""
    # A SQLite transaction is the one lock of the standard library that works on every system and ends with its process.
    with closing(sqlite3.connect(folder / "lock.db", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            raise LockedError(
                f"The rehearsal receiver {name!r} in {folder} is in use by another run. "
                "Wait until that has ended, or give this feed its own receiver, such as rehearsal://another-name."
            ) from exc
        yield
