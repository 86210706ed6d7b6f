"""Invoices on which the customer is owed money: no mistake by itself, but worth a look."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arfeed_connectors.sql.text.names import Names

if TYPE_CHECKING:
    import pandas as pd


class Overpaid:
    """Counts the invoices, by their kind, with a balance below 0: overpaid, or credited after payment."""

    def __init__(self, names: Names) -> None:
        """Keep the names that the frames give the columns."""
        self._kind, self._balance, self._ref = (names.header(name) for name in ("kind", "balance", "invoice_ref"))
        self._count = 0
        self._first = ""

    def look(self, frame: pd.DataFrame) -> None:
        """Count those of a batch."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self._balance not in frame:
            return
        balances = pa.array(frame[self._balance])
        if pa.types.is_null(balances.type):
            return
        is_text = pa.types.is_string(balances.type) or pa.types.is_large_string(balances.type)
        below = pc.starts_with(balances, "-") if is_text else pc.less(balances, pa.scalar(0, balances.type))
        if self._kind in frame:
            below = pc.and_(
                below, pc.equal(pc.utf8_lower(pa.array(frame[self._kind]).cast(pa.large_string())), "invoice")
            )
        found = pc.indices_nonzero(pc.fill_null(below, fill_value=False))
        if len(found) and not self._count and self._ref in frame:
            self._first = f", such as {frame[self._ref].iloc[found[0].as_py()]}"
        self._count += len(found)

    def note(self) -> str | None:
        """Describe how many there are; None if there are none."""
        if not self._count:
            return None
        what = "1 invoice has" if self._count == 1 else f"{self._count:,} invoices have"
        return f"{what} a balance below 0{self._first}: overpaid, or credited after payment; delivered as it is"
