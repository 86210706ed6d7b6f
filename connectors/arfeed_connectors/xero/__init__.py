"""Xero's sales invoices export (Business > Invoices > Export), a CSV file with a row a line item.

Header fields repeat on every line of a document; documents of all kinds and states are in one file, and an export of
bills has the same columns.
"""

from __future__ import annotations

import functools
from collections.abc import Generator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from arfeed import (
    Complete,
    Connector,
    FileSettings,
    SourceError,
    find_files,
    hookimpl,
    locate,
    read_arrow,
    read_header,
)
from arfeed_connectors.combined import any_closed, each_file
from arfeed_connectors.xero.aged import find_aged, is_titled, read_aged
from arfeed_connectors.xero.json import is_json, read_json

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd
    import pyarrow as pa

ARFEED_CONTRACT = 1

_DOCUMENT = ("Type", "InvoiceNumber", "ContactName", "InvoiceDate", "Total")
"""The export has no ids: these columns together tell one document from another."""

_REQUIRED = (*_DOCUMENT, "DueDate", "InvoiceAmountDue", "Currency", "Status")
_OPTIONAL = ("EmailAddress", "Reference", "PlannedDate", "TaxTotal", "InvoiceAmountPaid", "Sent", "LineAmount")
_TEMPLATE_ONLY = ("InvoiceAmountDue", "Status", "Type")
_OWN = {"contactname", "invoicenumber"}
"""How the headers of the export and of the template are spelled, and hardly anybody else's."""

_MOST_EXPORTED = 500
"""How many documents Xero's own export has at most, as its users report."""

_KINDS = {
    "sales invoice": "invoice",
    "sales credit note": "credit_note",
    "sales overpayment": "payment",
    "sales prepayment": "payment",
}
# Known and left out; a type that is in neither list is refused, since it may be a debt.
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
    """Xero's sales invoices export, the Aged Receivables Detail, or invoices as its API answers them."""

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
        """Yield the documents of each file, and return their combined `Complete`."""
        return (yield from each_file(self.settings, self._file))

    def check(self) -> None:
        """Check that each file has the header of something known."""
        for file in find_files(self.settings):
            if not is_json(file) and not find_aged(file, self.settings):
                self._headers(file)

    def recognizes(self) -> bool:
        """Whether a file has headers or the title of one of Xero's exports."""
        return all(self._is_xeros(file) for file in find_files(self.settings))

    def _is_xeros(self, file: str) -> bool:
        if is_json(file) or is_titled(file, self.settings):
            return True
        found = read_header(file, encoding=self.settings.encoding, delimiter=self.settings.delimiter)
        return {_spell(name) for name in found} >= _OWN

    def _file(self, file: str) -> Generator[pd.DataFrame, None, Complete]:
        if is_json(file):
            return (yield from read_json(file))
        if aged := find_aged(file, self.settings):
            return (yield from read_aged(aged))
        documents = self._documents(file)
        yield documents
        lists_closed, capped = any_closed(documents, "Status", self.settings), len(documents) == _MOST_EXPORTED
        note = (
            f"{file}: it has exactly {_MOST_EXPORTED} documents, the most that Xero exports at a time, so others may "
            "be missing, and you will be asked about every missing invoice. Export in parts, by date, and read them "
            'by files = "all"'
        )
        return Complete(lists_closed=lists_closed, capped=capped, notes=(note,) * capped)

    def _documents(self, file: str) -> pd.DataFrame:
        import pyarrow as pa
        import pyarrow.compute as pc

        types: set[str] = set()
        count, parts = 0, []
        for lines in self._lines(file):
            _refuse_other_types(file, lines)
            types.update(pc.unique(lines["Type"]).to_pylist())
            count += len(lines)
            # Portion by portion, so that the repeating lines of a large export are never all in memory.
            parts.append(_without_repeats(lines))
        lines = pa.concat_tables(parts)
        # Without this an export of bills would look like one without open invoices.
        if not len(lines) and types:
            raise SourceError(
                f"{file}: it lists {count} line{'s' if count > 1 else ''}, but no sales documents, only "
                f"{', '.join(sorted(types))}; export Business > Invoices, not Bills"
            )
        return _fold_lines(lines, file)

    def _lines(self, file: str) -> Iterator[pa.Table]:
        """Yield the file's lines under Xero's own headers, however it spells them."""
        import pyarrow.compute as pc

        headers = self._headers(file)
        names = [*headers, "origin"]
        settings = self.settings
        # Only the columns that are needed: the others, such as descriptions, are about line items.
        for rows in read_arrow(
            file, columns=list(headers.values()), encoding=settings.encoding, delimiter=settings.delimiter
        ):
            lines = rows.rename_columns(names)
            types = _array(lines, "Type").dictionary_encode()
            spelled = pc.utf8_lower(pc.utf8_trim_whitespace(types.dictionary))
            # In one spelling, since types are compared exactly from here on.
            yield lines.set_column(names.index("Type"), "Type", spelled.take(types.indices))

    def _headers(self, file: str) -> dict[str, str]:
        """Return Xero's name for each column that is needed, and how this file spells it."""
        found = read_header(file, encoding=self.settings.encoding, delimiter=self.settings.delimiter)
        # Reversed, so that the first of two headers that differ in spelling only is the one that counts.
        spelled = {_spell(name): name for name in reversed(found)}
        headers = {name: spelled[name.casefold()] for name in (*_REQUIRED, *_OPTIONAL) if name.casefold() in spelled}
        missing = [name for name in _REQUIRED if name not in headers]
        if set(_TEMPLATE_ONLY) <= set(missing) and spelled.keys() >= _OWN:
            raise SourceError(
                f"{file}: this looks like Xero's import template: it has no {', '.join(_TEMPLATE_ONLY)}, so nothing "
                "says what is open; export the invoices from Business > Invoices"
            )
        if missing:
            raise SourceError(
                f"{file}: this is not a sales invoices export of Xero: no column {', '.join(missing)}; "
                f"found {', '.join(found)}; export Business > Invoices > Export, or use the connector folder"
            )
        mapped = [header for header in self.settings.headings() if header in found]
        return headers | {header: header for header in mapped if header not in headers.values()}


