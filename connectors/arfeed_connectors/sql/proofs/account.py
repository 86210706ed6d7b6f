"""The control account: what customers owe according to the ledger, from another query than the list's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from arfeed import ControlAccount, SourceError, minor_digits
from arfeed_connectors.sql.settings import SqlSettings
from arfeed_connectors.sql.statements import answers, column_names
from arfeed_connectors.sql.text.names import Names, fold_name
from arfeed_connectors.sql.values.frames import Frames

if TYPE_CHECKING:
    import pandas as pd
    import sqlalchemy as sa

_QUERY, _RECEIVED = "control_account.query", "control_account.received"


@dataclass(frozen=True, slots=True)
class Ledger:
    """The control account of one source, if its settings or its preset name one, over one connection."""

    connection: sa.Connection
    source: str
    settings: SqlSettings

    def check(self) -> None:
        """Raise `SourceError` if the database does not understand the queries, or a column is missing."""
        query, received = self._queries()
        if query is not None:
            self._names(query, _QUERY, "balance")
        if received is not None:
            self._names(received, _RECEIVED, "received", datetime.now(UTC))

    def read(self, company: object, since: datetime | None) -> ControlAccount | None:
        """Return the ledger's balances, None if there is no ledger; `company` is as the database writes it.

        `received` is what was booked after `since`; it is not asked for if that is unknown.
        """
        query, received = self._queries()
        if query is None:
            return None
        frame = self._frame(query, _QUERY, "balance", company=company if self.settings.by_company else None)
        if not len(frame) and not self.settings.allow_empty:
            raise SourceError(
                f"{self.source}: {_QUERY} has no rows, so that there is nothing to compare the list with; look at its "
                "conditions, such as the number of the account"
            )
        taken = None
        if received is not None and since is not None:
            taken = self._check_units(
                _sums(self._frame(received, _RECEIVED, "received", since=since), "received", "currency")
            )
        # By customer and currency: one customer's lost invoice must not be made good by another's gain.
        customers = _sums(frame, "balance", "customer_id", "currency") if "customer_id" in frame else None
        return ControlAccount(self._check_units(_sums(frame, "balance", "currency")), customers, taken)

    def _check_units(self, sums: dict[str, Decimal]) -> dict[str, Decimal]:
        """Return sums by currency. Raise `SourceError` for a fraction of the currency's smallest unit."""
        for code, total in sums.items():
            digits = minor_digits()[code]
            if total != round(total, digits):
                raise SourceError(
                    f"{self.source}: the control account says {total.normalize():f} {code}, which has {digits} "
                    "decimals; correct it there, or round it in the query"
                )
        return sums

    def _queries(self) -> tuple[str | None, str | None]:
        return self.settings.ledger(self.connection.dialect.identifier_preparer.quote)

    def _frame(
        self, query: str, where: str, money: str, *, company: object = None, since: datetime | None = None
    ) -> pd.DataFrame:
        """Return all rows of one of the queries with exact sums; a sum that is NULL is refused."""
        names = self._names(query, where, money, since)
        among = {"company": [company]} if company is not None else None
        rows = answers(self.connection, query, "*", among=among, since=_bind_moment(self.connection, since))
        frame = Frames(f"{self.source} {where}", self.settings, names).frame(rows)
        wrong = _find_problem(frame, money) if len(frame) else None
        if wrong:
            raise SourceError(f"{self.source}: {where} {wrong}")
        return frame

    def _names(self, query: str, where: str, money: str, since: datetime | None = None) -> Names:
        """Return the names of a query's columns. An unknown one is refused: it may be the currency."""
        written = column_names(self.connection, query, _bind_moment(self.connection, since))
        # Mapped to the balance, so that `Frames` treats `received` as money, too.
        names = Names(self.source, written, {"balance": money}, where) if money in map(fold_name, written) else None
        known = {money, "currency", *(("customer_id",) if money == "balance" else ())}
        known |= {"company"} if self.settings.by_company else set()
        wrong = [name for name in written if fold_name(name) not in known]
        if names is None or wrong or ("currency" not in names and self.settings.currency is None):
            raise SourceError(
                f"{self.source}: {where} must have the columns {' and '.join(sorted(known - {'company'}))}, of which "
                "the currency may be left out where `currency` is set, and the customer always; it has "
                f"{', '.join(written)}; name them with AS"
            )
        return names


def _find_problem(frame: pd.DataFrame, money: str) -> str | None:
    """Return what is wrong with the values of an answer that has rows, None if nothing is."""
    import pyarrow as pa

    # SUM over no rows is NULL: most likely the account's number is wrong, rather than the balance 0.
    if frame[money].isna().any():
        return f"has a row whose {money} is NULL, which is not the same as 0: check its conditions, or use COALESCE"
    kind = pa.array(frame[money]).type
    if not (pa.types.is_decimal(kind) or pa.types.is_integer(kind)):
        return f"has a {money} that is {kind}, not a number: CAST it AS numeric"
    unknown = sorted(set(frame["currency"]) - minor_digits().keys())
    if unknown:
        return f"has the currency {unknown[0]!r}, which is not an ISO 4217 code: map it by `currencies`"
    return None


def _bind_moment(connection: sa.Connection, moment: datetime | None) -> object:
    """Return a moment as the driver takes it: in UTC without a zone, except for PostgreSQL, which knows zones."""
    if moment is None or connection.dialect.name == "postgresql":
        return moment
    # SQLite has no type for moments and compares them as texts.
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    return utc.isoformat(" ", "seconds") if connection.dialect.name == "sqlite" else utc


def _sums(frame: pd.DataFrame, money: str, *keys: str) -> dict[Any, Decimal]:
    """Return exact sums by a key, or by several as a tuple; a customer that is NULL is blank."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not len(frame):
        return {}
    table = pa.Table.from_pandas(frame[[*keys, money]], preserve_index=False)
    columns = {key: pc.utf8_trim_whitespace(pc.fill_null(table[key], "")) for key in keys}
    # Wider than an amount, since a whole ledger is added up.
    columns[money] = pc.cast(table[money], pa.decimal128(38, 4))
    # Summed as decimals, since float sums would move the difference that is compared from run to run.
    summed = pa.table(columns).group_by([*keys]).aggregate([(money, "sum")])
    parts = [summed[key].to_pylist() for key in keys]
    named = parts[0] if len(parts) == 1 else [*zip(*parts, strict=True)]
    return dict(zip(named, summed[f"{money}_sum"].to_pylist(), strict=True))
