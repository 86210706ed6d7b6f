"""The tables of a shipment: written in the receiver's notation, and read back before anything is sent."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from arfeed.model import arrow, schema
from arfeed.model.errors import DestinationError, RefusedError
from arfeed.model.shipping.files import TableFile
from arfeed.planning.changes.texts import note_formulas
from arfeed.planning.money import format_money, group_by_digits
from arfeed.planning.shipments.content import arrow_type

if TYPE_CHECKING:
    from arfeed.model.shipping.api import Calls
    from arfeed.model.shipping.files import Subject, TextFormat

NEEDED: Mapping[Subject, tuple[str, ...]] = {
    "invoices": ("invoice_ref", "balance"),
    "customers": ("customer_id",),
    "closed": ("invoice_ref",),
    "ledger": ("invoice_ref", "balance", "status"),
}
"""What a table must prove: without it nobody could tell whether it holds the plan's rows."""

_ISO = "%Y-%m-%d"
_PIECE = 1 << 20
_MOST_NAMED = 10


def write_table(whose: str, table: TableFile, subject: pd.DataFrame, path: Path) -> tuple[str, ...]:
    """Write a table to a path and prove it; return notes for the plan.

    Raise `DestinationError` if the file, as it reads back, is not the rows of `subject`, and `RefusedError` if a column
    that the receiver requires is blank or 0 somewhere: it would take none of the file.
    """
    who = f"{whose}: its table {table.name}"
    check_frame(who, table, subject)
    laid_out = pa.Table.from_pandas(table.frame, preserve_index=False, nthreads=1)
    notes = tuple(note_formulas(laid_out))
    # Before amounts become text: 0.00 is a zero, and "0" is one in any notation.
    refuse_blanks(table, laid_out, subject)
    texts = pa.table(dict(in_notation(who, table.format, laid_out, subject)))
    _write(who, table.format, texts, path)
    del laid_out, texts
    prove(who, table, subject, _read_back(who, table.format, path))
    return notes


def check_frame(who: str, table: TableFile | Calls, subject: pd.DataFrame) -> None:
    """Raise `DestinationError` unless the frame has the rows of its subject, and what it proves of them."""
    if lacking := [name for name in NEEDED[table.of] if name not in table.proves]:
        raise DestinationError(f"{who} does not prove {', '.join(lacking)}; name the headers of them in `proves`")
    if not isinstance(table.frame, pd.DataFrame):
        raise DestinationError(f"{who} is {type(table.frame).__name__}, not a DataFrame")
    headers = [*table.frame.columns]
    if double := next((header for header in headers if headers.count(header) > 1), None):
        raise DestinationError(f"{who} has two columns {double!r}")
    named = [*table.proves.values(), *table.required]
    if unknown := next((header for header in named if header not in headers), None):
        raise DestinationError(f"{who} names a column {unknown!r} that it has not; there are {', '.join(headers)}")
    if strange := next((name for name in table.proves if name not in subject.columns), None):
        raise DestinationError(f"{who} proves {strange!r}, which {table.of} has not; {', '.join(subject.columns)}")
    # Proven row by row, so a reordered table could not be told from one with exchanged balances.
    if not table.frame.index.equals(subject.index):
        raise DestinationError(
            f"{who} has {len(table.frame):,} rows for {len(subject):,} of {table.of}, or another order; keep both, and "
            "the index"
        )


def refuse_blanks(table: TableFile | Calls, laid_out: pa.Table, subject: pd.DataFrame) -> None:
    """Raise `RefusedError` if a required column is blank or 0 in any row, naming the first."""
    refuses = "a whole file" if isinstance(table, TableFile) else "a request"
    key = "customer_id" if table.of == "customers" else "invoice_ref"
    lines = []
    for header in table.required:
        column = arrow.as_single_chunk(laid_out.column(header))
        if pa.types.is_decimal(column.type):
            bad = pc.or_kleene(pc.is_null(column), pc.equal(column, schema.ZERO))
        else:
            text = pc.utf8_trim_whitespace(pc.cast(column, pa.large_string()))
            bad = pc.or_kleene(pc.is_null(text), pc.match_substring_regex(text, r"^(0+([.,]0*)?)?$"))
        rows = subject[key].to_numpy()[np.asarray(bad)]
        if len(rows):
            more = f" and {len(rows) - _MOST_NAMED:,} more" if len(rows) > _MOST_NAMED else ""
            lines.append(f"  {header}: {', '.join(map(str, rows[:_MOST_NAMED]))}{more}")
    if lines:
        raise RefusedError(
            f"the receiver refuses {refuses} if one required value is blank or 0; {table.name} would have such:\n"
            + "\n".join(lines)
            + "\nNothing was sent. Complete them in the source, or take these rows out with a transform"
        )


def in_notation(
    who: str, form: TextFormat, laid_out: pa.Table, subject: pd.DataFrame
) -> Iterator[tuple[str, pa.Array]]:
    """Yield each column as text: amounts with as many places as their currency has, dates by the pattern."""
    digits = group_by_digits(arrow.to_text_array(subject["currency"])) if "currency" in subject.columns else None
    for field, column in zip(laid_out.schema, laid_out.columns, strict=True):
        if pa.types.is_floating(field.type):
            raise DestinationError(f"{who} made {field.name!r} a float; money never is one")
        if pa.types.is_decimal(field.type):
            if digits is None:
                raise DestinationError(f"{who} has amounts in {field.name!r}, and its rows have no currency")
            money = format_money(field.name, column, digits)
            yield field.name, pc.replace_substring(money, ".", ",") if form.decimal == "," else money
        elif pa.types.is_date(field.type) and form.dates != _ISO:
            yield field.name, pc.strftime(pc.cast(column, pa.timestamp("s")), format=form.dates)
        else:
            yield field.name, pc.cast(column, pa.large_string())


