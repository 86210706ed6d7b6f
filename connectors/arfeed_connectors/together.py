"""Several files of one source, and what can be said of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from arfeed import Complete


def together(said: Sequence[Complete]) -> Complete:
    """Return what several reports say as one: what all of them can say, and the oldest date."""
    totals: dict[str, Decimal] | None = {}
    for each in said:
        totals = None if totals is None or each.totals is None else _sum(totals, each.totals)
    dates = [each.as_of for each in said if each.as_of]
    return Complete(
        totals=totals,
        as_of=min(dates) if len(dates) == len(said) else None,
        lists_closed=any(each.lists_closed for each in said),
        notes=tuple(note for each in said for note in each.notes),
    )


def _sum(some: Mapping[str, Decimal], more: Mapping[str, Decimal]) -> dict[str, Decimal]:
    return {currency: some.get(currency, Decimal(0)) + total for currency, total in more.items()}
