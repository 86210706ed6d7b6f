"""ISO 4217: which codes are money, and how many digits each has after the decimal mark."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache


@cache
def minor_digits() -> Mapping[str, int]:
    """Return digits by code, from the standard's own table; codes without minor units (gold, tests) are no money."""
    from iso4217 import Currency

    return {unit.code: unit.exponent for unit in Currency if unit.exponent is not None}


def written(amount: Decimal, currency: str) -> str:
    """Write an amount with as many decimals as its currency has, thousands apart and with a true minus."""
    return f"{amount:,.{minor_digits().get(currency, 2)}f}".replace("-", "−")
