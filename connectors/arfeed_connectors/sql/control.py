"""The control: how many rows the database counts, and what their balances sum to, by currency."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from arfeed import SourceError
from arfeed_connectors.sql.names import Names
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import answers

if TYPE_CHECKING:
    import sqlalchemy as sa

_DIGITS = 4
"""Decimals of the sums, as many as an amount can have here."""


@dataclass(frozen=True, slots=True)
class Control:
    """What the database says of the rows that will be read; `company` as it writes it, None where all rows are."""

    rows: int
    totals: Mapping[str, Decimal] | None
    company: object = None

    @classmethod
    def asked(cls, connection: sa.Connection, query: str, names: Names, source: str, settings: SqlSettings) -> Control:
        """Ask for count and sums by currency, and by company where numbers are unique within one only."""
        quote = connection.dialect.identifier_preparer.quote
        company = "company" if settings.by_company else "NULL"
        groups = [quote(names.of("currency"))] if "currency" in names else []
        groups += [company] if settings.by_company else []
        columns = [company, groups[0] if "currency" in names else "NULL", "COUNT(*)"]
        columns.append(exact_sum(connection.dialect.name, quote(names.of("balance"))) if "balance" in names else "NULL")
        tail = f"GROUP BY {', '.join(groups)}" if groups else ""
        counted = answers(connection, query, ", ".join(columns), tail)
        chosen = _company(sorted({row[0] for row in counted}, key=str), source, settings)
        rows, totals = 0, defaultdict[str, Decimal](Decimal)
        for group, code, count, total in counted:
            if group == chosen:
                rows += count
                totals[settings.code(code)] += exact_total(connection.dialect.name, total)
        return cls(rows, totals if "balance" in names else None, chosen)


def exact_sum(dialect: str, balance: str) -> str:
    """Return SQL for a sum that is exact even over floats: each is brought to four decimals before it is added.

    SQLite has no decimals, so it adds whole ten-thousandths.
    """
    if dialect == "sqlite":
        return f"SUM(CAST(ROUND({balance} * {10**_DIGITS}) AS INTEGER))"
    return f"SUM(CAST({balance} AS DECIMAL(30, {_DIGITS})))"


def exact_total(dialect: str, total: object) -> Decimal:
    """Return what `exact_sum` came to as a decimal; nothing at all is 0."""
    if total is None:
        return Decimal(0)
    return Decimal(str(total)).scaleb(-_DIGITS) if dialect == "sqlite" else Decimal(str(total))


def _company(found: list[object], source: str, settings: SqlSettings) -> object:
    """Return the chosen company as the database writes it; several at once are never merged."""
    if not settings.by_company:
        return None
    known = ", ".join(map(repr, found))
    if settings.company is None and len(found) > 1:
        shared = "which share customers and numbers but not their books"
        apart = shared if settings.one_number_space else "whose numbers may be the same"
        raise SourceError(
            f"{source}: the database holds invoices of several companies, {known}, {apart}; make a source "
            "of each, with `company`"
        )
    if settings.company is not None and None in found:
        raise SourceError(
            f"{source}: the database holds open invoices that name no company, which company "
            f"{settings.company!r} would leave out; give them one there, or write a query of your own"
        )
    chosen = [company for company in found if settings.company in (None, company, str(company))]
    if not chosen and found and not settings.allow_empty:
        raise SourceError(f"{source}: company {settings.company!r} has no open invoices; found those of {known}")
    return chosen[0] if chosen else settings.company
