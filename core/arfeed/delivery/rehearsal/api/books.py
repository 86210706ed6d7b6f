"""What a receiver with an API has taken, kept as a journal that a killed server loses nothing of."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, Literal

Entry = Mapping[str, Any]
Taken = Literal["customer", "document", "closing", "pdf"]


@dataclass(slots=True)
class ApiBooks:
    """The books of a receiver with an API.

    `open`: number to balance. `closed`: number to what the closing said. `customers`: number to name of each known
    one. `documents`: number to the SHA-256 of its PDF. `bookings`: how often each thing was booked, by what and number.
    `keys` are the idempotency keys seen.
    """

    open: dict[str, Decimal] = field(default_factory=dict)
    closed: dict[str, Entry] = field(default_factory=dict)
    customers: dict[str, Entry] = field(default_factory=dict)
    documents: dict[str, str] = field(default_factory=dict)
    bookings: Counter[tuple[str, str]] = field(default_factory=Counter)
    keys: set[str] = field(default_factory=set)

    def knows(self, number: str) -> bool:
        """Whether there is a document of that number."""
        return number in self.open or number in self.closed

    def book(self, entry: Entry) -> None:
        """Book what was taken."""
        what, number = entry["what"], entry["number"]
        self.bookings[what, number] += 1
        if entry.get("key"):
            self.keys.add(entry["key"])
        if what == "customer":
            self.customers[number] = entry["body"]
        elif what == "pdf":
            self.documents[number] = entry["sha256"]
        elif what == "document" and (balance := Decimal(entry["balance"])):
            self.closed.pop(number, None)
            self.open[number] = balance
        else:
            self.open.pop(number, None)
            self.closed[number] = entry.get("body", {})


class Journal:
    """The books on disk, a line for each thing taken; one server writes to it at a time."""

    def __init__(self, folder: Path) -> None:
        """Read what is there."""
        self._file = folder / "journal.jsonl"
        self._lock = Lock()
        self.books = read_api_books(folder)
        # A line that a killed server left unfinished was never answered for.
        whole = b"".join(f"{json.dumps(entry)}\n".encode() for entry in _entries(self._file))
        self._file.write_bytes(whole)

    def take(self, entry: Entry) -> bool:
        """Book something and return True, or False if its key was seen before."""
        with self._lock:
            if entry.get("key") in self.books.keys:
                return False
            with self._file.open("ab") as out:
                out.write(f"{json.dumps(entry)}\n".encode())
            self.books.book(entry)
            return True

    def list_documents(self) -> list[tuple[str, Decimal | None]]:
        """Return all documents by number with what is owed, None for one that is closed."""
        with self._lock:
            there = {**dict.fromkeys(self.books.closed), **self.books.open}
        return sorted(there.items())


def read_api_books(folder: Path) -> ApiBooks:
    """Read the books kept in a receiver's folder; no server need be running."""
    books = ApiBooks()
    for entry in _entries(folder / "journal.jsonl"):
        books.book(entry)
    return books


def _entries(file: Path) -> Iterator[Entry]:
    if not file.exists():
        return
    for line in file.read_bytes().splitlines():
        try:
            yield json.loads(line)
        except ValueError:
            return
