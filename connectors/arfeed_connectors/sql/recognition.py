"""Which program's database it is, by its tables, a query that reads them, and the version that it states."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from arfeed import Proposal, SourceError
from arfeed_connectors.sql.database import Database
from arfeed_connectors.sql.presets import PRESETS, Preset, fill_tables
from arfeed_connectors.sql.statements import answers, column_names

if TYPE_CHECKING:
    import sqlalchemy as sa

_MOST_COMPANIES = 20


def proposals(database: Database) -> Iterator[Proposal]:
    """Yield the presets that fit the database, one for each company if several share it."""
    with database.snapshot() as connection:
        names = _tables(connection)
    for name, preset in PRESETS.items():
        for prefix in _prefixes(name, preset, names):
            yield from _fitting(database, name, preset, prefix)


def _tables(connection: sa.Connection) -> set[str]:
    import sqlalchemy as sa

    looked_at = sa.inspect(connection)
    return {*looked_at.get_table_names(), *looked_at.get_view_names()}


def _prefixes(name: str, preset: Preset, names: set[str]) -> list[str]:
    """Return each prefix under which all tables of a program are there; most programs have none."""
    needed = preset.tables(name)
    # The longest name is the least likely to be the end of another program's table.
    longest = max(needed, key=len)
    found = {each.removesuffix(longest) for each in names if each.endswith(longest)}
    if not (preset.table_prefix or preset.requires):
        # A program without prefixes: another prefix would be that of a table which merely ends alike.
        found &= {""}
    return sorted(prefix for prefix in found if all(prefix + table in names for table in needed))


def _fitting(database: Database, name: str, preset: Preset, prefix: str) -> Iterator[Proposal]:
    """Yield a preset for these tables, unless the database fails at its query: other versions have other columns."""
    try:
        # A snapshot for each attempt, since in PostgreSQL a failed statement ends its whole transaction.
        with database.snapshot() as connection:
            quote = connection.dialect.identifier_preparer.quote
            query = preset.statement(name, "", prefix, quote)
            column_names(connection, query)
            companies = _companies(connection, query) if preset.by_company else []
    except SourceError:
        return
    settings: dict[str, str | int] = {"preset": name}
    if prefix != preset.table_prefix:
        settings["table_prefix"] = prefix
    program, version = f"the database has the tables of {preset.about}", _version(database, preset, prefix)
    if len(companies) < 2:
        tables = ", ".join(sorted(prefix + table for table in preset.tables(name)))
        yield Proposal(settings, f"{program} ({tables}){version}")
    # Each of several companies is a choice, so the tables would be read again and again.
    for company in companies if len(companies) > 1 else ():
        yield Proposal({**settings, "company": company}, f"{program}{version}, with open invoices of {company}")


def _companies(connection: sa.Connection, query: str) -> list[str]:
    found = answers(connection, query, "DISTINCT company")
    return sorted(str(company) for (company,) in found if company is not None)[:_MOST_COMPANIES]


def _version(database: Database, preset: Preset, prefix: str) -> str:
    """Return the version that the program states, blank if it has no table for that."""
    if preset.version is None:
        return ""
    try:
        with database.snapshot() as connection:
            text = fill_tables(preset.version, prefix, connection.dialect.identifier_preparer.quote)
            (found,) = connection.exec_driver_sql(text).one()
    # The version is one more reason to believe the proposal, which stands without it.
    except SourceError:
        return ""
    return f", and says that it is version {found}" if found else ""
