"""Which queries within a query decide on its rows: derived tables, common table expressions, and what conditions ask.

What these leave out is missing from the answer as silently as what the query itself leaves out. A subquery that is
selected is not among them: it supplies a value and no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import NamedTuple

from arfeed_connectors.sql.text.conditions import compares_order, is_first, is_fixed
from arfeed_connectors.sql.text.lexing import Token
from arfeed_connectors.sql.text.names import fold_name

SETS = frozenset(("UNION", "EXCEPT", "INTERSECT", "MINUS"))
QUERIES = frozenset(("SELECT", "WITH", "VALUES", "TABLE"))

KEYS = frozenset(("id", "rowid", "oid", "uuid", "guid", "pk"))
"""What a table calls the key of its rows."""

_BEHIND_FROM = frozenset(("WHERE", "GROUP", "HAVING", "ORDER"))
"""Words that no database takes for a name; a comma behind others, such as LIMIT, adds nothing that supplies rows."""

_BEHIND_RELATION = frozenset(
    {
        *("JOIN", "INNER", "LEFT", "RIGHT", "FULL", "OUTER", "CROSS", "NATURAL", "STRAIGHT_JOIN", "ON", "USING"),
        *("WITH", "TABLESAMPLE", "SAMPLE", "PIVOT", "UNPIVOT", "FORCE", "USE", "IGNORE", "ANTI", "SEMI", "ASOF"),
    }
)
"""Words behind a relation that is not named."""

_JOINS = frozenset(("JOIN", "APPLY", "STRAIGHT_JOIN"))
_BEFORE_RELATION = frozenset(("FROM", "JOIN", "APPLY", "STRAIGHT_JOIN", "LATERAL", "ONLY", ","))
_BEHIND_QUERY = SETS | {"ORDER", "LIMIT", "OFFSET", "FETCH"}
_ASKS_ALL = frozenset(("IN", "ANY", "ALL", "SOME", "ARRAY"))
_RANKS = frozenset(("ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE"))
_DEEPEST = 100
_WHERE = Token("word", "WHERE", 0, 0)
_TOO_DEEP = f"it holds queries or parentheses in each other more than {_DEEPEST} deep; make views of some"


class Supply(NamedTuple):
    """A query that supplies rows to another; `numbers` are the names of its columns that hold invoice numbers.

    `joined`: it is joined to the rows, or asked by a condition, and does not supply them itself; `numbers` are also
    what it is joined by then. `value`: only its one value counts, or whether it has any row. `columns` are the names
    that the other gives to its columns, if it does, `tested` those that the other's conditions name, and `fixed` those
    that they compare with constants. `tables` are those that the other reads.
    """

    tokens: Sequence[Token]
    numbers: frozenset[str]
    joined: bool
    columns: Sequence[str] = ()
    tested: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    value: bool = False
    tables: frozenset[str] = frozenset()


def supplies(tokens: Sequence[Token], number: str) -> Iterator[Supply]:
    """Yield the queries that supply the rows of this one, however deep; `number` is its column of invoice numbers.


    Raise `ValueError` if they stand too deep in each other to be followed.
    """
    if max((level for _, level in _levels(tokens)), default=0) > _DEEPEST:
        raise ValueError(_TOO_DEEP)
    yield from _Followed().query(tokens, _Wanted(frozenset({fold_name(number)})), {}, 0)


class _Wanted(NamedTuple):
    """What is asked of a query: its columns of the number, by name or, if they are renamed around it, by place.

    `tested` are its columns that conditions around it name.
    """

    names: frozenset[str]
    joined: bool = False
    places: frozenset[int] = frozenset()
    tested: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Common:
    """A common table expression, and the earlier ones, which it may read from."""

    tokens: Sequence[Token]
    columns: Sequence[str]
    scope: Mapping[str, _Common]


class _Relation(NamedTuple):
    """What stands in FROM: a table's name or a query, what it is called there, and whether all of its rows stay."""

    alias: str
    columns: Sequence[str]
    name: str
    query: Sequence[Token] | None
    is_kept: bool


