"""How the receiver takes deliveries of several files in, by the rule that its destination states."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from arfeed.delivery.rehearsal import layout
from arfeed.delivery.rehearsal.books import Books, read_books, write_books
from arfeed.model.shipping.files import RehearsalRule

_ZERO = re.compile(r"0*([.,]0*)?")


@dataclass(frozen=True, slots=True)
class ShipmentBookkeeper:
    """Books the deliveries that are committed in a receiver's folder, each of them once."""

    folder: Path
    rule: RehearsalRule

    def take(self, path: Path) -> None:
        """Book a delivery if this file commits one that has not been seen; anything else waits, or is ignored."""
        if not self._commits(path):
            return
        books, digest = read_books(self.folder), hashlib.sha256(path.read_bytes()).hexdigest()
        if books.reports.get(path.name) != digest:
            write_books(self.folder, self._book(books, path).seen(path.name, digest))

    def catch_up(self) -> None:
        """Book, in the order they arrived, what was left unbooked when an earlier server was killed."""
        for path in sorted(self._inbox.iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name)):
            self.take(path)

    @property
    def _inbox(self) -> Path:
        return layout.inbox(self.folder) / self.rule.folder

    def _commits(self, path: Path) -> bool:
        real_name = not path.name.startswith(".") and re.fullmatch(self.rule.reads, path.name) is not None
        return real_name and path.parent == self._inbox and path.is_file()

    def _book(self, books: Books, path: Path) -> Books:
        try:
            tables = self._tables(path)
            listed, closed = self._read(tables)
        except (ValueError, csv.Error, zipfile.BadZipFile, UnicodeError) as exc:
            return books.rejecting(path.name, str(exc))
        now = datetime.now(UTC)
        if self.rule.absence == "closes":
            return books.after(path.name, listed, now)
        return books.apply_closings(path.name, listed, closed, now)

    def _tables(self, path: Path) -> Mapping[str, bytes]:
        """Return the files of a delivery by name: those inside of its archive, or those with a marker's digits."""
        rule = self.rule
        together = [each for each in self._inbox.iterdir() if _digits(each.name) == _digits(path.name)]
        names = [each.name for each in together]
        if lacking := [pattern for pattern in rule.together if not any(re.fullmatch(pattern, name) for name in names)]:
            raise ValueError(f"{path.name} stands there without {', '.join(lacking)}, so that nothing of it is read")
        if rule.archive is None:
            return {each.name: each.read_bytes() for each in together if not each.name.startswith(".")}
        archives = [each for each in together if re.fullmatch(rule.archive, each.name)]
        if len(archives) != 1:
            raise ValueError(f"{path.name} stands there with {len(archives)} archives of its name, not with one")
        with zipfile.ZipFile(archives[0]) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def _read(self, tables: Mapping[str, bytes]) -> tuple[dict[str, Decimal], list[str]]:
        """Return what is open, by number, and the numbers that are sent as closed."""
        rule = self.rule
        listed: dict[str, Decimal] = {}
        closed: list[str] = []
        for line, row in enumerate(self._rows(tables, rule.invoices), 2):
            ref = row.get(rule.ref) or ""
            if not ref or ref in listed or ref in closed:
                raise ValueError(f"line {line}: the reference {ref!r} is blank or listed twice")
            for header in rule.required:
                if _ZERO.fullmatch((row.get(header) or "").strip()):
                    raise ValueError(f"line {line}: {header} is {row.get(header)!r}, so that the whole file is refused")
            if rule.status and row.get(rule.status) == rule.closed_word:
                closed.append(ref)
            else:
                listed[ref] = self._amount(row.get(rule.balance), line)
        if rule.closed:
            closed += [row.get(rule.closed_ref) or "" for row in self._rows(tables, rule.closed)]
        return listed, closed

    def _rows(self, tables: Mapping[str, bytes], pattern: str) -> list[dict[str, str]]:
        found = [name for name in tables if re.fullmatch(pattern, name)]
        if len(found) != 1:
            raise ValueError(f"there are {len(found)} tables {pattern}, not one")
        form = self.rule.format
        text = io.StringIO(tables[found[0]].decode(form.encoding), newline="")
        quoting: Literal[0, 3] = 0 if form.quote == "all" else 3  # as needed, or none
        return [*csv.DictReader(text, delimiter=form.delimiter, quoting=quoting, strict=True)]

    def _amount(self, text: str | None, line: int) -> Decimal:
        plain = (text or "").replace(self.rule.format.decimal, ".")
        try:
            return Decimal(plain)
        except InvalidOperation as exc:
            raise ValueError(f"line {line}: the balance {text!r} is not a number") from exc


def _digits(name: str) -> str:
    return re.sub(r"\D", "", name)
