"""ISO 4217: which codes are money, and how many digits each has after the decimal mark."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa


@cache
def minor_digits() -> Mapping[str, int]:
    """Return digits by code, from the standard's own table; codes without minor units (gold, tests) are not money."""
    from iso4217 import Currency

    return {unit.code: unit.exponent for unit in Currency if unit.exponent is not None}


def digits_by_row(currencies: pa.Array, otherwise: int) -> npt.NDArray[np.int64]:
    """Return the decimal digits of each row's currency; `otherwise` for what is not a code."""
    import numpy as np

    # A report has a handful of currencies, so each is looked up once instead of once a row.
    codes = currencies.dictionary_encode()
    digits = np.array([minor_digits().get(code, otherwise) for code in codes.dictionary.to_pylist()], np.int64)
    return digits.take(np.asarray(codes.indices))


def format_amount(amount: Decimal, currency: str) -> str:
    """Format an amount with its currency's decimals, with thousands separators and U+2212 as minus."""
    # The real minus sign: it is as wide as a digit, so amounts line up, and no line is broken after it.
    return f"{amount:,.{minor_digits().get(currency, 2)}f}".replace("-", "−")