@dataclass(slots=True)
class _Followed:
    """The queries that were followed already: one that many others read is looked at once."""

    seen: set[tuple[int, _Wanted]] = field(default_factory=set)

    def query(
        self, tokens: Sequence[Token], wanted: _Wanted, scope: Mapping[str, _Common], depth: int
    ) -> Iterator[Supply]:
        """Yield what supplies a query, part by part of its UNION."""
        tokens = _bare(tokens)
        if not tokens or (tokens[0].start, wanted) in self.seen:
            return
        self.seen.add((tokens[0].start, wanted))
        if depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
        scope, tokens = _commons(tokens, scope)
        for part in _split(tokens, SETS):
            # Behind UNION may stand ALL or DISTINCT.
            select = _bare(part[1:] if part and part[0].text in ("ALL", "DISTINCT") else part)
            if select and (select[0].text == "WITH" or any(_at_level(select, SETS))):
                yield from self.query(select, wanted, scope, depth + 1)
            elif select:
                wanted = wanted._replace(places=wanted.places or _places(select, wanted.names))
                yield from self._select(select, wanted, scope, depth)

    def _select(
        self, select: Sequence[Token], wanted: _Wanted, scope: Mapping[str, _Common], depth: int
    ) -> Iterator[Supply]:
        columns = _number_columns(select, wanted)
        relations, conditions = _read_from(select)
        own = [*_own(conditions)]
        tables = frozenset(relation.name for relation in relations if relation.name)
        # What is joined, or asked, may give its first row: the rate of today.
        tests = _Tests.of(own, _renamed(select, wanted.tested))
        for place, relation in enumerate(relations):
            first = place == 0 or relation.is_kept or any(of == relation.alias for of, _ in columns)
            names = frozenset(name for of, name in columns if of in ("", relation.alias))
            joined = wanted.joined or not first
            tested = tests.not_first if joined else tests.names
            inner = _Wanted(names, joined, tested=tested)
            found, its_scope, renamed = relation.query, scope, relation.columns
            if found is None and (common := scope.get(relation.name)):
                found, its_scope, renamed = common.tokens, common.scope, renamed or common.columns
            if found is None:
                continue
            if renamed:
                inner = inner._replace(places=frozenset(n for n, name in enumerate(renamed) if name in names))
            by = frozenset(name for of, name in columns_in(own) if of == relation.alias) if joined else frozenset()
            yield Supply(found, names | by, joined, renamed, tested, tests.fixed)
            yield from self.query(found, inner, its_scope, depth + 1)
        refs = frozenset(name for _, name in columns)
        for asked, whole in _asked(conditions):
            chosen = frozenset(name for item in _items(_bare(asked)) for _, name in columns_in(named(item)[0]))
            yield Supply(asked, chosen | refs if whole else frozenset(), joined=True, value=not whole, tables=tables)
            yield from self.query(asked, _Wanted(chosen | refs, joined=True), scope, depth + 1)


class _Tests(NamedTuple):
    """The columns that conditions name; those that they compare with constants, and with others than the number 1."""

    names: frozenset[str]
    fixed: frozenset[str]
    not_first: frozenset[str]

    @classmethod
    def of(cls, conditions: Sequence[Token], around: frozenset[str]) -> _Tests:
        behind = [*(token.text for token in conditions[1:]), ""]
        found = {
            place: plain(token)
            for place, token in enumerate(conditions)
            if token.kind in ("word", "name") and behind[place] not in (".", "(")
        }
        return cls(
            around.union(found.values()),
            frozenset(name for place, name in found.items() if is_fixed(conditions, place)),
            around.union(name for place, name in found.items() if not is_first(conditions, place)),
        )


def _renamed(select: Sequence[Token], tested: frozenset[str]) -> frozenset[str]:
    """Return what a query reads for its columns that are tested around it."""
    items = _items(select) if tested else []
    columns = {
        name
        for expression, called in map(named, items)
        if called in tested and "OVER" not in {token.text for token in expression}
        for _, name in columns_in(expression)
    }
    return frozenset(columns) | (tested if any(map(is_star, items)) else frozenset())


def number_columns(tokens: Sequence[Token], numbers: frozenset[str]) -> frozenset[str]:
    """Return what a query's columns of invoice numbers are called, outside of it and within."""
    wanted = _Wanted(numbers)
    parts = [_bare(part) for part in _split(_commons(_bare(tokens), {})[1], SETS)]
    return numbers | {name for part in parts if part for _, name in _number_columns(part, wanted)}


