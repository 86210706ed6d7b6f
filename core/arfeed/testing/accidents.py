"""Readings that go wrong: a connector's own rows, with another ending than they should have."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arfeed.model.figures import Complete
from arfeed.model.parts import Connector

if TYPE_CHECKING:
    import pandas as pd

ACCIDENTS = (
    "fails before the first row",
    "fails in the middle",
    "fails after the last row",
    "stops early without a word",
    "declares a row too many",
    "declares a row too few",
    "declares another total",
)

Invoices = Callable[[Any], Generator["pd.DataFrame", None, Complete]]


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything that a connector yielded, and what it returned in the end."""

    frames: list[pd.DataFrame]
    complete: Complete

    @property
    def rows(self) -> pd.DataFrame:
        """All frames in one."""
        import pandas as pd

        return pd.concat(self.frames, ignore_index=True)


def drain(source: Connector) -> Reading:
    """Read a source to its end."""
    return _drain(source.invoices())


def _drain(generator: Generator[pd.DataFrame, None, Complete]) -> Reading:
    frames: list[pd.DataFrame] = []
    while True:
        try:
            frames.append(next(generator))
        except StopIteration as end:
            # Only the StopIteration that ends a generator carries its return value; a for loop drops it.
            complete = end.value
            break
    assert isinstance(complete, Complete), f"it ended with {complete!r}; return arfeed.Complete(…)"
    return Reading(frames, complete)


def with_accident(accident: str, invoices: Invoices) -> Invoices:
    """Return a connector's `invoices` with an accident built in."""

    def break_reading(source: Connector) -> Generator[pd.DataFrame, None, Complete | None]:
        # With the connector's own rows, since only rows that would be accepted prove that the accident is what is
        # refused.
        reading = _drain(invoices(source))
        rows, half = reading.rows, len(reading.rows) // 2
        if accident == "fails before the first row":
            raise ConnectionError("the line went dead")
        yield rows.iloc[:half]
        if accident == "fails in the middle":
            raise ConnectionError("the line went dead")
        if accident == "stops early without a word":
            return None
        yield rows.iloc[half:]
        if accident == "fails after the last row":
            raise ConnectionError("the line went dead")
        if accident == "declares another total":
            # XTS is ISO 4217's code for tests, so no connector has rows in it.
            return replace(reading.complete, totals={"XTS": Decimal("0.01")})
        return replace(reading.complete, rows=len(rows) + (1 if accident == "declares a row too many" else -1))

    return break_reading  # type: ignore[return-value]  # that it may return no Complete is one of the accidents
