"""The receiver's own list of open invoices, exported as many programs write it, and somebody who answers nothing."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import openpyxl
import pandas as pd
import pyarrow as pa

from arfeed.model import schema
from arfeed.model.arrow import to_frame
from arfeed.model.errors import ConfigError
from arfeed.model.settings import ReconcileSettings
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.export import Export, read_export
from arfeed.runs.reconciliation.verdict import Verdict, judge

DELIVERED = datetime(2026, 4, 4, 10, 15, tzinfo=UTC)
NEXT_DAY = datetime(2026, 4, 5, 9, 0, tzinfo=UTC)

Row = dict[str, str]

HEADINGS = {
    "invoice_ref": "Invoice number",
    "customer_name": "Customer",
    "currency": "Currency",
    "due_on": "Due date",
    "balance": "Outstanding",
}


@dataclass
class Silent:
    """Nobody answers; what was asked is an error that names the setting."""

    asked: list[str] = field(default_factory=list)

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        del default
        self.asked.append(question)
        raise ConfigError(f"{question} Not interactive; pass {option}. The choices are {', '.join(choices)}")


def sent(count: int, **columns: Sequence[object]) -> list[Row]:
    """Return invoices as they were sent, texts in the plainest notation."""
    rows = [
        {
            "invoice_ref": f"INV-{number:04}",
            "kind": "invoice",
            "customer_name": f"Customer {number % 7}",
            "currency": "EUR" if number % 3 else "GBP",
            "issued_on": f"2026-03-{number % 28 + 1:02}",
            "due_on": f"2026-{number % 4 + 3:02}-{number % 28 + 1:02}",
            "balance": f"{100 + number}.50",
        }
        for number in range(1, count + 1)
    ]
    for name, values in columns.items():
        for row, value in zip(rows, values, strict=True):
            row[name] = str(value)
    return rows


def report(rows: Iterable[Row]) -> pd.DataFrame:
    """Return rows as the history keeps a report."""
    every = [*rows]
    made = {}
    further = [name for name in ("amount", "po_number") if every and name in every[0]]
    for name in ("invoice_ref", "kind", "customer_name", "currency", "issued_on", "due_on", "balance", *further):
        texts = [row[name] or None for row in every]
        kind = schema.arrow_type(name)
        if name in schema.DATES:
            made[name] = pa.array([date.fromisoformat(text) if text else None for text in texts], kind)
        elif name in schema.MONEY:
            made[name] = pa.array([Decimal(text or 0) for text in texts], kind)
        else:
            made[name] = pa.array([text or "" for text in texts], kind)
    return to_frame(pa.table(made))


def delivered(rows: Iterable[Row], *before: Iterable[Row], at: datetime = DELIVERED) -> LastDelivery:
    """Return a delivery of these invoices, and what was delivered before, the latest first."""
    earlier = [report(each) for each in before]

    def reports() -> Iterator[pd.DataFrame]:
        yield from earlier

    return LastDelivery(
        "20260404T101500Z-5d0c1e", at, report(rows), "open_ar_20260404T101500Z.csv", "0" * 64, {}, reports, "UTC"
    )


def write_csv(
    file: Path,
    rows: Iterable[Row],
    *,
    headings: Mapping[str, str] = HEADINGS,
    delimiter: str = ",",
    encoding: str = "utf-8",
    above: Sequence[Sequence[str]] = (),
    below: Sequence[Sequence[str]] = (),
    at: datetime = NEXT_DAY,
) -> Path:
    """Write an export with these headings, in their order."""
    with file.open("w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream, delimiter=delimiter)
        writer.writerows([*above, [*headings.values()], *([row[name] for name in headings] for row in rows), *below])
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def write_xlsx(file: Path, rows: Iterable[Row], at: datetime = NEXT_DAY) -> Path:
    """Write a workbook with real numbers and dates."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([*HEADINGS.values()])
    for row in rows:
        sheet.append(
            [
                row["invoice_ref"],
                row["customer_name"],
                row["currency"],
                date.fromisoformat(row["due_on"]),
                float(row["balance"]),
            ]
        )
    book.save(file)
    os.utime(file, (at.timestamp(), at.timestamp()))
    return file


def read(file: Path, rows: Iterable[Row], **settings: object) -> Export:
    """Read an export with nobody there to ask."""
    return read_export(file, ReconcileSettings.model_validate(settings), delivered(rows), Silent())


def judged(file: Path, last: LastDelivery, *, whole: bool = False, **settings: object) -> Verdict:
    """Read an export and compare it with a delivery."""
    said = ReconcileSettings.model_validate(settings)
    export = read_export(file, said, last, Silent())
    return judge(last, export, said, whole="person" if whole else None)


def outcomes(verdict: Verdict) -> dict[str, tuple[str, str]]:
    """Return by number what each invoice is, and what differs."""
    refs = verdict.found["invoice_ref"].fillna(verdict.found["invoice_ref_there"])
    pairs = zip(verdict.found["outcome"], verdict.found["what"], strict=True)
    return {str(ref): pair for ref, pair in zip(refs, pairs, strict=True)}
