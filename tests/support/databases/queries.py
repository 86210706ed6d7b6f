"""Queries as somebody might write them, drawn by hypothesis, each with what a report of it must hold."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias

from hypothesis import strategies as st

Row: TypeAlias = dict[str, object]
Truth: TypeAlias = dict[str, tuple[str, Decimal, date | None]]
"""What is open: by number the currency, the balance and the day it is due."""

COLUMNS = {
    "invoice_ref": "nr",
    "customer_name": "nm",
    "issued_on": "iss",
    "balance": "bal",
    "currency": "cur",
    "status": "sta",
    "kind": "kin",
    "due_on": "due",
    "amount": "amt",
}
"""The columns of an invoice and those of the table."""

TABLE = (
    "nr VARCHAR(40), nm VARCHAR(80), iss DATE, bal DECIMAL(18, 2), cur CHAR(3), sta VARCHAR(9), kin VARCHAR(20), "
    "due DATE, amt DECIMAL(18, 2)"
)


def books(seed: int, count: int = 40) -> list[Row]:
    """Invoices and credit notes in three currencies, open, paid and void: a third of them not owed."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for number in range(count):
        currency, note = chance.choice(["EUR", "EUR", "USD", "JPY"]), chance.random() < 0.15
        status = chance.choice(["open", "open", "open", "paid", "void"])
        amount = Decimal(chance.randrange(1, 9_000_000)) / (1 if currency == "JPY" else 100) * (-1 if note else 1)
        issued = date(2026, 1, 1) + timedelta(chance.randrange(90))
        rows.append(
            {
                "nr": f"{chance.choice(['INV-', '00', 'É/'])}{seed}{number:03}",
                "nm": chance.choice(["Ada", "O'Hara; LIMIT 5", "Söhne -- GmbH", "ROWS 1 TO 10"]),
                "iss": issued.isoformat(),
                "bal": Decimal(0) if status == "paid" else amount,
                "cur": currency,
                "sta": status,
                "kin": "credit_note" if note else "invoice",
                "due": (issued + timedelta(30)).isoformat() if chance.random() < 0.8 else None,
                "amt": amount,
            }
        )
    return rows


@dataclass(slots=True)
class Drawn:
    """A query and its settings. `wrong`: why it has to be refused, or must name something, None where nothing is."""

    query: str
    settings: dict[str, object]
    selected: Sequence[str]
    conditions: Mapping[str, str]
    wrong: str | None = None
    names: list[str] = field(default_factory=list)
    may_be_refused: bool = False

    def truth(self, rows: Sequence[Row]) -> Truth:
        """What is open of these rows, under the query's own conditions."""
        kept = [row for row in rows if all(row[column] == value for column, value in self.conditions.items())]
        due = "due_on" in self.selected
        return {
            str(row["nr"]): (
                str(row["cur"]),
                Decimal(str(row["bal"])),
                date.fromisoformat(str(row["due"])) if due and row["due"] else None,
            )
            for row in kept
            if row["sta"] == "open"
        }


