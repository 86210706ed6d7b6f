"""Floats, and decimals with float noise in them, to exact amounts: only if it is plain which amount is meant."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Digits = npt.NDArray[np.int64]
    Mask = npt.NDArray[np.bool_]

_SCALE = 4
_MOST_UNITS = 9e14
"""Minor units up to which floats still tell neighbours apart; times ten thousand they fit into 64 bits."""

_FLOAT_STEPS = 8
"""Neighbouring floats that a few additions may be off, however small the tolerance."""


def exact(column: pa.Array, digits: Digits, tolerance: Decimal) -> tuple[pa.Array, Mask]:
    """Return amounts as decimals, and a mask of the values without one within the tolerance (in minor units).

    `digits` are the decimals of each row's currency. Whole numbers, decimals and texts are returned as they are.
    """
    import numpy as np
    import pyarrow as pa

    if pa.types.is_floating(column.type):
        return _from_floats(column, digits, float(tolerance))
    if pa.types.is_decimal(column.type) and column.type.scale > _SCALE:
        return _from_decimals(column, digits, tolerance)
    return column, np.zeros(len(column), dtype=bool)


def _from_floats(column: pa.Array, digits: Digits, tolerance: float) -> tuple[pa.Array, Mask]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    # Looked up, since numpy takes a power of every row anew.
    tens = 10 ** np.arange(_SCALE + 1)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    units = column.fill_null(0.0).to_numpy() * tens[digits]
    # NaN and infinity fit no amount and come out as wrong; numpy need not warn of them.
    with np.errstate(invalid="ignore"):
        nearest, size = np.rint(units), np.abs(units)
        slack: float | npt.NDArray[np.float64] = tolerance
        # Only beyond millions are neighbouring floats further apart than the tolerance.
        if not _FLOAT_STEPS * np.spacing(size.max(initial=0.0)) <= tolerance:
            slack = np.maximum(tolerance, _FLOAT_STEPS * np.spacing(size))
        fits = (np.abs(units - nearest) <= slack) & (size < _MOST_UNITS)
    # Whole ten-thousandths are exact; casting the float itself would carry its noise into the decimal.
    whole = np.where(fits, nearest, 0).astype(np.int64) * tens[_SCALE - digits]
    # A decimal in memory is the number of its smallest units, in two words of 64 bits, the lower first.
    words = np.stack([whole, whole >> 63], axis=1)
    amounts = pa.Array.from_buffers(pa.decimal128(20, _SCALE), len(whole), [None, pa.py_buffer(words)])
    taken = present & fits
    return amounts if taken.all() else pc.if_else(pa.array(taken), amounts, None), present & ~fits


def _from_decimals(column: pa.Array, digits: Digits, tolerance: Decimal) -> tuple[pa.Array, Mask]:
    """Take noise for the amount that is meant; four decimals without noise stay, and are a problem of their row."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    # Wide enough that rounding and subtracting lose no digit of what the database sent.
    wide = column.cast(pa.decimal256(70, max(column.type.scale, 20)))
    exactly = pc.fill_null(pc.equal(wide, pc.round(wide, ndigits=_SCALE)), fill_value=False)
    amounts, wrong = wide, np.zeros(len(column), dtype=bool)
    for places in np.unique(digits):
        mine = digits == places
        rounded = pc.round(wide, ndigits=int(places))
        allowed = pa.scalar(tolerance.scaleb(-int(places)), wide.type)
        off = pc.greater(pc.abs(pc.subtract(wide, rounded)), allowed)
        noise = pc.and_not(pc.fill_null(off, fill_value=False), exactly)
        wrong |= mine & noise.to_numpy(zero_copy_only=False)
        amounts = pc.if_else(pc.and_not(pa.array(mine), pc.fill_null(off, fill_value=False)), rounded, amounts)
    # The column as it came, since the message shows the value that was found.
    if wrong.any():
        return column, wrong
    return amounts.cast(pa.decimal128(38, _SCALE)), wrong
