"""Control totals: the database's own row count and the sum of balances by currency.

It is asked first, as its own statement, or beside the rows of a preset that adds up payments or a journal.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from arfeed import SourceError
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import Row, answers, batches
from arfeed_connectors.sql.systems import backend
from arfeed_connectors.sql.text.names import Names

if TYPE_CHECKING:
    import sqlalchemy as sa

_DIGITS = 4
"""Decimals of the sums, as many as an amount can have here."""

_MOST_DIGITS = 30
_FIREBIRD_3_DIGITS, _FIREBIRD_4 = 18, 4.0
_FLOAT_DIGITS = 2**53


@dataclass(frozen=True, slots=True)
class ControlTotals:
    """What the database states of the rows to come; `company` is as it writes it, None if there is no such column.

    `beside` is how many columns each row has behind those of the query.
    """

    rows: int
    totals: Mapping[str, Decimal] | None
    company: object = None
    beside: int = field(default=0, compare=False)

    @classmethod
    def asked(
        cls, connection: sa.Connection, query: str, names: Names, source: str, settings: SqlSettings
    ) -> ControlTotals:
        """Ask for count and sums by currency, and by company if numbers are unique within one only."""
        groups, asks = _asks(connection, names, settings)
        tail = f"GROUP BY {', '.join(groups)}" if groups else ""
        counted = answers(connection, query, ", ".join([*groups, *asks]), tail)
        return cls._of([_Counted.of(row, settings, names) for row in counted], connection, names, source, settings)

    @classmethod
    def beside_rows(
        cls, connection: sa.Connection, query: str, names: Names, source: str, settings: SqlSettings
    ) -> tuple[ControlTotals, deque[list[Row]]]:
        """Fetch the rows, and with each what the database counts and sums over all of its currency.

        The query is evaluated once. The database has counted to the end before it gives the first row, so a list that
        is cut anywhere does not agree. Return the control, and the rows of its company in batches, each
        with what stands beside it.
        """
        groups, asks = _asks(connection, names, settings)
        listed = ", ".join(groups)
        over = f"OVER (PARTITION BY {listed})" if groups else "OVER ()"
        # A collation may take EUR and eur for one group, whose number shows that both rows state the same count. (MIN
        # would show it too, but MariaDB looks for it again for every row.)
        number = f"DENSE_RANK() OVER (ORDER BY {listed})" if groups else "1"
        stated = [*(f"{ask} {over}" for ask in asks), "COUNT(*) OVER ()", number]
        fetched, of_group = deque[list[Row]](), dict[object, Row]()
        for rows in batches(connection, query, beside=", ".join(stated)):
            of_group.update(zip(map(itemgetter(-1), rows), rows, strict=True))
            fetched.append(rows)
        if not of_group:
            return cls.asked(connection, query, names, source, settings), fetched
        keys = [names.written.index(names.of(name)) for name in _counted_by(names, settings)]
        counted = [
            _Counted.of((*(row[key] for key in keys), *row[len(names.written) : -2]), settings, names)
            for row in of_group.values()
        ]
        everything, beside = next(iter(of_group.values()))[-2], len(stated)
        # The count of all: a list that was cut between two currencies holds nothing of the second, its count included.
        control = replace(cls._of(counted, connection, names, source, settings, everything), beside=beside)
        if any(each.company != control.company for each in counted):
            place = names.written.index(names.of("company"))
            fetched = deque([row for row in rows if row[place] == control.company] for rows in fetched)
        return control, fetched

    @classmethod
    def _of(
        cls,
        counted: Sequence[_Counted],
        connection: sa.Connection,
        names: Names,
        source: str,
        settings: SqlSettings,
        everything: int | None = None,
    ) -> ControlTotals:
        """Add up what was counted of the chosen company; `everything` is the count of all rows, if it is known."""
        # `key=str`, since None does not compare with a company's name or number.
        chosen = _company(sorted({row.company for row in counted}, key=str), source, settings)
        ours, totals = [row for row in counted if row.company == chosen], defaultdict[str, Decimal](Decimal)
        for row in ours:
            # `currencies` may map several of the database's names to one code.
            totals[settings.code(row.currency)] += exact_total(connection, row.total, source)
        rows = sum(row.rows for row in ours)
        if everything is not None:
            rows += everything - sum(row.rows for row in counted)
        return cls(rows, totals if "balance" in names else None, chosen)


def _asks(connection: sa.Connection, names: Names, settings: SqlSettings) -> tuple[list[str], list[str]]:
    """Return SQL of the columns that are counted by, and of a count and a sum."""
    quote = connection.dialect.identifier_preparer.quote
    groups = [name if name == "company" else quote(names.of(name)) for name in _counted_by(names, settings)]
    # A column that is not there is left out and not asked for as NULL, whose type some databases can't tell.
    sums = [exact_sum(connection, quote(names.of("balance")))] if "balance" in names else []
    return groups, ["COUNT(*)", *sums]


def _counted_by(names: Names, settings: SqlSettings) -> list[str]:
    return ["company"] * settings.by_company + ["currency"] * ("currency" in names)


class _Counted(NamedTuple):
    """One row of the database's answer; what was not asked for is None."""

    company: object
    currency: object
    rows: int
    total: object

    @classmethod
    def of(cls, row: Row, settings: SqlSettings, names: Names) -> _Counted:
        values = iter(row)
        company = next(values) if settings.by_company else None
        currency = next(values) if "currency" in names else None
        return cls(company, currency, int(next(values)), next(values, None))


