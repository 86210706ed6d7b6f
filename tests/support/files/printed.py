"""QuickBooks' reports, written as QuickBooks prints them."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

import openpyxl

ONLINE_2026 = ["", "Date", "Transaction type", "Num", "Term", "Due date", "Amount", "Open balance"]
ONLINE_2020 = ["", "Date", "Transaction Type", "No.", "Terms", "Due Date", "Amount", "Open Balance"]
DESKTOP = ["", "Type", "Date", "Num", "P. O. #", "Terms", "Due Date", "Aging", "Open Balance"]
OPEN_INVOICES = ("Open Invoices Report", "Example LLC", "As of Apr 4, 2026")


class Item(NamedTuple):
    """A line of a report."""

    number: str
    balance: str
    type: str = "Invoice"
    date: str = "01/15/2026"
    due: str = "02/14/2026"


Groups = Mapping[str, Sequence[Item]]
ITEMS: Groups = {
    "Acme, Inc.": [Item("INV-001", "1,500.00"), Item("00071", "0.05")],
    "Beta:North": [Item("INV-002", "750.00"), Item("CN-1", "-50.00", "Credit Memo", due="")],
    "3000": [Item("25763", "-200.00", "Payment")],
}


def sum_of(items: Sequence[Item]) -> str:
    total = sum((Decimal(item.balance.replace(",", "")) for item in items), Decimal(0))
    return f"-${-total:,.2f}" if total < 0 else f"${total:,.2f}"


def report(
    groups: Groups = ITEMS,
    *,
    title: Sequence[str] = OPEN_INVOICES,
    header: Sequence[str] = ONLINE_2026,
    closing: str = "Total for {}",
    total_in: int = 0,
    footer: str = "Accrual Basis Friday, May 15, 2026 01:21 AM GMTZ",
) -> list[list[str]]:
    """The rows of a report that groups by customer."""

    def row(**cells: str) -> list[str]:
        at = {name.casefold().replace(".", ""): column for column, name in enumerate(header)}
        at |= {"num": at.get("num", at.get("no", 0)), "type": at.get("type", at.get("transaction type", 0))}
        result = [""] * len(header)
        for name, text in cells.items():
            result[at[name.replace("_", " ")]] = text
        return result

    def labelled(text: str, amount: str = "", column: int = 0) -> list[str]:
        cells = row(open_balance=amount)
        cells[column] = text
        return cells

    rows = [[text] for text in title] + ([[""]] if title else []) + [list(header)]
    for name, items in groups.items():
        rows.append(labelled(name))
        rows += [row(date=i.date, type=i.type, num=i.number, due_date=i.due, open_balance=i.balance) for i in items]
        rows.append(labelled(closing.format(name), sum_of(items)))
    everything = [item for items in groups.values() for item in items]
    rows.append(labelled("TOTAL", sum_of(everything), total_in))
    return [*rows, [], [footer]] if footer else rows


def text_of(rows: Sequence[Sequence[str]], newline: str = "\n") -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator=newline).writerows(rows)
    return text.getvalue()


def written(file: Path, rows: Sequence[Sequence[str]], encoding: str = "utf-8", newline: str = "\n") -> Path:
    file.write_bytes(text_of(rows, newline).encode(encoding))
    return file


def workbook(file: Path, rows: Sequence[Sequence[object]], sheet: str = "Sheet1") -> Path:
    """Write a workbook: texts as texts, and what else there is as cells of its kind."""
    book = openpyxl.Workbook(write_only=True)
    page = book.create_sheet(sheet)
    for row in rows:
        page.append([None if cell == "" else cell for cell in row])
    book.save(file)
    return file
