"""The rows of one source, as doubts about its reading look at them."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.settings import FileSettings
from arfeed.model.text.legible import name_some
from arfeed.tables.values.amounts import MONEY

MOST_NAMED = 3
SAMPLE = 1_000
"""How many of the first rows are looked at, where that is enough."""

_ZERO = pa.scalar(0, MONEY)
_MOST_WORDS = 30


class Case:
    """The rows of a source, which of them are `owed`, and the words of columns that are not used."""

    def __init__(
        self, rows: pd.DataFrame, settings: FileSettings, headers: Mapping[str, str], *, whole: bool = False
    ) -> None:
        """Look for columns of few words; `headers` are the headings in use by canonical name.

        `whole` is whether no amount is written with decimals.
        """
        self.rows, self.settings, self.headers, self.whole = rows, settings, headers, whole
        used = {*headers.values(), *settings.headings(), *schema.NAMES}
        self.unused = [name for name in rows.columns if name not in used and not name.startswith(schema.OURS)]
        # Few words in the first rows; only then is the whole column looked at.
        first = rows.head(SAMPLE)
        short = [name for name in self.unused if len(arrow.to_text_array(first[name]).unique()) <= _MOST_WORDS]
        words = {name: [*filter(None, arrow.to_text_array(rows[name]).unique().to_pylist())] for name in short}
        self.words = {name: some for name, some in words.items() if 0 < len(some) <= _MOST_WORDS}

    @property
    def source(self) -> str:
        """The name of the source."""
        return str(self.rows["source"].iloc[0])

    @functools.cached_property
    def owed(self) -> pa.Array:
        """Where a row is reported as owed."""
        is_open = pc.equal(arrow.to_text_array(self.rows["status"]), "open")
        return pc.and_(is_open, pc.not_equal(self.money("balance"), _ZERO))

    @functools.cached_property
    def debts(self) -> pa.Array:
        """Where a row is reported as something that the customer owes."""
        return pc.and_(self.owed, pc.greater(self.money("balance"), _ZERO))

    def money(self, name: str) -> pa.Array:
        """Return a column of decimals."""
        return arrow.as_single_chunk(pa.array(self.rows[name]))

    def count(self, name: str, where: pa.Array, wanted: Callable[[str], bool]) -> Counter[str]:
        """Return how many of these rows have each of the wanted words in a column."""
        counted = pc.value_counts(arrow.to_text_array(self.rows[name]).filter(where)).to_pylist()
        return Counter(
            {each["values"]: each["counts"] for each in counted if each["values"] and wanted(each["values"])}
        )


def begin_doubt(name: str, count: int, what: str = "an entry") -> str:
    """Begin the doubt about a column that nobody has mapped, and that has something in `count` rows that are debts."""
    rows = f"{count:,} row{'s' * (count != 1)}"
    return f"the column {name!r} is not mapped, but has {what} in {rows} that would be reported as owed"


def list_words(found: Mapping[str, int]) -> str:
    """Name the first words, each with the number of its rows."""
    return name_some([f"{word!r} ({count:,} row{'s' * (count != 1)})" for word, count in found.items()], MOST_NAMED)
