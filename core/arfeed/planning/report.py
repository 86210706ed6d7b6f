"""The report as a file: what the destination lays out, as CSV, exact to the currency's smallest unit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter

import pandas as pd
import pyarrow as pa
from pyarrow import csv

from arfeed.model import arrow
from arfeed.model.background import begin
from arfeed.model.errors import ArfeedError, DestinationError
from arfeed.model.parts import Destination
from arfeed.planning.changes.texts import note_formulas
from arfeed.planning.money import format_money, group_by_digits
from arfeed.planning.proof import check_reads_back
from arfeed.plugins.isolation import isolated_copy, restore_process_state

_ROWS_AT_ONCE = 16_384


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report staged on disk; `seconds` is how long the destination took to lay it out, `notes` are for the plan."""

    path: Path
    size: int
    sha256: str
    header: tuple[str, ...]
    seconds: float
    notes: tuple[str, ...]


def write_report(destination: Destination, invoices: pd.DataFrame, path: Path) -> ReportFile:
    """Write the report: UTF-8 without BOM, commas, double quotes, ISO dates, plain decimals with a dot.

    Raise `DestinationError` if the destination's layout, or the file as it reads it back, is not these invoices,
    row by row.
    """
    began = perf_counter()
    laid_out = _lay_out(destination, invoices)
    seconds = perf_counter() - began
    # One thread: the plan is summed up meanwhile, and on two processors more threads would only wait for each other.
    table = pa.Table.from_pandas(laid_out, preserve_index=False, nthreads=1)
    del laid_out  # which would keep the amounts in memory as numbers, too
    digits = group_by_digits(arrow.to_text_array(invoices["currency"]))
    notes = tuple(note_formulas(table))
    for number, field in enumerate(table.schema):
        if pa.types.is_floating(field.type):
            raise DestinationError(f"{destination.name}: its report() made {field.name!r} a float; money never is one")
        if pa.types.is_decimal(field.type):
            table = table.set_column(number, field.name, format_money(field.name, table.column(number), digits))
    # pyarrow's own writer, which needs a fraction of a second for a million rows; in steps of more rows than its 1,024.
    csv.write_csv(table, path, csv.WriteOptions(batch_size=_ROWS_AT_ONCE))
    # In the background, while the file is read back: hashing lets other threads run, and neither changes the file.
    digest, header = begin(partial(digest_of, path)), tuple(table.column_names)
    del table  # before the file is read back: both would be in memory
    arrow.release_memory()
    check_reads_back(destination, invoices, path)
    arrow.release_memory()
    return ReportFile(path, path.stat().st_size, digest.result(), header, seconds, notes)


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, hashlib.sha256).hexdigest()


def _lay_out(destination: Destination, invoices: pd.DataFrame) -> pd.DataFrame:
    try:
        # A copy that can't be written through: a plugin that changes the frame in place would change the plan too.
        with restore_process_state():
            laid_out = destination.report(isolated_copy(invoices))
    except ArfeedError:
        raise
    except ValueError as exc:
        raise DestinationError(f"{destination.name}: {exc}") from exc
    except (Exception, SystemExit) as exc:
        raise DestinationError(f"{destination.name}: its report() failed: {type(exc).__name__}: {exc}") from exc
    if not isinstance(laid_out, pd.DataFrame):
        raise DestinationError(f"{destination.name}: its report() returned {type(laid_out).__name__}, not a DataFrame")
    if len(laid_out) != len(invoices):
        raise DestinationError(
            f"{destination.name}: its report() returned {len(laid_out)} rows for {len(invoices)} invoices; "
            "a plugin may not drop or add any"
        )
    # The file is proved row by row, so a reordered one could not be told from one with exchanged balances.
    if not laid_out.index.equals(invoices.index):
        raise DestinationError(f"{destination.name}: its report() put the invoices into another order; keep theirs")
    return laid_out
