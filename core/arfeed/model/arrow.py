"""Operations on Arrow-backed columns, each on a whole column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from arfeed.model.schema import NAMES, arrow_type

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

# U+034F joins nothing visible, and FE00 to FE0F choose a glyph's variant; neither is in the categories Cf and Cc.
INVISIBLE = r"[\p{Cf}\p{Cc}\x{034F}\x{FE00}-\x{FE0F}]"
"""Invisible characters (RE2): zero widths, marks of direction, soft hyphens, controls, variation selectors."""

_FEW = 1_000
_BLANKS = r"[\p{Z}\s]"


def fold(refs: pd.Series[str]) -> pd.Series[str]:
    """Return references in the form in which they are compared: as they look, NFC and casefolded.

    Invisible characters are removed, and every blank becomes a space. Plain ASCII, which nearly all references are,
    takes a fast path.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    texts = to_text_array(refs)
    lowered = pc.ascii_lower(texts)
    foreign = pc.invert(pc.ascii_is_printable(texts))
    if pc.any(foreign).as_py():
        spaced = pc.replace_substring_regex(pc.filter(texts, foreign), _BLANKS, " ")
        seen = pc.utf8_trim_whitespace(pc.replace_substring_regex(spaced, INVISIBLE, ""))
        # pandas casefolds in Python, text by text; Arrow has only a lower case, to which "ß" and "ss" are two.
        some = pd.Series(pc.utf8_normalize(seen, form="NFC"), dtype="str").str.casefold()
        # NFC once more: casefolding can take composed characters apart again.
        normal = pc.utf8_normalize(pa.array(some, type=pa.large_string()), form="NFC")
        lowered = pc.replace_with_mask(lowered, foreign, normal)
    return pd.Series(lowered, index=refs.index, dtype="str")


def are_distinct(texts: pa.Array) -> bool:
    """Whether no text is there twice; quickly so if they rise or fall, as the numbers of most exports do."""
    import pandas as pd
    import pyarrow.compute as pc

    from arfeed.model.text.characters import hash_texts

    some = texts.slice(0, _FEW)
    for earlier in (pc.less, pc.greater):
        if _all(earlier(some[:-1], some[1:])) and _all(earlier(texts[:-1], texts[1:])):
            return bool(texts.null_count == 0)
    if (keys := hash_texts(texts)) is not None and pd.Index(keys).is_unique:
        return True
    return bool(len(texts.unique()) == len(texts))


def _all(found: pa.Array) -> bool:
    import pyarrow.compute as pc

    return bool(pc.all(found, min_count=0).as_py())


def to_text_array(texts: pd.Series[str]) -> pa.Array:
    """Return a text column as one Arrow array."""
    import pyarrow as pa

    return as_single_chunk(pa.array(texts, type=pa.large_string()))


def to_series(column: pa.Array, index: pd.Index) -> pd.Series:
    """Return a column with this index: texts as pandas' own `str`, everything else as it is in Arrow.

    Without a type, pandas would make a Python object of every amount and date.
    """
    import pandas as pd
    import pyarrow as pa

    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    return pd.Series(column, index=index, dtype="str" if text else pd.ArrowDtype(column.type))


def join_keys(columns: Iterable[pa.Array]) -> pa.Array:
    """Return for each row one text to look it up by: what the columns hold, null as blank, in their order."""
    import pyarrow as pa
    import pyarrow.compute as pc

    whole = [pc.cast(as_single_chunk(column), pa.large_string()) for column in columns]
    texts = [pc.fill_null(texts, "") if texts.null_count else texts for texts in whole]
    # Joined by the unit separator, or AB and C would equal A and BC.
    return pc.binary_join_element_wise(*texts, pa.scalar("\x1f", pa.large_string()))


def is_in(texts: pd.Series[str], others: pd.Series[str]) -> pd.Series[bool]:
    """Return which texts are among the others; `Series.isin` takes seconds for several hundred thousand."""
    import pandas as pd
    import pyarrow.compute as pc

    found = pc.is_in(to_text_array(texts), value_set=to_text_array(others))
    return pd.Series(found.to_numpy(zero_copy_only=False), index=texts.index, dtype="bool")


def filter_rows(rows: pd.DataFrame, wanted: pd.Series[bool]) -> pd.DataFrame:
    """Return the wanted rows: the frame itself, not a copy, if all are wanted."""
    return rows if wanted.all() else rows[wanted].reset_index(drop=True)


def as_single_chunk(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return a column as one array; a single chunk is returned as it is, since `combine_chunks` would copy it."""
    import pyarrow as pa

    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def release_memory() -> None:
    """Give back to the system what Arrow no longer uses; its allocator would keep it beside what comes next."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()


def sum_balances(rows: pd.DataFrame, by: tuple[str, ...] = ("source", "currency")) -> pd.DataFrame:
    """Return the columns `by`, sorted by them, with count (of rows that have a balance) and balance (their sum)."""
    return to_frame(group_balances(rows, by).sort_by([(name, "ascending") for name in by]))


def group_balances(rows: pd.DataFrame, by: Sequence[str]) -> pa.Table:
    """Return what `sum_balances` does, unordered, as Arrow: grouping by one number is much faster than by texts."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    balance, code = as_single_chunk(pa.array(rows["balance"])), np.zeros(len(rows), np.int64)
    values: dict[str, pa.Array] = {}
    for name in by:
        # A null is its own group; left out, its rows would be missing from every total.
        encoded = pc.dictionary_encode(as_single_chunk(pa.array(rows[name])), null_encoding="encode")
        values[name] = encoded.dictionary
        # Each combination of values gets one number, which is taken apart again below.
        code = code * len(encoded.dictionary) + np.asarray(encoded.indices)
    grouped = pa.table({"code": code, "balance": balance}).group_by("code")
    summed = grouped.aggregate([("balance", "count"), ("balance", "sum")])
    rest, columns = np.asarray(summed["code"]), {}
    for name in reversed(by):
        rest, places = np.divmod(rest, max(len(values[name]), 1))
        columns[name] = values[name].take(pa.array(places))
    found = pa.table({**columns, "count": summed["balance_count"], "balance": summed["balance_sum"]})
    return found.select([*by, "count", "balance"])


def empty_invoices() -> pd.DataFrame:
    """Return a frame with all canonical columns and no rows."""
    import pyarrow as pa

    return to_frame(pa.table({name: pa.array([], arrow_type(name)) for name in NAMES}))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Turn an Arrow table into a frame with Arrow-backed columns: str, date32, decimal128."""
    import pandas as pd
    import pyarrow as pa

    def dtype(kind: pa.DataType) -> pd.ArrowDtype | None:
        text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
        # Texts get pandas' own `str`, which Arrow backs as well; everything else would become objects or floats.
        return None if text else pd.ArrowDtype(kind)

    frame: pd.DataFrame = table.to_pandas(types_mapper=dtype)
    return frame
