"""Notes on texts that are delivered exactly as they are, and that somebody should know of."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.characters import byte_at
from arfeed.planning.wording import counted, named

_BEGINS = np.isin(np.arange(256), [*b"=+-@\t\r"])
"""By byte: whether a text that begins with it may be a formula to a spreadsheet. A lone dash is none."""

_UNSEEN = rf"{arrow.INVISIBLE}|[^\P{{Z}} ]"
"""What shows as nothing, or as a blank that is none (RE2)."""


def unseen_notes(refs: pd.Series[str]) -> Iterator[str]:
    """Yield a note on numbers with characters that nobody sees, such as U+200B or a no-break space."""
    texts = arrow.to_text_array(refs)
    unusual = texts.filter(pc.invert(pc.ascii_is_printable(texts)))
    found = unusual.filter(pc.match_substring_regex(unusual, _UNSEEN))
    if len(found):
        yield (
            f"{counted(len(found), 'invoice number')} with characters that can't be seen: "
            f"{named(f'{text!r}' for text in found.to_pylist())}. They are sent as they are, and the "
            "receiver takes the number without them for another invoice; retype it at the source"
        )


def _formulas(texts: pa.Array) -> int:
    """Count what may be taken for a formula."""
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    some = texts.take(np.flatnonzero(_BEGINS.take(byte_at(texts, 0))))
    return int(pc.sum(pc.greater(pc.binary_length(some), 1), min_count=0).as_py())


def formula_notes(report: pa.Table) -> Iterator[str]:
    """Yield a note on texts of the report that a spreadsheet would take for formulas."""
    kinds = (pa.string(), pa.large_string())
    texts = [field.name for field in report.schema if field.type in kinds]
    counts = {name: _formulas(arrow.as_single_chunk(report.column(name))) for name in texts}
    found = {name: count for name, count in counts.items() if count}
    if found:
        columns = named(f"{name} {count:,}" for name, count in found.items())
        yield (
            f"{counted(sum(found.values()), 'text')} of the report begin with =, +, - or @ ({columns}). They are sent "
            "as they are; a spreadsheet that opens the report may take them for formulas"
        )
