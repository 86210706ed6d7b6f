"""Xero's sales invoices export (Business > Invoices > Export), a CSV file with a row a line item.

Header fields repeat on every line of a document; documents of all kinds and states stand in one file, and a bills
export has the same columns.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from arfeed import Complete, Connector, FileSettings, SourceError, find_files, hookimpl, read_header, read_tables

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

ARFEED_CONTRACT = 1

_DOCUMENT = ("Type", "InvoiceNumber", "ContactName", "InvoiceDate", "Total")
"""The export has no ids: these columns together tell one document from another."""

_REQUIRED = (*_DOCUMENT, "DueDate", "InvoiceAmountDue", "Currency", "Status")
_OPTIONAL = ("EmailAddress", "Reference", "PlannedDate", "TaxTotal", "InvoiceAmountPaid", "Sent", "LineAmount")
_TEMPLATE_ONLY = ("InvoiceAmountDue", "Status", "Type")

_KINDS = {
    "sales invoice": "invoice",
    "sales credit note": "credit_note",
    "sales overpayment": "payment",
    "sales prepayment": "payment",
}
_OTHER_TYPES = ("bill", "bill credit note", "bill overpayment", "bill prepayment", "receive money", "spend money")
_STATUSES = {
    "awaiting payment": "open",
    "authorised": "open",
    "paid": "paid",
    "voided": "void",
    "deleted": "void",
    "draft": "draft",
    "awaiting approval": "draft",
    "submitted": "draft",
}


class Xero(Connector):
    """The sales invoices export, in the 36 and 44 column variants; columns are found by name."""

    name = "xero"
    columns = {  # noqa: RUF012 - the base class declares it a ClassVar
        "invoice_ref": "InvoiceNumber",
        "customer_name": "ContactName",
        "customer_email": "EmailAddress",
        "currency": "Currency",
        "issued_on": "InvoiceDate",
        "due_on": "DueDate",
        "amount": "Total",
        "balance": "InvoiceAmountDue",
        "memo": "Reference",
        "status": "Status",
    }

    class Settings(FileSettings):
        """Settings of the connector `xero`."""

    settings: Settings

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield the sales documents of each file, paid and void ones too. The export has no control total."""
        for file in find_files(self.settings):
            yield self._documents(file)
        return Complete(lists_closed=True)

    def check(self) -> None:
        """See that each file has the export's header."""
        for file in find_files(self.settings):
            self._headers(file)

    def _documents(self, file: str) -> pd.DataFrame:
        import pandas as pd

        types: set[str] = set()
        count, parts = 0, []
        for lines in self._lines(file):
            _refuse_other_types(file, lines)
            types.update(lines["Type"].unique())
            count += len(lines)
            parts.append(_without_repeats(lines[lines["Type"].isin(list(_KINDS))]))
        documents = _folded(pd.concat(parts, ignore_index=True)).drop(columns="LineAmount", errors="ignore")
        if documents.empty and types:
            raise SourceError(
                f"{file}: it lists {count} lines but no sales document, only {', '.join(sorted(types))}; "
                "export Business > Invoices, not Bills"
            )
        status = documents["Status"].str.strip().str.lower()
        documents["kind"] = documents["Type"].map(_KINDS).astype("str")
        documents["Status"] = status.map(_STATUSES).fillna(documents["Status"]).astype("str")
        return documents

    def _lines(self, file: str) -> Iterator[pd.DataFrame]:
        """Yield the file's lines under Xero's own headers, however it spells them."""
        headers = self._headers(file)
        spelled = {theirs: ours for ours, theirs in headers.items()}
        settings = self.settings
        for lines in read_tables(file, columns=list(spelled), encoding=settings.encoding, delimiter=settings.delimiter):
            named = lines.rename(columns=spelled)
            yield named.assign(Type=named["Type"].str.strip().str.lower())

    def _headers(self, file: str) -> dict[str, str]:
        """Return Xero's name of each column that is needed, and how this file spells it."""
        found = read_header(file, encoding=self.settings.encoding, delimiter=self.settings.delimiter)
        spelled = {name.replace("*", "").replace(" ", "").casefold(): name for name in reversed(found)}
        headers = {name: spelled[name.casefold()] for name in (*_REQUIRED, *_OPTIONAL) if name.casefold() in spelled}
        missing = [name for name in _REQUIRED if name not in headers]
        if set(_TEMPLATE_ONLY) <= set(missing):
            raise SourceError(
                f"{file}: this looks like Xero's import template: it has no {', '.join(_TEMPLATE_ONLY)}, so nothing "
                "says what is open; export the invoices from Business > Invoices"
            )
        if missing:
            raise SourceError(
                f"{file}: this is no sales invoices export of Xero: no column {', '.join(missing)}; "
                f"found {', '.join(found)}"
            )
        mapped = [header for header in self.settings.columns.values() if header in found]
        return headers | {header: header for header in mapped if header not in headers.values()}


