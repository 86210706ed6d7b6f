"""Running the sources to their end, and requiring each to prove that it was read completely."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from time import perf_counter
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Problem
from arfeed.intake.joining import join_frames, join_tables
from arfeed.intake.ledger.control_account import add_control_account
from arfeed.intake.meaning.currencies import refuse_other_currencies
from arfeed.intake.meaning.doubts import find_doubts, find_new_doubts
from arfeed.intake.meaning.doubts.case import Case
from arfeed.intake.meaning.doubts.late import find_late, find_late_doubts
from arfeed.intake.meaning.folding import fold_rows
from arfeed.intake.meaning.negative import note_negative
from arfeed.intake.meaning.totals import check_totals_rows, refuse_hidden_totals
from arfeed.intake.meaning.wrapped import note_unwrapped
from arfeed.intake.normalize import Normalizer, Typed
from arfeed.intake.problems import describe_problems
from arfeed.model.arrow import empty_invoices, filter_rows, sum_balances, to_frame
from arfeed.model.currencies import withdrawn
from arfeed.model.errors import ArfeedError, ConfigError, ProblemsError, SourceError
from arfeed.model.figures import Complete
from arfeed.model.parts import Connector
from arfeed.model.results import Doubt, SourceRead, SourceReport, StatusWord
from arfeed.model.schema import ZERO
from arfeed.model.settings import FileSettings
from arfeed.plugins.isolation import isolated_copy, restore_process_state
from arfeed.tables.files.changes import Inputs, track_inputs

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Extract:
    """All rows of all sources, open and closed, canonical and typed, and a report on each source.

    `failed` holds the errors of the sources that could not be read and may carry their last rows forward. `headers`
    are, by source, the headings in use by canonical name. `whole` are sources none of whose amounts has decimals.
    """

    rows: pd.DataFrame
    reports: tuple[SourceReport, ...]
    failed: Mapping[str, SourceError]
    headers: Mapping[str, Mapping[str, str]]
    whole: frozenset[str] = frozenset()

    @property
    def open(self) -> pd.DataFrame:
        """Return the rows that belong in a report: open, with a balance."""
        return filter_rows(self.rows, _is_open(self.rows))

    def doubts(self, source: SourceReport) -> tuple[Doubt, ...]:
        """Return what makes the reading of a source doubtful. It takes a look at all of its rows."""
        rows, headers = self._of(source, self.rows), self.headers[source.source]
        return find_doubts(rows, source.settings, headers, whole=source.source in self.whole)

    def new_doubts(
        self,
        source: SourceReport,
        reported: pd.DataFrame,
        before: Callable[[], pd.DataFrame],
        known: Callable[[], Collection[str] | None] = lambda: None,
    ) -> tuple[Doubt, ...]:
        """Return what makes the columns of the invoices that are `reported` doubtful, and of those `before` did not.

        `known` returns the canonical columns that were read for the last delivery, None if that is not known.
        """

        def load_earlier_rows() -> pd.DataFrame:
            rows = before()
            return filter_rows(rows, rows["source"] == source.source)

        headers = self.headers[source.source]
        doubts = find_new_doubts(self._of(source, reported), load_earlier_rows, source.settings, headers)
        late = find_late(source.settings, headers, known)
        if not late or not isinstance(source.settings, FileSettings):
            return doubts
        # All that is listed: a column may say that an invoice is not to be reported.
        case = Case(self._of(source, self.rows), source.settings, headers)
        return (*doubts, *find_late_doubts(case, late))

    def _of(self, source: SourceReport, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of a source among those that were read now."""
        return filter_rows(rows, rows["source"] == source.source) if len(self.reports) > 1 else rows