LIMITS = {
    "sqlite": (
        *("LIMIT 5", "limit 5", "LIMIT 5 OFFSET 2", "LIMIT 2, 5", "LIMIT +5", "LIMIT (5)", "LIMIT 2*3", "LIMIT/**/5"),
        *("LIMIT\n5", "LIMIT -- all\n 5", "LIMIT CAST(5 AS int)", "LIMIT (SELECT 5)", "LIMIT '5'", "LIMIT abs(-5)"),
        *("LIMIT 0x5", "LIMIT CASE WHEN 1 THEN 5 END", "LIMIT ~-6", "LIMIT -1 OFFSET 3", "ORDER BY nr LIMIT 5"),
        *("LIMIT length('abcde')", "LIMIT 5.0", "LIMIT 1_0", "LIMIT x'35'", "LIMIT NOT 0", "LIMIT +(+5)"),
    ),
    "postgresql": (
        *("LIMIT 5", "limit 5", "LIMIT 5 OFFSET 2", "OFFSET 3", "LIMIT +5", "LIMIT (5)", "LIMIT 2*3", "LIMIT/**/5"),
        *("LIMIT\n5", "LIMIT -- all\n 5", "LIMIT CAST(5 AS int)", "LIMIT (SELECT 5)", "LIMIT '5'", "LIMIT abs(-5)"),
        *("FETCH FIRST 5 ROWS ONLY", "FETCH NEXT ROW ONLY", "FETCH FIRST (5) ROWS ONLY", "FETCH FIRST ROW ONLY"),
        *("ORDER BY nr FETCH FIRST 5 ROWS WITH TIES", "OFFSET 3 ROWS FETCH NEXT 5 ROWS ONLY", "OFFSET '3'"),
        *(
            "LIMIT $$5$$",
            "LIMIT E'5'",
            "LIMIT 5::int",
            "LIMIT /* /* */ LIMIT ALL */ 5",
            "LIMIT CASE WHEN true THEN 5 END",
        ),
        *("FOR UPDATE SKIP LOCKED", "LIMIT length('abcde')", "LIMIT U&'5'", "LIMIT ALL OFFSET 3", "OFFSET 0 + 3"),
    ),
    "mariadb": (
        *("LIMIT 5", "limit 5", "LIMIT 5 OFFSET 2", "LIMIT 2, 5", "LIMIT/**/5", "LIMIT\n5", "LIMIT -- all\n 5"),
        *("LIMIT /*! 5 */", "/*! LIMIT 5 */", "/*M! LIMIT 5 */", "/*!50000 LIMIT 5 */", "LIMIT # all\n 5"),
        *("FETCH FIRST 5 ROWS ONLY", "OFFSET 3 ROWS FETCH NEXT 5 ROWS ONLY", "FETCH NEXT ROW ONLY", "LIMIT 0x5"),
        *("ORDER BY nr FETCH FIRST 5 ROWS WITH TIES", "LIMIT ROWS EXAMINED 10", "LIMIT 30 ROWS EXAMINED 10"),
        *("LIMIT 5 LOCK IN SHARE MODE", "ORDER BY nr LIMIT 5", "FOR UPDATE SKIP LOCKED", "OFFSET 3 ROWS"),
    ),
    "duckdb": (
        *("LIMIT 5", "limit 5", "LIMIT 5 OFFSET 2", "OFFSET 3", "LIMIT +5", "LIMIT (5)", "LIMIT 2*3", "LIMIT/**/5"),
        *("LIMIT\n5", "LIMIT -- all\n 5", "LIMIT CAST(5 AS int)", "LIMIT (SELECT 5)", "LIMIT '5'", "LIMIT abs(-5)"),
        *("ORDER BY ALL LIMIT 5", "ORDER BY ALL OFFSET 3"),
        *("LIMIT 10%", "LIMIT 10 PERCENT", "LIMIT 5::int", "LIMIT $$5$$", "LIMIT E'5'", "ORDER BY nr LIMIT 5"),
        *(
            "USING SAMPLE 5",
            "USING SAMPLE 10%",
            "USING SAMPLE reservoir(5 ROWS)",
            "USING SAMPLE 10 PERCENT (bernoulli)",
        ),
        *("QUALIFY ROW_NUMBER() OVER (ORDER BY nr) <= 5", "qualify row_number() over (partition by cur) = 1"),
        *(
            "FETCH FIRST 5 ROWS ONLY",
            "OFFSET 3 ROWS FETCH NEXT 5 ROWS ONLY",
            "LIMIT ALL OFFSET 3",
            "LIMIT length('abc')",
        ),
    ),
    "firebird": (
        *("ROWS 5", "rows 5", "ROWS 1 TO 5", "ROWS 3 TO 1000", "ROWS (5)", "ROWS(5) TO (9)", "ROWS/**/5", "ROWS\n5"),
        *("ROWS -- all\n 5", "ROWS CAST(5 AS INT)", "ROWS 2*3", "ORDER BY 1 ROWS 5", "ORDER BY 1 DESC ROWS 1 TO 5"),
        *("ROWS (SELECT 5 FROM rdb$database)", "ROWS CHAR_LENGTH('abcde')", "ROWS '5'", "ROWS +5", "ROWS - -5"),
        *("OFFSET 3 ROWS", "OFFSET 1 ROW FETCH NEXT 5 ROWS ONLY", "FETCH FIRST 5 ROWS ONLY", "FETCH NEXT ROW ONLY"),
        *("FETCH FIRST (5) ROWS ONLY", "ROWS CASE WHEN 1 = 1 THEN 5 END", "WITH LOCK ROWS 5", "ROWS 0x5"),
        *(
            "ROWS IIF(1 = 1, 5, 6)",
            "ROWS COALESCE(5, 6)",
            "ROWS ABS(-5)",
            "ROWS _UTF8 '5'",
            "ROWS EXTRACT(DAY FROM DATE '2026-01-05')",
        ),
    ),
}
"""By database: ways to leave rows out at the end of a query, and some that it does not understand itself."""

