"""What a query leaves out on purpose, or so it seems: by a join, by a list of keys, by counting so far and no further.

An honest query may do each of these, so nothing is refused. It is described once, before the first delivery.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from arfeed_connectors.sql.text.conditions import is_fixed
from arfeed_connectors.sql.text.lexing import Token, readings
from arfeed_connectors.sql.text.names import fold_name
from arfeed_connectors.sql.text.nesting import find_closing
from arfeed_connectors.sql.text.selects import (
    KEYS,
    SETS,
    Relation,
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
from arfeed_connectors.sql.text.supply import Supply, find_number_columns, find_supplying_queries

_MAY_BE_NULL = frozenset(("IS", "OR", "NOT", "COALESCE", "IFNULL", "NVL", "ISNULL", "IIF", "IF", "CASE", "DECODE"))
_ALWAYS_ONE = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG"))
_MANY = SETS | {"GROUP", "OVER"}
_NOTHING = frozenset(("0", "1", "''"))
_MOST = 60
_AND = frozenset(["AND"])
_BEHIND_WHERE = frozenset(("GROUP", "HAVING", "ORDER", "WINDOW", "LIMIT"))


def describe_omissions(query: str, database: str, number: str) -> list[str]:
    """Return sentences on what the query leaves out beyond its plain conditions; `number` is its invoice number."""
    found = dict[str, None]()
    tokens = next(readings(query, database))
    for supply in _supplies(tokens, number):
        for select in _selects(supply):
            if supply.name and (counter := _find_counter(select, supply.name)):
                said = _shown(query, counter)
                found[
                    f"the rows of {supply.name} are counted up, and only as far as {said}: later ones are left out"
                ] = None
            if supply.joined or not supply.numbers:
                continue
            relations, conditions = read_from(select)
            mine = _find_relation_of_number(select, supply.numbers, relations)
            if without := list(dict.fromkeys(_required(select, relations, conditions, mine))):
                found[
                    f"only documents that have a row in {' and in '.join(without)} are listed; if others may be open, "
                    "too, write LEFT JOIN, with its conditions behind ON"
                ] = None
            for chosen in _keys_chosen(select, supply, relations, conditions, mine):
                found[
                    f"documents are chosen by their numbers or keys, {_shown(query, chosen)}: what is invoiced later "
                    "may be left out"
                ] = None
    return [*found]


def find_own_relation(query: str, database: str, number: str, column: str) -> tuple[str, str, set[str]] | None:
    """Return the table that the numbers come from, as it is written, if a column's value does not come from there.

    With it what the query selects as that column, "" if it has none, and all names of columns in the query. None if
    the column comes from that table, or if numbers come from no table, or from several.
    """
    tokens = next(readings(query, database))
    found = list[tuple[str, str]]()
    for supply in _supplies(tokens, number):
        for select in _selects(supply) if supply.numbers and not supply.joined else ():
            relations, _ = read_from(select)
            mine = _find_relation_of_number(select, supply.numbers, relations)
            if mine is None or not mine.written:
                continue
            item = next((item for item in list_items(select) if named(item)[1] == fold_name(column)), ())
            columns = columns_in(named(item)[0]) if item else []
            starred = not item and any(map(is_star, list_items(select)))
            if starred or any(of in ("", mine.alias) for of, _ in columns):
                return None
            said = query[item[0].start : item[-1].end] if item else ""
            found.append((query[mine.written[0].start : mine.written[-1].end], said))
    if len(found) != 1:
        return None
    return *found[0], {name for _, name in columns_in(tokens)}


def _supplies(tokens: Sequence[Token], number: str) -> Iterator[Supply]:
    yield Supply(tokens, frozenset({fold_name(number)}), joined=False)
    yield from find_supplying_queries(tokens, number)


def _selects(supply: Supply) -> Iterator[Sequence[Token]]:
    """Yield the SELECTs of a query, part by part of its UNION."""
    for part in split_sets(supply.tokens):
        select = strip_parentheses(part[1:] if part and part[0].text in ("ALL", "DISTINCT") else part)
        if select and select[0].text in ("SELECT", "TABLE"):
            yield select


def _find_relation_of_number(
    select: Sequence[Token], numbers: frozenset[str], relations: Sequence[Relation]
) -> Relation | None:
    """Return where the number comes from: the relation that is named before it, else the first."""
    aliases = [alias for alias, _ in find_number_columns(select, numbers) if alias]
    named = (relation for relation in relations if relation.alias in aliases)
    return next(named, relations[0] if relations else None)


def _required(
    select: Sequence[Token], relations: Sequence[Relation], conditions: Sequence[Token], mine: Relation | None
) -> Iterator[str]:
    """Yield the relations without a row of which a document is not listed."""
    own = [*skip_subqueries(conditions)]
    tested = {alias for alias, _ in columns_in(own)}
    words = {token.text for token in own}
    begin = next(find_words(select, frozenset(["WHERE"])), None)
    where = [*skip_subqueries(next(split_at(select[begin + 1 :], _BEHIND_WHERE)))] if begin is not None else []
    kept = mine is not None and mine.is_kept
    for place, relation in enumerate(relations):
        shown = relation.name or relation.alias
        if relation is mine or not shown or (kept and place < relations.index(mine or relation)):
            continue
        compared = relation.alias in tested or bool(words & {"USING", "NATURAL"}) or tested == {""}
        always = relation.query is not None and _gives_one_row(relation.query)
        if relation.join in ("", ",", "INNER", "CROSS"):
            if compared and not always:
                yield shown
        elif relation.join == "LEFT" and any(_tests(part, relation.alias) for part in split_at(where, _AND)):
            yield shown


def _gives_one_row(query: Sequence[Token]) -> bool:
    """Whether it is one row of totals, or one of constants, and so never absent."""
    texts = {token.text for token in query if token.kind == "word"}
    if "SELECT" not in texts or texts & _MANY:
        return False
    return "FROM" not in texts or bool(texts & _ALWAYS_ONE)


def _tests(part: Sequence[Token], alias: str) -> bool:
    """Whether a condition is never true of a row that a LEFT JOIN has filled with NULL."""
    return alias in {of for of, _ in columns_in(part)} and not {token.text for token in part} & _MAY_BE_NULL


def _keys_chosen(
    select: Sequence[Token],
    supply: Supply,
    relations: Sequence[Relation],
    conditions: Sequence[Token],
    mine: Relation | None,
) -> Iterator[Sequence[Token]]:
    """Yield conditions that compare the key of the documents, or their number, with constants."""
    alias = mine.alias if mine else ""
    numbers = {name for of, name in find_number_columns(select, supply.numbers) if of in ("", alias)}
    known = numbers | KEYS

    def is_key(tokens: Sequence[Token], place: int) -> bool:
        token, before = tokens[place], tokens[place - 1].text if place else ""
        of = plain(tokens[place - 2]) if before == "." and place > 1 else ""
        own = of == alias or (not of and len(relations) == 1)
        return token.kind in ("word", "name") and own and plain(token) in known

    own = [*skip_subqueries(conditions)]
    for place in range(len(own)):
        if is_key(own, place) and (end := _compared(own, place)) and is_fixed(own, place):
            yield own[_begin(own, place) : end]
    starts = {token.start: place for place, token in enumerate(conditions)}
    for asked, whole in find_asked(conditions):
        place = starts[asked[0].start] - 1
        while place > 0 and conditions[place].text in ("(", "IN", "=", "ANY"):
            place -= 1
        if whole and not _reads_a_table(asked) and is_key(conditions, place):
            yield conditions[_begin(conditions, place) : starts[asked[0].start] + len(asked) + 1]


def _begin(tokens: Sequence[Token], place: int) -> int:
    """Return where a column begins, with its table's name if that is there."""
    return place - 2 if place > 1 and tokens[place - 1].text == "." else place


