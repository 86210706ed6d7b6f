"""How objections name invoices and amounts."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal
from operator import itemgetter

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.currencies import format_amount
from arfeed.model.results import SourceReport
from arfeed.model.text.legible import name_some

# Enough to recognise what a message is about; the plan lists all of them.
_MOST_NAMED = 3
_MOST_STATUSES = 12


def pluralize(count: int, noun: str) -> str:
    """Write "1 invoice", "1,200 invoices"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def describe_statuses(source: SourceReport) -> str:
    """Say how many rows have which status, as the source words it; blank if it states none."""
    said = []
    for word, status, rows in source.statuses[:_MOST_STATUSES]:
        meant = "" if word.casefold() == status else f" (taken as {status})"
        said.append(f"{rows:,} {word or 'blank'}{meant}")
    more = len(source.statuses) - _MOST_STATUSES
    return ", ".join([*said, *([f"and {more} more words"] if more > 0 else [])])


def refs_of(rows: pd.DataFrame) -> tuple[str, ...]:
    """Return the numbers of the invoices that an objection is about."""
    return tuple(arrow.to_text_array(rows["invoice_ref"]).to_pylist())


def pluralize_with_verb(count: int, noun: str) -> str:
    """Write "1 invoice is", "1,200 invoices are"."""
    return f"{pluralize(count, noun)} {'is' if count == 1 else 'are'}"


def name_first(items: Iterable[str]) -> str:
    """Name the first few and count the rest."""
    return name_some(list(items), _MOST_NAMED)


def format_money(amount: Decimal, currency: str) -> str:
    """Write an amount with its currency's digits, and its code."""
    return f"{format_amount(amount, currency)} {currency}"


def format_span(time: timedelta) -> str:
    """Write a span in the units of the settings: whole days, or hours."""
    hours = time // timedelta(hours=1)
    return pluralize(hours, "hour") if hours % 24 else pluralize(hours // 24, "day")


def format_age(age: timedelta) -> str:
    """Write an age in days or hours, the largest unit of which it has two, else in minutes; whole ones."""
    for unit, name in ((timedelta(days=1), "days"), (timedelta(hours=1), "hours")):
        if age >= 2 * unit:
            return f"{age // unit} {name}"
    return f"{age // timedelta(minutes=1)} minutes"


def largest(rows: pd.DataFrame, most: int = _MOST_NAMED) -> pd.DataFrame:
    """Return the few rows with the largest balances, credits included, taking the currencies in turn."""
    table = pa.table(
        {
            # A lost credit changes what is owed as much as a lost invoice of that size.
            "size": pc.abs(pa.array(rows["balance"])),
            "ref": arrow.to_text_array(rows["invoice_ref"]),
            "currency": arrow.to_text_array(rows["currency"]),
            "place": np.arange(len(rows)),
        }
    )
    # In turn, because sizes of different currencies can't be compared: yen would crowd out every euro.
    turns: list[tuple[int, int]] = []
    for currency in sorted(pc.unique(table["currency"]).to_pylist()):
        mine = table.filter(pc.equal(table["currency"], currency))
        first = pc.select_k_unstable(mine, k=most, sort_keys=[("size", "descending"), ("ref", "ascending")])
        turns += enumerate(mine["place"].take(first).to_pylist())
    places = [place for _, place in sorted(turns, key=itemgetter(0))]
    return rows.take(np.array(places[:most], dtype=np.int64))


def name_largest(rows: pd.DataFrame) -> str:
    """Name the invoices with the largest balances."""
    texts = [
        f"{row['invoice_ref']} {row['customer_name']} {format_money(row['balance'], row['currency'])}"
        for row in largest(rows).to_dict("records")
    ]
    return "; ".join(texts) + ("; …" if len(rows) > _MOST_NAMED else "")