def exact_sum(connection: sa.Connection, balance: str) -> str:
    """Return SQL for a sum that is exact even over floats: each is brought to four decimals before it is added.

    SQLite has no decimals, and Firebird's dialect 1 few digits of them, so these add whole ten-thousandths. Firebird 3
    has 18 digits: a larger sum is an error there, and not a wrong one.
    """
    system = backend(connection.dialect.name)
    # CAST alone cuts off, and the product of a float may lie just below the whole number that is meant.
    if system == "sqlite":
        return f"SUM(CAST(ROUND({balance} * {10**_DIGITS}) AS INTEGER))"
    if system == "firebird" and _is_dialect_1(connection):
        return f"SUM(ROUND({balance} * {10**_DIGITS}))"
    return f"SUM(CAST({balance} AS DECIMAL({_most_digits(connection, system)}, {_DIGITS})))"


def exact_total(connection: sa.Connection, total: object, source: str = "the source") -> Decimal:
    """Return what `exact_sum` came to as a decimal; nothing at all is 0.

    Raise `SourceError` for a sum of floats that is too large to be exact.
    """
    if total is None:
        return Decimal(0)
    exact = Decimal(str(total))
    system = backend(connection.dialect.name)
    if system == "firebird" and _is_dialect_1(connection):
        # Up to 2**53 a double holds every whole number, so a sum below it is exact.
        if abs(exact) >= _FLOAT_DIGITS:
            raise SourceError(
                f"{source}: the balances sum up to more than a database of dialect 1 adds exactly (900 billion); make "
                "several sources of it, each with a part of the customers"
            )
        return Decimal(int(exact)).scaleb(-_DIGITS)
    return exact.scaleb(-_DIGITS) if system == "sqlite" else exact


def _is_dialect_1(connection: sa.Connection) -> bool:
    driver: Any = connection.connection.driver_connection
    return bool(driver.info.sql_dialect == 1)


def _most_digits(connection: sa.Connection, system: str) -> int:
    """Return how many digits a decimal is given: 18 on Firebird before 4, else 30, which all have (Db2 has 31)."""
    driver: Any = connection.connection.driver_connection
    return _FIREBIRD_3_DIGITS if system == "firebird" and driver.info.engine_version < _FIREBIRD_4 else _MOST_DIGITS


def _company(found: list[object], source: str, settings: SqlSettings) -> object:
    """Return the chosen company as the database writes it; several at once are never merged."""
    if not settings.by_company:
        return None
    known = ", ".join(map(repr, found))
    if settings.company is None and len(found) > 1:
        shared = "which share customers and numbers but keep separate books"
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
    # An id may be a number in the database and text in plugins.toml.
    chosen = [company for company in found if settings.company in (None, company, str(company))]
    if not chosen and found and not settings.allow_empty:
        raise SourceError(f"{source}: company {settings.company!r} has no open invoices; found those of {known}")
    return chosen[0] if chosen else settings.company
