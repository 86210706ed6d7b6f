"""Closed documents that share a missing invoice's number and are others: what a person would take for a proof."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pandas as pd

from arfeed.model import arrow
from arfeed.planning.evidence.reasons import GONE, get_as_stated
from arfeed.planning.wording import format_money, name_first

_WORDS = {"customer_id": "customer", "issued_on": "issue date", "amount": "amount", "currency": "currency"}


def note_namesakes(missing: pd.DataFrame, rows: pd.DataFrame) -> Iterator[str]:
    """Yield a note, for each source, on closed rows of a missing number that differ in what tells documents apart.

    `missing` has the column `reason`; only what is gone is looked up. `rows` are what the sources listed or answered.
    """
    gone = missing[missing["reason"] == GONE]
    if gone.empty or rows.empty:
        return
    here = rows[arrow.is_in(arrow.fold(rows["source_ref"]), arrow.fold(gone["source_ref"]))]
    closed = here[here["status"].isin(["paid", "void"])]
    facts = {name: get_as_stated(gone, name) for name in _WORDS}
    lost = gone[["source", "kind", "invoice_ref"]].assign(
        ref=arrow.fold(gone["source_ref"]), **{f"{name}_before": column for name, column in facts.items()}
    )
    theirs = closed[["source", "kind", "status", *_WORDS]].assign(ref=arrow.fold(closed["source_ref"]))
    pairs = lost.merge(theirs, on=["source", "kind", "ref"])
    for source, mine in pairs.groupby("source"):
        texts = [text for pair in mine.to_dict("records") if (text := _describe(pair))]
        if texts:
            yield (
                f"{source} lists closed documents under the numbers of missing invoices, but they differ and are other "
                f"documents: {name_first(texts)}"
            )


def _describe(pair: Mapping[Any, Any]) -> str:
    """Return how a closed row differs from the missing invoice; blank if in nothing that both state."""
    differing = [
        f"{word} {_show(pair, name)} instead of {_show(pair, f'{name}_before')}"
        for name, word in _WORDS.items()
        if _is_stated(pair[name]) and _is_stated(pair[f"{name}_before"]) and pair[name] != pair[f"{name}_before"]
    ]
    return f"{pair['invoice_ref']} ({pair['status']}; {', '.join(differing)})" if differing else ""


def _is_stated(value: object) -> bool:
    return isinstance(value, (date, Decimal)) or (isinstance(value, str) and value != "")


def _show(pair: Mapping[Any, Any], name: str) -> str:
    value = pair[name]
    code = pair["currency_before" if name.endswith("_before") else "currency"]
    return format_money(value, str(code)) if isinstance(value, Decimal) else str(value)
