"""A query's words, marks, texts and quoted names, told apart as the database will do it.

A parser would have to know every dialect. This only has to know where a text, a quoted name or a comment ends, which
differs in few ways; if there are two ways to read a query, both are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal, NamedTuple, cast

Kind = Literal["word", "name", "text", "number", "mark"]


class Token(NamedTuple):
    """A piece of a query and its place. A `name` is a quoted one; words are in capitals, all else is as written."""

    kind: Kind
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Dialect:
    """Where texts, names and comments end in a database's SQL.

    `backslash`: it escapes within quotes, and "…" is a text. `nested`: comments hold comments. `dollar`: $tag$…$tag$
    and E'…' are texts. `brackets`: [names]. `q_quotes`: q'[…]' is a text. `hash_comment`: # begins a comment, -- only
    before a blank, and the inside of /*! … */ is not a comment.
    """

    backslash: bool = False
    nested: bool = False
    dollar: bool = False
    brackets: bool = False
    q_quotes: bool = False
    hash_comment: bool = False


_STANDARD = Dialect()
# The second reading is that of a server whose sql_mode has NO_BACKSLASH_ESCAPES, which a query can't tell.
_MYSQL = (Dialect(backslash=True, hash_comment=True), Dialect(hash_comment=True))
_POSTGRESQL = Dialect(nested=True, dollar=True)
_SQL_SERVER = Dialect(nested=True, brackets=True)
_BRACKETS = Dialect(brackets=True)
_ORACLE = Dialect(q_quotes=True)

_KNOWN = {
    "postgresql": (_POSTGRESQL,),
    "redshift": (_POSTGRESQL,),
    "cockroachdb": (_POSTGRESQL,),
    "mysql": _MYSQL,
    "mariadb": _MYSQL,
    "sqlite": (_BRACKETS,),
    "access": (_BRACKETS,),
    "mssql": (_SQL_SERVER,),
    "oracle": (_ORACLE,),
    "firebird": (_STANDARD,),
    "duckdb": (Dialect(nested=True, dollar=True), Dialect(dollar=True)),
    "db2": (_STANDARD, Dialect(nested=True)),
    "ibm_db_sa": (_STANDARD, Dialect(nested=True)),
    "hana": (_STANDARD,),
}
"""By SQLAlchemy's name of the database; several if a setting of the server, or its version, decides."""

_ANY = (
    *(_STANDARD, *_MYSQL, _POSTGRESQL, _SQL_SERVER, _BRACKETS, _ORACLE),
    *(Dialect(dollar=True), Dialect(nested=True), Dialect(backslash=True, dollar=True)),
)


def readings(query: str, database: str | None = None) -> Iterator[list[Token]]:
    """Yield the query's tokens as the database may read them; for an unknown one, in every way that works out.

    Raise `ValueError` if no way does: then a text, a quoted name or a comment has no end.
    """
    found: list[list[Token]] = []
    wrong = ""
    # Whichever reading the server takes, a limit has to be found; two that agree are looked at once.
    for dialect in _KNOWN.get((database or "").partition(".")[0], _ANY):
        try:
            tokens = [*_tokens(query, dialect)]
        except ValueError as exc:
            wrong = str(exc)
            continue
        if tokens not in found:
            found.append(tokens)
    if not found:
        raise ValueError(wrong)
    yield from found


def find_marks(query: str, name: str, database: str | None = None) -> Iterator[tuple[int, int]]:
    """Yield where `:name` stands in a query, from its colon to its end; `name` is in capitals."""
    tokens = next(readings(query, database))
    for before, colon, word in zip([None, *tokens], tokens, tokens[1:], strict=False):
        # PostgreSQL's x::since is a cast to a type.
        cast_to = before is not None and before.text == ":" and before.end == colon.start
        if (colon.kind, colon.text, word.text) == ("mark", ":", name) and colon.end == word.start and not cast_to:
            yield colon.start, word.end


def _tokens(query: str, dialect: Dialect) -> Iterator[Token]:
    pattern, place = _pattern(dialect), 0
    while place < len(query):
        # A regular expression can't count, so nested comments are followed by hand.
        if dialect.nested and query.startswith("/*", place):
            place = _after_comment(query, place)
            continue
        match = pattern.match(query, place)
        if match is None:
            raise ValueError(f"it holds {_shown(query[place:])}, which is never closed; close it")
        place = match.end()
        kind = str(match.lastgroup).rstrip("_")
        if kind != "aside":
            text = match[0].upper() if kind == "word" else match[0]
            yield Token(cast("Kind", kind), text, match.start(), match.end())


@cache
def _pattern(dialect: Dialect) -> re.Pattern[str]:
    """Return the pattern of one token. The order matters: E'…' and q'…' would otherwise begin with words."""
    quotes = "'\"" if dialect.backslash else "'"
    texts = [_quoted_pattern(quote, backslash=dialect.backslash) for quote in quotes]
    if dialect.dollar:
        texts = [f"[eE]{_quoted_pattern(chr(39), backslash=True)}", r"\$(?P<tag_>\w*)\$(?s:.*?)\$(?P=tag_)\$", *texts]
    if dialect.q_quotes:
        ends = [r"\[.*?\]", r"\{.*?\}", r"\(.*?\)", r"<.*?>", r"(?P<by_>[^\s\[{(<]).*?(?P=by_)"]
        texts = [f"[nN]?[qQ]'(?:{'|'.join(ends)})'", *texts]
    names = ['"(?:[^"]|"")*"', "`(?:[^`]|``)*`"]
    names += [r"\[[^]]*(?:\]\][^]]*)*\]"] if dialect.brackets else []
    asides = [r"\s+", r"--[^\n]*", r"/\*.*?\*/"]
    if dialect.hash_comment:
        # To MySQL 5--2 is 7, and it runs what /*!40101 … */ holds (MariaDB /*M! … */), so only the marks are skipped.
        asides = [r"\s+", r"--(?=\s|$)[^\n]*", r"\#[^\n]*", r"/\*M?!\d*", r"/\*.*?\*/", r"\*/"]
    tokens = {
        "aside": "|".join(asides),
        "text": "|".join(texts),
        "name": "|".join(names),
        "word": r"[^\W\d][\w$\#]*" if not dialect.hash_comment else r"[^\W\d][\w$]*",
        "number": r"\d[\w.]*|\.\d\w*",
        # No quote and no comment's beginning: one that nothing above has matched has no end, and the query is refused.
        "mark": r"""(?!/\*)[^'"`]""",
    }
    return re.compile("|".join(f"(?P<{kind}>{pattern})" for kind, pattern in tokens.items()), re.DOTALL)


def _quoted_pattern(quote: str, *, backslash: bool) -> str:
    # In every dialect a doubled quote stands for one.
    inside = rf"[^{quote}\\]|\\." if backslash else f"[^{quote}]"
    return f"{quote}(?:{inside}|{quote}{quote})*{quote}"


def _after_comment(query: str, place: int) -> int:
    depth, begun = 0, place
    for mark in re.finditer(r"/\*|\*/", query[place:]):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return begun + mark.end()
    raise ValueError(f"it holds {_shown(query[place:])}, which is never closed; close it")


def _shown(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 20 else f"{line[:20]}…"
