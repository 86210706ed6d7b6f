"""The driver's tuples as frames: whole columns, text or exact types, never a float."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import chain
from typing import TYPE_CHECKING

from arfeed import SOURCE_COLUMNS, SourceError, minor_digits
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import Row
from arfeed_connectors.sql.text.names import Names
from arfeed_connectors.sql.values.money import exact

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NO_DATES = ("0000-00-00", "1900-01-01")
"""How MySQL, Dynamics GP and many others write a missing date."""

# Times behind a day, and 20260407 or 20260407000000, as GnuCash writes days into SQLite.
_TIME_OF_DAY = r"^(\d{4}-\d{2}-\d{2})[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"
_COMPACT = r"^(\d{4})(\d{2})(\d{2})(\d{6})?$"
# Decimals of an unknown currency: as many as an amount can have, so that nothing is rounded before its code is refused.
_SMALLEST_UNKNOWN = 4

_DECIMALS = ({Decimal}, {Decimal, type(None)})
_MOST_DIGITS = 38
"""Of Arrow's decimal128."""

_MOMENT = r"^(\d{4})-?(\d{2})-?(\d{2})[T ]?(\d{2}):?(\d{2}):?(\d{2})(\.\d+)?$"
_HOURS_TO_THE_DAY = 13
"""From UTC-10 to UTC+13 it takes a local midnight, given in UTC, to its day; 10:59 stays in its own."""


