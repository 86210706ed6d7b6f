"""Notes on texts that are delivered unchanged but that somebody should know about."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.text.characters import byte_at
from arfeed.planning.wording import name_first, pluralize

# The characters that OWASP lists for CSV injection. They are noted, not defused: an apostrophe in front would make
# another number of a number, and the receiver matches numbers.
_BEGINS = np.isin(np.arange(256), [*b"=+-@\t\r"])
"""For each byte, whether a spreadsheet may take a text that begins with it for a formula. A lone dash is not one."""

_UNSEEN = rf"{arrow.INVISIBLE}|[^\P{{Z}} ]"
"""Characters that show as nothing, or that look like a space and are not one (RE2)."""


def note_unseen_characters(refs: pd.Series[str]) -> Iterator[str]:
    """Yield a note on numbers with characters that can't be seen, such as U+200B or a no-break space."""
    texts = arrow.to_text_array(refs)
    # Plain ASCII, which nearly all numbers are, needs no regular expression.
    unusual = texts.filter(pc.invert(pc.ascii_is_printable(texts)))
    found = unusual.filter(pc.match_substring_regex(unusual, _UNSEEN))
    if len(found):
        yield (
            f"{pluralize(len(found), 'invoice number')} with characters that can't be seen: "
            f"{name_first(f'{text!r}' for text in found.to_pylist())}. They are sent as they are, and the receiver "
            "would take the number without them for another invoice; retype it at the source"
        )


def _count_formulas(texts: pa.Array) -> int:
    """Count the texts that may be taken for formulas."""
    texts = pc.fill_null(texts, "") if texts.null_count else texts
    some = texts.take(np.flatnonzero(_BEGINS.take(byte_at(texts, 0))))
    return int(pc.sum(pc.greater(pc.binary_length(some), 1), min_count=0).as_py())


def note_formulas(report: pa.Table) -> Iterator[str]:
    """Yield a note on texts of the report that a spreadsheet would take for formulas."""
    kinds = (pa.string(), pa.large_string())
    texts = [field.name for field in report.schema if field.type in kinds]
    counts = {name: _count_formulas(arrow.as_single_chunk(report.column(name))) for name in texts}
    found = {name: count for name, count in counts.items() if count}
    if found:
        columns = name_first(f"{name} {count:,}" for name, count in found.items())
        yield (
            f"texts of the report that begin with =, +, - or @ are sent as they are: {columns}. A spreadsheet that "
            "opens the report may take them for formulas"
        )
