"""The parts of a query that leave rows out beyond its conditions, in every dialect that we know of.

The database then counts and sums only what is left, so its control agrees with the truncated list. The query itself is
examined, with every part of a UNION, and so is every query that it reads its rows from or asks in a condition. A window
may say what it likes, and so may a subquery that is selected; one that is joined may give one row.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from arfeed_connectors.sql.text.conditions import is_fixed, is_place
from arfeed_connectors.sql.text.lexing import Token, readings
from arfeed_connectors.sql.text.portions import find_portion
from arfeed_connectors.sql.text.selects import KEYS, QUERIES, SETS, columns_in
from arfeed_connectors.sql.text.slices import find_slice
from arfeed_connectors.sql.text.supply import (
    Supply,
    counted_rows,
    find_supplying_queries,
    number_columns,
    ranked_by_join,
)

_WANTS_OPERAND = frozenset(
    {
        *("SELECT", "DISTINCT", "DISTINCTROW", "UNIQUE", "ALL", "FROM", "JOIN", "APPLY", "AS", "WITH", "BY", "PRIOR"),
        *("WHERE", "ON", "HAVING", "CASE", "WHEN", "THEN", "ELSE", "AND", "OR", "XOR", "NOT", "BETWEEN", "IN", "IS"),
        *("LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "ESCAPE", "DIV", "MOD"),
    }
)
"""Words that a column may follow, so that a `limit` behind them is the name of one."""

_MAY_BE_NAMES = frozenset(
    ("APPLY", "PRIOR", "LIKE", "ILIKE", "RLIKE", "REGEXP", "SIMILAR", "ESCAPE", "DIV", "MOD", "XOR", "UNIQUE")
)
"""Those of them that are columns themselves where one is to follow: ORDER BY mod LIMIT 5."""

_AFTER_ALIAS = frozenset(
    {
        *(
            "FROM",
            "JOIN",
            "INNER",
            "LEFT",
            "RIGHT",
            "FULL",
            "OUTER",
            "CROSS",
            "NATURAL",
            "STRAIGHT_JOIN",
            "ON",
            "USING",
        ),
        *("WHERE", "GROUP", "ORDER", "HAVING", "WINDOW", "FOR", "INTO", "CONNECT", "START", "PIVOT", "UNPIVOT"),
        *("UNION", "EXCEPT", "MINUS", "INTERSECT", "AS", "AND", "OR", "WHEN", "THEN", "ELSE", "END"),
    }
)
"""Words behind a column or a table, so that what stands before is its name."""

_CONDITIONS = frozenset(("WHERE", "ON", "HAVING", "CONNECT"))
_CLAUSES = frozenset(("SELECT", "FROM", "GROUP", "ORDER", *_CONDITIONS))
_SAMPLED_BY = frozenset(("BLOCK", "ROW", "ROWS", "SYSTEM", "BERNOULLI", "RESERVOIR", "RANDOMIZED"))
_BEFORE_TOP = frozenset(("ALL", "DISTINCT", "DISTINCTROW", "UNIQUE"))
_DIRTY = frozenset(("NOLOCK", "READUNCOMMITTED"))
_FETCHED = frozenset(("FIRST", "NEXT"))
_CUTS_ANSWER = frozenset(("LIMIT", "FETCH", "TOP", "FIRST", "ROWS", "ROWNUM", "ON", "QUALIFY"))
"""Of a query that gives one value, or is asked whether there is any row, only which row that is."""

_BY_CHANCE = frozenset(("RAND", "RANDOM", "NEWID"))
_MOST = 40


def find_row_limit(query: str, database: str | None = None, number: str = "invoice_ref") -> str | None:
    """Return what cuts the query's answer short, as it is written there, or None.

    `database` is SQLAlchemy's name of it, `number` the query's column of invoice numbers. Raise `ValueError` if a text
    or a comment of the query has no end.
    """
    for tokens in readings(query, database):
        for first, last in _Query(tokens, database).limits():
            return _shown(query[tokens[first].start : tokens[last].end])
        if taken := find_slice(tokens, database):
            return _shown(query[tokens[taken[0]].start : tokens[taken[1]].end])
        for ranked in ranked_by_join(tokens):
            return _shown(query[ranked[0].start : ranked[-1].end])
        for supply in find_supplying_queries(tokens, number):
            for part in _cut_by(supply, database):
                return _shown(query[part[0].start : part[-1].end])
    return None


def _cut_by(supply: Supply, database: str | None) -> Iterator[Sequence[Token]]:
    """Yield what cuts a query short that supplies rows."""
    inner = _Query(supply.tokens, database)
    found = [*inner.limits()]
    if supply.value:
        found = [(first, last) for first, last in found if inner.changes_value(first)]
    # The one company, or the rate of today: what is joined leaves out none for being one row.
    if supply.value or not (supply.joined and any(inner.is_one_row(first) for first, _ in found)):
        for first, last in found:
            if not inner.keeps_one_of_each(first, supply):
                yield supply.tokens[first : last + 1]
    yield from ranked_by_join(supply.tokens)
    yield from counted_rows(supply, lambda word: is_place(word, database))


def _shown(text: str) -> str:
    said = " ".join(text.split())
    return said if len(said) <= _MOST else f"{said[:_MOST]}…"


@dataclass(slots=True)
class _Query:
    """The tokens of a query that are its own, each with its place: not those of subqueries.

    `database` is None if any may be meant. `within` are the places inside other parentheses, such as a function's,
    where a clause can't begin.
    """

    tokens: Sequence[Token]
    database: str | None
    own: list[int] = field(default_factory=list)
    within: set[int] = field(default_factory=set)
    closing: dict[int, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        open_at: list[tuple[int, str]] = []
        for place, token in enumerate(self.tokens):
            group = open_at[-1][1] if open_at else "query"
            if token.text in ("(", "[") and token.kind == "mark":
                self._keep(place, group)
                open_at.append((place, self._group(place, group)))
            # A parenthesis too many is left to the database, which refuses the whole query.
            elif token.text in (")", "]") and token.kind == "mark" and open_at:
                opened, _ = open_at.pop()
                self.closing[opened] = place
                self._keep(place, open_at[-1][1] if open_at else "query")
            else:
                self._keep(place, group)

    def _keep(self, place: int, group: str) -> None:
        if group != "sub":
            self.own.append(place)
        if group == "within":
            self.within.add(place)

    def _group(self, place: int, around: str) -> str:
        """Return what parentheses hold: the query or a part of its UNION, a subquery, or anything else."""
        if around == "sub":
            return "sub"
        begins = self._word(place + 1) in QUERIES
        # Behind a closing parenthesis stands the query that WITH leads up to: WITH a AS (…) (SELECT …).
        if around == "query" and (self._begins_query(place) or (begins and self._is(place - 1, ")"))):
            return "query"
        return "sub" if begins else "within"

    def _begins_query(self, place: int) -> bool:
        """Whether a whole SELECT may stand here: at the beginning, and behind UNION."""
        before = place - 1
        if self._word(before) in ("ALL", "DISTINCT"):
            before -= 1
        return before < 0 or self._word(before) in SETS or (self._is(before, "(") and self._begins_query(before))

    def limits(self) -> Iterator[tuple[int, int]]:
        """Yield the first and the last token of everything that leaves rows out."""
        clause = ""
        for place in self.own:
            word = self._word(place)
            # Behind a point it is the name of a column, as in a.limit.
            if self._is(place - 1, ".") and not is_place(word, self.database):
                continue
            # ORDER or GROUP inside parentheses belongs to a function or a window; the condition goes on behind them.
            if word in _CLAUSES and (place not in self.within or word not in ("GROUP", "ORDER")):
                clause = word
            found = self._sample(place, word)
            if found is None and clause == "FROM":
                found = find_portion(self.tokens, place, self.database)
            if place not in self.within:
                found = found or self._clause(place, word) or (self._top(place) if word == "SELECT" else None)
            # Oracle numbers rows as it returns them: a condition on the number cuts, a selected ROWNUM is a column.
            if clause in _CONDITIONS:
                found = place if word == "ROWNUM" else self._blind_choice(place, word) or found
            if found is not None:
                yield (place if word != "SELECT" else self._behind_select(place)), self._end(found)

    def _blind_choice(self, place: int, word: str) -> int | None:
        """Return the last token of what chooses rows by where they lie, by chance, or by a counting variable."""
        # Elsewhere := names a function's argument.
        if word == "" and self.database in ("mysql", "mariadb"):
            return place + 1 if self._is(place, ":") and self._is(place + 1, "=") else None
        if word in _BY_CHANCE:
            return self._end(place + 1) if self._is(place + 1, "(") else None
        return place if is_place(word, self.database) and is_fixed(self.tokens, place) else None

    def _clause(self, place: int, word: str) -> int | None:
        """Return the last token of a clause that limits, None if the word is a name or limits nothing."""
        behind = self._word(place + 1)
        # Databases allow most of these words as names of columns; refusing those would shut out sound queries.
        if self._wants_operand(place - 1) or self._ends(place + 1):
            return None
        # PostgreSQL takes LIMIT ALL and LIMIT NULL, which leave nothing out.
        if word == "LIMIT":
            return None if behind in ("ALL", "NULL") else place + 1
        if word == "OFFSET":
            return None if self._is_nothing(place + 1) else place + 1
        if word == "FETCH" and behind in _FETCHED:
            return place + 2 if self._kind(place + 2) == "number" else place + 1
        # Oracle 23ai: FETCH APPROX FIRST 5 ROWS ONLY.
        if word == "FETCH" and behind in ("APPROX", "APPROXIMATE", "EXACT") and self._word(place + 2) in _FETCHED:
            return place + 2
        # Firebird reserves the word, so it can't be a name there, and any expression may follow it.
        if word == "ROWS" and (self.database is None or self.database.startswith("firebird")):
            return place + 1
        if word == "ROWS" and not self._names_columns(place + 1):
            return place + 1 if self._is_amount(place + 1) or behind == "CAST" else None
        # Rows that another transaction has locked are passed over: just the invoices that somebody is working on.
        if word in ("SKIP", "IGNORE") and behind == "LOCKED":  # HANA says IGNORE
            return place + 1
        return place + 1 if word == "QUALIFY" or self._reads_dirty(place, word, behind) else None

    def _reads_dirty(self, place: int, word: str, behind: str) -> bool:
        """Whether this clause reads what nobody has committed, such as a payment that will be taken back."""
        # Db2, behind everything; and Sybase.
        if word == "WITH" and behind == "UR":
            return self._at(place + 2) is None
        level = self._at(place + 2)
        uncommitted = level is not None and (level.text == "0" or self._word(place + 3) == "UNCOMMITTED")
        return word == "AT" and behind == "ISOLATION" and uncommitted

    def _top(self, select: int) -> int | None:
        """Return the last token of a limit right behind SELECT: TOP 5, FIRST (5), SKIP 5, LIMIT 0 5."""
        place = self._behind_select(select)
        word = self._word(place)
        # SELECT DISTINCT ON (customer) keeps one row of each; plain DISTINCT only drops rows that are equal throughout.
        if word == "ON" and self._is(place + 1, "("):
            return place + 1
        if word == "LIMIT" and self._kind(place + 1) == "number":
            return place + 1
        if word == "TOP" and self._is_amount(place + 1, signs=False):
            return None if self._is_everything(place + 1) else place + 1
        if word in ("FIRST", "SKIP") and self._is_amount(place + 1, signs=False):
            return None if self._is_call(place + 1) else place + 1
        return None

    def _is_call(self, place: int) -> bool:
        """Whether FIRST(…) is a function: it holds more than a number, and an operator or a column's end follows."""
        end = self._end(place)
        if not self._is(place, "(") or (end == place + 2 and self._kind(place + 1) == "number"):
            return False
        star = self._is(end + 1, "*") and self._ends(end + 2)
        return not star and (self._ends(end + 1) or self._is_operator(end + 1))

    def _sample(self, place: int, word: str) -> int | None:
        """Return the last token of what takes only some of a table's rows, wherever a table may be named."""
        # SQL Server's hint to pass over locked rows: WITH (READPAST). In Sybase it stands without parentheses.
        if word == "READPAST":
            return place
        # The hint to read what nobody has committed, for which it may also miss rows that move.
        if word in _DIRTY and self._is(place - 1, "(,") and self._is(place + 1, "),"):
            return place
        if self._wants_operand(place - 1):
            return None
        if word == "TABLESAMPLE":
            return place + 1
        sampled = self._is_amount(place + 1, signs=False) or self._word(place + 1) in _SAMPLED_BY
        return place + 1 if word == "SAMPLE" and sampled and not self._names_columns(place + 1) else None

    def changes_value(self, place: int) -> bool:
        """Whether the limit that begins here also decides what one value is, or whether there is any row."""
        word = self._word(place)
        if word == "ROWNUM":
            return not self.is_one_row(place)
        behind = self._at(self._end(place + 1) + 1)
        # MySQL's LIMIT 19, 1 and Firebird's ROWS 20 TO 20 or FIRST 1 SKIP 19 turn pages to one row.
        if behind is not None and (word, behind.text) in (("LIMIT", ","), ("ROWS", "TO")):
            return self.tokens[place + 1].text not in ("0", "1")
        return word not in _CUTS_ANSWER or (behind is not None and (word, behind.text) == ("FIRST", "SKIP"))

    def is_one_row(self, place: int) -> bool:
        """Whether the limit that begins here leaves one row."""
        word, behind = self._word(place), place + 1
        if word not in ("ROWNUM", "FETCH", "LIMIT", "TOP", "FIRST", "ROWS"):
            return False
        if word == "ROWNUM":
            compared = "".join(token.text for token in self.tokens[place + 1 : place + 4])
            return compared.startswith(("=1", "<=1", "<2")) and self._kind(place + len(compared)) != "mark"
        if word == "FETCH":
            behind += 1 if self._word(place + 1) in _FETCHED else 2
            if self._word(behind) in ("ROW", "ROWS"):
                return True
        if self._is(behind, "("):
            return [token.text for token in self.tokens[behind : self._end(behind) + 1]] == ["(", "1", ")"]
        # MySQL's LIMIT 0, 1 takes one row from the first on.
        if word == "LIMIT" and self._is(behind + 1, ","):
            behind += 2
        if self._kind(behind) != "number" or self.tokens[behind].text != "1":
            return False
        # Behind TOP 1 a star selects all columns; behind LIMIT 1 it multiplies.
        more = word == "LIMIT" and (self._is(behind + 1, "+-*/%") or self._kind(behind + 1) == "number")
        return not more and self._word(behind + 1) not in ("PERCENT", "TO", "WITH")

    def keeps_one_of_each(self, place: int, supply: Supply) -> bool:
        """Whether DISTINCT ON or QUALIFY keeps one row of each number, or of each of what it is joined by."""
        word = self._word(place)
        if word not in ("ON", "QUALIFY"):
            return False
        if not supply.numbers:
            return True
        if word == "ON":
            by = self.tokens[place + 1 : self._end(place + 1)]
        else:
            begins = next((n for n in range(place, len(self.tokens)) if self._word(n) == "PARTITION"), None)
            if begins is None:
                return False
            by = self.tokens[begins + 2 : self._end_of_list(begins + 2)]
        known = KEYS | number_columns(supply.tokens, supply.numbers)
        return not known.isdisjoint(name for _, name in columns_in(by))

    def _end_of_list(self, place: int) -> int:
        """Return where a list of columns ends: at ORDER, at the end of a window, or at that of the query."""
        while place < len(self.tokens) and not (
            self._is(place, ")") or self._word(place) in ("ORDER", "ROWS", "RANGE")
        ):
            place = self._end(place) + 1
        return place

    # --- single tokens ----------------------------------------------------------------------------------------------

    def _at(self, place: int) -> Token | None:
        return self.tokens[place] if 0 <= place < len(self.tokens) else None

    def _kind(self, place: int) -> str:
        token = self._at(place)
        return token.kind if token else ""

    def _word(self, place: int) -> str:
        token = self._at(place)
        return token.text if token and token.kind == "word" else ""

    def _is(self, place: int, marks: str) -> bool:
        token = self._at(place)
        return token is not None and token.kind == "mark" and token.text in marks

    def _is_operator(self, place: int) -> bool:
        return self._is(place, "+-/*%=<>!|&^~") or self._word(place) in ("AND", "OR", "OVER", "FILTER")

    def _behind_select(self, select: int) -> int:
        place = select + 1
        # MySQL's SQL_NO_CACHE and its like come before what is selected.
        while self._word(place) in _BEFORE_TOP or self._word(place).startswith("SQL_"):
            place += 1
        return place

    def _wants_operand(self, place: int) -> bool:
        """Whether a column is to follow this token, so that the next word is the name of one."""
        token = self._at(place)
        if token is None or token.kind not in ("mark", "word"):
            return token is None
        if token.kind == "word":
            # LIMIT ALL OFFSET 5, and DuckDB's ORDER BY ALL LIMIT 5.
            whole = token.text == "ALL" and self._word(place - 1) in ("LIMIT", "BY")
            is_name = (
                token.text in _MAY_BE_NAMES and self._word(place - 1) != "SELECT" and self._wants_operand(place - 1)
            )
            return token.text in _WANTS_OPERAND and not (whole or is_name or self._is(place - 1, "."))
        if token.text == "*":  # SELECT * or 2 * limit
            return not (self._wants_operand(place - 1) or self._is(place - 1, ".,"))
        return token.text not in ")]?" and not self._sorts_by(place)

    def _sorts_by(self, place: int) -> bool:
        """Whether it is the operator behind PostgreSQL's ORDER BY a USING >."""
        while self._is(place, "<>=~!@#%^&|?*+-/"):
            place -= 1
        return self._word(place) == "USING"

    def _ends(self, place: int) -> bool:
        """Whether what stands before this token is a name: nothing that could be counted follows."""
        token = self._at(place)
        if token is None or token.kind == "word":
            return token is None or token.text in _AFTER_ALIAS
        return token.kind == "mark" and token.text in ",)];.=<>!|/*^"

    def _is_amount(self, place: int, *, signs: bool = True) -> bool:
        # An amount may also be an expression, a variable (@n) or a parameter (:n, ?, $1).
        return self._kind(place) == "number" or self._is(place, "(@:?$" + ("+-" if signs else ""))

    def _names_columns(self, place: int) -> bool:
        """Whether parentheses hold a list of names: the columns of a table that is called `rows`."""
        inside = self.tokens[place + 1 : self._end(place)] if self._is(place, "(") else ()
        named = all(token.kind in ("word", "name") for token in inside[::2])
        return named and all(token.text == "," for token in inside[1::2]) and len(inside) % 2 == 1

    def _is_nothing(self, place: int) -> bool:
        """Whether an amount is a plain 0: OFFSET 0 leaves nothing out."""
        token = self._at(place)
        # OFFSET 0 + :n may leave out any number of rows.
        plain = token is not None and token.kind == "number" and not token.text.strip("0")
        return plain and not self._is(place + 1, "+-*/")

    def _is_everything(self, place: int) -> bool:
        """Whether it is 100 PERCENT, of a number alone or in parentheses."""
        end = self._end(place)
        inside = self.tokens[place + 1 : end] if self._is(place, "(") else self.tokens[place : place + 1]
        return [token.text for token in inside] == ["100"] and self._word(end + 1) == "PERCENT"

    def _end(self, place: int) -> int:
        """Return the last place of what begins here: for a parenthesis, that of its closing one."""
        return min(self.closing.get(place, place), len(self.tokens) - 1)
