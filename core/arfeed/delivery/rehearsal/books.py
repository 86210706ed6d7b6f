"""What the receiver believes: which invoices are open, and which it took as paid because a report left them out."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from arfeed.delivery.rehearsal import layout
from arfeed.delivery.rehearsal.whole_file import write_whole


@dataclass(frozen=True, slots=True)
class Booking:
    """What one report did to the books: how many it lists, and how many were new, paid by absence or came back."""

    report: str
    at: str
    listed: int
    new: int
    paid_by_absence: int
    reopened: int


@dataclass(frozen=True, slots=True)
class Books:
    """The receiver's books after the reports it has seen.

    `open`: ref to balance. `paid_by_absence`: ref to the report that left it out. `reopened`: every ref that was once
    paid by absence and came back, to the report it last came back in. `reports`: name to SHA-256, in the order seen.
    `rejected`: report to the reason it could not be read; such a report changes nothing else. `documents`: PDF to the
    ref it belongs to, or None if no invoice has that name, or several have. `bookings`: what each report did, the
    newest last. `closed`: ref to the delivery that told it to be closed, at a receiver to which absence means nothing.
    """

    open: Mapping[str, Decimal] = field(default_factory=dict)
    paid_by_absence: Mapping[str, str] = field(default_factory=dict)
    reopened: Mapping[str, str] = field(default_factory=dict)
    reports: Mapping[str, str] = field(default_factory=dict)
    rejected: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str | None] = field(default_factory=dict)
    bookings: tuple[Booking, ...] = ()
    closed: Mapping[str, str] = field(default_factory=dict)

    def after(self, report: str, listed: Mapping[str, Decimal], at: datetime) -> Books:
        """Apply the receiver's rule: what a report lists is open, what it no longer lists has been paid."""
        absent = {ref: report for ref in self.open if ref not in listed}
        back = {ref: report for ref in self.paid_by_absence if ref in listed}
        still_paid = {ref: since for ref, since in self.paid_by_absence.items() if ref not in listed}
        new = len(listed.keys() - self.open.keys() - back.keys())
        time = at.isoformat(timespec="seconds")
        return replace(
            self,
            open=dict(listed),
            paid_by_absence=still_paid | absent,
            reopened={**self.reopened, **back},
            bookings=(*self.bookings, Booking(report, time, len(listed), new, len(absent), len(back))),
        )

    def apply_closings(self, report: str, listed: Mapping[str, Decimal], closed: Iterable[str], at: datetime) -> Books:
        """Apply the rule of a receiver that ignores absence: only what is sent as closed is closed."""
        gone = dict.fromkeys(closed, report)
        back = {ref: report for ref in self.closed if ref in listed}
        still = {ref: since for ref, since in self.closed.items() if ref not in listed}
        new = len(listed.keys() - self.open.keys() - back.keys())
        booking = Booking(report, at.isoformat(timespec="seconds"), len(listed), new, 0, len(back))
        return replace(
            self,
            open={ref: balance for ref, balance in {**self.open, **listed}.items() if ref not in gone},
            closed=still | gone,
            reopened={**self.reopened, **back},
            bookings=(*self.bookings, booking),
        )

    def seen(self, report: str, sha256: str) -> Books:
        """Note a report as seen; under a name used before it counts as a later one."""
        earlier = {name: digest for name, digest in self.reports.items() if name != report}
        return replace(self, reports={**earlier, report: sha256})

    def rejecting(self, report: str, reason: str) -> Books:
        """Note that a report could not be read."""
        return replace(self, rejected={**self.rejected, report: reason})


def read_books(folder: Path) -> Books:
    """Read the books kept in a receiver's folder; no server need be running. Before the first report they are empty."""
    books = _load(layout.books_file(folder))
    return replace(books, documents=_match_documents(layout.inbox(folder), [*books.open, *books.paid_by_absence]))


def write_books(folder: Path, books: Books) -> None:
    """Keep the books; documents are not kept, as they are matched anew whenever the books are read."""
    write_whole(layout.books_file(folder), as_json(replace(books, documents={})).encode())


def as_json(books: Books) -> str:
    """Write the books as JSON, amounts as text."""
    return json.dumps(asdict(books), default=str, ensure_ascii=False, indent=1)


def _load(file: Path) -> Books:
    if not file.exists():
        return Books()
    kept = json.loads(file.read_bytes())
    kept["open"] = {ref: Decimal(balance) for ref, balance in kept["open"].items()}
    kept["bookings"] = tuple(Booking(**booking) for booking in kept.get("bookings", ()))
    return Books(**kept)


def _match_documents(root: Path, refs: Iterable[str]) -> dict[str, str | None]:
    owners: defaultdict[str, list[str]] = defaultdict(list)
    for ref in refs:
        owners[layout.document_name(ref)].append(ref)
    return {name: owners[name][0] if len(owners[name]) == 1 else None for name in _documents(root)}


def _documents(root: Path) -> list[str]:
    if not root.exists():
        return []
    files = (path for path in root.iterdir() if path.suffix == ".pdf" and not path.name.startswith("."))
    return sorted(path.name for path in files)
