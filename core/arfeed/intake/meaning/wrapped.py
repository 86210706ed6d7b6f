"""Texts in the spelling by which spreadsheets are made to keep them as texts: `="00123"`, and `'00123` in CSV files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.text.characters import byte_at

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = r'^="([^"]*)"\s*$'
_APOSTROPHE = r"^'([-+=@].*|[\d ./-]*\d[\d ./-]*)$"
"""An apostrophe before a number, or before what a spreadsheet takes for a formula; names such as 't Hof keep it."""

_NUMBERS = ("invoice_ref", "customer_id")
_SAMPLE = 1_000


class Unwrapped(NamedTuple):
    """In how many `rows` a column was written so, the first of them, and what it means."""

    header: str
    rows: int
    written: str
    meant: str


def unwrap_texts(
    raw: pd.DataFrame, table: pa.Table, headers: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Unwrapped]]:
    """Return the frame with what its columns mean, and what was found in them; the frame itself if nothing was.

    `table` is the frame as Arrow has it, `headers` are by canonical name. All rows of the numbers are looked at. Of
    other columns the first rows decide: programs write a whole column so, and an amount or a date that is missed is
    refused.
    """
    found: list[Unwrapped] = []
    for name, header in headers.items():
        place = table.schema.get_field_index(header)
        # Not a number that was composed of several columns, which the frame does not have.
        if place < 0 or not _is_text(table.schema.field(place).type) or header not in raw.columns:
            continue
        texts = arrow.as_single_chunk(table.column(place))
        if not _is_marked(texts if name in _NUMBERS else texts.slice(0, _SAMPLE)):
            continue
        meant = pc.replace_substring_regex(pc.replace_substring_regex(texts, _FORMULA, r"\1"), _APOSTROPHE, r"\1")
        changed = pc.fill_null(pc.not_equal(meant, texts), fill_value=False)
        if (first := pc.index(changed, value=True).as_py()) < 0:
            continue
        raw = raw.assign(**{header: arrow.to_series(pc.cast(meant, pa.large_string()), raw.index)})
        found.append(Unwrapped(header, pc.sum(changed).as_py(), texts[first].as_py(), meant[first].as_py()))
    return raw, found


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_large_string(kind) or pa.types.is_string(kind))


def _is_marked(texts: pa.Array) -> bool:
    """Whether some text may be written so, judging by its first byte: hardly any file has such texts."""
    first = byte_at(texts, 0)
    return bool(((first == ord("=")) | (first == ord("'"))).any())


def note_unwrapped(found: Sequence[Unwrapped]) -> list[str]:
    """Return a note for each column that had such texts."""
    notes = []
    for header in dict.fromkeys(each.header for each in found):
        mine = [each for each in found if each.header == header]
        count = sum(each.rows for each in mine)
        notes.append(
            f"{count:,} value{'s' if count != 1 else ''} of {header!r} {'are' if count != 1 else 'is'} wrapped for "
            f"spreadsheets, such as {mine[0].written}; read as {mine[0].meant}"
        )
    return notes
