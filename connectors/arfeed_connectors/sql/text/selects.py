"""A SELECT taken apart: what it selects, what it reads from, the conditions in it and the queries that these ask."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from arfeed_connectors.sql.text.lexing import Token
from arfeed_connectors.sql.text.names import fold_name
from arfeed_connectors.sql.text.nesting import find_closing, find_levels

SETS = frozenset(("UNION", "EXCEPT", "INTERSECT", "MINUS"))
QUERIES = frozenset(("SELECT", "WITH", "VALUES", "TABLE"))

KEYS = frozenset(("id", "rowid", "oid", "uuid", "guid", "pk"))
"""What a table calls the key of its rows."""

BEHIND_FROM = frozenset(("WHERE", "GROUP", "HAVING", "ORDER"))
"""Words that no database takes for a name; a comma behind others, such as LIMIT, adds nothing that supplies rows."""

_BEHIND_RELATION = frozenset(
    {
        *("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON", "USING"),
        *("WITH", "TABLESAMPLE", "SAMPLE", "PIVOT", "UNPIVOT", "FORCE", "USE", "IGNORE", "ANTI", "SEMI", "ASOF"),
    }
)
"""Words behind a relation that is not named."""

_JOINS = frozenset(("JOIN", "APPLY", "STRAIGHT_JOIN"))
_BEFORE_JOIN = frozenset(("INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "ANTI", "SEMI", "ASOF"))
_BEFORE_RELATION = frozenset(("FROM", "JOIN", "APPLY", "STRAIGHT_JOIN", "LATERAL", "ONLY", ","))
_BEHIND_QUERY = SETS | {"ORDER", "LIMIT", "OFFSET", "FETCH"}
_ASKS_ALL = frozenset(("IN", "ANY", "ALL", "SOME", "ARRAY"))
_WHERE = Token("word", "WHERE", 0, 0)


@dataclass(frozen=True, slots=True)
class Common:
    """A common table expression, and the earlier ones, which it may read from."""

    tokens: Sequence[Token]
    columns: Sequence[str]
    scope: Mapping[str, Common]


class Relation(NamedTuple):
    """What stands in FROM: a table's name or a query, what it is called there, and how it is joined.

    `join` is the word before JOIN, "INNER" if there is none, "," between commas and "" for the first; of several in
    parentheses the first has that of all of them. `written` are the tokens of the table's name.
    """

    alias: str
    columns: Sequence[str]
    name: str
    query: Sequence[Token] | None
    join: str
    written: Sequence[Token] = ()

    @property
    def is_kept(self) -> bool:
        """Whether all of its rows stay."""
        return self.join in ("RIGHT", "FULL")


def plain(token: Token) -> str:
    """Return a name as it is compared, without its quotes."""
    if token.kind != "name":
        return fold_name(token.text)
    mark = token.text[-1]
    return fold_name(token.text[1:-1].replace(mark * 2, mark))


def columns_in(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    """Return the columns that are named, each with its table's name if that is there."""
    found = []
    for place, token in enumerate(tokens):
        behind = tokens[place + 1].text if place + 1 < len(tokens) else ""
        if token.kind in ("word", "name") and behind not in (".", "("):
            qualified = place > 1 and tokens[place - 1].text == "."
            found.append((plain(tokens[place - 2]) if qualified else "", plain(token)))
    return found


def named(item: Sequence[Token]) -> tuple[list[Token], str]:
    """Return a selected column's expression and its name."""
    if not item or item[-1].kind not in ("word", "name", "text"):
        return [*item], ""
    name = plain(item[-1]) if item[-1].kind != "text" else fold_name(item[-1].text[1:-1])
    if len(item) == 1 or item[-2].text == ".":
        return [*item], name
    return [*item[: -2 if item[-2].text == "AS" else -1]], name


def is_star(item: Sequence[Token]) -> bool:
    """Whether it selects all columns, of all tables or of one; behind them DuckDB may EXCLUDE some."""
    texts = [token.text for token in item]
    return "*" in (texts[:1] + texts[-1:]) or texts[1:3] == [".", "*"]


def find_words(tokens: Sequence[Token], words: frozenset[str]) -> Iterator[int]:
    """Yield where one of these words stands outside of parentheses, and is not the name of a column."""
    for place, level in find_levels(tokens):
        is_word = level == 0 and tokens[place].kind == "word" and tokens[place].text in words
        if is_word and not (place and tokens[place - 1].text == "."):
            yield place