def counted_rows(supply: Supply, is_place: Callable[[str], bool]) -> Iterator[Sequence[Token]]:
    """Yield columns that number all rows of a query, and that the other one's conditions name, as to turn pages.

    `is_place` tells which words are where a row lies in its table.
    """
    for part in _split(_commons(_bare(supply.tokens), {})[1], SETS):
        for place, item in enumerate(_items(part) if part else ()):
            expression, name = named(item)
            name = supply.columns[place] if place < len(supply.columns) else name
            counts = name in supply.tested and _counts(expression)
            lies = (
                name in supply.fixed and len(columns_in(expression)) == 1 and any(is_place(e.text) for e in expression)
            )
            if counts or lies or (supply.value and _adds_ones(expression) and _ranks_among(part, supply.tables)):
                yield item


def _counts(expression: Sequence[Token]) -> bool:
    """Whether it numbers all rows."""
    words = {token.text for token in expression if token.kind == "word"}
    ranks = words & _RANKS or ("ORDER" in words and _adds_ones(expression))
    over = bool(ranks) and "OVER" in words and "PARTITION" not in words
    return over or words == {"ROWNUM"} or _counts_up(expression)


def _ranks_among(select: Sequence[Token], tables: frozenset[str]) -> bool:
    """Whether a count is that of the rows of a table that come before another of its rows."""
    relations, conditions = _read_from(select)
    return not tables.isdisjoint(relation.name for relation in relations) and compares_order([*_own(conditions)])


def _counts_up(expression: Sequence[Token]) -> bool:
    """Whether it is MySQL's @n := @n + 1, and does not begin anew with each group."""
    texts = [token.text for token in expression]
    pairs = [*pairwise(texts)]
    adds = any(first == "+" and expression[place + 1].kind == "number" for place, (first, _) in enumerate(pairs))
    return (":", "=") in pairs and adds and not {"IF", "CASE"} & {*texts}


def _adds_ones(expression: Sequence[Token]) -> bool:
    """Whether it is a count, or a sum of a constant: over ordered rows their number, too."""
    texts = [token.text for token in expression]
    kinds = [token.kind for token in expression]
    return any(
        text == "COUNT" or (text == "SUM" and kinds[place + 2 : place + 3] == ["number"] and texts[place + 3] == ")")
        for place, text in enumerate(texts)
        if texts[place + 1 : place + 2] == ["("]
    )


# --- tokens -------------------------------------------------------------------------------------------------------


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


