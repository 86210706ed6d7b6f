"""Which queries within a query decide on its rows: derived tables, common table expressions, and what conditions ask.

What these leave out is missing from the answer as silently as what the query itself leaves out. A subquery that is
selected is not among them: it supplies a value and no row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from arfeed_connectors.sql.text.conditions import compares_order, is_first, is_fixed
from arfeed_connectors.sql.text.lexing import Token
from arfeed_connectors.sql.text.names import fold_name
from arfeed_connectors.sql.text.nesting import find_levels
from arfeed_connectors.sql.text.selects import (
    BEHIND_FROM,
    SETS,
    Common,
    columns_in,
    find_asked,
    find_words,
    is_star,
    list_items,
    named,
    plain,
    read_commons,
    read_from,
    skip_subqueries,
    split_at,
    split_sets,
    strip_parentheses,
)

_RANKS = frozenset(("ROW_NUMBER", "RANK", "DENSE_RANK", "PERCENT_RANK", "CUME_DIST", "NTILE"))
_DEEPEST = 100
_TOO_DEEP = f"its queries or parentheses are nested more than {_DEEPEST} deep; turn some into views"


class Supply(NamedTuple):
    """A query that supplies rows to another; `numbers` are the names of its columns that hold invoice numbers.

    `joined`: it is joined to the rows, or asked by a condition, and does not supply them itself; `numbers` are also
    what it is joined by then. `value`: only its one value counts, or whether it has any row. `columns` are the names
    that the other gives to its columns, if it does, `tested` those that the other's conditions name, and `fixed` those
    that they compare with constants. `tables` are those that the other reads, `name` what it calls this one.
    """

    tokens: Sequence[Token]
    numbers: frozenset[str]
    joined: bool
    columns: Sequence[str] = ()
    tested: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    value: bool = False
    tables: frozenset[str] = frozenset()
    name: str = ""


def find_supplying_queries(tokens: Sequence[Token], number: str) -> Iterator[Supply]:
    """Yield the queries that supply the rows of this one, however deep; `number` is its column of invoice numbers.


    Raise `ValueError` if they stand too deep in each other to be followed.
    """
    if max((level for _, level in find_levels(tokens)), default=0) > _DEEPEST:
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


@dataclass(slots=True)
class _Followed:
    """The queries that were followed already: one that many others read is looked at once."""

    seen: set[tuple[int, _Wanted]] = field(default_factory=set)

    def query(
        self, tokens: Sequence[Token], wanted: _Wanted, scope: Mapping[str, Common], depth: int
    ) -> Iterator[Supply]:
        """Yield what supplies a query, part by part of its UNION."""
        tokens = strip_parentheses(tokens)
        if not tokens or (tokens[0].start, wanted) in self.seen:
            return
        self.seen.add((tokens[0].start, wanted))
        if depth > _DEEPEST:
            raise ValueError(_TOO_DEEP)
        scope, tokens = read_commons(tokens, scope)
        for part in split_at(tokens, SETS):
            # Behind UNION may stand ALL or DISTINCT.
            select = strip_parentheses(part[1:] if part and part[0].text in ("ALL", "DISTINCT") else part)
            if select and (select[0].text == "WITH" or any(find_words(select, SETS))):
                yield from self.query(select, wanted, scope, depth + 1)
            elif select:
                wanted = wanted._replace(places=wanted.places or _places(select, wanted.names))
                yield from self._select(select, wanted, scope, depth)

    def _select(
        self, select: Sequence[Token], wanted: _Wanted, scope: Mapping[str, Common], depth: int
    ) -> Iterator[Supply]:
        columns = _number_columns(select, wanted)
        relations, conditions = read_from(select)
        own = [*skip_subqueries(conditions)]
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
            yield Supply(found, names | by, joined, renamed, tested, tests.fixed, name=relation.name)
            yield from self.query(found, inner, its_scope, depth + 1)
        refs = frozenset(name for _, name in columns)
        for asked, whole in find_asked(conditions):
            chosen = frozenset(
                name for item in list_items(strip_parentheses(asked)) for _, name in columns_in(named(item)[0])
            )
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
    items = list_items(select) if tested else []
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
    parts = [*map(strip_parentheses, split_sets(tokens))]
    return numbers | {name for part in parts if part for _, name in _number_columns(part, wanted)}


def find_number_columns(select: Sequence[Token], numbers: frozenset[str]) -> list[tuple[str, str]]:
    """Return the columns that one SELECT's numbers are made of, each with its table's name if that is there."""
    return _number_columns(select, _Wanted(numbers))


def counted_rows(supply: Supply, is_place: Callable[[str], bool]) -> Iterator[Sequence[Token]]:
    """Yield columns that number all rows of a query, and that the other one's conditions name, as to turn pages.

    `is_place` tells which words are where a row lies in its table.
    """
    for part in split_sets(supply.tokens):
        for place, item in enumerate(list_items(part) if part else ()):
            expression, name = named(item)
            name = supply.columns[place] if place < len(supply.columns) else name
            counts = name in supply.tested and _counts(expression)
            lies = (
                name in supply.fixed and len(columns_in(expression)) == 1 and any(is_place(e.text) for e in expression)
            )
            if counts or lies or (supply.value and _adds_ones(expression) and _ranks_among(part, supply.tables)):
                yield item


def ranked_by_join(tokens: Sequence[Token]) -> Iterator[Sequence[Token]]:
    """Yield conditions on how many rows of a table come before, counted in a join with itself: HAVING COUNT(*) < 9.

    A count of rows that belong together, by columns that are equal, leaves each group its first ones and is taken.
    """
    for part in split_sets(tokens):
        begin = next(find_words(part, frozenset(["HAVING"])), None)
        if begin is None:
            continue
        having = next(iter(split_at(part[begin + 1 :], BEHIND_FROM)))
        relations, conditions = read_from(part[:begin])
        names = [relation.name for relation in relations]
        counted = _adds_ones(having) and any(token.text in "<>=" for token in having)
        if counted and len({*names}) < len(names) and compares_order([*skip_subqueries(conditions)]):
            yield part[begin : begin + 1 + len(having)]


def _counts(expression: Sequence[Token]) -> bool:
    """Whether it numbers all rows."""
    words = {token.text for token in expression if token.kind == "word"}
    ranks = words & _RANKS or ("ORDER" in words and _adds_ones(expression))
    over = bool(ranks) and "OVER" in words and "PARTITION" not in words
    return over or words == {"ROWNUM"} or _counts_up(expression)


def _ranks_among(select: Sequence[Token], tables: frozenset[str]) -> bool:
    """Whether a count is that of the rows of a table that come before another of its rows."""
    relations, conditions = read_from(select)
    return not tables.isdisjoint(relation.name for relation in relations) and compares_order(
        [*skip_subqueries(conditions)]
    )


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


def _places(select: Sequence[Token], names: frozenset[str]) -> frozenset[int]:
    items = list_items(select)
    if any(map(is_star, items)):
        return frozenset()
    return frozenset(n for n, item in enumerate(items) if named(item)[1] in names)


def _number_columns(select: Sequence[Token], wanted: _Wanted) -> list[tuple[str, str]]:
    """Return the columns that the invoices' numbers are made of, each with the name of its table if it is there."""
    items = list_items(select)
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
