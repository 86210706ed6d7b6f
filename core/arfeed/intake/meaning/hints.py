"""Signs that a file means something else than its settings say: a column with the sign, debts written negative."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.intake.money import money_columns
from arfeed.model import arrow, schema
from arfeed.model.errors import SourceError
from arfeed.model.legible import quote
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.places import locate_row
from arfeed.tables.values.parsed import is_blank

_PAIRS: Mapping[str, str] = {
    "s": "h", "soll": "haben", "d": "chka", "dr": "cr", "db": "cr", "dt": "ct", "deb": "cred", "debit": "credit",
    "débit": "crédit", "debe": "haber", "debet": "kredit", "dare": "avere", "débito": "crédito", "+": "-", "wn": "ma",
}  # fmt: skip
"""The usual words for what is owed, and for what lowers it; for a single letter, each letter that may lower it."""

_HEADING = re.compile(
    r"(?i)soll|haben|debit|d[ée]bit|credit|cr[ée]dit|debe|haber|dare|avere|sign|vorzeichen|kennz|indicator|shkzg|side|"
    r"^\W*(?:s\W?h|d\W?[cka]|dr\W?cr|db\W?cr|bs|wn\W?ma|\+\W?-)\W*$"
)
"""Headings of a column of single letters that are signs; longer words are signs under any heading."""

_YES_OR_NO = frozenset({("y", "n"), ("j", "n"), ("s", "n"), ("o", "n"), ("t", "f"), ("m", "f"), ("w", "m")})

_NOT_OWED = r"[-−(]|(?i:cr)\.?$|^[^1-9]*$"
_MOST_WORDS = 50
_SHORT = 2


def refuse_untold_sign(table: Columns, settings: SourceSettings) -> None:
    """Raise `SourceError` where a column holds the sign of amounts that have none, and `sign` does not say so."""
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


def find_negative_words(header: str, spelled: Sequence[str]) -> list[str]:
    """Return those of a column's words that lower a debt; none unless all of them are signs."""
    words = {word.casefold().rstrip(".") for word in spelled}
    if second := _second_of_heading(header, words):
        return [word for word in spelled if word.casefold().rstrip(".") == second]
    for owed, others in _PAIRS.items():
        lowering = {*others} if len(owed) == 1 and owed.isalpha() else {others}
        if words & lowering and words <= {owed, *lowering} and (len(owed) > 1 or _HEADING.search(header)):
            return [word for word in spelled if word.casefold().rstrip(".") in lowering]
    return []


def find_lowering_letters(words: Sequence[str]) -> list[str]:
    """Return those of a column's words that would lower a debt if its single letters are signs; none if they are not.

    `S` and `H`, `D` and `C` may mean something else under most headings, so this is asked about and not refused.
    """
    folded = {word.casefold() for word in words}
    for owed, others in _PAIRS.items():
        if len(owed) == 1 and owed in folded and folded & {*others} and folded <= {owed, *others}:
            return [word for word in words if word.casefold() in others]
    return []


def _second_of_heading(header: str, words: Set[str]) -> str | None:
    """Return what lowers a debt if the heading itself names both words, what is owed first: `D/H`, `Debet/Credit`."""
    parts = re.findall(r"[^\W\d_]+", header.casefold())
    if len(set(parts)) != len(parts) or len(parts) != 2 or parts[1] not in words or not words <= {*parts}:
        return None
    short = max(map(len, parts)) <= _SHORT and tuple(parts) not in _YES_OR_NO
    known = {*parts} & {word for pair in _PAIRS.items() for word in pair if len(word) > _SHORT}
    return str(parts[1]) if short or known else None


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


def note_negative_debts(rows: pd.DataFrame, source: str, settings: SourceSettings) -> list[str]:
    """Return a note if most open invoices are negative, and no setting says how a debt is written."""
    if not isinstance(settings, FileSettings) or settings.owed_is is not None:
        return []
    wanted = pc.and_(
        pc.equal(arrow.to_text_array(rows["status"]), "open"), pc.equal(arrow.to_text_array(rows["kind"]), "invoice")
    )
    balances = arrow.as_single_chunk(pa.array(rows["balance"])).filter(wanted)
    below = pc.sum(pc.less(balances, schema.ZERO)).as_py() or 0
    above = pc.sum(pc.greater(balances, schema.ZERO)).as_py() or 0
    if below <= above:
        return []
    return [
        f"{below} of {below + above} open invoices are negative, as if customers were owed money; if the file writes "
        f'what they owe as negative, set owed_is = "negative" in [sources.{source}], or owed_is = "positive" if this '
        "is right"
    ]