CONDITIONS = {
    "postgresql": ("TABLESAMPLE BERNOULLI (50)", "TABLESAMPLE system(50) REPEATABLE (1)", "tablesample/**/SYSTEM(50)"),
    "mariadb": (" WHERE ROWNUM() <= 5 AND 1 = 1", " WHERE rownum() < 6 AND 1 = 1"),
    "duckdb": ("TABLESAMPLE 50%", "TABLESAMPLE reservoir(50%)", "tablesample/**/SYSTEM(50%)", "TABLESAMPLE (5 ROWS)"),
    "sqlite": (),
    "firebird": (),
}
"""Ways to leave rows out that stand behind the table."""

HEADS = {
    "postgresql": ("SELECT DISTINCT ON (cur)", "select distinct/**/on(cur, sta)"),
    "duckdb": ("SELECT DISTINCT ON (cur)", "select distinct/**/on(cur, sta)"),
    "firebird": (
        *("SELECT FIRST 5", "select first 5", "SELECT FIRST (5)", "SELECT FIRST(2*3)", "SELECT FIRST 5 SKIP 2"),
        *("SELECT SKIP 5", "SELECT SKIP (5)", "SELECT FIRST/**/5", "SELECT FIRST 5 ALL", "SELECT SKIP 3 DISTINCT"),
        *("SELECT FIRST (CHAR_LENGTH('abcde'))", "SELECT FIRST (SELECT 5 FROM rdb$database)"),
    ),
}
"""Ways to leave rows out that stand at the beginning."""

HARMLESS = (
    *(
        "-- LIMIT 5\n",
        "/* LIMIT 5 */",
        "/* ROWS 1 TO 10 */",
        "-- FETCH FIRST 5 ROWS ONLY; TOP 5\n",
        "/* ' */",
        "-- '\n",
    ),
    *('/* " ` [ */', "", "\n", " "),
)
TEXTS = (
    *(
        "'LIMIT 5'",
        "'it''s -- no comment'",
        "'/* '",
        "'ROWS 10'",
        "'100 %'",
        "':since ?'",
        "'%(value1)s'",
        "'$1; TOP 5'",
    ),
    *(
        "(SELECT 1 LIMIT 1)",
        "(SELECT MAX(bal) FROM ledger LIMIT 5)",
        "SUM(bal) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)",
    ),
    *(
        "ROW_NUMBER() OVER (ORDER BY nr)",
        "COUNT(*) OVER (PARTITION BY cur)",
        "CASE WHEN nr IN (SELECT nr FROM ledger) THEN 1 END",
    ),
)
FROM = (
    "ledger",
    "ledger b",
    "(SELECT * FROM ledger) b",
    "(SELECT * FROM ledger ORDER BY nr) limits",
    "ledger AS first",
    "ledger CROSS JOIN (SELECT 1 AS rate LIMIT 1) rates",
)
TEXTS_OF = {
    "firebird": tuple(
        text.replace("(SELECT 1 LIMIT 1)", "(SELECT FIRST 1 1 FROM rdb$database)").replace(
            "(SELECT MAX(bal) FROM ledger LIMIT 5)", "(SELECT MAX(bal) FROM ledger ROWS 5)"
        )
        for text in TEXTS
        if "ROWS BETWEEN" not in text
    )
}
FROM_OF = {
    "firebird": (
        *("ledger", "ledger b", "(SELECT * FROM ledger) b", "(SELECT * FROM ledger ORDER BY nr) limits"),
        *("ledger AS tops", "ledger CROSS JOIN (SELECT FIRST 1 1 AS rate FROM rdb$database) rates"),
    ),
}
"""Firebird 3 knows neither LIMIT nor the frame of a window."""

HEADERS = ("Rechnung Nr", "limit", "Rows", "wert", "BETRAG", "top", "Währung", "x.y", "first", "status2", "offset")


def quoted(database: str, name: str) -> str:
    return f"`{name}`" if database == "mariadb" else f'"{name}"'