def _spell(header: str) -> str:
    return header.replace("*", "").replace(" ", "").casefold()


def _refuse_other_types(file: str, lines: pa.Table) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    unknown = lines.filter(pc.invert(pc.is_in(lines["Type"], value_set=pa.array([*_KINDS, *_OTHER_TYPES]))))
    if len(unknown):
        raise SourceError(
            f"{_place(unknown, file)} column Type: {unknown['Type'][0].as_py()!r} is not a type of document that is "
            f"known here ({len(unknown)} such lines in {file}); export it again, or report it, so that it can be added"
        )


def _place(lines: pa.Table, file: str) -> str:
    return locate(lines["origin"][0].as_py(), file)


def _without_repeats(lines: pa.Table) -> pa.Table:
    """Keep the sales lines that do not merely repeat the line before: a document's lines follow each other."""
    import pyarrow as pa
    import pyarrow.compute as pc

    # LineAmount is the one needed column that differs between the lines of one document.
    columns = [_array(lines, name) for name in lines.column_names if name not in ("origin", "LineAmount")]
    repeats = [pc.equal(column.slice(1), column.slice(0, max(len(column) - 1, 0))) for column in columns]
    first = pa.array([False] * min(len(lines), 1), pa.bool_())
    same = pa.concat_arrays([first, functools.reduce(pc.and_, repeats)])
    sales = pc.is_in(lines["Type"], value_set=pa.array(list(_KINDS)))
    return lines.filter(pc.and_(sales, pc.or_(pc.invert(same), _is_whole_document(lines))))


