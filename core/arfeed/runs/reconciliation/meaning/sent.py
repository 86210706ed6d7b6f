"""What was sent beside an export's columns: which column has the same, in all rows or in nearly all."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.runs.reconciliation.meaning.evidence import AGREES, MARKS, Evidence, fold
from arfeed.runs.reconciliation.meaning.words import says_closed
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL
from arfeed.tables.values.amounts import MONEY, parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from arfeed.runs.reconciliation.meaning.search import Meaning

_LOOKED_AT = 2_000
"""Rows by which it is seen which of what was sent a column may have; then all rows count."""

_LIKELY = 0.8
_FEWEST = 3
"""Distinct texts that agree by chance in no list."""

_NUMBERS = frozenset(["invoice_ref", "source_ref"])
_NOT_SENT = frozenset(["kind", "status", "origin"])


@dataclass(frozen=True, slots=True)
class Match:
    """A column that has what was sent under a name: in the rows `same`; `whole` if in all of them, plainly."""

    name: str
    same: NDArray[np.bool_]
    values: pa.Array
    whole: bool


class Sent:
    """All columns of the last report, as the history keeps it and in the destination's layout."""

    def __init__(self, evidence: Evidence, found: Meaning, layout: pd.DataFrame) -> None:
        """`layout` has the report's rows in the destination's layout, or no columns.

        `doubts` will have, by heading, what a column is in every row that may be something else.
        """
        self.doubts: dict[str, str] = {}
        self._evidence, self._found = evidence, found
        report = evidence.delivered
        names = [str(name) for name in report.columns if not str(name).startswith(schema.OURS)]
        self._values = {name: _array(report[name]) for name in names if name not in _NOT_SENT}
        for name in layout.columns if len(layout) == len(report) else ():
            self._values.setdefault(str(name), _array(layout[name]))

    def array(self, name: str) -> pa.Array | None:
        """Return what was sent under a name in the paired rows; None if nothing was."""
        return self._pair(name) if name in self._values else None

    def _pair(self, name: str) -> pa.Array:
        return self._values[name].take(pa.array(self._evidence.places))

    def match(self, header: str) -> Match | None:
        """Return what a column has of what was sent; None if it agrees with nothing, or may say something else too."""
        texts = self._evidence.take_paired(header)
        few = texts.take(self._chosen)
        likely = sorted(
            ((share, name) for name in self._values if (share := self._share(few, name)) >= _LIKELY), reverse=True
        )
        best: tuple[float, Match] | None = None
        for _, name in likely:
            values = self._pair(name)
            same, filled = self._same(texts, values)
            if same.all() and self._is_plain(header, name, texts):
                return Match(name, same, values, whole=True)
            if same.all():
                self.doubts.setdefault(header, name)
            share = _share_of(same, filled)
            # A total is not a balance, however many invoices nothing was paid of.
            total = name == "balance" and normalize_header(header) in USUAL["amount"]
            if share >= AGREES and not total and (best is None or share > best[0]):
                best = share, Match(name, same, values, whole=False)
        return best[1] if best and header not in self.doubts else None

    @cached_property
    def _chosen(self) -> pa.Array:
        count = len(self._evidence.places)
        return pa.array(np.unique(np.linspace(0, count - 1, min(count, _LOOKED_AT)).astype(np.int64)))

    @cached_property
    def _few(self) -> dict[str, pa.Array]:
        places = pa.array(self._evidence.places).take(self._chosen)
        return {name: values.take(places) for name, values in self._values.items()}

    def _share(self, texts: pa.Array, name: str) -> float:
        return _share_of(*self._same(texts, self._few[name]))

    def _same(self, texts: pa.Array, sent: pa.Array) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where both are the same, blanks included, and where either is filled."""
        blank = pc.equal(texts, "")
        if pa.types.is_decimal(sent.type):
            marks = [self._found.decimal] if self._found.decimal else MARKS
            readings = [
                pc.equal(pc.abs(parse_money(texts, mark).values), pc.abs(pc.cast(sent, MONEY))) for mark in marks
            ]
            lacking = pc.is_null(sent)
        elif pa.types.is_date(sent.type):
            orders = [self._found.dates] if self._found.dates else ORDERS
            readings = [pc.equal(parse_dates(texts, order, declared=True).values, sent) for order in orders]
            lacking = pc.is_null(sent)
        else:
            plain = pc.fill_null(pc.cast(sent, pa.large_string()), "")
            readings = [pc.equal(fold(pc.utf8_trim_whitespace(plain)), fold(texts))]
            lacking = pc.equal(pc.utf8_trim_whitespace(plain), "")
        alike = [pc.or_(pc.fill_null(each, fill_value=False), pc.and_(blank, lacking)) for each in readings]
        best = max((np.asarray(each) for each in alike), key=lambda mask: int(mask.sum()))
        return best, ~np.asarray(pc.and_(blank, lacking))

    def _is_plain(self, header: str, name: str, texts: pa.Array) -> bool:
        """Whether a column that has what was sent in every row can't say anything else.

        Days, amounts and numbers may: of payment, what was paid, which invoice it was for. So may a text that is the
        same in all rows.
        """
        if names_it(header, name):
            return True
        given = pc.unique(texts.filter(pc.not_equal(texts, "")))
        told = name not in _NUMBERS and self._is_text(name) and len(given) >= _FEWEST
        return told and not says_closed(header)

    def _is_text(self, name: str) -> bool:
        kind = self._values[name].type
        return not pa.types.is_decimal(kind) and not pa.types.is_date(kind)


def names_it(header: str, name: str) -> bool:
    """Whether a heading is a common one of what was sent under a name, or that name itself."""
    called = normalize_header(header)
    usual: Collection[str] = USUAL.get(name, ())
    if name in schema.MONEY:
        # What is open and what was billed are the same until something is paid.
        usual = (*USUAL["amount"], *USUAL["balance"])
    return called == normalize_header(name) or called in usual


def differences(matches: Sequence[tuple[str, Match]], evidence: Evidence) -> Iterator[tuple[int, str]]:
    """Yield what a column has that is not what was sent there, with the place of its row."""
    for header, match in matches:
        texts = evidence.take_paired(header)
        for place in np.flatnonzero(~match.same).tolist():
            sent, there = _written(match.values[place].as_py()), texts[place].as_py()
            yield int(evidence.rows[place]), f"{header} {sent or '–'} → {there or '–'}"


def _written(value: object) -> str:
    text = "" if value is None else str(value)
    return f"{value:.2f}" if isinstance(value, Decimal) and value == round(value, 2) else text


def _share_of(same: NDArray[np.bool_], filled: NDArray[np.bool_]) -> float:
    """Return in which share of the rows where either has a value both have the same."""
    return float((same & filled).sum() / count) if (count := int(filled.sum())) else 0.0


def _array(values: pd.Series) -> pa.Array:
    return arrow.as_single_chunk(pa.array(values))
