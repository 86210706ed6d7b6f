"""CSV and Excel files with whatever headers they have: the setting `columns` says what they mean."""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from arfeed import (
    Complete,
    Connector,
    FileSettings,
    Pattern,
    SourceError,
    find_columns,
    find_files,
    hookimpl,
    missing_columns,
    propose_columns,
    read_header,
    read_tables,
)
from arfeed_connectors.combined import any_closed, refuse_older

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1

_IDENTITY = ("invoice_ref", "customer_name", "issued_on")
"""What a list of closed documents has to have: a number alone may be another document's."""

_WRAPPING = " \t='\""
"""What may surround a number that is written for spreadsheets, such as ="00123"."""

_FEW = 2
"""At most this many documents, or a tenth of what is open, may be paid between the exports of the two lists."""

_ZERO = r"^[^1-9]*0[^1-9]*$"

_RECEIVED = re.compile(
    r"(?i)paid|payment|receiv|receipt|allocat|zahlung|bezahlt|gezahlt|r[eé]gl[eé]|pay[eé]|pago|pagad|pagat|betaal|betal"
)
"""What the heading of an amount that was received holds, and `_NO_AMOUNT` what makes it something else."""

_NO_AMOUNT = re.compile(r"(?i)date|\bon\b|\bday|datum|fecha|\bref|\bn[or]\b|number|\bid\b|method|type|mode|term|status")
_AMOUNT = r"^[^\w]*\d[\d.,' ]*[^\w]*$"