def _write(who: str, form: TextFormat, texts: pa.Table, path: Path) -> None:
    quoting = "all_valid" if form.quote == "all" else "none"
    plain = codecs.lookup(form.encoding).name == "utf-8"
    utf8 = path if plain else path.with_suffix(".utf8")
    try:
        with utf8.open("wb") as out:
            if form.quote == "none":
                # pyarrow 26 puts headers into quotes even if it is to use none.
                out.write(f"{_plain_header(who, form, texts.column_names)}\n".encode())
            options = csv.WriteOptions(
                include_header=form.quote == "all", delimiter=form.delimiter, quoting_style=quoting
            )
            csv.write_csv(texts, out, options)
    except pa.ArrowInvalid as exc:
        raise DestinationError(f'{who} can\'t be written without quotes: {exc}; write quote = "all"') from exc
    if plain:
        return
    with utf8.open(encoding="utf-8", newline="") as source, path.open("w", encoding=form.encoding, newline="") as out:
        try:
            for piece in iter(partial(source.read, _PIECE), ""):
                out.write(piece)
        except UnicodeEncodeError as exc:
            lost = exc.object[exc.start : exc.end]
            raise DestinationError(
                f"{who} holds {lost!r}, which {form.encoding} has not; ask the receiver for UTF-8, or change the text "
                "with a transform"
            ) from exc
    utf8.unlink()


def _plain_header(who: str, form: TextFormat, names: Sequence[str]) -> str:
    if wrong := [name for name in names if any(each in name for each in (form.delimiter, '"', "\r", "\n"))]:
        raise DestinationError(f'{who}: the header {wrong[0]!r} can\'t be written without quotes; write quote = "all"')
    return form.delimiter.join(names)


def _read_back(who: str, form: TextFormat, path: Path) -> pa.Table:
    """Read a table as whoever knows its format would: every column as text, blank if nothing is written."""
    try:
        with path.open("rb") as file:
            names = _headers(form, path)
            return csv.read_csv(
                file,
                read_options=csv.ReadOptions(use_threads=False, encoding=form.encoding),
                parse_options=csv.ParseOptions(
                    delimiter=form.delimiter, newlines_in_values=True, quote_char='"' if form.quote == "all" else False
                ),
                convert_options=csv.ConvertOptions(
                    column_types=dict.fromkeys(names, pa.large_string()), strings_can_be_null=False
                ),
            )
    except (pa.ArrowInvalid, UnicodeError) as exc:
        raise DestinationError(f"{who} can't be read back: {exc}") from exc


def _headers(form: TextFormat, path: Path) -> list[str]:
    # A header that is written without quotes holds none, so it reads alike either way.
    found = pd.read_csv(path, nrows=0, sep=form.delimiter, encoding=form.encoding)
    return [*map(str, found.columns)]


def prove(who: str, table: TableFile | Calls, subject: pd.DataFrame, read: pa.Table) -> None:
    """Raise `DestinationError` unless texts that were read back are the rows of the subject."""
    if read.num_rows != len(subject):
        raise DestinationError(f"{who} reads back as {read.num_rows:,} rows, and {len(subject):,} were to be written")
    for name, header in table.proves.items():
        texts = arrow.as_single_chunk(read.column(header))
        if name == "status":
            _prove_status(who, subject, texts)
            continue
        kind = arrow_type(name)
        wanted = arrow.as_single_chunk(pa.array(subject[name], kind))
        try:
            found = _parse(texts, kind, table.format)
        except pa.ArrowInvalid as exc:
            raise DestinationError(f"{who} holds in {header!r} what is not its {name}: {exc}") from exc
        if pa.types.is_large_string(kind):
            wanted = pc.fill_null(wanted, "")
        both = pc.and_(pc.is_null(found), pc.is_null(wanted))
        same = pc.or_(both, pc.fill_null(pc.equal(found, wanted), fill_value=False))
        row = pc.index(same, value=False).as_py()
        if row >= 0:
            raise DestinationError(
                f"{who} is not the plan: row {row + 1} has the {name} {found[row].as_py()!r} under {header!r}, and in "
                f"the plan {wanted[row].as_py()!r}; fix shipments()"
            )


def _parse(texts: pa.Array, kind: pa.DataType, form: TextFormat) -> pa.Array:
    if pa.types.is_large_string(kind):
        return texts
    filled = pc.if_else(pc.equal(texts, ""), None, texts)
    if pa.types.is_decimal(kind):
        return pc.cast(pc.replace_substring(filled, form.decimal, "."), kind)
    if form.dates == _ISO:
        return pc.cast(filled, kind)
    return pc.cast(pc.strptime(filled, format=form.dates, unit="s"), kind)


def _prove_status(who: str, subject: pd.DataFrame, texts: pa.Array) -> None:
    """Raise unless the words for open and closed differ; which ones they are is the receiver's affair."""
    is_open = pa.array((subject["status"] == "open").to_numpy(dtype=bool))
    opened, closed = (set(pc.unique(texts.filter(mask)).to_pylist()) for mask in (is_open, pc.invert(is_open)))
    if opened & closed or "" in opened | closed:
        raise DestinationError(
            f"{who} has one word, or none, for what is open and what is closed: open are {sorted(opened)}, closed are "
            f"{sorted(closed)}"
        )
