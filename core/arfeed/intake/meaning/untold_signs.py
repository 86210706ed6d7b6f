"""A column that holds the sign of amounts without one, which no setting names."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.intake.money import money_columns
from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.model.text.legible import quote
from arfeed.tables.headings.sign_words import find_negative_words
from arfeed.tables.places import locate_row
from arfeed.tables.values.parsed import is_blank

_NOT_OWED = r"[-−(]|(?i:cr)\.?$|^[^1-9]*$"
_MOST_WORDS = 50


def refuse_untold_sign(table: Columns, settings: SourceSettings) -> None:
    """Raise `SourceError` if a column holds the sign of amounts that have none, and `sign` does not say so."""
    if not isinstance(settings, FileSettings) or settings.sign is not None or "debit" in table.columns:
        return
    used = {*table.columns.values()}
    for header in table.raw.column_names:
        if header in used or not pa.types.is_large_string(table.raw.schema.field(header).type):
            continue
        negative = _negative_words(header, table.raw[header].slice(0, _MOST_WORDS))
        if negative and (negative := _negative_words(header, table.raw[header])):
            _refuse_where_unsigned(table, header, negative, settings)


def _negative_words(header: str, texts: pa.ChunkedArray) -> list[str]:
    """Return the words of a column that lower a debt, as spelled; none unless all of its words are signs."""
    return find_negative_words(header, [text.strip() for text in pc.unique(texts).to_pylist() if text and text.strip()])


def _refuse_where_unsigned(table: Columns, header: str, negative: list[str], settings: FileSettings) -> None:
    lowers = pc.is_in(table.raw_text(header), value_set=pa.array(negative, pa.large_string()))
    name = "balance" if "balance" in table.columns else money_columns(table, settings)[0]
    amounts = table.text(name)
    unsigned = pc.and_(lowers, pc.invert(pc.or_(is_blank(amounts), pc.match_substring_regex(amounts, _NOT_OWED))))
    row = pc.index(unsigned, value=True).as_py()
    if row < 0:
        return
    origin = table.text("origin")[row].as_py()
    words = ", ".join(quote(word) for word in negative)
    raise SourceError(
        f"{locate_row(origin, delimiter=settings.delimiter)}: {header} says "
        f"{table.raw_text(header)[row].as_py()!r}, and {amounts[row].as_py()!r} has no sign: the column seems to hold "
        "it, and what lowers a debt would be read as owed. Set sign = { column = "
        f"{quote(header)}, negative = [{words}] }} in [sources.{table.source}], or "
        "sign = false if it means something else"
    )