class Folder(Connector):
    """One or many CSV or Excel files, one row per document."""

    name = "folder"

    class Settings(FileSettings):
        """Settings of the connector `folder`."""

        closed: Pattern | None = Field(
            default=None,
            examples=["exports/paid*.csv"],
            description="A second file with the same headings that lists what is paid or void. Missing invoices are "
            "looked up in it.",
        )
        closed_status: Literal["paid", "void"] | None = Field(
            default=None, description="The status of every row in `closed`, if it has no status column."
        )
        further = ("closed",)

    settings: FileSettings
    _opened: Sequence[pd.DataFrame] = ()

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield each file. Plain files have no control total; one with a status may list closed documents too."""
        status = self._header_of("status")
        lists_closed = False
        self._opened = opened = list["pd.DataFrame"]()
        for file in find_files(self.settings):
            header = self._header(file)
            for rows in read_tables(file, columns=header, **self._reading_settings()):
                named = self._under_names(file, rows)
                lists_closed = lists_closed or any_closed(named, status, self.settings)
                if self.explains:
                    opened.append(self._identities(named))
                yield rows
        if self._closed_status:
            why = f"so not all of it is {self._closed_status}; remove closed_status, and"
            for file in self._list_closed():
                for _ in self._checked_rows(file, why):
                    pass
        return Complete(lists_closed=lists_closed)

    @property
    def explains(self) -> bool:
        """Whether there is a list of what was closed."""
        return "closed" in self.settings.others()

    def explain(self, missing: pd.DataFrame) -> pd.DataFrame | None:
        """Return what the second file says of these."""
        import pandas as pd

        for file in self._list_closed():
            refuse_older(file, self.since)
        # A few may well be paid between the two exports; many are balances that the second one leaves out.
        few = max(_FEW, sum(map(len, self._opened)) // 10)
        why = "so what it calls closed proves nothing; check its balances, or"
        found = []
        for file in self._list_closed():
            rows = pd.concat([self._filter_asked(each, missing) for each in self._checked_rows(file, why, few)])
            named = self._names_of(file, self._identifying_header(file))
            found.append(self._drop_receipts(rows) if self._is_declared(named) else rows)
        return pd.concat(found, ignore_index=True) if found else None

    def check(self) -> None:
        """Check that there are files with a recognised header; propose `columns` if it is not."""
        for file in find_files(self.settings):
            self._header(file, proposing=True)
        for file in self._list_closed():
            self._closed_header(file)

    def _filter_asked(self, rows: pd.DataFrame, missing: pd.DataFrame) -> pd.DataFrame:
        """Return the rows with one of the numbers asked for; all of them where arfeed makes the numbers itself."""
        header = self._header_of("invoice_ref")
        if header not in rows.columns or self.settings.prefix:
            return rows
        wanted = {ref.strip(_WRAPPING) for ref in missing["invoice_ref"].unique()}
        return rows[rows[header].str.strip(_WRAPPING).isin([*wanted])]

    def _drop_receipts(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a list that only `closed_status` calls closed, without documents that it has repeatedly.

        What is paid in parts is received several times, and perhaps not all of it yet. Nor is a document settled of
        which another amount was received than it came to.
        """
        amount = self._header_of("amount")
        by = [*self._identity(), *([amount] if amount in rows.columns else [])]
        # Rows that differ in their amount are held against the invoice's, one by one.
        once = rows if self.settings.rows != "invoices" else rows[~rows.duplicated(by, keep=False)]
        received = [str(name) for name in rows.columns if _RECEIVED.search(str(name)) and not _NO_AMOUNT.search(name)]
        for name in received if amount in rows.columns else ():
            # As they are written, since one program writes both.
            there = once[name].str.contains(_AMOUNT) & (name != amount)
            once = once[~there | (once[name].str.strip() == once[amount].str.strip())]
        return once

    def _header(self, file: str, *, proposing: bool = False) -> list[str]:
        """Return all headers; the setting `columns` says which row they stand in, and how its own are spelled.

        Raise `SourceError` if nothing says which header is a column that every invoice needs.
        """
        headers = read_header(file, columns=self.settings.headings(), **self._reading_settings())
        find_columns(file, headers, self.settings)  # it refuses two of one name, even if one has it exactly
        missing = missing_columns(headers, self.settings.columns)
        if missing:
            raise SourceError(
                f"{file}: no column for {', '.join(missing)} among {', '.join(headers)}; `columns` can say which; "
                + (self._proposal(file) if proposing else "run `arfeed check` for a suggestion")
            )
        return headers

    def _list_closed(self) -> list[str]:
        other = self.settings.others().get("closed")
        return find_files(other) if other else []

    def _closed_header(self, file: str) -> list[str]:
        """Return the headers of the second file. Raise `SourceError` if it does not say what is closed."""
        headers = self._identifying_header(file)
        named = self._names_of(file, headers)
        if not {self._header_of("status"), self._header_of("balance")} & named and not self._closed_status:
            raise SourceError(
                f"{file}: none of {', '.join(headers)} says what is paid: `columns` can name a status or a balance; "
                'or, if all that it lists is paid, say closed_status = "paid"'
            )
        if self._is_declared(named) and self._header_of("amount") not in named and self._lists_amounts():
            raise SourceError(
                f"{file}: closed_status says that all of it is {self._closed_status}, and none of {', '.join(headers)} "
                "says what a document came to, so a part payment would count as a paid invoice; export it with the "
                "column of the amount that the list of what is open has, or with a status or a balance"
            )
        return headers

    def _is_declared(self, names: Collection[str]) -> bool:
        """Whether nothing in the second file says what is closed, but `closed_status` alone."""
        return bool(self._closed_status) and not {self._header_of("status"), self._header_of("balance")} & {*names}

    def _lists_amounts(self) -> bool:
        """Whether the list of what is open has the amounts of the documents."""
        read = (
            (file, read_header(file, columns=self.settings.headings(), **self._reading_settings()))
            for file in find_files(self.settings)
        )
        return any("amount" in find_columns(file, headers, self.settings) for file, headers in read)

    def _identifying_header(self, file: str) -> list[str]:
        """Return the headers of the second file, if they tell documents apart."""
        try:
            return read_header(file, columns=self._identity(), **self._reading_settings())
        except SourceError:
            # Some may bear the names of columns in a spelling that the search for the header does not know.
            spelled = [header for header in self._identity() if header not in _IDENTITY]
            headers = read_header(file, columns=spelled, **self._reading_settings())
            if {*self._identity()} - self._names_of(file, headers):
                raise
            return headers

    def _names_of(self, file: str, headers: Sequence[str]) -> set[str]:
        """Return a file's headers, and the names of columns that it spells in its own way."""
        return {*headers, *self._find_respelled(file, headers).values()}

    def _closed_rows(self, file: str) -> Iterator[pd.DataFrame]:
        """Yield the second file's rows with a status and a balance, and every heading that `columns` names."""
        status, balance = self._header_of("status") or "status", self._header_of("balance")
        for read in read_tables(file, columns=self._closed_header(file), **self._reading_settings()):
            rows = self._under_names(file, read)
            stated = self._header_of("status") in rows.columns
            if not stated and self._closed_status:
                rows = rows.assign(**{status: self._closed_status})
            elif not stated:
                rows = rows.assign(**{status: rows[balance].str.contains(_ZERO).map({True: "paid", False: "open"})})
            if balance not in rows.columns:
                closed = self._meaning(rows).isin(["paid", "void"])
                rows = rows[closed].assign(**{balance: "0"})  # open rows would have no amount
            absent = {name for name in self.settings.headings(*self.settings.columns) if name not in rows.columns}
            made = {*absent, status, balance}
            yield rows.assign(**dict.fromkeys(absent, "")).astype(dict.fromkeys(made, "str"))

    def _find_respelled(self, file: str, headers: Sequence[str]) -> dict[str, str]:
        """Return, by heading, the names of columns that nobody named and that a file spells in its own way."""
        found = find_columns(file, headers, self.settings)
        return {header: name for name, header in found.items() if name not in self.settings.columns and header != name}

    def _under_names(self, file: str, rows: pd.DataFrame) -> pd.DataFrame:
        """Return rows in which columns have the name that their headings spell in another way."""
        return rows.rename(columns=self._find_respelled(file, [str(name) for name in rows.columns]))

    def _identities(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return what tells the open documents of a frame apart."""
        if self._header_of("status") in rows.columns:
            rows = rows[~self._meaning(rows).isin(["paid", "void", "draft"])]
        return rows[[name for name in self._identity() if name in rows.columns]]

    def _checked_rows(self, file: str, why: str, few: int = 0) -> Iterator[pd.DataFrame]:
        """Yield the second file's rows.

        Raise `SourceError` at its end if it calls more than a few documents closed that the list has as open.
        """
        import pandas as pd

        opened = pd.concat(self._opened) if self._opened else None
        both: list[pd.DataFrame] = []
        for rows in self._closed_rows(file):
            if opened is not None:
                both.append(opened.merge(rows[self._meaning(rows).isin(["paid", "void"])], how="inner"))
            yield rows
        if (count := sum(map(len, both))) > few:
            row = next(each for each in both if len(each)).iloc[0]
            raise SourceError(
                f"{file}: {row[self._identity()[0]]} of {row[self._header_of('customer_name')]} "
                f"is closed here and stands in the list of what is open ({count} such), {why} "
                "name a column for the status or the balance"
            )

    @property
    def _closed_status(self) -> str | None:
        return self.settings.closed_status if isinstance(self.settings, Folder.Settings) else None

    def _header_of(self, name: str) -> str:
        """Return the heading of a column; one that cannot be there if the settings leave the column alone."""
        return "" if self.settings.values.get(name) is False else self.settings.columns.get(name, name)

    def _identity(self) -> list[str]:
        """Return the headings that tell documents apart, those of which a number is made one by one."""
        return self.settings.headings(*_IDENTITY)

    def _meaning(self, rows: pd.DataFrame) -> pd.Series[str]:
        return self.settings.meaning_of("status", rows[self._header_of("status") or "status"])

    def _proposal(self, file: str) -> str:
        rows = next(read_tables(file, **self._reading_settings()))
        return f"check this, then paste it below [sources.{self.source}]:\n{propose_columns(rows)}"

    def _reading_settings(self) -> dict[str, Any]:
        settings = self.settings
        return {"encoding": settings.encoding, "delimiter": settings.delimiter, "sheet": settings.sheet}


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer the folder."""
    return [Folder]
