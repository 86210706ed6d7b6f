"""What a source says of one document in two rows that can't both be true."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.results import Objection
from arfeed.planning.changes.stayed import truths
from arfeed.planning.reasons import not_beside
from arfeed.planning.wording import are, counted, named, worst

_DOCUMENT = ("source", "source_ref", "kind", "customer_id", "issued_on", "due_on", "amount", "currency")
"""What two rows of one document agree in; instalments have due dates of their own."""


def contradictions(rows: pd.DataFrame, beside: pd.DataFrame | None = None) -> Iterator[Objection]:
    """Object to documents that one reading of a source lists both as open and as closed.

    `rows` are all rows that the sources listed, open and closed, before any transform; `beside` are closed rows that
    stood beside open ones at the last delivery, which somebody has been asked about.
    """
    is_open = (rows["status"] == "open") & (rows["balance"] != schema.ZERO)
    if is_open.all() or not is_open.any():
        return
    closed = rows["status"] != "open"
    likely = arrow.is_in(rows["source_ref"], rows["source_ref"][closed]) & is_open
    if not likely.any():
        return
    both, others = rows[likely].reset_index(drop=True), rows[closed].reset_index(drop=True)
    new = not_beside(others.assign(ref=arrow.fold(others["source_ref"])), beside)
    twice = both[truths(pc.is_in(_documents(both), value_set=_documents(new)))]
    if len(twice):
        sources = ", ".join(sorted(twice["source"].unique()))
        yield Objection(
            "contradiction",
            f"{are(len(twice), 'document')} listed twice by {sources}, once as open and once as closed, alike in "
            f"number, customer, dates and amount: {worst(twice)}. Correct the export so that each is listed once; "
            "approve if they are open",
            tuple(twice["invoice_ref"]),
        )


def note_zero_balances(rows: pd.DataFrame, stating: Sequence[str]) -> Iterator[str]:
    """Say how many rows are called open, with an amount and a balance of 0, by sources that state a status.

    They are left out of the report. Those that stood in the last one are objected to elsewhere.
    """
    if not stating:
        return
    worth = pc.not_equal(
        pc.fill_null(pa.array(rows["amount"]), schema.ZERO), pa.scalar(0, pa.array(rows["amount"]).type)
    )
    settled = (rows["status"] == "open") & (rows["balance"] == schema.ZERO) & rows["source"].isin([*stating])
    found = rows[settled & truths(worth)]
    if len(found):
        refs = named(arrow.to_text_array(found["invoice_ref"].head(4)).to_pylist())
        yield (
            f"{counted(len(found), 'document')} called open, with an amount and a balance of 0, are left out: {refs}"
            f"{', …' * (len(found) > 4)}; if they are owed, their balances are wrong at the source"
        )


def _documents(rows: pd.DataFrame) -> pa.Array:
    texts = [pc.fill_null(pc.cast(pa.array(rows[name]), pa.large_string()), "") for name in _DOCUMENT]
    return arrow.as_single_chunk(pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string())))