def _is_whole_document(lines: pa.Table) -> pa.Array:
    """Whether each line is a whole document: it has no number, like an overpayment, and makes up the whole total.

    Two overpayments may be equal in all that the export holds; grouped, the second would be lost.
    """
    import pyarrow.compute as pc

    nameless = pc.equal(pc.utf8_trim_whitespace(_array(lines, "InvoiceNumber")), "")
    if "LineAmount" not in lines.column_names or not pc.any(nameless).as_py():
        return nameless
    # A prepayment of several lines has a larger total than any of them.
    whole = pc.equal(_format_plain(_array(lines, "LineAmount")), _format_plain(_array(lines, "Total")))
    return pc.and_(nameless, whole)


def _format_plain(amounts: pa.Array) -> pa.Array:
    """Return amounts as text without trailing zeros: an export may write 2 decimals here and 4 there."""
    import pyarrow.compute as pc

    return pc.replace_substring_regex(pc.utf8_trim_whitespace(amounts), r"\.0*$|(\.\d*?)0+$", r"\1")


def _fold_lines(lines: pa.Table, file: str) -> pd.DataFrame:
    """Return a row for each document, its first line. Raise `SourceError` if its lines disagree on what is due."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    # By now most numbers occur once; only the other lines have to be told apart by more than their number.
    numbers = _array(lines, "InvoiceNumber").dictionary_encode().indices.to_numpy()
    several = np.flatnonzero(np.bincount(numbers)[numbers] > 1)
    alike = lines.take(several)
    first = _first_lines(alike)
    # None of these identifies the document, so lines that differ here are one document with two answers.
    for column in ("InvoiceAmountDue", "Status", "DueDate", "Currency"):
        texts = _array(alike, column)
        differs = alike.filter(pc.not_equal(texts, texts.take(first)))
        if len(differs):
            number, customer, found = (differs[name][0].as_py() for name in ("InvoiceNumber", "ContactName", column))
            raise SourceError(
                f"{_place(differs, file)}: document {number!r} of {customer!r} has lines that "
                f"disagree in {column}, here {found!r}; export it again"
            )
    begins = np.ones(len(lines), bool)
    begins[several] = first == np.arange(len(alike))
    documents = lines.filter(pa.array(begins))
    kinds = _translate(_array(documents, "Type"), _KINDS)
    status = _array(documents, "Status")
    # A word that is not known stays, and becomes a problem of its row; it must not pass for open, nor for paid.
    known = _translate(pc.utf8_lower(pc.utf8_trim_whitespace(status)), _STATUSES)
    documents = documents.append_column("kind", kinds).set_column(
        documents.column_names.index("Status"), "Status", pc.coalesce(known, status)
    )
    # LineAmount was needed to tell lines from documents; of a document it says nothing.
    wanted = [name for name in documents.column_names if name != "LineAmount"]
    frame: pd.DataFrame = documents.select(wanted).to_pandas()
    return frame


def _first_lines(lines: pa.Table) -> npt.NDArray[np.int64]:
    """Return, for every line, the position of its document's first line."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = pc.binary_join_element_wise(
        *(_array(lines, name) for name in _DOCUMENT), pa.scalar("\x1f", pa.large_string())
    )
    documents = (
        pc.if_else(_is_whole_document(lines), _array(lines, "origin"), keys).dictionary_encode().indices.to_numpy()
    )
    # Documents are numbered in the order in which they come up, so a first line has the highest number so far.
    highest = np.maximum.accumulate(documents)
    first = np.flatnonzero(np.diff(highest, prepend=-1))
    positions: npt.NDArray[np.int64] = first[documents]
    return positions


def _translate(texts: pa.Array, meanings: Mapping[str, str]) -> pa.Array:
    """Return what each text means; null if it is not a known one."""
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(texts, value_set=pa.array(list(meanings), pa.large_string()))
    return pa.array(list(meanings.values()), pa.large_string()).take(place)


def _array(lines: pa.Table, name: str) -> pa.Array:
    """Return a column as one array; combining would copy even a single piece."""
    column = lines[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


@hookimpl
def arfeed_connectors() -> Iterable[type[Connector]]:
    """Offer Xero."""
    return [Xero]
