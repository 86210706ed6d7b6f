"""Amounts as text, exact to the currency's smallest unit."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.currencies import digits_by_row
from arfeed.model.errors import DestinationError


def group_by_digits(currencies: pa.Array) -> dict[int, pa.Array]:
    """Return, by number of decimals, which rows have a currency with that number."""
    digits = digits_by_row(currencies, schema.MONEY_SCALE)
    return {count: pa.array(digits == count) for count in np.flatnonzero(np.bincount(digits)).tolist()}


def format_money(column: str, values: pa.ChunkedArray, digits: Mapping[int, pa.Array]) -> pa.Array:
    """Write amounts with as many decimals as their currency has; null stays null."""
    money = arrow.as_single_chunk(values)
    texts = pa.nulls(len(money), pa.large_string())
    try:
        for count, mine in digits.items():
            # The cast is exact and raises if a digit would be lost; rounding would deliver an amount that nobody is
            # owed.
            exact = pc.cast(money.filter(mine), pa.decimal128(schema.MONEY_PRECISION, count))
            texts = pc.replace_with_mask(texts, mine, pc.cast(exact, pa.large_string()))
    except pa.ArrowInvalid as exc:
        raise DestinationError(
            f"the report's column {column!r} holds an amount that is finer than its currency: {exc}; look at the "
            "transforms and the destination's report()"
        ) from exc
    return texts