class Frames:
    """Turns the rows of one reading into frames, in order."""

    def __init__(self, source: str, settings: SqlSettings, names: Names) -> None:
        """Keep the names of the query's columns."""
        self.source = source
        self.settings = settings
        self.names = names.frame
        self._header = names.header
        self.seen = 0

    def frame(self, rows: Sequence[Row]) -> pd.DataFrame:
        """Return a batch under the names that `Names.frame` gives its columns.

        Raise `SourceError` if a value can't be taken exactly.
        """
        import pandas as pd

        if not rows:
            return pd.DataFrame({name: pd.array([], dtype="str") for name in self.names})
        return self.finish(self.columns(rows))

    def columns(self, rows: Sequence[Row], beside: int = 0) -> pa.Table:
        """Return a batch as columns of what the driver gives: all that needs its objects, and nothing else.

        `beside` is how many columns the rows have behind those of the query.
        """
        import pyarrow as pa

        width = len(self.names) + beside
        # Flattened and sliced, since zip(*rows) takes three times as long.
        flat = list(chain.from_iterable(rows))
        if len(flat) != width * len(rows):
            raise SourceError(
                f"{self.source}: the database returned rows with a different number of columns from the {width} it "
                "named"
            )
        return pa.table({name: self._column(name, flat[place::width]) for place, name in enumerate(self.names)})

    def finish(self, batch: pa.Table) -> pd.DataFrame:
        """Return the query's columns in its order, exact and under canonical names."""
        import pandas as pd
        import pyarrow as pa

        columns = {name: _trim_zeros(column) for name, column in zip(self.names, batch.columns, strict=True)}
        header = self._header
        if header("currency") not in columns:
            self._refuse_overlooked_currency(columns)
        currency = self._currencies(columns.get(header("currency")), len(batch))
        columns[header("currency")] = currency
        for name in {header("amount"), header("balance")} & columns.keys():
            columns[name] = self._money(name, columns, currency)
        for name in {header("issued_on"), header("due_on")} & columns.keys():
            columns[name] = self._days(name, columns[name])
        money_or_day = {header(name) for name in ("amount", "balance", "issued_on", "due_on")}
        texts = {name: array if name in money_or_day else _text(array) for name, array in columns.items()}
        self.seen += len(batch)
        frame: pd.DataFrame = pa.table(texts).to_pandas(types_mapper=pd.ArrowDtype)
        return frame

    def _refuse_overlooked_currency(self, columns: dict[str, pa.Array]) -> None:
        """Refuse to put the default currency beside a column of another name that holds other currencies."""
        import pyarrow as pa
        import pyarrow.compute as pc

        default = self.settings.code(None)
        known = minor_digits().keys() | self.settings.currencies.keys()
        for name, array in columns.items():
            if name in SOURCE_COLUMNS or not pa.types.is_string(array.type):
                continue
            found = {code.strip() for code in pc.drop_null(array.unique()).to_pylist()} - {""}
            # Every value has to be a code, or any column of texts would do; one of the default alone does no harm.
            if found <= known and found - {default}:
                raise SourceError(
                    f"{self.source}: column {name!r} holds currencies ({', '.join(sorted(found)[:3])}), but the query "
                    f"has no column {self._header('currency')!r}, so that all rows would be "
                    f"{default or 'without a currency'}; say {name} AS currency, or, if it is another currency, leave "
                    f"it out of the query or put '{default or 'EUR'}' AS currency beside it"
                )

    def _column(self, name: str, values: Sequence[object]) -> pa.Array:
        """Return a column in the type that its values have in common, else as text."""
        import pyarrow as pa

        try:
            # Arrow refuses values of mixed types, and numbers too large for any of its types.
            decimals = _decimals(values)
            array = pa.array(values) if decimals is None else decimals
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            return _each_as_text(values)
        kind = array.type
        if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise SourceError(
                f"{self.source}: column {name!r} holds bytes; leave it out of the query or cast it to text (PDFs "
                "belong in document_query)"
            )
        return _each_as_text(values) if pa.types.is_nested(kind) or isinstance(kind, pa.BaseExtensionType) else array

    def _currencies(self, column: pa.Array | None, rows: int) -> pa.Array:
        import pyarrow as pa

        if column is None:
            return pa.repeat(pa.scalar(self.settings.code(None), pa.large_string()), rows)
        # Mapped once per code rather than once per row; blanks are mapped too, to the default currency.
        encoded = _text(column).dictionary_encode(null_encoding="encode")
        codes = [self.settings.code(name) for name in encoded.dictionary.to_pylist()]
        return pa.array(codes, pa.large_string()).take(encoded.indices)

    def _money(self, name: str, columns: dict[str, pa.Array], currency: pa.Array) -> pa.Array:
        import numpy as np
        import pyarrow as pa

        if pa.types.is_boolean(columns[name].type):
            raise SourceError(
                f"{self.source}: column {name!r} holds true and false instead of amounts; check that column, or "
                "map each to an amount with CASE"
            )
        encoded = currency.dictionary_encode()
        # A row's own currency says what is a whole unit: 10.5 is an amount in EUR and none in JPY.
        known = [minor_digits().get(code, _SMALLEST_UNKNOWN) for code in encoded.dictionary.to_pylist()]
        digits = np.array(known, dtype=np.int64)[encoded.indices.to_numpy()]
        values, wrong = exact(columns[name], digits, self.settings.tolerance)
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            ref = columns.get(self._header("invoice_ref"))
            named = f" (invoice {ref[row]})" if ref is not None else ""
            raise SourceError(
                f"{self.source} row {self.seen + row + 1}{named} column {name}: {columns[name][row]} is "
                f"not an amount in {currency[row]}, which has {digits[row]} decimals, nor within `tolerance` of one "
                f"({int(wrong.sum())} such rows in this batch); correct it there, or round it in the query"
            )
        return values

    def _days(self, name: str, column: pa.Array) -> pa.Array:
        """Return dates without time of day; a day that stands for none is null or blank."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.settings.days_are_moments:
            column = _as_typed(column)
        kind = column.type
        if pa.types.is_timestamp(kind):
            if kind.tz:
                raise SourceError(
                    f"{self.source}: column {name!r} holds timestamps in time zone {kind.tz}, which may fall on either "
                    f"of two dates; choose one in the query, e.g. CAST({name} AT TIME ZONE 'Europe/London' AS date)"
                )
            column = pc.cast(pc.floor_temporal(column, unit="day"), pa.date32())
        if pa.types.is_date(column.type):
            days = pc.cast(column, pa.date32())
            none = pc.is_in(pc.cast(days, pa.string()), value_set=pa.array(_NO_DATES))
            return pc.if_else(none, pa.scalar(None, pa.date32()), days)
        encoded = _text(column).dictionary_encode()
        texts = encoded.dictionary
        # A strptime format describes the whole text; without its time the text would no longer match.
        if "%" not in (self.settings.dates or ""):
            texts = pc.replace_substring_regex(texts, _TIME_OF_DAY, r"\1")
            texts = pc.replace_substring_regex(texts, _COMPACT, r"\1-\2-\3")
        none = pc.is_in(texts, value_set=pa.array(_NO_DATES, pa.large_string()))
        return pc.if_else(none, "", texts).take(encoded.indices)


def _decimals(values: Sequence[object]) -> pa.Array | None:
    """Return plain decimals as Arrow would, in a tenth of the time, by their texts; None if there are others."""
    import pyarrow as pa
    import pyarrow.compute as pc

    first = next((value for value in values if value is not None), None)
    if not isinstance(first, Decimal) or {*map(type, values)} not in _DECIMALS:
        return None
    texts = pa.array([None if value is None else str(value) for value in values], pa.string())
    # NaN, sNaN, Infinity, and an exponent, as in 0E-8.
    if any(pc.any(pc.match_substring(texts, letter)).as_py() for letter in "ENI"):
        return None
    point, length = pc.find_substring(texts, "."), pc.binary_length(texts)
    digits = pc.max(pc.if_else(pc.less(point, 0), length, point)).as_py()
    scale = pc.max(pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.subtract(length, point), 1))).as_py()
    # A sign counts as a digit here, which makes room for one more at most.
    return pc.cast(texts, pa.decimal128(digits + scale, scale)) if digits + scale <= _MOST_DIGITS else None


def _as_typed(column: pa.Array) -> pa.Array:
    """Move moments in UTC to the day that it was where they were typed; what states no time of day stays."""
    import pyarrow as pa
    import pyarrow.compute as pc

    later = pa.scalar(timedelta(hours=_HOURS_TO_THE_DAY))
    if pa.types.is_timestamp(column.type):
        return pc.add(column, later)
    if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
        return column
    is_moment = pc.match_substring_regex(column, _MOMENT)
    moments = pc.replace_substring_regex(pc.if_else(is_moment, column, None), _MOMENT, r"\1-\2-\3 \4:\5:\6")
    days = pc.strftime(pc.add(pc.cast(moments, pa.timestamp("s")), later), format="%Y-%m-%d")
    return pc.if_else(pc.fill_null(is_moment, fill_value=False), pc.cast(days, column.type), column)


def _trim_zeros(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _each_as_text(values: Sequence[object]) -> pa.Array:
    """Return values of several types, or of one Arrow does not know (UUID, time, arrays), as Python writes them."""
    import pyarrow as pa

    return pa.array([None if value is None else str(value) for value in values], pa.large_string())


def _text(array: pa.Array) -> pa.Array:
    """Return a column as text; whole floats as whole numbers, since a reference is never 1001.0."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_floating(array.type):
        whole = pc.equal(array, pc.trunc(array))
        # Above 2**53 a float stands for several whole numbers, so its digits are shown as they are.
        safe = pc.and_(whole, pc.less(pc.abs(array), 2.0**53))
        integers = pc.cast(pc.if_else(safe, array, None), pa.int64())
        return pc.if_else(safe, pc.cast(integers, pa.large_string()), pc.cast(array, pa.large_string()))
    return pc.cast(array, pa.large_string())