def _levels(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    """Yield the place of each token and how many parentheses it stands in; they themselves stand outside of them."""
    level = 0
    for place, token in enumerate(tokens):
        level -= token.kind == "mark" and token.text in (")", "]") and level > 0
        yield place, level
        level += token.kind == "mark" and token.text in ("(", "[")


def _at_level(tokens: Sequence[Token], words: frozenset[str]) -> Iterator[int]:
    """Yield where one of these words stands outside of parentheses, and is not the name of a column."""
    for place, level in _levels(tokens):
        is_word = level == 0 and tokens[place].kind == "word" and tokens[place].text in words
        if is_word and not (place and tokens[place - 1].text == "."):
            yield place


def _split(tokens: Sequence[Token], words: frozenset[str]) -> Iterator[Sequence[Token]]:
    begin = 0
    for place in _at_level(tokens, words):
        yield tokens[begin:place]
        begin = place + 1
    yield tokens[begin:]


def _closing(tokens: Sequence[Token], opened: int) -> int:
    """Return where the parenthesis that opens here is closed, the end if it is not."""
    inside = tokens[opened + 1 :]
    return next((opened + 1 + at for at, level in _ends(inside) if level < 0), len(tokens))


def _ends(tokens: Sequence[Token]) -> Iterator[tuple[int, int]]:
    level = 0
    for place, token in enumerate(tokens):
        if token.kind == "mark":
            level += (token.text in ("(", "[")) - (token.text in (")", "]"))
        yield place, level


def _own(tokens: Sequence[Token]) -> Iterator[Token]:
    """Yield the tokens that stand in no query within."""
    place = 0
    while place < len(tokens):
        if tokens[place].text == "(" and _is_query(tokens[place + 1 : place + 3]):
            place = _closing(tokens, place)
        yield from tokens[place : place + 1]
        place += 1


def _bare(tokens: Sequence[Token]) -> Sequence[Token]:
    """Return a query without parentheses around all of it."""
    while tokens and tokens[0].kind == "mark" and tokens[0].text == "(" and _closing(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


# --- the parts of a SELECT ----------------------------------------------------------------------------------------


def _commons(tokens: Sequence[Token], scope: Mapping[str, _Common]) -> tuple[Mapping[str, _Common], Sequence[Token]]:
    """Return the common table expressions in sight of a query, and the query without its WITH."""
    if tokens[0].text != "WITH" or tokens[0].kind != "word":
        return scope, tokens
    place = 2 if len(tokens) > 1 and tokens[1].text == "RECURSIVE" else 1
    while place < len(tokens) and tokens[place].kind in ("word", "name"):
        name, columns, place = plain(tokens[place]), list[str](), place + 1
        if place < len(tokens) and tokens[place].text == "(":
            end = _closing(tokens, place)
            columns, place = [each for _, each in columns_in(tokens[place + 1 : end])], end + 1
        # AS, and PostgreSQL's NOT MATERIALIZED.
        while place < len(tokens) and tokens[place].kind == "word":
            place += 1
        end = _closing(tokens, place)
        scope = {**scope, name: _Common(tokens[place + 1 : end], columns, scope)}
        place = end + 1
        if place >= len(tokens) or tokens[place].text != ",":
            break
        place += 1
    return scope, tokens[place:]


def _items(select: Sequence[Token]) -> list[Sequence[Token]]:
    """Return what a SELECT selects, column by column."""
    if select[0].text != "SELECT":
        return []
    selected = next(_split(select[1:], _BEHIND_FROM | {"FROM"}), ())
    while selected and selected[0].text in ("DISTINCT", "ALL", "DISTINCTROW", "UNIQUE"):
        selected = selected[1:]
    if len(selected) > 1 and (selected[0].text, selected[1].text) == ("ON", "("):
        selected = selected[_closing(selected, 1) + 1 :]
    found, begin = list[Sequence[Token]](), 0
    for place, level in _levels(selected):
        if level == 0 and selected[place].text == "," and selected[place].kind == "mark":
            found.append(selected[begin:place])
            begin = place + 1
    return [*found, selected[begin:]]


def _places(select: Sequence[Token], names: frozenset[str]) -> frozenset[int]:
    items = _items(select)
    if any(map(is_star, items)):
        return frozenset()
    return frozenset(n for n, item in enumerate(items) if named(item)[1] in names)


def _number_columns(select: Sequence[Token], wanted: _Wanted) -> list[tuple[str, str]]:
    """Return the columns that the invoices' numbers are made of, each with the name of its table if it is there."""
    items = _items(select)
    if not items:  # TABLE t, FROM t
        return [("", name) for name in wanted.names]
    found = [
        column
        for n, item in enumerate(items)
        if n in wanted.places or (not wanted.places and named(item)[1] in wanted.names)
        for column in columns_in(named(item)[0])
    ]
    stars = [item for item in items if is_star(item)] if not found else []
    return found + [
        (plain(star[0]) if len(star) > 2 and star[1].text == "." else "", name)
        for star in stars
        for name in wanted.names
    ]


def _read_from(select: Sequence[Token]) -> tuple[list[_Relation], Sequence[Token]]:
    """Return the relations of a SELECT, and the tokens in which its conditions on rows stand."""
    if select[0].text == "TABLE":
        return [*_relations(select[1:])], ()
    begin = next(_at_level(select, frozenset(["FROM"])), None)
    if begin is None:
        return [], ()
    behind = select[begin + 1 :]
    joined, *clauses = _split(behind, _BEHIND_FROM)
    # Of the clauses behind FROM, WHERE and HAVING hold conditions.
    words = [behind[place].text for place in _at_level(behind, _BEHIND_FROM)]
    conditions = [clause for word, clause in zip(words, clauses, strict=True) if word in ("WHERE", "HAVING")]
    return [*_relations(joined)], [*joined, *chain.from_iterable([_WHERE, *clause] for clause in conditions)]


def _relations(tokens: Sequence[Token]) -> Iterator[_Relation]:
    """Yield what is joined in FROM, in parentheses too."""
    place, expected, is_kept = 0, True, False
    while place < len(tokens):
        token = tokens[place]
        if token.kind == "word" and token.text in _JOINS:
            expected, is_kept = True, any(each.text in ("RIGHT", "FULL") for each in tokens[max(0, place - 3) : place])
        elif token.kind == "mark" and token.text == ",":
            expected, is_kept = True, False
        elif expected and not (token.kind == "word" and token.text in ("LATERAL", "ONLY")):
            found, place = _relation(tokens, place, is_kept=is_kept)
            yield from found
            expected = False
        elif token.kind == "mark" and token.text == "(":
            place = _closing(tokens, place)
        place += 1


def _relation(tokens: Sequence[Token], place: int, *, is_kept: bool) -> tuple[list[_Relation], int]:
    """Return what stands here: a table, a query, or several in parentheses; and its last place."""
    if tokens[place].text == "(" and tokens[place].kind == "mark":
        end = _closing(tokens, place)
        inside = tokens[place + 1 : end]
        if not _is_query(inside):
            return [*_relations(inside)], end
        alias, columns, place = _alias(tokens, end + 1)
        return [_Relation(alias, columns, "", inside, is_kept)], place
    while place + 2 < len(tokens) and tokens[place + 1].text == ".":
        place += 2
    name, behind = plain(tokens[place]), place + 1
    # What a function returns has its own columns.
    if behind < len(tokens) and tokens[behind].text == "(":
        name, behind = "", _closing(tokens, behind) + 1
    alias, columns, place = _alias(tokens, behind)
    return [_Relation(alias or name, columns, name, None, is_kept)], place


def _is_query(tokens: Sequence[Token]) -> bool:
    tokens = _bare(tokens)
    while tokens and tokens[0].text == "(":
        tokens = tokens[1:]
    # DuckDB takes FROM without SELECT.
    return bool(tokens) and tokens[0].kind == "word" and tokens[0].text in (*QUERIES, "FROM")


def _is_whole_query(tokens: Sequence[Token]) -> bool:
    """Whether this is a query, and no list of which the first is one."""
    if not tokens or tokens[0].text != "(":
        return _is_query(tokens)
    behind = tokens[_closing(tokens, 0) + 1 :]
    return _is_query(tokens) and (not behind or behind[0].text in _BEHIND_QUERY)


def _alias(tokens: Sequence[Token], place: int) -> tuple[str, Sequence[str], int]:
    """Return what a relation is called, what its columns are, and the last place of that."""
    if place < len(tokens) and tokens[place].text == "AS":
        place += 1
    if place >= len(tokens) or tokens[place].kind not in ("word", "name") or tokens[place].text in _BEHIND_RELATION:
        return "", (), place - 1
    alias, columns = plain(tokens[place]), tuple[str, ...]()
    if place + 1 < len(tokens) and tokens[place + 1].text == "(":
        end = _closing(tokens, place + 1)
        columns, place = tuple(name for _, name in columns_in(tokens[place + 2 : end])), end
    return alias, columns, place


def _asked(tokens: Sequence[Token]) -> Iterator[tuple[Sequence[Token], bool]]:
    """Yield the queries in conditions, and whether they are asked for all of their rows.

    EXISTS asks for one row, and others for one value, so that their own limit drops nothing, but one in what they
    read from does. NOT makes no difference: NOT IN leaves out what its query finds, such as the last hundred.
    """
    place, joined = 0, True
    while place < len(tokens):
        joined = joined and tokens[place] is not _WHERE
        closing = _closing(tokens, place) if tokens[place].text == "(" else place
        if _is_whole_query(tokens[place + 1 : closing]):
            before = place - 1
            while before >= 0 and tokens[before].text == "(":
                before -= 1
            word = tokens[before].text if before >= 0 else ","
            if not (joined and word in _BEFORE_RELATION):
                yield _bare(tokens[place + 1 : closing]), word in _ASKS_ALL
            place = closing
        place += 1
