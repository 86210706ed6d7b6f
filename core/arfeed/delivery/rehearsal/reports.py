"""How the receiver takes a report in."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from arfeed.delivery.rehearsal import layout
from arfeed.delivery.rehearsal.books import Books, read_books, write_books


@dataclass(frozen=True, slots=True)
class Headers:
    """The report's headers of the two columns that the receiver reads."""

    ref: str = "invoice_ref"
    balance: str = "balance"


@dataclass(frozen=True, slots=True)
class Bookkeeper:
    """Books the reports that appear in a receiver's folder, each of them once."""

    folder: Path
    headers: Headers

    def take(self, path: Path) -> None:
        """Book a file if it is a report not yet seen with this content; ignore anything else."""
        if not layout.is_report(self.folder, path):
            return
        content = path.read_bytes()
        books, digest = read_books(self.folder), hashlib.sha256(content).hexdigest()
        if books.reports.get(path.name) != digest:
            write_books(self.folder, self._book(books, path.name, content).seen(path.name, digest))

    def catch_up(self) -> None:
        """Book, in the order they arrived, the reports that were left unbooked when an earlier server was killed."""
        reports = (layout.inbox(self.folder) / layout.REPORT_FOLDER).iterdir()
        for path in sorted(reports, key=lambda path: (path.stat().st_mtime_ns, path.name)):
            self.take(path)

    def _book(self, books: Books, name: str, content: bytes) -> Books:
        try:
            return books.after(name, _read_listed(content, self.headers), datetime.now(UTC))
        except (ValueError, csv.Error) as exc:
            return books.rejecting(name, str(exc))


def _read_listed(content: bytes, headers: Headers) -> dict[str, Decimal]:
    rows = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    _insist_on(headers, rows.fieldnames or ())
    listed: dict[str, Decimal] = {}
    for row in rows:
        ref = row[headers.ref]
        if not ref or ref in listed:
            raise ValueError(f"line {rows.line_num}: the reference {ref!r} is blank or listed twice")
        listed[ref] = _amount(row[headers.balance], rows.line_num)
    return listed


def _insist_on(headers: Headers, found: Collection[str]) -> None:
    for header in (headers.ref, headers.balance):
        if header not in found:
            raise ValueError(f"the report has no column {header!r}")


def _amount(text: str | None, line: int) -> Decimal:
    if text is None or not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        raise ValueError(f"line {line}: the balance {text!r} is not a plain number such as -1250.00")
    return Decimal(text)
