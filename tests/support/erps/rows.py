"""Small books in rows that a program's own code left: how they were written, and what must be said of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from support.databases.tables import execute, quoted

Document = tuple[str, str]
"""Number and kind: some programs count each kind on its own."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Tables by name, their columns and rows. `expected` has currency and balance, `became` all that is said."""

    tables: Mapping[str, tuple[str, Sequence[Sequence[object]]]]
    expected: Mapping[Document, tuple[str, str]]
    became: Mapping[Document, Sequence[str]]
    ledger: Mapping[str, str]
    settings: Mapping[str, object] = field(default_factory=dict)

    def write(self, url: str) -> str:
        """Make the tables; where MySQL's family is strict about days such as 0000-00-00, it is told not to be."""
        statements = ["SET SESSION sql_mode = ''"] if url.startswith("mysql") else []
        for name, (columns, rows) in self.tables.items():
            statements.append(f"CREATE TABLE {quoted(url, name)} ({columns})")
            for row in rows:
                values = ", ".join(_literal(value) for value in row)
                statements.append(f"INSERT INTO {quoted(url, name)} VALUES ({values})")
        execute(url, *statements)
        return url


def _literal(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "true", False: "false"}[value]
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
