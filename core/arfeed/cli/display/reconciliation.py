"""A reconciliation as people read it in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from arfeed.model.currencies import format_amount

_MOST = 20
_MEANS = {
    "paid there": "delivered as open, and not open there",
    "open there only": "open there, and not in the last report",
    "differs": "open on both sides, with other values (delivered → there)",
    "unreadable": "what can't be read there",
}
_FIELDS = {"balance": "balance", "currency": "currency", "due_on": "due", "customer_name": "customer"}


def show_reconciliation(document: Mapping[str, Any], people: Console) -> None:
    """Print what was compared, the counts by currency, the differences, and what to do."""
    _show_reading(document, people)
    for reason in document["reasons"]:
        people.print(f"\n✗ not comparable: {reason}", style="red", markup=False)
    if document["currencies"]:
        people.print()
        people.print(_sums(document["currencies"]))
    for outcome, rows in groupby(document["rows"], lambda row: (row["known"] != "", row["outcome"])):
        _show_rows(*outcome, [*rows], people)
    told = [f"  known: {each['count']:,} {each['reason']}" for each in document["known"]]
    told += [f"  note: {note}" for note in document["notes"]]
    told += [f"\n→ {line}" for line in document["advice"]]
    for line in told:
        people.print(line, markup=False)
    if document["outcome"] == "same":
        people.print("✓ the receiver has what was delivered", style="green", markup=False)


def _show_reading(document: Mapping[str, Any], people: Console) -> None:
    """Print what was compared, and how the export was read."""
    export, delivered = document["export"], document["compared_with"]
    people.print(f"{document['feed']} → {document['destination']}", style="bold", markup=False)
    when = delivered["delivered_at"][:16].replace("T", " ")
    people.print(f"  {export['name']} beside {delivered['report']}, delivered {when} UTC", markup=False)
    for line in export["judged"]:
        people.print(f"  {line}", markup=False)
    for each in export["columns"]:
        why = f": {each['evidence']}" if each["evidence"] else ""
        people.print(f"  {each['column']}: the column {each['heading']!r}{why}", markup=False)
    for name, why in export["notation"].items():
        people.print(f"  {name}: {why}", markup=False)


def _sums(rows: list[Mapping[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("", "outcome", "invoices", "delivered", "there"):
        table.add_column(name, justify="left" if name in ("", "outcome") else "right", no_wrap=True)
    for row in rows:
        what = f"{row['outcome']}, known" if row["known"] else row["outcome"]
        sums = [format_amount(Decimal(row[side]), row["currency"]) for side in ("sent", "there")]
        table.add_row(row["currency"] or "?", what, f"{row['count']:,}", *sums)
    return table


def _show_rows(known: bool, outcome: str, rows: list[Mapping[str, str]], people: Console) -> None:
    if known:
        return  # counted by their reason; --json and --html list them
    people.print(f"\n{len(rows):,} {outcome}: {_MEANS[outcome]}", style="bold red", markup=False)
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_header=False)
    for row in rows[:_MOST]:
        table.add_row(*_cells(row))
    people.print(Padding(table, (0, 0, 0, 2)))
    if len(rows) > _MOST:
        people.print(f"  … and {len(rows) - _MOST:,} more; --json and --html list all", markup=False)


def _cells(row: Mapping[str, str]) -> Iterator[str]:
    side = "" if row["invoice_ref"] else "_there"
    yield row[f"invoice_ref{side}"]
    yield row[f"customer_name{side}"]
    currency = row[f"currency{side}"]
    yield f"{format_amount(Decimal(row[f'balance{side}']), currency)} {currency}" if row[f"balance{side}"] else ""
    yield row["why"] or ", ".join(_change(row, name) for name in row["what"].split())


def _change(row: Mapping[str, str], name: str) -> str:
    if name == "others":
        return row["others"]
    before, after = row[name], row[f"{name}_there"]
    if name == "balance":
        code = row["currency"]
        before, after = (format_amount(Decimal(text), code) if text else "–" for text in (before, after))
    return f"{_FIELDS[name]} {before or '–'} → {after or '–'}"