@st.composite
def queries(draw: st.DrawFn, database: str) -> Drawn:
    """Draw a query; half of them as right as can be, half with one thing in them that must not pass in silence."""
    optional = [name for name in ("currency", "status", "kind", "due_on", "amount") if draw(st.booleans())]
    selected = ["invoice_ref", "customer_name", "issued_on", "balance", *optional]
    columns = {name: draw(st.sampled_from(HEADERS)) for name in selected if draw(st.integers(0, 3)) == 0}
    if len({header.casefold() for header in columns.values()}) < len(columns):
        columns = {}
    settings: dict[str, object] = {"columns": {name: draw(_cases(header)) for name, header in columns.items()}}
    wrong = draw(st.sampled_from([None, None, None, "limit", "limit", "behind", "union", "slip", "twins", "misspelt"]))
    names: list[str] = []
    items = []
    for name in draw(st.permutations(selected)):
        header = columns.get(name, name)
        if wrong == "misspelt" and name == (optional or ["balance"])[0] and name not in columns:
            header = name[:-1] + ("k" if name[-1] != "k" else "q")
            names.append(header)
        items.append(f"{COLUMNS[name]}{draw(_alias(database, header))}")
    if wrong == "slip":
        settings["columns"] = {**columns, "po_number": "ordre"}
    if wrong == "twins":
        items.append(f"nm AS {quoted(database, columns.get('balance', 'balance').swapcase())}")
    if draw(st.booleans()):
        items.append(f"{draw(st.sampled_from(TEXTS_OF.get(database, TEXTS)))} AS note1")
    conditions = {column: value for name, column, value in _LEFT if name not in selected}
    if "currency" not in selected:
        settings["currency"] = "EUR"
    query = draw(_assembled(database, items, conditions, wrong))
    return Drawn(query, settings, selected, conditions, wrong if wrong != "misspelt" or names else None, names)


_LEFT = (("currency", "cur", "EUR"), ("status", "sta", "open"), ("kind", "kin", "invoice"))
"""What has to be a condition where it is no column."""


@st.composite
def _assembled(
    draw: st.DrawFn, database: str, items: Sequence[str], conditions: Mapping[str, str], wrong: str | None
) -> str:
    gap = draw(st.sampled_from(HARMLESS))
    where = " AND ".join([*(f"{column} = '{value}'" for column, value in conditions.items()), "1 = 1"])
    source = draw(st.sampled_from(FROM_OF.get(database, FROM)))
    places = CONDITIONS[database] if wrong == "behind" else ()
    if places and database in HEADS and draw(st.booleans()):
        places = ()
    behind = draw(st.sampled_from(places)) if places else ""
    if behind:
        source = "ledger"
    where = f"{behind} AND {where}" if "WHERE" in behind else f" {behind} WHERE {where}"
    heads = HEADS.get(database, ()) if wrong == "behind" and not behind else ()
    select = draw(st.sampled_from(heads or ["SELECT", "select", "SELECT ALL", "/* TOP 5 */ SELECT"]))
    query = f"{select} {gap} {', '.join(items)} FROM {source}{where}"
    limit = (
        draw(st.sampled_from(LIMITS[database]))
        if wrong == "limit" or (wrong == "behind" and not (behind or heads))
        else ""
    )
    if wrong == "union" and database == "firebird":  # takes no parentheses, nor a limit of a part
        return f"{query.replace('1 = 1', '1 = 0')} UNION ALL {query} ROWS 5"
    if wrong == "union":
        never = query.replace("1 = 1", "1 = 0")
        part = f"SELECT * FROM ({query} LIMIT 5) cut" if database == "sqlite" else f"({query} LIMIT 5)"
        if database == "sqlite":  # takes no parentheses there, and a subquery may say what it likes
            return f"{never} UNION ALL {query} LIMIT 5"
        return f"({never}) UNION ALL {part}"
    ending = draw(st.sampled_from(["", ";", "\n-- LIMIT 5", " /* LIMIT 5 */", "\n;\n"]))
    query = f"{query} {limit}{ending if not limit.endswith('*/') else ''}"
    # What a query reads its rows from leaves out as much as the query itself.
    if draw(st.integers(0, 3 if wrong in ("limit", "behind") else 4)) == 0:
        name = draw(st.sampled_from(["x", "limits", "recent"]))
        inner = query.rstrip().rstrip(";")
        if draw(st.booleans()):
            return f"SELECT * FROM ({inner}\n) {name}"
        return f"WITH {name} AS ({inner}\n) SELECT * FROM {name}"
    return query


@st.composite
def _alias(draw: st.DrawFn, database: str, header: str) -> str:
    text = draw(_cases(header))
    plain = text.isascii() and text.isidentifier() and text.lower() not in _RESERVED
    if plain and draw(st.booleans()):
        return f" AS {text}"
    return draw(st.sampled_from([" AS ", " as ", "\tAS\n", " AS/**/"])) + quoted(database, text)


def _cases(text: str) -> st.SearchStrategy[str]:
    return st.sampled_from([text, text.upper(), text.lower(), text.title(), text.swapcase()])


_RESERVED = {"limit", "rows", "first", "offset", "kind", "top"}
