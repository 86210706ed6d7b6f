"""Run the sources to their end, and insist that each proves to be complete."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Problem
from arfeed.intake.control_account import with_control_account
from arfeed.intake.normalize import Normalizer, Typed
from arfeed.intake.problems import describe
from arfeed.model.arrow import as_single_chunk, empty_invoices, filter_rows, sum_balances, to_frame
from arfeed.model.controls import Complete
from arfeed.model.errors import ArfeedError, ProblemsError, SourceError
from arfeed.model.parts import Connector
from arfeed.model.results import SourceRead, SourceReport
from arfeed.model.schema import ZERO
from arfeed.model.settings import FileSettings
from arfeed.plugins.isolation import own, undisturbed
from arfeed.tables.files.files import Inputs, inputs_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Extract:
    """All rows of all sources, open and closed, canonical and typed, and what each source said of itself.

    `failed` holds the sources that could not be read and may carry their last rows forward, and why they failed.
    """

    rows: pd.DataFrame
    reports: tuple[SourceReport, ...]
    failed: Mapping[str, SourceError]

    @property
    def open(self) -> pd.DataFrame:
        """The rows that belong into a report: open, with a balance."""
        return filter_rows(self.rows, _is_open(self.rows))


def extract(
    sources: Sequence[Connector],
    now: Callable[[], datetime],
    unsettled: Mapping[str, SourceError] | None = None,
    told: Callable[[str, int], None] = lambda *_: None,
) -> Extract:
    """Read every source. Raise `SourceError` for the first that fails, `ProblemsError` with all bad rows.

    `unsettled` names sources that have failed already. `told` hears how many rows of a source have been read.
    """
    frames, reports = [], []
    failed: dict[str, SourceError] = {}
    problems: list[tuple[Connector, list[Problem]]] = []
    for connector in sources:
        normalizer = Normalizer(connector)
        try:
            if unsettled and connector.source in unsettled:
                raise unsettled[connector.source]
            inputs = inputs_of(connector.settings)
            rows, complete, seconds = _read(connector, normalizer, partial(told, connector.source))
            if not normalizer.problems:
                _check_totals(connector, rows, complete)
                complete = with_control_account(connector.source, connector.settings, rows, complete)
            read = inputs()
        except SourceError as exc:
            if connector.settings.on_failure is None:
                raise
            failed[connector.source] = exc
            continue
        if normalizer.problems:
            problems.append((connector, normalizer.problems))
            continue
        frames.append(rows)
        report = _report(connector, rows, complete, now(), read)
        reports.append(report._replace(seconds=seconds, states_status=normalizer.states_status))
    if problems:
        raise ProblemsError(describe(problems))
    return Extract(joined(frames) if frames else empty_invoices(), tuple(reports), failed)


def _report(connector: Connector, rows: pd.DataFrame, complete: Complete, at: datetime, inputs: Inputs) -> SourceReport:
    latest: date | None = pc.max(pa.array(rows["issued_on"])).as_py() if len(rows) else None
    read = SourceRead(at, complete.as_of, latest)
    count = int(_is_open(rows).sum())
    source, name, settings = connector.source, connector.name, connector.settings
    return SourceReport(source, name, settings, len(rows), count, complete, read, inputs=inputs)


def _is_open(rows: pd.DataFrame) -> pd.Series[bool]:
    return (rows["status"] == "open") & (rows["balance"] != ZERO)


_AT_ONCE = 2
"""So many frames are typed, and columns joined, at once."""


def _read(
    connector: Connector, normalizer: Normalizer, told: Callable[[int], None]
) -> tuple[pd.DataFrame, Complete, float]:
    """Return the rows, the source's word on them, and for how many seconds the connector was at work."""
    tables, complete, seconds = _run(connector, normalizer, told)
    if not isinstance(complete, Complete):
        raise SourceError(
            f"{connector.source}: its connector {connector.name!r} ended without returning Complete(…), "
            f"so nothing says that it read everything; found {complete!r}"
        )
    rows = sum(len(table) for table in tables)
    if complete.rows is not None and complete.rows != rows:
        raise SourceError(
            f"{connector.source}: the source counts {complete.rows} rows, but {rows} were read; "
            "it was not read completely, so export it or run again"
        )
    if not rows and not connector.settings.allow_empty:
        raise SourceError(
            f"{connector.source}: it has no rows at all, which would mark everything as paid; "
            "if that can be right, say allow_empty = true"
        )
    return to_frame(_whole(tables)) if tables else empty_invoices(), complete, seconds