def extract(
    sources: Sequence[Connector],
    now: Callable[[], datetime],
    unsettled: Mapping[str, SourceError] | None = None,
    progress: Callable[[str, int], None] = lambda *_: None,
) -> Extract:
    """Read every source. Raise `SourceError` for the first that fails, `ProblemsError` with all bad rows.

    `unsettled` holds the errors of sources that have failed already. `progress` is called with a source and how many of
    its rows have been read.
    """
    frames, reports = [], []
    headers: dict[str, Mapping[str, str]] = {}
    whole: set[str] = set()
    failed: dict[str, SourceError] = {}
    problems: list[tuple[Connector, list[Problem]]] = []
    for connector in sources:
        normalizer = Normalizer(connector)
        try:
            if unsettled and connector.source in unsettled:
                # Raised here, so that `on_failure` handles it like any other failure of the source.
                raise unsettled[connector.source]
            # Before the connector starts: a file that changes while it is read must fail the source.
            inputs = track_inputs(connector.settings)
            rows, complete, seconds = _read(connector, normalizer, partial(progress, connector.source))
            # With values that can't be read, sums can't be right, and the problems tell more than a wrong total.
            if not normalizer.problems:
                _check_totals(connector, rows, complete)
                rows, complete = _as_documents(connector, normalizer, rows, complete)
                complete = add_control_account(connector.source, connector.settings, rows, complete)
                negative = note_negative(rows, connector.source, connector.settings, normalizer.headers)
                complete = replace(complete, notes=(*complete.notes, *_note_withdrawn(rows), *negative))
            read = inputs()
        except SourceError as exc:
            if connector.settings.on_failure is None:
                raise
            failed[connector.source] = exc
            continue
        # Collected over all sources, so that everything can be corrected before the next run.
        if normalizer.problems:
            problems.append((connector, normalizer.problems))
            continue
        frames.append(rows)
        report = _report(connector, rows, complete, now(), read)
        words = tuple(StatusWord(*pair, rows) for pair, rows in normalizer.statuses.most_common())
        stated, headings = normalizer.states_status, tuple(sorted(normalizer.headers.items()))
        report = report._replace(seconds=seconds, states_status=stated, statuses=words, headings=headings)
        reports.append(report)
        headers[connector.source] = normalizer.headers
        whole |= set() if normalizer.has_cents else {connector.source}
    if problems:
        raise ProblemsError(describe_problems(problems))
    return Extract(
        join_frames(frames) if frames else empty_invoices(), tuple(reports), failed, headers, frozenset(whole)
    )


def _as_documents(
    connector: Connector, normalizer: Normalizer, rows: pd.DataFrame, complete: Complete
) -> tuple[pd.DataFrame, Complete]:
    """Return a row a document, with what the rows of totals prove, and what people should know of what was read."""
    settings = connector.settings
    if not isinstance(settings, FileSettings):
        return rows, complete
    _refuse_kinds_untold(connector.source, settings, normalizer.headers)
    refuse_other_currencies(rows, settings, normalizer.headers, connector.source)
    if normalizer.sieve:
        refuse_hidden_totals(normalizer.sieve.endings, rows, settings)
    folded = fold_rows(rows, settings)
    totals = complete.totals
    if normalizer.sieve and normalizer.sieve.totals:
        printed = check_totals_rows(normalizer.sieve.totals, rows, folded.rows, normalizer.columns_of, settings)
        totals = printed if totals is None else totals
    unwrapped = note_unwrapped(normalizer.unwrapped)
    return folded.rows, replace(complete, totals=totals, notes=(*complete.notes, *unwrapped, *folded.notes))


def _refuse_kinds_untold(source: str, settings: FileSettings, headers: Mapping[str, str]) -> None:
    """Raise `ConfigError` for settings about credit notes or payments of a source that does not tell them apart."""
    told = [f"prefix.{kind}" for kind in settings.prefix if kind != "invoice"]
    told += ["credits_positive"] if settings.credits_positive else []
    if told and headers and "kind" not in headers:
        raise ConfigError(
            f"[sources.{source}]: `{told[0]}` is about credit notes or payments, but no column says which rows these "
            "are; name it in columns.kind, with `values.kind` for its words, or remove the setting"
        )


def _report(connector: Connector, rows: pd.DataFrame, complete: Complete, at: datetime, inputs: Inputs) -> SourceReport:
    latest: date | None = pc.max(pa.array(rows["issued_on"])).as_py() if len(rows) else None
    read = SourceRead(at, complete.as_of, latest)
    count = int(_is_open(rows).sum())
    source, name, settings = connector.source, connector.name, connector.settings
    return SourceReport(source, name, settings, len(rows), count, complete, read, inputs=inputs)


def _note_withdrawn(rows: pd.DataFrame) -> list[str]:
    """Return a note for each withdrawn currency that open rows are in."""
    known = sorted(withdrawn().keys() & {*pc.unique(pa.array(rows["currency"])).to_pylist()})
    counts = {code: int((_is_open(rows) & (rows["currency"] == code)).sum()) for code in known}
    return [
        f"{count} open document{'s are' if count != 1 else ' is'} in {code}, which ISO 4217 withdrew in "
        f"{withdrawn()[code].month} (its successor is {withdrawn()[code].successor}); nothing is converted"
        for code, count in counts.items()
        if count
    ]


