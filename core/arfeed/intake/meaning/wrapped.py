"""Texts in the spelling by which spreadsheets are made to keep them as texts: `="00123"`, and `'00123` in CSV files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.characters import byte_at

if TYPE_CHECKING:
    import pandas as pd

_FORMULA = r'^="([^"]*)"\s*$'
_APOSTROPHE = r"^'([-+=@].*|[\d ./-]*\d[\d ./-]*)$"
"""An apostrophe before a number, or before what a spreadsheet takes for a formula; names such as 't Hof keep it."""


class Unwrapped(NamedTuple):
    """In how many `rows` a column was written so, the first of them, and what it means."""

    header: str
    rows: int
    written: str
    meant: str


def unwrap_texts(raw: pd.DataFrame, headers: Iterable[str]) -> tuple[pd.DataFrame, list[Unwrapped]]:
    """Return the frame with what these columns mean, and what was found in them."""
    found: list[Unwrapped] = []
    for header in headers:
        if header not in raw.columns or raw[header].dtype != "str":
            continue
        texts = arrow.to_text_array(raw[header])
        # Looked for by their first byte: hardly any file has such texts.
        marked = np.isin(byte_at(texts, 0), np.frombuffer(b"='", np.uint8))
        if not marked.any():
            continue
        meant = pc.replace_substring_regex(pc.replace_substring_regex(texts, _FORMULA, r"\1"), _APOSTROPHE, r"\1")
        changed = pc.fill_null(pc.not_equal(meant, texts), fill_value=False)
        if (first := pc.index(changed, value=True).as_py()) < 0:
            continue
        raw = raw.assign(**{header: arrow.to_frame(pa.table({header: meant}))[header].to_numpy()})
        raw[header] = raw[header].astype("str")
        found.append(Unwrapped(header, pc.sum(changed).as_py(), texts[first].as_py(), meant[first].as_py()))
    return raw, found


def note_unwrapped(found: Sequence[Unwrapped]) -> list[str]:
    """Return a note for each column that had such texts."""
    notes = []
    for header in dict.fromkeys(each.header for each in found):
        mine = [each for each in found if each.header == header]
        count = sum(each.rows for each in mine)
        notes.append(
            f"{count:,} value{'s' if count != 1 else ''} of {header!r} {'are' if count != 1 else 'is'} spelled for "
            f"spreadsheets, such as {mine[0].written}; read as {mine[0].meant}"
        )
    return notes
