"""Slips that lenient databases take without a word: a text that counts as 0, and a group of which one row is listed.

MySQL, MariaDB and SQLite make a number of any text, and SQLite makes a text of a quoted name that is not a column. So
`total - "payd"` is the whole total there, delivered as owed. Both also take columns beside GROUP BY that it does not
name, and show those of any one row. Other databases refuse all of that themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arfeed import SourceError
from arfeed_connectors.sql.statements import select_from
from arfeed_connectors.sql.text.lexing import Token, readings
from arfeed_connectors.sql.text.names import fold_name
from arfeed_connectors.sql.text.selects import KEYS, columns_in, is_star, named
from arfeed_connectors.sql.text.supply import find_supplying_queries

if TYPE_CHECKING:
    import sqlalchemy as sa

_LENIENT = frozenset(("mysql", "mariadb", "sqlite"))

# What does not begin with a number counts as 0. Texts of numbers and of days are calculated with on purpose.
_NUMBER = re.compile(r"\s*[+-]?\.?\d|\s*$")
_ARITHMETIC = "+-*/%"
_COMPARES = "=<>!"
_TESTS = frozenset(("IS", "IN", "NOT", "LIKE", "BETWEEN", "GLOB", "REGEXP", "RLIKE"))
_OF_NUMBERS = frozenset(("COALESCE", "IFNULL", "NVL", "SUM", "AVG", "ROUND", "ABS", "GREATEST", "LEAST"))
_BEFORE_OPERAND = frozenset(
    ("SELECT", "WHERE", "AND", "OR", "NOT", "ON", "HAVING", "WHEN", "THEN", "ELSE", "BY", "XOR")
)

_AGGREGATES = frozenset(("MIN", "MAX", "GROUP_CONCAT", "STRING_AGG", "ANY_VALUE", "FIRST_VALUE", "LAST_VALUE"))
_BEHIND_GROUPS = frozenset(("HAVING", "ORDER", "LIMIT", "WINDOW", "WITH", "UNION", "EXCEPT", "INTERSECT", "FOR"))


def refuse_slips(connection: sa.Connection, query: str, ref: str, source: str, setting: str = "query") -> None:
    """Raise `SourceError` for a slip in the user's own query; `ref` is the header of invoice numbers there."""
    database = connection.dialect.name
    if database not in _LENIENT:
        return
    if database == "sqlite":
        tokens, pipes = _with_texts(connection, query), True
    else:
        modes = str(connection.exec_driver_sql("SELECT @@sql_mode").scalar()).split(",")
        # The last reading takes "…" for a name, as the server does then.
        tokens = [*readings(query, database)][-1 if "ANSI_QUOTES" in modes else 0]
        pipes = "PIPES_AS_CONCAT" in modes
    found = _find_text(tokens, pipes=pipes) or _find_groups(query, tokens, ref)
    if found:
        raise SourceError(f"{source}: `{setting}` {found}")


def _with_texts(connection: sa.Connection, query: str) -> list[Token]:
    """Return the tokens of a query for SQLite, in which names that are not columns are the texts it takes them for."""
    import sqlalchemy as sa

    tokens = next(readings(query, "sqlite"))
    quoted = {token.text for token in tokens if token.kind == "name" and token.text.startswith('"')}
    texts = set[str]()
    # Asked with `…` instead, which is a name and nothing else; each answer names one that is none.
    while quoted - texts:
        try:
            select_from(connection, _in_backquotes(query, tokens, quoted - texts), "*", "WHERE 1 = 0").close()
            break
        except sa.exc.OperationalError as exc:
            no_column = re.search(r"no such column: (.+)", str(exc.orig))
            found = {text for text in quoted - texts if no_column and _bare(text) == no_column[1].strip()}
            if not found:
                break
            texts |= found
    return [token._replace(kind="text") if token.text in texts else token for token in tokens]


def _in_backquotes(query: str, tokens: Sequence[Token], names: set[str]) -> str:
    pieces, written = list[str](), 0
    for token in tokens:
        if token.text in names:
            pieces += [query[written : token.start], "`" + _bare(token.text).replace("`", "``") + "`"]
            written = token.end
    return "".join([*pieces, query[written:]])


def _bare(quoted: str) -> str:
    mark = quoted[0]
    return quoted[1:-1].replace(mark * 2, mark)


