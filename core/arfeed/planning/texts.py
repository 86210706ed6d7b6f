"""Notes on texts that are delivered exactly as they are, and that somebody should know of."""

from __future__ import annotations

import functools
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed import schema
from arfeed.planning.wording import counted, named

_FORMULA = "=+-@\t\r"
"""With what a text begins that a spreadsheet may take for a formula. A lone dash is none."""

_UNSEEN = rf"{schema.INVISIBLE}|[^\P{{Z}} ]"
"""What shows as nothing, or as a blank that is none (RE2)."""


def unseen_notes(refs: pd.Series[str]) -> Iterator[str]:
    """Yield a note on numbers with characters that nobody sees, such as U+200B or a no-break space."""
    texts = schema.text_array(refs)
    unusual = texts.filter(pc.invert(pc.ascii_is_printable(texts)))
    found = unusual.filter(pc.match_substring_regex(unusual, _UNSEEN))
    if len(found):
        yield (
            f"{counted(len(found), 'invoice number')} with characters that can't be seen: "
            f"{named(f'{text!r}' for text in found.to_pylist())}. They are sent as they are, and the "
            "receiver takes the number without them for another invoice; retype it at the source"
        )


def _formulas(texts: pa.Array) -> int:
    """Count what may be taken for a formula: at a million rows, a pattern takes ten times as long as first letters."""
    begins = [pc.starts_with(texts, letter) for letter in _FORMULA]
    longer = pc.greater(pc.binary_length(texts), 1)
    return int(pc.sum(pc.and_(longer, functools.reduce(pc.or_, begins)), min_count=0).as_py())


def formula_notes(report: pa.Table) -> Iterator[str]:
    """Yield a note on texts of the report that a spreadsheet would take for formulas."""
    kinds = (pa.string(), pa.large_string())
    texts = [field.name for field in report.schema if field.type in kinds]
    counts = {name: _formulas(schema.one_piece(report.column(name))) for name in texts}
    found = {name: count for name, count in counts.items() if count}
    if found:
        columns = named(f"{name} {count:,}" for name, count in found.items())
        yield (
            f"{counted(sum(found.values()), 'text')} of the report begin with =, +, - or @ ({columns}). They are sent "
            "as they are; a spreadsheet that opens the report may take them for formulas"
        )