def split_at(tokens: Sequence[Token], words: frozenset[str]) -> Iterator[Sequence[Token]]:
    """Yield what stands between these words, outside of parentheses."""
    begin = 0
    for place in find_words(tokens, words):
        yield tokens[begin:place]
        begin = place + 1
    yield tokens[begin:]


def skip_subqueries(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens that stand in no query within."""
    place = 0
    while place < len(tokens):
        if tokens[place].text == "(" and _is_query(tokens[place + 1 : place + 3]):
            place = find_closing(tokens, place)
        yield from tokens[place : place + 1]
        place += 1


def strip_parentheses(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return a query without parentheses around all of it."""
    while tokens and tokens[0].kind == "mark" and tokens[0].text == "(" and find_closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


# --- the parts of a SELECT ----------------------------------------------------------------------------------------


def read_commons(tokens: Sequence[Token], scope: Mapping[str, Common]) -> tuple[Mapping[str, Common], Sequence[Token]]:
    """Return the common table expressions in sight of a query, and the query without its WITH."""
    if tokens[0].text != "WITH" or tokens[0].kind != "word":
        return scope, tokens
    place = 2 if len(tokens) > 1 and tokens[1].text == "RECURSIVE" else 1
    while place < len(tokens) and tokens[place].kind in ("word", "name"):
        name, columns, place = plain(tokens[place]), list[str](), place + 1
        if place < len(tokens) and tokens[place].text == "(":
            end = find_closing(tokens, place)
            columns, place = [each for _, each in columns_in(tokens[place + 1 : end])], end + 1
        # AS, and PostgreSQL's NOT MATERIALIZED.
        while place < len(tokens) and tokens[place].kind == "word":
            place += 1
        end = find_closing(tokens, place)
        scope = {**scope, name: Common(tokens[place + 1 : end], columns, scope)}
        place = end + 1
        if place >= len(tokens) or tokens[place].text != ",":
            break
        place += 1
    return scope, tokens[place:]


def split_sets(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield the parts of a query's UNION, without its WITH; the query itself if there is none."""
    bare = strip_parentheses(tokens)
    return split_at(read_commons(bare, {})[1], SETS) if bare else iter(())


def list_items(select: Sequence[Token]) -> list[Sequence[Token]]:
    """Return what a SELECT selects, column by column."""
    if select[0].text != "SELECT":
        return []
    selected = next(split_at(select[1:], BEHIND_FROM | {"FROM"}), ())
    while selected and selected[0].text in ("DISTINCT", "ALL", "DISTINCTROW", "UNIQUE"):
        selected = selected[1:]
    if len(selected) > 1 and (selected[0].text, selected[1].text) == ("ON", "("):
        selected = selected[find_closing(selected, 1) + 1 :]
    found, begin = list[Sequence[Token]](), 0
    for place, level in find_levels(selected):
        if level == 0 and selected[place].text == "," and selected[place].kind == "mark":
            found.append(selected[begin:place])
            begin = place + 1
    return [*found, selected[begin:]]


def read_from(select: Sequence[Token]) -> tuple[list[Relation], Sequence[Token]]:
    """Return the relations of a SELECT, and the tokens in which its conditions on rows stand."""
    if select[0].text == "TABLE":
        return [*_relations(select[1:])], ()
    begin = next(find_words(select, frozenset(["FROM"])), None)
    if begin is None:
        return [], ()
    behind = select[begin + 1 :]
    joined, *clauses = split_at(behind, BEHIND_FROM)
    # Of the clauses behind FROM, WHERE and HAVING hold conditions.
    words = [behind[place].text for place in find_words(behind, BEHIND_FROM)]
    conditions = [clause for word, clause in zip(words, clauses, strict=True) if word in ("WHERE", "HAVING")]
    return [*_relations(joined)], [*joined, *chain.from_iterable([_WHERE, *clause] for clause in conditions)]


def _relations(tokens: Sequence[Token], join: str = "") -> Iterator[Relation]:
    """Yield what is joined in FROM, in parentheses too."""
    place, expected = 0, True
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "word" and token.text in _JOINS:
            expected, join = True, _find_join(tokens, place)
        elif token.kind == "mark" and token.text == ",":
            expected, join = True, ","
        elif expected and not (token.kind == "word" and token.text in ("LATERAL", "ONLY")):
            found, place = _relation(tokens, place, join)
            yield from found
            expected = False
        elif token.kind == "mark" and token.text == "(":
            place = find_closing(tokens, place)
        place += 1


def _find_join(tokens: Sequence[Token], place: int) -> str:
    """Return which join it is whose last word stands here."""
    words = set[str]()
    while place > 0 and tokens[place - 1].kind == "word" and tokens[place - 1].text in _BEFORE_JOIN:
        place -= 1
        words.add(tokens[place].text)
    outer = next((word for word in ("LEFT", "RIGHT", "FULL", "CROSS", "OUTER") if word in words), "INNER")
    return "LEFT" if outer == "OUTER" else outer


def _relation(tokens: Sequence[Token], place: int, join: str) -> tuple[list[Relation], int]:
    """Return what stands here: a table, a query, or several in parentheses; and its last place."""
    if tokens[place].text == "(" and tokens[place].kind == "mark":
        end = find_closing(tokens, place)
        inside = tokens[place + 1 : end]
        if not _is_query(inside):
            found = [*_relations(inside, join)]
            # What a LEFT JOIN may leave out, it leaves out whole.
            return [each._replace(join=join) if join == "LEFT" else each for each in found], end
        alias, columns, place = _alias(tokens, end + 1)
        return [Relation(alias, columns, "", inside, join)], place
    begin = place
    while place + 2 < len(tokens) and tokens[place + 1].text == ".":
        place += 2
    name, behind = plain(tokens[place]), place + 1
    written = tokens[begin:behind]
    # What a function returns has its own columns.
    if behind < len(tokens) and tokens[behind].text == "(":
        name, behind, written = "", find_closing(tokens, behind) + 1, ()
    alias, columns, place = _alias(tokens, behind)
    return [Relation(alias or name, columns, name, None, join, written)], place


def _is_query(tokens: Sequence[Token]) -> bool:
    tokens = strip_parentheses(tokens)
    while tokens and tokens[0].text == "(":
        tokens = tokens[1:]
    # DuckDB takes FROM without SELECT.
    return bool(tokens) and tokens[0].kind == "word" and tokens[0].text in (*QUERIES, "FROM")


def _is_whole_query(tokens: Sequence[Token]) -> bool:
    """Whether this is a query, and no list of which the first is one."""
    if not tokens or tokens[0].text != "(":
        return _is_query(tokens)
    behind = tokens[find_closing(tokens, 0) + 1 :]
    return _is_query(tokens) and (not behind or behind[0].text in _BEHIND_QUERY)


def _alias(tokens: Sequence[Token], place: int) -> tuple[str, Sequence[str], int]:
    """Return what a relation is called, what its columns are, and the last place of that."""
    if place < len(tokens) and tokens[place].text == "AS":
        place += 1
    if place >= len(tokens) or tokens[place].kind not in ("word", "name") or tokens[place].text in _BEHIND_RELATION:
        return "", (), place - 1
    alias, columns = plain(tokens[place]), tuple[str, ...]()
    if place + 1 < len(tokens) and tokens[place + 1].text == "(":
        end = find_closing(tokens, place + 1)
        columns, place = tuple(name for _, name in columns_in(tokens[place + 2 : end])), end
    return alias, columns, place


def find_asked(tokens: Sequence[Token]) -> Iterator[tuple[Sequence[Token], bool]]:
    """Yield the queries in conditions, and whether they are asked for all of their rows.

    EXISTS asks for one row, and others for one value, so that their own limit drops nothing, but one in what they
    read from does. NOT makes no difference: NOT IN leaves out what its query finds, such as the last hundred.
    """
    place, joined = 0, True
    while place < len(tokens):
        joined = joined and tokens[place] is not _WHERE
        closing = find_closing(tokens, place) if tokens[place].text == "(" else place
        if _is_whole_query(tokens[place + 1 : closing]):
            before = place - 1
            while before >= 0 and tokens[before].text == "(":
                before -= 1
            word = tokens[before].text if before >= 0 else ","
            if not (joined and word in _BEFORE_RELATION):
                yield strip_parentheses(tokens[place + 1 : closing]), word in _ASKS_ALL
            place = closing
        place += 1
