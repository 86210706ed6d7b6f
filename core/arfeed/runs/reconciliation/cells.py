"""What spreadsheets and platforms leave in the cells of an export: formulas, serial days, and lines below the list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.runs.reconciliation.numbers import are_known
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import USUAL

if TYPE_CHECKING:
    from arfeed.model.settings import ReconcileSettings

_FORMULA = r'^=\s*"([^"]*)"$'
"""A text that is written as a formula, so that a spreadsheet keeps its zeros: ="001001"."""

_SERIAL = r"^(?:3[7-9]|4[0-9]|5[0-4])[0-9]{3}(?:\.0+)?$"
"""A day as Excel counts it, from 2001 to 2050."""

_FIRST_DAY = np.datetime64("1899-12-30")
"""Excel's day 0, by its count that has a 29th of February 1900 (ECMA-376, 18.17.4.1)."""

_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)$")
"""A moment that says its zone."""

_FEWEST = 3
"""With fewer columns a row says too little to be known for what it is."""

_SHORTEST = 3
"""A shorter word of a sentence is not a number of an invoice, such as a day."""

_MOST_LINES = 5
"""Lines below a list, at most."""


def clean(
    rows: pd.DataFrame, settings: ReconcileSettings, known: pd.Series[str], timezone: str | None = None
) -> tuple[pd.DataFrame, list[str], list[str]]:
    """Return the rows, all text, as somebody reads them in a spreadsheet, notes on changes, and lines below the list.

    `known` are the numbers that were delivered: what begins with one is not a line below the list. `timezone` is the
    feed's, whose days may be written as moments in another.
    """
    notes: list[str] = []
    dated = [str(name) for name in rows.columns if _is_day(str(name), settings)]
    # `Due` beside a due date is an amount, and yen may look like days.
    dated = [name for name in dated if normalize_header(name) != "due" or len(dated) == 1]
    for name in (each for each in rows.columns if each != "origin"):
        texts = arrow.to_text_array(rows[name])
        plain = _without_marks(texts)
        if str(name) in dated and (days := _days(plain)) is not None:
            plain = days
            notes.append(
                f"{name} holds dates as spreadsheet serial numbers, such as {texts[0].as_py()} for {days[0].as_py()}"
            )
        if (days := _days_of_moments(plain, ZoneInfo(timezone or "UTC"))) is not None:
            notes.append(f"{name} holds timestamps, such as {_first(plain)}, which are days in {timezone or 'UTC'}")
            plain = days
        if plain is not texts:
            rows = rows.assign(**{str(name): pd.Series(plain, index=rows.index, dtype=rows[name].dtype)})
    below = _count_below(rows, known)
    said = rows.tail(below).drop(columns="origin", errors="ignore").to_numpy(dtype=object)
    texts_below = ["".join(str(cell).strip() for cell in line) for line in said]
    if below:
        notes.append(f"below the list, not an invoice: {'; '.join(texts_below)}")
    return rows.iloc[: len(rows) - below], notes, texts_below


def find_named(texts: Sequence[str], known: pd.Series[str]) -> str | None:
    """Return the first text in which a word is a number that was delivered."""
    for text in texts:
        words = [word.strip(".,;:()[]\"'") for word in text.split()]
        if are_known(pa.array([word for word in words if len(word) >= _SHORTEST], pa.large_string()), known).any():
            return text
    return None


def _without_marks(texts: pa.Array) -> pa.Array:
    """Return ="001001" and '001001 as 001001."""
    if pc.any(pc.starts_with(texts, '="')).as_py():
        texts = pc.replace_substring_regex(texts, _FORMULA, r"\1")
    if pc.any(pc.starts_with(texts, "'")).as_py():
        texts = pc.replace_substring_regex(texts, "^'([0-9]+)$", r"\1")
    return texts


def _days_of_moments(texts: pa.Array, zone: ZoneInfo) -> pa.Array | None:
    """Return moments that are the beginning of a day in a zone as ISO dates; None if these are days, or none."""
    filled = pc.fill_null(pc.not_equal(texts, ""), fill_value=False)
    # Most columns are told apart by their first value.
    if _MOMENT.match(_first(texts)) is None:
        return None
    words = pc.unique(texts.filter(filled)).to_pylist()
    days: dict[str, str] = {}
    for word in words:
        if _MOMENT.match(word) is None:
            return None
        moment = datetime.fromisoformat(word.replace("Z", "+00:00"))
        here = moment.astimezone(zone)
        if here.time() != time():
            return None
        days[word] = here.date().isoformat()
    if all(word.startswith(day) for word, day in days.items()):
        return None
    meant = pa.array([days[word] for word in words], texts.type)
    return pc.fill_null(meant.take(pc.index_in(texts, value_set=pa.array(words, texts.type))), "")


def _first(texts: pa.Array) -> str:
    place = pc.index(pc.fill_null(pc.not_equal(texts, ""), fill_value=False), value=True).as_py()
    return str(texts[place].as_py()) if place >= 0 else ""


def _is_day(header: str, settings: ReconcileSettings) -> bool:
    usual = (*USUAL["due_on"], *USUAL["issued_on"])
    return header == settings.columns.get("due_on") or normalize_header(header) in usual


def _days(texts: pa.Array) -> pa.Array | None:
    """Return serial numbers of days as ISO dates; None if these are none, or there is nothing."""
    given = pc.utf8_trim_whitespace(texts)
    filled = pc.not_equal(given, "")
    if (
        not pc.any(filled).as_py()
        or not pc.all(pc.or_(pc.match_substring_regex(given, _SERIAL), pc.invert(filled))).as_py()
    ):
        return None
    numbers = pc.cast(pc.replace_substring_regex(pc.if_else(filled, given, "0"), r"\.0+$", ""), pa.int64())
    days = pa.array((_FIRST_DAY + np.asarray(numbers)).astype("datetime64[D]"), pa.date32())
    return pc.if_else(filled, pc.cast(days, texts.type), "")


def _count_below(rows: pd.DataFrame, known: pd.Series[str]) -> int:
    """Count the rows at the end of which only one cell says anything, in several words that are not a known number."""
    last = rows.tail(_MOST_LINES).drop(columns="origin", errors="ignore")
    if len(last.columns) < _FEWEST:
        return 0
    lines: Sequence[list[str]] = [[str(cell).strip() for cell in line] for line in last.to_numpy(dtype=object).tolist()]
    count = 0
    for line in reversed(lines):
        said = [cell for cell in line if cell]
        if len(said) != 1 or " " not in said[0] or are_known(pa.array(said, pa.large_string()), known).any():
            break
        count += 1
    return count if count < len(rows) else 0