def _find_text(tokens: Sequence[Token], *, pipes: bool) -> str | None:
    """Return which text is calculated with, or compared as if it were a column. `pipes`: || joins texts."""
    ends = [Token("mark", "", 0, 0)] * 3
    padded = [*ends, *tokens, *ends]
    for place, token in enumerate(padded[3:-3], 3):
        if token.kind != "text":
            continue
        earlier, before, after, later = padded[place - 2], padded[place - 1], padded[place + 1], padded[place + 2]
        if not pipes and "||" in (earlier.text + before.text, after.text + later.text):
            return f"says {token.text} beside ||, which is OR in this database and gives 0 or 1; write CONCAT(…, …)"
        if _NUMBER.match(token.text[1:-1]):
            continue
        # Behind a word such as DATE or INTERVAL it is a value of that type; behind -> it is a path in JSON.
        alone = before.kind == "mark" or before.text in _BEFORE_OPERAND
        begins = alone and before.text not in (*_COMPARES, ">")
        if (_is(before, _ARITHMETIC) and not _is_star(padded, place - 1)) or (alone and _is(after, _ARITHMETIC)):
            if later.text == "INTERVAL" or before.text == ">":
                continue
            return (
                f"calculates with the text {token.text}, which counts as 0 there; if it is a column, write it without "
                "quotes and as it is spelt in the table; if texts are to be joined, write CONCAT(…, …), or || in SQLite"
            )
        if before.text == "(" and earlier.text in _OF_NUMBERS and after.text in (",", ")"):
            return f"says {earlier.text}({token.text} …, a constant text; write a column without quotes"
        if begins and before.text not in "(," and (_is(after, _COMPARES) or after.text in _TESTS):
            return (
                f"compares the text {token.text} as if it were a column, so that all rows pass, or none; write the "
                "column without quotes and as it is spelt in the table"
            )
    return None


def _is(token: Token, marks: str) -> bool:
    return token.kind == "mark" and token.text != "" and token.text in marks


def _is_star(padded: Sequence[Token], place: int) -> bool:
    """Whether it is the * of all columns."""
    before = padded[place - 1]
    return padded[place].text == "*" and (before.text in ("SELECT", "DISTINCT", ".", ",", "("))


def _find_groups(query: str, tokens: Sequence[Token], ref: str) -> str | None:
    """Return which GROUP BY leaves invoices out, of the query or of one that it reads its rows from."""
    if found := _find_group(query, tokens, frozenset({fold_name(ref)})):
        return found
    inner = (
        _find_group(query, supply.tokens, supply.numbers)
        for supply in find_supplying_queries(tokens, ref)
        if not supply.joined
    )
    return next(filter(None, inner), None)


def _find_group(query: str, tokens: Sequence[Token], numbers: frozenset[str]) -> str | None:
    """Return which GROUP BY leaves invoices out: each group is one row, and the number is not among what it groups by.

    `numbers` are the names that a column of invoice numbers may have.
    """
    for items, groups in _selects(tokens):
        number, (expression, ref) = next(
            ((n, (e, name)) for n, (e, name) in enumerate(map(named, items), 1) if name in numbers), (0, ([], ""))
        )
        star = next((item for item in items if is_star(item)), None)
        if star and not expression and numbers:
            ref = min(numbers)
            expression = [*star[:-1], star[-1]._replace(kind="word", text=ref)]
        if not expression or not groups or expression[0].text in _AGGREGATES:
            continue
        if not columns_in(expression) or any(_covers(group, number, expression, ref) for group in groups):
            continue
        by = query[groups[0][0].start : groups[-1][-1].end]
        shown = ref if star and not number else query[expression[0].start : expression[-1].end]
        return (
            f"groups by {by} and lists one {ref} of each group, whichever the database comes upon, and the others are "
            f"left out; add {shown} to GROUP BY, which changes nothing if each group is one invoice"
        )
    return None


def _selects(tokens: Sequence[Token]) -> Iterator[tuple[list[list[Token]], list[list[Token]]]]:
    """Yield for each SELECT that is not in parentheses its columns and what it groups by."""
    items, groups, part, depth = list[list[Token]](), list[list[Token]](), "", 0
    for place, token in enumerate(tokens):
        depth -= token.text == ")" and token.kind == "mark"
        word = token.text if token.kind == "word" and depth == 0 else ""
        if word == "SELECT":
            if items:
                yield items, groups
            items, groups, part = [[]], [], "items"
        elif word == "FROM":
            part = ""
        elif word == "BY" and place and tokens[place - 1].text == "GROUP":
            groups, part = [[]], "groups"
        elif word in _BEHIND_GROUPS and part == "groups":
            part = ""
        elif part and not (word in ("DISTINCT", "ALL", "GROUP") and not items[-1]):
            into = items if part == "items" else groups
            if token.text == "," and token.kind == "mark" and depth == 0:
                into.append([])
            else:
                into[-1].append(token)
        depth += token.text == "(" and token.kind == "mark"
    if items:
        yield items, groups


def _covers(group: Sequence[Token], number: int, expression: Sequence[Token], ref: str) -> bool:
    """Whether rows of one group have one number: it is by the number, or by the key of the number's table."""
    if [token.text for token in group] == [str(number)] or columns_in(group)[-1:] == [("", fold_name(ref))]:
        return True
    named, mine = columns_in(expression), columns_in(group)
    for table, column in mine:
        tables = {of for of, _ in named}
        near = not table or "" in tables or table in tables
        if near and (column in KEYS or column in {name for _, name in named}):
            return True
    return False
