"""The title of a report, which is above its header."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

_AS_OF = re.compile(r"\bas (?:of|at):?\s+(.+)$", re.IGNORECASE)


def read_as_of(title: Sequence[str], order: str | None) -> date | None:
    """Return the date in a title such as "As of April 4, 2026"; None unless it can be read in one way only."""
    import pyarrow as pa

    from arfeed.tables.values.dates import ORDERS, parse_dates

    texts = pa.array([match[1] for text in title if (match := _AS_OF.search(text))][:1], pa.large_string())
    # 04/05/2026 is a day in two orders: then there is none, rather than the wrong one.
    orders = (order,) if order else ORDERS
    meant = {day for each in orders for day in parse_dates(texts, each).values.to_pylist() if day}
    return meant.pop() if len(meant) == 1 else None
