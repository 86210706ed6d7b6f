"""Building Arrow tables of text, whatever file the cells come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


def text_columns(columns: Iterable[Sequence[str]], names: Sequence[str]) -> pa.Table:
    """Return columns of text as a table of large strings."""
    import pyarrow as pa

    # Large strings, whose 64-bit offsets let joined columns exceed 2 GiB.
    return pa.table([pa.array(column, pa.large_string()) for column in columns], names=list(names))


def origins(file: str, first: int, rows: int) -> pa.Array:
    """Return `file#number` for consecutive rows, whose numbers start at `first`."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pc.cast(pa.array(np.arange(first, first + rows)), pa.large_string())
    return pc.binary_join_element_wise(pa.scalar(file, pa.large_string()), numbers, pa.scalar("#", pa.large_string()))
