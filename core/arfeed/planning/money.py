"""Amounts as text, exact to the currency's smallest unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.currencies import digits_by_row
from arfeed.model.errors import DestinationError
from arfeed.tables.values.amounts import MONEY, as_units

_ROWS_AT_ONCE = 100_000

Units = npt.NDArray[np.int64]


def group_by_digits(currencies: pa.Array) -> dict[int, pa.Array]:
    """Return, by number of decimals, which rows have a currency with that number."""
    digits = digits_by_row(currencies, schema.MONEY_SCALE)
    return {count: pa.array(digits == count) for count in np.flatnonzero(np.bincount(digits)).tolist()}


def format_money(column: str, values: pa.ChunkedArray, digits: Mapping[int, pa.Array]) -> pa.ChunkedArray:
    """Write amounts with as many decimals as their currency has; null stays null."""
    money = arrow.as_single_chunk(values)
    try:
        # In pieces, since each passes through several columns of numbers and texts on its way.
        pieces = [
            _format(
                money.slice(begin, _ROWS_AT_ONCE), {n: mine.slice(begin, _ROWS_AT_ONCE) for n, mine in digits.items()}
            )
            for begin in range(0, len(money), _ROWS_AT_ONCE)
        ]
    except pa.ArrowInvalid as exc:
        raise DestinationError(
            f"the report's column {column!r} holds an amount that is finer than its currency: {exc}; look at the "
            "transforms and the destination's report()"
        ) from exc
    return pa.chunked_array(pieces, pa.large_string())


def _format(money: pa.Array, digits: Mapping[int, pa.Array]) -> pa.Array:
    if money.null_count == 0 and money.type == MONEY and (units := as_units(money)) is not None:
        return _format_units(money, units, digits)
    texts = pa.nulls(len(money), pa.large_string())
    for count, mine in digits.items():
        texts = pc.replace_with_mask(texts, mine, _format_exactly(money.filter(mine), count))
    return texts


def _format_exactly(money: pa.Array, count: int) -> pa.Array:
    # The cast is exact and raises if a digit would be lost; rounding would deliver an amount that nobody is owed.
    return pc.cast(pc.cast(money, pa.decimal128(schema.MONEY_PRECISION, count)), pa.large_string())


def _format_units(money: pa.Array, units: Units, digits: Mapping[int, pa.Array]) -> pa.Array:
    """Write amounts of which each fits into 64 bits, in half the time: as whole numbers with a point put into them."""
    # The commonest number of decimals for all rows at once, and then the others over it: only few need a mask.
    commonest = max(digits, key=lambda count: pc.sum(digits[count]).as_py(), default=0)
    texts = _put_points(units, commonest)
    for count, mine in digits.items():
        here = np.asarray(mine)
        # Whole numbers below one lack the zeros that a point would stand between; the others lack nothing.
        plain = (np.abs(units) >= 10**schema.MONEY_SCALE) & (units % 10 ** (schema.MONEY_SCALE - count) == 0)
        if count != commonest:
            texts = pc.replace_with_mask(texts, mine, _put_points(units[here], count))
        # Also what is finer than its currency, which raises here.
        if (unlike := here & ~plain).any():
            where = pa.array(unlike)
            texts = pc.replace_with_mask(texts, where, _format_exactly(money.filter(where), count))
    return texts


def _put_points(units: Units, count: int) -> pa.Array:
    texts = pc.cast(pa.array(units // 10 ** (schema.MONEY_SCALE - count)), pa.large_string())
    return pc.binary_replace_slice(texts, -count, -count, ".") if count else texts
