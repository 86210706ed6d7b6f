"""Documents about which a source states two things that can't both be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import as_mask
from arfeed.planning.evidence.reasons import drop_known_beside
from arfeed.planning.wording import name_first, name_largest, pluralize_with_verb, refs_of

_DOCUMENT = ("source", "source_ref", "kind", "customer_id", "issued_on", "due_on", "amount", "currency")
"""What two rows of one document agree in; instalments differ in their due dates."""


def object_to_contradictory_rows(rows: pd.DataFrame, beside: pd.DataFrame | None = None) -> Iterator[Objection]:
    """Object to documents that one reading of a source lists both as open and as closed.

    `rows` are all rows that the sources listed, open and closed, before any transform; `beside` are closed rows that
    stood beside open ones at the last delivery, about which somebody has been asked.
    """
    is_open = (rows["status"] == "open") & (rows["balance"] != schema.ZERO)
    closed = (rows["status"] != "open") | (rows["balance"] == schema.ZERO)
    if not closed.any():
        return
    # Narrowed by number first: building the keys of every row would cost far more than this one lookup.
    likely = arrow.is_in(rows["source_ref"], rows["source_ref"][closed]) & is_open
    if not likely.any():
        return
    both, others = rows[likely], rows[closed].reset_index(drop=True)
    # A voided invoice beside its replacement stays in the list for years; it is asked about once.
    new = drop_known_beside(others.assign(ref=arrow.fold(others["source_ref"])), beside)
    twice = both[as_mask(pc.is_in(_make_document_keys(both), value_set=_make_document_keys(new)))]
    if len(twice):
        sources = ", ".join(sorted(twice["source"].unique()))
        yield Objection(
            "contradiction",
            f"{pluralize_with_verb(len(twice), 'document')} listed twice by {sources}, once as open and once as "
            f"closed, alike in number, customer, dates and amount: {name_largest(twice)}. Correct the export so that "
            "each is listed once; approve if they really are open",
            tuple(twice["invoice_ref"]),
        )


def note_zero_balances(rows: pd.DataFrame, stating: Sequence[str]) -> Iterator[str]:
    """Yield a note on rows that are called open, with an amount and a balance of 0, by sources that state a status.

    They are left out of the report. Those that were in the last one are objected to elsewhere.
    """
    if not stating:
        return
    # An amount that is 0 as well is a document without value, and nothing is lost by leaving it out.
    worth = pc.not_equal(pa.array(rows["amount"]), schema.ZERO)
    settled = (rows["status"] == "open") & (rows["balance"] == schema.ZERO) & rows["source"].isin([*stating])
    found = rows[settled & as_mask(worth)]
    if len(found):
        yield (
            f"{pluralize_with_verb(len(found), 'document')} called open, with an amount and a balance of 0, and left "
            f"out: {name_first(refs_of(found))}. If one of them is owed, its balance is wrong at the source"
        )


def _make_document_keys(rows: pd.DataFrame) -> pa.Array:
    return arrow.join_keys(pa.array(rows[name]) for name in _DOCUMENT)
