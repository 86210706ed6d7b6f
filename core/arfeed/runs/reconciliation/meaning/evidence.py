"""The values of an export beside those of the last report: how well a column agrees with what was sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.fields import template_headers, template_pieces
from arfeed.runs.reconciliation.names import same_names
from arfeed.runs.reconciliation.numbers import NOWHERE, Numbers, match_numbers
from arfeed.tables.headings.proposal import Proposal, propose_columns
from arfeed.tables.values.amounts import parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    from arfeed.model.settings import ReconcileSettings

MARKS = (None, ".", ",")

AGREES = 0.9
"""A column agrees if it has what was sent in at least this share of the paired rows."""

DISAGREES = 0.5
"""It does not if it has that in less than this share."""


class Evidence:
    """An export's columns, all text, trimmed, and the invoices of the last report that its rows are paired with.

    `rows` are the places of the paired rows, `places` those of the report's invoices beside them, one for one.
    """

    def __init__(self, rows: pd.DataFrame, delivered: pd.DataFrame, settings: ReconcileSettings) -> None:
        """Nothing is paired before `pair` says which column holds the numbers."""
        self.headers = [str(name) for name in rows.columns if name != "origin"]
        self.texts = {name: pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in self.headers}
        self.delivered, self.size = delivered, len(rows)
        self.rows = self.places = np.array([], np.int64)
        self._whole, self._settings = rows, settings
        self._numbers = Numbers(delivered["invoice_ref"])
        self._shares: dict[tuple[str, str], float | None] = {}
        self._words: dict[str, pa.Array] = {}

    @cached_property
    def proposal(self) -> Proposal:
        """What the headings and first values seem to mean."""
        return propose_columns(self._whole)

    def of_all(self, rows: pd.DataFrame) -> Evidence:
        """Return the same of all rows, where these are the first of them."""
        whole = Evidence(rows, self.delivered, self._settings)
        whole.proposal = self.proposal
        return whole

    def pair(self, header: str) -> None:
        """Pair the rows with the invoices of the last report by a column of numbers; by none if it is not a column."""
        parts = template_headers(header)
        refs = self._compose(header) if parts and {*parts} <= {*self.texts} else self.texts.get(header)
        if refs is None:
            return
        places = match_numbers(pd.Series(refs, dtype="str"), self.delivered["invoice_ref"])
        self.rows = np.flatnonzero(places != NOWHERE)
        self.places = places[self.rows]
        self._shares.clear()

    def invoices_of(self, name: str) -> pd.Series:
        """Return a column of the report in the paired rows."""
        return self.delivered[name].iloc[self.places].reset_index(drop=True)

    def _compose(self, template: str) -> pa.Array:
        pieces = [
            self.texts[piece] if number % 2 else pa.scalar(piece, pa.large_string())
            for number, piece in enumerate(template_pieces(template))
        ]
        return pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string()))

    # --- a column by itself -----------------------------------------------------------------------------------------

    def filled(self, header: str) -> pa.Array:
        """Return the values of a column that are not blank."""
        return self.texts[header].filter(pc.not_equal(self.texts[header], ""))

    def words(self, header: str) -> list[str]:
        """Return the distinct values of a column, those that are blank included."""
        return list(self._distinct(header).to_pylist())

    def _distinct(self, header: str) -> pa.Array:
        if header not in self._words:
            self._words[header] = self.texts[header].unique()
        return self._words[header]

    def few_words(self, header: str, most: int) -> list[str]:
        """Return the distinct values of a column that are not blank; none if there are more than a few."""
        distinct = self._distinct(header)
        words = [word for word in distinct.to_pylist() if word] if len(distinct) <= most + 1 else []
        return words if len(words) <= most else []

    def has_blanks(self, header: str) -> bool:
        """Whether a column is blank in some row."""
        return bool(pc.any(pc.equal(self._distinct(header), "")).as_py())

    def example(self, header: str) -> str:
        """Return the first value of a column."""
        given = self.filled(header)
        return str(given[0].as_py()) if len(given) else "nothing"

    def distinct(self, headers: Iterable[str]) -> list[str]:
        """Return these columns without those that hold the very same as one before."""
        kept: list[str] = []
        for header in headers:
            if not any(self.texts[header].equals(self.texts[other]) for other in kept):
                kept.append(header)
        return kept

    # --- beside what was sent ---------------------------------------------------------------------------------------

    def share_known(self, header: str) -> tuple[float, int]:
        """Return the share of a column's values that are numbers of the last report, and how many these are."""
        given = self.filled(header)
        count = int(self._numbers.has(given).sum()) if len(given) else 0
        return (count / len(given) if len(given) else 0.0, count)

    def share_padded(self, header: str) -> float:
        """Return the share of a column's values that are known numbers, or such without zeros at their beginning."""
        given = self.filled(header)
        either = self._numbers.has(given) | self._numbers.lost_zeros(given)
        return float(either.mean()) if len(given) else 0.0

    def agreement(self, name: str, header: str) -> float | None:
        """Return the share of paired rows in which a column has what was sent; None if its values do not fit at all."""
        key = name, header
        if key not in self._shares:
            self._shares[key] = self._agreement(name, header)
        return self._shares[key]

    def _agreement(self, name: str, header: str) -> float | None:
        given = self.filled(header)
        if not len(given) or (name == "balance" and self._count_no_money(given) * 2 > len(given)):
            return None
        count = max((self.count_agreeing(name, header, way) for way in self.ways(name)), default=0)
        return count / len(self.rows) if len(self.rows) else 0.0

    def _count_no_money(self, texts: pa.Array) -> int:
        return min(count_true(parse_money(texts, mark).wrong) for mark in MARKS)

    def ways(self, name: str) -> Sequence[str | None]:
        """Return the notations in which a column's values may be written."""
        if name in schema.MONEY:
            return [self._settings.decimal] if self._settings.decimal else MARKS
        if name in schema.DATES:
            return [self._settings.dates] if self._settings.dates else ORDERS
        return [None]

    def count_agreeing(self, name: str, header: str, way: str | None) -> int:
        """Count the paired rows in which a column, read in one way, has what was sent."""
        if name == "status":
            return 0
        texts = self.take_paired(header)
        sent = arrow.as_single_chunk(pa.array(self.invoices_of(name)))
        if name in schema.MONEY:
            same = pc.equal(pc.abs(parse_money(texts, way).values), pc.abs(pc.cast(sent, schema.arrow_type(name))))
        elif name in schema.DATES:
            same = pc.equal(parse_dates(texts, way or "YMD", declared=True).values, sent)
        elif name == "customer_name":
            same = same_names(fold(sent), fold(texts))
        else:
            same = pc.equal(fold(texts), fold(sent))
        return count_true(same)

    def take_paired(self, header: str) -> pa.Array:
        """Return a column's values in the paired rows."""
        return self.texts[header].take(pa.array(self.rows))

    def describe_agreement(self, share: float | None) -> str:
        """Return how well a column agrees in words; nothing if it does not."""
        if not share or not len(self.rows):
            return ""
        return f"it has what was sent in {round(share * len(self.rows)):,} of {len(self.rows):,} rows"


def count_true(mask: pa.Array) -> int:
    """Count what is true."""
    return pc.sum(mask).as_py() or 0


def fold(texts: pa.Array) -> pa.Array:
    """Return texts as they are compared."""
    return arrow.to_text_array(arrow.fold(pd.Series(texts, dtype="str")))
