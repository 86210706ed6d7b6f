"""ISO 4217: which codes are money, and how many digits each has after the decimal mark."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache


@cache
def minor_digits() -> Mapping[str, int]:
    """Return digits by code, from the standard's own table; codes without minor units (gold, tests) are no money."""
    from iso4217 import Currency

    return {unit.code: unit.exponent for unit in Currency if unit.exponent is not None}
