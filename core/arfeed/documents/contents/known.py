"""The invoices that a PDF may be of: looked up by the amounts and the numbers that it prints."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.currencies import minor_digits

COLUMNS = ["source", "source_ref", "invoice_ref", "customer_name", "currency", "amount", "balance"]


class Invoice(NamedTuple):
    """What is compared with a PDF. Amounts are in the unit of the last decimal that `schema` keeps, unsigned; 0 if
    not known."""

    source: str
    source_ref: str
    invoice_ref: str
    customer: str
    currency: str
    amount: int
    balance: int
    is_credit: bool = False

    @property
    def numbers(self) -> tuple[str, ...]:
        """The number as the source writes it, and as the report does."""
        return (self.source_ref,) if self.source_ref == self.invoice_ref else (self.source_ref, self.invoice_ref)

    @property
    def decimals(self) -> int:
        """How many decimals its amounts are printed with."""
        return minor_digits().get(self.currency, 2)

    @property
    def money(self) -> frozenset[int]:
        """What its PDF may print as its total or as what is still due; empty if neither is known."""
        return frozenset((self.amount, self.balance)) - {0}


class Known:
    """All invoices that arfeed knows, open or closed, now or in the last report."""

    def __init__(self, rows: pd.DataFrame) -> None:
        """Keep the rows, which have the columns `COLUMNS`; nothing is computed before the first question."""
        self._rows = rows

    @cached_property
    def _money(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.intp]]:
        """All amounts, and the balances that differ from them, in order; and the row of each."""
        amounts, balances = _units(self._rows["amount"]), _units(self._rows["balance"])
        money = np.concatenate([amounts, np.where(balances == amounts, 0, balances)])
        order = np.argsort(money, kind="stable")
        return money[order], order % len(amounts) if len(amounts) else order

    @cached_property
    def _numbers(self) -> dict[str, int]:
        """Where each number stands, without blanks and folded; the first of each."""
        found: dict[str, int] = {}
        for name in ("source_ref", "invoice_ref"):
            texts = arrow.to_text_array(arrow.fold(self._rows[name]))
            plain = pc.replace_substring_regex(texts, r"\s", "").to_pylist()
            for place, text in enumerate(plain):
                found.setdefault(text, place)
        return found

    @cached_property
    def decimals(self) -> set[int]:
        """The numbers of decimals that the currencies of these invoices have."""
        currencies = pc.unique(arrow.to_text_array(self._rows["currency"])).to_pylist()
        return {minor_digits().get(currency, 2) for currency in currencies}

    def has_number(self, text: str) -> bool:
        """Whether this folded text without blanks is an invoice's number."""
        return text in self._numbers

    def by_number(self, text: str) -> Invoice | None:
        """Return the invoice of a folded number without blanks."""
        place = self._numbers.get(text)
        return None if place is None else self.invoice(place)

    def by_money(self, amounts: Collection[int]) -> Iterator[Invoice]:
        """Yield the invoices whose amount or balance is one of these, in units, each once; none for 0."""
        ordered, order = self._money
        places: set[int] = set()
        wanted = np.array(sorted(amount for amount in amounts if 0 < amount < _MOST), dtype=np.int64)
        first, last = np.searchsorted(ordered, wanted, "left"), np.searchsorted(ordered, wanted, "right")
        for start, end in zip(first.tolist(), last.tolist(), strict=True):
            for place in order[start:end].tolist():
                if place not in places:
                    places.add(place)
                    yield self.invoice(place)

    def invoice(self, place: int) -> Invoice:
        """Return the invoice of a row."""
        row = self._columns
        source, source_ref, invoice_ref, customer, currency = (column[place].as_py() for column in row[:5])
        amount, balance = (column[place].as_py() for column in row[5:])
        is_credit = (amount or balance or 0) < 0
        return Invoice(source, source_ref, invoice_ref, customer, currency, _unit(amount), _unit(balance), is_credit)

    @cached_property
    def _columns(self) -> list[pa.Array]:
        return [arrow.as_single_chunk(pa.array(self._rows[name])) for name in COLUMNS]


_MOST = 1 << 62
_SCALE = 10**schema.MONEY_SCALE


def _unit(amount: object) -> int:
    return 0 if amount is None else abs(int(amount * _SCALE))


def _units(amounts: pd.Series) -> npt.NDArray[np.int64]:
    """Return amounts as whole units; 0 if there is none, or if it is beyond what a PDF would print."""
    column = pc.abs(arrow.as_single_chunk(pa.array(amounts)))
    printable = pc.if_else(pc.less(column, _LARGEST), column, pa.scalar(None, column.type))
    units = pc.cast(pc.multiply(printable, pa.scalar(Decimal(_SCALE), pa.decimal128(5, 0))), pa.int64())
    return np.asarray(pc.fill_null(units, 0))


_LARGEST = Decimal(10) ** 14
