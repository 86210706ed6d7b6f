"""A part of the rows that a query puts into a list or a text: slices, numbered elements, DuckDB's `max(id, 20)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from arfeed_connectors.sql.text.conditions import is_first, is_fixed
from arfeed_connectors.sql.text.lexing import Token
from arfeed_connectors.sql.text.nesting import find_closing, find_levels
from arfeed_connectors.sql.text.selects import find_words

_GATHERS_TEXT = frozenset(("GROUP_CONCAT", "STRING_AGG", "LISTAGG", "JSON_GROUP_ARRAY", "JSON_ARRAYAGG", "JSON_AGG"))
_GATHERS = _GATHERS_TEXT | {"ARRAY_AGG", "LIST", "ARRAY", "JSONB_AGG", "GROUP_ARRAY", "ARG_MIN", "ARG_MAX"}
_CUTS_TEXT = frozenset(("SUBSTR", "SUBSTRING", "LEFT", "RIGHT", "MID", "SUBSTRING_INDEX", "SPLIT_PART"))
_SEARCHES = frozenset(("FIND_IN_SET", "INSTR", "STRPOS", "POSITION", "LOCATE", "CHARINDEX", "CONTAINS"))
_SPREADS_TEXT = frozenset(
    {
        *("JSON_EACH", "JSON_TREE", "JSON_TABLE", "JSON_ARRAY_ELEMENTS", "JSON_ARRAY_ELEMENTS_TEXT"),
        *("JSONB_ARRAY_ELEMENTS", "JSONB_ARRAY_ELEMENTS_TEXT", "STRING_TO_TABLE", "REGEXP_SPLIT_TO_TABLE"),
        *("STRING_SPLIT", "STRING_TO_ARRAY", "STR_SPLIT"),
    }
)
_SLICES = frozenset(("ARRAY_SLICE", "LIST_SLICE", "TRIM_ARRAY"))
_SPREADS = frozenset(("UNNEST", "ANY", "SOME", "ALL", "LIST_CONTAINS", "ARRAY_CONTAINS", "LIST_HAS", "ARRAY_HAS"))
_EXTREMES = {"MAX": 1, "MIN": 1, "ARG_MAX": 2, "ARG_MIN": 2, "MAX_BY": 2, "MIN_BY": 2}
"""DuckDB's functions that give a list of the first rows, and how many arguments stand before the count of these."""


def find_slice(tokens: Sequence[Token], database: str | None) -> tuple[int, int] | None:
    """Return the first and the last token of what takes a part of the rows that a list holds; None if nothing does.

    A part of the list of one invoice, such as its first line, leaves no invoice out.
    """
    calls = {token.text for place, token in enumerate(tokens) if _is_call(tokens, place)}
    if calls & _GATHERS_TEXT and (found := next(_cut_texts(tokens, calls, database), None)):
        return found
    spreads = bool(calls & (_SPREADS | _SPREADS_TEXT))
    if spreads and calls & _GATHERS:
        for place in range(len(tokens)):
            if _begins_slice(tokens, place):
                return place, _closing(tokens, place)
            if tokens[place].text in _SLICES and _is_call(tokens, place):
                return place, _closing(tokens, place + 1)
        if found := next(_numbered(tokens), None):
            return found
    if spreads and database in (None, "duckdb"):
        return next(_extremes(tokens), None)
    return None


def _is_call(tokens: Sequence[Token], place: int) -> bool:
    behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
    # ARRAY[1, 2] lists constants, ARRAY(SELECT …) rows.
    return tokens[place].kind == "word" and behind == "("


def _begins_slice(tokens: Sequence[Token], place: int) -> bool:
    """Whether `[1:100]` stands here; the colons of a cast are two."""
    if tokens[place].text != "[" or tokens[place].kind != "mark":
        return False
    within = [token.text for token in tokens[place + 1 : _closing(tokens, place)]]
    return any(
        text == ":" and ":" not in (within[at - 1 : at] + within[at + 1 : at + 2]) for at, text in enumerate(within)
    )


def _cut_texts(tokens: Sequence[Token], calls: set[str], database: str | None) -> Iterator[tuple[int, int]]:
    """Yield what cuts a text that many rows make up, if the query looks for its rows in such a text.

    MySQL itself cuts what GROUP_CONCAT returns, after group_concat_max_len.
    """
    looks = bool(calls & (_SEARCHES | _SPREADS_TEXT)) or any(token.text == "LIKE" for token in tokens)
    begin, first = (next(find_words(tokens, frozenset([word])), 0) for word in ("FROM", "SELECT"))
    for place, token in enumerate(tokens):
        shown = first < place < begin
        if not looks or shown or not _is_call(tokens, place):
            continue
        end = _closing(tokens, place + 1)
        within = {each.text for at, each in enumerate(tokens[place:end], place) if _is_call(tokens, at)}
        if token.text in _CUTS_TEXT and within & _GATHERS_TEXT:
            yield place, end
        if token.text in _SEARCHES and "GROUP_CONCAT" in within and database in (None, "mysql", "mariadb"):
            yield place, end


def _numbered(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield conditions with constants on the number of each element: WITH ORDINALITY gives it, or json_each as key."""
    names = {"ORDINALITY"}
    names |= {"KEY"} if any(token.text in ("JSON_EACH", "JSON_TREE") for token in tokens) else set()
    for place, token in enumerate(tokens[:-1]):
        if (token.text, tokens[place + 1].text) == ("WITH", "ORDINALITY"):
            named = next((at for at in range(place + 2, min(place + 5, len(tokens))) if tokens[at].text == "("), None)
            if named is not None:
                names.add(tokens[_closing(tokens, named) - 1].text)
        # JSON_TABLE(… COLUMNS (n FOR ORDINALITY, …)).
        if (token.text, tokens[place + 1].text) == ("FOR", "ORDINALITY") and place:
            names.add(tokens[place - 1].text)
    for place, token in enumerate(tokens):
        behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
        before = tokens[place - 1].text if place else ""
        compared = (
            token.text in names and behind in ("<", ">", "=", "BETWEEN", "IN") and before not in ("WITH", "AS", "FOR")
        )
        if compared and is_fixed(tokens, place) and not is_first(tokens, place):
            yield place, min(place + 3, len(tokens) - 1)


def _extremes(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    for place, token in enumerate(tokens):
        if token.text in _EXTREMES and _is_call(tokens, place):
            end = _closing(tokens, place + 1)
            inside = tokens[place + 2 : end]
            commas = [at for at, level in find_levels(inside) if level == 0 and inside[at].text == ","]
            if len(commas) == _EXTREMES[token.text] and tokens[place + 2 + commas[-1] + 1].kind == "number":
                yield place, end


def _closing(tokens: Sequence[Token], opened: int) -> int:
    """Return where the parenthesis or bracket that opens here is closed, the last token if it is not."""
    return min(find_closing(tokens, opened), len(tokens) - 1)
