"""Joining frames and tables without keeping their parts in memory."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.arrow import as_single_chunk, release_memory, to_frame

if TYPE_CHECKING:
    import pandas as pd

_AT_ONCE = 2
"""Columns joined at once."""


def join_frames(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate frames; a column that one of them lacks is blank text there."""
    if len(frames) == 1:
        return frames[0]
    tables = [pa.Table.from_pandas(frame, preserve_index=False, nthreads=1) for frame in frames]
    return to_frame(join_tables([table.replace_schema_metadata() for table in tables]))


def join_tables(tables: list[pa.Table]) -> pa.Table:
    """Concatenate tables to one whose columns are single chunks; a column that a table lacks is blank text there.

    `tables` is emptied: as long as it held them, all parts would stay in memory until the last column is joined.
    """
    every = pa.concat_tables(tables, promote_options="default")
    tables.clear()
    names, columns = every.column_names, every.columns
    # Otherwise the table, too, would hold all parts until the end.
    del every
    release_memory()

    def join(number: int) -> None:
        column = as_single_chunk(columns[number])
        text = pa.types.is_large_string(column.type) and column.null_count
        # In place of the parts, which are freed by that.
        columns[number] = pc.fill_null(column, "") if text else column
        release_memory()

    with ThreadPoolExecutor(_AT_ONCE, "arfeed-joining") as joining:
        [*joining.map(join, range(len(columns)))]
    return pa.table(columns, names=names)