def _run(
    connector: Connector, normalizer: Normalizer, told: Callable[[int], None]
) -> tuple[list[pa.Table], object, float]:
    """Run the connector to its end, whatever that is; other threads type its frames while it reads the next one.

    What is wrong with a frame is told before what is wrong with a later one.
    """
    tables: list[pa.Table] = []
    generator, seconds = connector.invoices(), 0.0
    with ThreadPoolExecutor(_AT_ONCE, "arfeed-normalizing") as normalizing:
        under_way: deque[Future[Typed]] = deque()

        def accept(most: int) -> None:
            """Accept the first frames, until no more than so many are under way."""
            while len(under_way) > most:
                tables.append(normalizer.accept(under_way.popleft().result()))

        complete, ended = None, False
        while not ended:
            began = perf_counter()
            try:
                try:
                    raw = _next(connector, generator)
                finally:
                    seconds += perf_counter() - began
                frames = normalizer.take(raw)
            except StopIteration as stop:
                complete, ended = stop.value, True
                accept(0)
                frames = normalizer.rest()
            except ArfeedError:
                accept(0)
                raise
            under_way += [normalizing.submit(normalizer.typed, frame) for frame in frames]
            accept(0 if ended else _AT_ONCE)
            told(normalizer.seen)
    return tables, complete, seconds


def _next(connector: Connector, generator: Generator[pd.DataFrame, None, Complete]) -> pd.DataFrame:
    """Take the next frame, which the connector can't change afterwards; name the source in whatever it raises."""
    try:
        with undisturbed():
            return own(next(generator))
    except (StopIteration, ArfeedError):
        raise
    except (Exception, SystemExit, GeneratorExit) as exc:
        raise SourceError(f"{connector.source}: {type(exc).__name__}: {exc}") from exc


_FLOATS = "; if a database keeps the balance as REAL or FLOAT, CAST it AS numeric in the query: its sums are not exact"


def _check_totals(connector: Connector, rows: pd.DataFrame, complete: Complete) -> None:
    if complete.totals is None:
        return
    groups = sum_balances(rows, ("currency",)).to_dict("records")
    sums: dict[str, Decimal] = {group["currency"]: group["balance"] for group in groups}
    for currency in sorted({*sums, *complete.totals}):
        counted, said = sums.get(currency, Decimal(0)), complete.totals.get(currency, Decimal(0))
        if counted != said:
            floats = "" if isinstance(connector.settings, FileSettings) else _FLOATS
            raise SourceError(
                f"{connector.source}: its total is {said} {currency}, but the rows read sum to {counted}; "
                f"it is not complete: export it again{floats}"
            )


def joined(frames: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Put frames of different sources below each other; columns that one lacks are blank text there."""
    if len(frames) == 1:
        return frames[0]
    tables = [pa.Table.from_pandas(frame, preserve_index=False, nthreads=1) for frame in frames]
    return to_frame(_whole([table.replace_schema_metadata() for table in tables]))


def _whole(tables: list[pa.Table]) -> pa.Table:
    """Join tables to one whose columns are one piece each: what asks for a piece later need not copy it.

    They are taken out of their list, or all of their parts would be kept until the last column is joined.
    """
    every = pa.concat_tables(tables, promote_options="default")
    tables.clear()
    names, columns = every.column_names, every.columns
    del every

    def join(number: int) -> None:
        column = as_single_chunk(columns[number])
        text = pa.types.is_large_string(column.type) and column.null_count
        columns[number] = pc.fill_null(column, "") if text else column  # its parts are not kept longer than that

    with ThreadPoolExecutor(_AT_ONCE, "arfeed-joining") as joining:
        [*joining.map(join, range(len(columns)))]
    return pa.table(columns, names=names)
