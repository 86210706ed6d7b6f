"""Invoices with a negative balance: a few may be overpaid; some programs write all debts as negative."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.settings import FileSettings, SourceSettings


def note_negative(rows: pd.DataFrame, source: str, settings: SourceSettings, headers: Mapping[str, str]) -> list[str]:
    """Return a note if open invoices, by their kind, have a balance below 0. `headers` are those by canonical name."""
    # Most lists have few negative amounts, and none of them an invoice's, which is found without a look at the rest.
    below = _find_invoices(rows, "less")
    if not len(below):
        return []
    return _note_debts(rows, len(below), source, settings) or _note_overpaid(below, settings, headers)


def note_negative_debts(rows: pd.DataFrame, source: str, settings: SourceSettings) -> list[str]:
    """Return a note if most open invoices are negative, and no setting says how a debt is written."""
    return _note_debts(rows, len(_find_invoices(rows, "less")), source, settings)


def _note_debts(rows: pd.DataFrame, below: int, source: str, settings: SourceSettings) -> list[str]:
    if not below or not isinstance(settings, FileSettings) or settings.owed_is is not None:
        return []
    above = len(_find_invoices(rows, "greater"))
    if below <= above:
        return []
    return [
        f"{below} of {below + above} open invoices are negative, as if you owed the customers; if the file writes "
        f'what they owe as negative, set owed_is = "negative" in [sources.{source}], or owed_is = "positive" if this '
        "is right"
    ]


def _note_overpaid(found: pa.Array, settings: SourceSettings, headers: Mapping[str, str]) -> list[str]:
    # Whoever has set this has looked at them.
    if isinstance(settings, FileSettings) and settings.owed_is == "positive":
        return []
    one = len(found) == 1
    untold = headers and "kind" not in headers
    meant = "overpaid, credited after payment" if untold else "overpaid, or credited after payment"
    also = (
        f", or {'a credit note or payment' if one else 'credit notes or payments'}, which no column tells apart "
        "(`columns.kind` would name it)"
    )
    return [
        f"{len(found):,} invoice{' has' if one else 's have'} a balance below 0{':' if one else ', such as'} "
        f"{found[0].as_py()}, {meant}{also if untold else ''}; the sign is kept"
    ]


def _find_invoices(rows: pd.DataFrame, compared: Literal["less", "greater"]) -> pa.Array:
    """Return the numbers of the open invoices whose balance is less or greater than 0."""
    where = pc.call_function(compared, [arrow.as_single_chunk(pa.array(rows["balance"])), schema.ZERO])
    status, kind, refs = (arrow.to_text_array(rows[name]).filter(where) for name in ("status", "kind", "invoice_ref"))
    return refs.filter(pc.and_(pc.equal(status, "open"), pc.equal(kind, "invoice")))