def _is_open(rows: pd.DataFrame) -> pd.Series[bool]:
    return (rows["status"] == "open") & (rows["balance"] != ZERO)


# On two processors more than that only wait for each other (docs/decisions.md, 2026-11-25).
_AT_ONCE = 2
"""Frames converted concurrently."""


def _read(
    connector: Connector, normalizer: Normalizer, progress: Callable[[int], None]
) -> tuple[pd.DataFrame, Complete, float]:
    """Return the rows, the source's `Complete`, and the seconds spent in the connector."""
    tables, complete, seconds = _run(connector, normalizer, progress)
    # A generator that simply ends returns None: a plugin that stops early must not look like one that is done.
    if not isinstance(complete, Complete):
        raise SourceError(
            f"{connector.source}: its connector {connector.name!r} ended without returning Complete(…), "
            f"so nothing says that it read everything; found {complete!r}"
        )
    rows = sum(len(table) for table in tables)
    # The source's own count: that of the rows yielded could not reveal that some were never read.
    if complete.rows is not None and complete.rows != rows:
        raise SourceError(
            f"{connector.source}: the source reports {complete.rows} rows, but {rows} were read; "
            "it was not read completely, so export it again or run again"
        )
    if not rows and not connector.settings.allow_empty:
        raise SourceError(
            f"{connector.source}: it has no rows at all, which would mark everything as paid; "
            "if that can be right, set allow_empty = true"
        )
    return to_frame(join_tables(tables)) if tables else empty_invoices(), complete, seconds


def _run(
    connector: Connector, normalizer: Normalizer, progress: Callable[[int], None]
) -> tuple[list[pa.Table], object, float]:
    """Run the connector to its end; other threads type its frames while it reads the next one.

    An error in a frame is raised before one in a later frame, as if they were typed one by one.
    """
    tables: list[pa.Table] = []
    generator, seconds = connector.invoices(), 0.0
    with ThreadPoolExecutor(_AT_ONCE, "arfeed-normalizing") as normalizing:
        under_way: deque[Future[Typed]] = deque()

        def accept(most: int) -> None:
            """Accept frames in order, until at most `most` are still being typed."""
            while len(under_way) > most:
                tables.append(normalizer.accept(under_way.popleft().result()))

        complete, ended = None, False
        while not ended:
            began = perf_counter()
            try:
                try:
                    raw = _copy_next_frame(connector, generator)
                finally:
                    seconds += perf_counter() - began
                frames = normalizer.take(raw)
            except StopIteration as stop:
                complete, ended = stop.value, True
                accept(0)
                frames = normalizer.flush()
            except ArfeedError:
                # An error in an earlier frame takes precedence.
                accept(0)
                raise
            under_way += [normalizing.submit(normalizer.type_frame, frame) for frame in frames]
            # Bounded, or a connector that is faster than typing would fill the memory with raw frames.
            accept(0 if ended else _AT_ONCE)
            progress(normalizer.seen)
    return tables, complete, seconds


def _copy_next_frame(connector: Connector, generator: Generator[pd.DataFrame, None, Complete]) -> pd.DataFrame:
    """Return a copy of the next frame, which the connector cannot change later; name the source in all errors."""
    try:
        with restore_process_state():
            return isolated_copy(next(generator))
    except (StopIteration, ArfeedError):
        raise
    # A plugin that calls sys.exit() must not end the run without a message.
    except (Exception, SystemExit, GeneratorExit) as exc:
        raise SourceError(f"{connector.source}: {type(exc).__name__}: {exc}") from exc


_FLOATS = "; if a database keeps the balance as REAL or FLOAT, CAST it AS numeric in the query: its sums are not exact"


def _check_totals(connector: Connector, rows: pd.DataFrame, complete: Complete) -> None:
    if complete.totals is None:
        return
    groups = sum_balances(rows, ("currency",)).to_dict("records")
    sums: dict[str, Decimal] = {group["currency"]: group["balance"] for group in groups}
    # The currencies of both sides: one whose rows are all lost is in the totals only.
    for currency in sorted({*sums, *complete.totals}):
        counted, stated = sums.get(currency, Decimal(0)), complete.totals.get(currency, Decimal(0))
        if counted != stated:
            floats = "" if isinstance(connector.settings, FileSettings) else _FLOATS
            raise SourceError(
                f"{connector.source}: its total is {stated} {currency}, but the rows read sum to {counted}; "
                f"it is not complete: export it again{floats}"
            )