def _refuse_other_types(file: str, lines: pd.DataFrame) -> None:
    unknown = lines[~lines["Type"].isin([*_KINDS, *_OTHER_TYPES])]
    if not unknown.empty:
        raise SourceError(
            f"{_place(unknown.iloc[0])} column Type: {unknown['Type'].iloc[0]!r} is no type of document that is "
            f"known here ({len(unknown)} such lines in {file}); export it again, or ask for its support"
        )


def _place(line: pd.Series[str]) -> str:
    return " record ".join(line["origin"].rsplit("#", 1))


def _folded(lines: pd.DataFrame) -> pd.DataFrame:
    """Return a row a document, its first line's. Raise `SourceError` where lines of one disagree on what is due."""
    import numpy as np
    import pyarrow.compute as pc

    first = _first_lines(lines)
    for column in ("InvoiceAmountDue", "Status", "DueDate", "Currency"):
        texts = _array(lines[column])
        differs = pc.not_equal(texts, texts.take(first)).to_numpy(zero_copy_only=False)
        if differs.any():
            line = lines[differs].iloc[0]
            raise SourceError(
                f"{_place(line)}: document {line['InvoiceNumber']!r} of {line['ContactName']!r} has lines that "
                f"disagree in {column}, here {line[column]!r}; export it again"
            )
    return lines.take(np.flatnonzero(first == np.arange(len(lines)))).reset_index(drop=True)


def _first_lines(lines: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Return, for every line, the position of its document's first line."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = [_array(lines[name]) for name in _DOCUMENT]
    joined = pc.binary_join_element_wise(*keys, pa.scalar("\x1f", pa.large_string()))
    codes = joined.dictionary_encode().indices.to_numpy().astype(np.int64)
    alone = _alone(lines).to_numpy(dtype=bool)
    codes[alone] = -1 - np.arange(alone.sum())
    _, position, document = np.unique(codes, return_index=True, return_inverse=True)
    return position[document]


def _array(column: pd.Series[str]) -> Any:
    """Return a text column as one Arrow array."""
    import pyarrow as pa

    return pa.chunked_array(pa.array(column)).combine_chunks()


def _without_repeats(lines: pd.DataFrame) -> pd.DataFrame:
    """Drop the lines that only repeat the one before: a document's lines follow each other, so few are left."""
    import pyarrow.compute as pc

    columns = lines.drop(columns=["origin", "LineAmount"], errors="ignore")
    arrays = [_array(columns[name]) for name in columns]
    repeats = [pc.equal(array.slice(1), array.slice(0, max(len(array) - 1, 0))) for array in arrays]
    same = functools.reduce(pc.and_, repeats).to_numpy(zero_copy_only=False)
    keep = _alone(lines).to_numpy(dtype=bool, copy=True)
    keep[:1] = True
    keep[1:] |= ~same
    return lines[keep]


def _alone(lines: pd.DataFrame) -> pd.Series[bool]:
    """Where a line is a document of its own: it has no number, as overpayments do, and makes up the whole total.

    Two overpayments may be equal in all that the export holds; grouped, the second would be lost.
    """
    alone = lines["InvoiceNumber"].str.strip() == ""
    if "LineAmount" in lines and alone.any():
        nameless = lines[alone]
        alone[alone] = _plain(nameless["LineAmount"]) == _plain(nameless["Total"])
    return alone


def _plain(amounts: pd.Series[str]) -> pd.Series[str]:
    """Return amounts as text without trailing zeros: an export may write 2 decimals here and 4 there."""
    return amounts.str.strip().str.replace(r"(\.\d*?)0*$", r"\1", regex=True).str.rstrip(".")


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer Xero."""
    return [Xero]