def _compared(tokens: Sequence[Token], place: int) -> int:
    """Return where a comparison ends that few keys pass; 0 if none stands here, or one that all but a few pass."""
    words = [token.text for token in tokens[place + 1 : place + 4]] + ["", "", ""]
    before = tokens[place - 1].text if place else ""
    if before == "." and place > 2:
        before = tokens[place - 3].text
    if words[0] == "IN":
        return min(find_closing(tokens, place + 2) + 1, len(tokens)) if words[1] == "(" else 0
    if words[0] == "BETWEEN":
        return min(place + 5, len(tokens))
    if words[0] == "=" or (words[0] in ("%", "&") and words[2]):
        return min(place + 3, len(tokens))
    if words[0] in ("<", ">") and words[1] != ">":
        bound = words[2] if words[1] == "=" else words[1]
        above = words[0] == ">" and bound in _NOTHING
        return 0 if above or not bound else min(place + (4 if words[1] == "=" else 3), len(tokens))
    return place + 1 if before in ("<", ">", "=") and tokens[place - 2].text not in ("<", ">") else 0


def _reads_a_table(query: Sequence[Token]) -> bool:
    scope, _ = read_commons(strip_parentheses(query), {})
    parts = map(strip_parentheses, split_sets(query))
    relations = [relation for part in parts if part for relation in read_from(part)[0]]
    return bool(scope) or any(relation.name or relation.query for relation in relations)


def _find_counter(select: Sequence[Token], name: str) -> Sequence[Token] | None:
    """Return the condition up to which a recursive query counts: n < 10."""
    relations, conditions = read_from(select)
    if name not in {relation.name for relation in relations}:
        return None
    counts = any((one.text, other.kind) == ("+", "number") for one, other in pairwise(select))
    own = [*skip_subqueries(conditions)]
    for place, token in enumerate(own[:-1] if counts else ()):
        if token.kind in ("word", "name") and own[place + 1].text == "<" and is_fixed(own, place):
            return own[_begin(own, place) : place + 3 + (own[place + 2].text == "=")]
    return None


def _shown(query: str, tokens: Sequence[Token]) -> str:
    said = " ".join(query[tokens[0].start : tokens[-1].end].split())
    return said if len(said) <= _MOST else f"{said[:_MOST]}…"
