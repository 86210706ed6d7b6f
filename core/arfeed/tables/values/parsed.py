"""What parsing a column of text yields."""

from __future__ import annotations

from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc


class Parsed(NamedTuple):
    """A parsed column, and which of its texts were neither blank nor parsable (an Arrow boolean array).

    `plain` says of amounts that all were written like -1234.50.
    """

    values: pa.Array
    wrong: pa.Array
    plain: bool = False


def is_blank(texts: pa.Array) -> pa.Array:
    """Return where a text is null or empty."""
    return pc.fill_null(pc.equal(pc.binary_length(texts), 0), fill_value=True)
