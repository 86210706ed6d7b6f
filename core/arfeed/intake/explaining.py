"""Asking sources what became of invoices that they no longer list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy

import pandas as pd

from arfeed.intake.joining import join_frames
from arfeed.intake.normalize import Normalizer
from arfeed.intake.problems import describe_problems
from arfeed.model import arrow, schema
from arfeed.model.errors import ArfeedError, ProblemsError, SourceError
from arfeed.model.fields import PARTS_OF_BALANCE, template_headers
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.plugins.isolation import isolated_copy, restore_process_state

ASKED = (
    "invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on",
    "amount", "balance", "po_number", "memo",
)  # fmt: skip
"""The columns that a source gets of an invoice that it no longer lists, besides extra ones."""


def ask_sources(sources: Sequence[Connector], missing: pd.DataFrame) -> pd.DataFrame:
    """Return typed rows that state what became of missing invoices, from all sources that can tell.

    `missing` holds baseline rows. Every source is asked about those of an adopted report, whose source is blank. Raise
    `SourceError` for a source that fails to answer, `ProblemsError` for bad rows.
    """
    asked = ((source, missing[missing["source"].isin([source.source, ""])]) for source in sources)
    answers = [_answer(source, rows) for source, rows in asked if len(rows)]
    known = [rows for rows in answers if rows is not None and len(rows)]
    return join_frames(known) if known else arrow.empty_invoices()


def _answer(connector: Connector, missing: pd.DataFrame) -> pd.DataFrame | None:
    answer = _explain(connector, _restore_source_values(missing))
    if answer is None:
        return None
    # The answer is under canonical names already, so the settings' `columns` must not be applied to it again.
    twin = copy(connector)
    raw = _under_canonical_names(connector, answer)
    twin.settings = _settings_for(raw, connector.settings)
    normalizer = Normalizer(twin)
    frames = [*normalizer.take(raw), *normalizer.flush()]
    tables = [normalizer.accept(normalizer.type_frame(frame)) for frame in frames]
    if len(raw) and "status" not in normalizer.headers:
        raise SourceError(
            f"{connector.source}: its answer about missing invoices has no status, so it explains nothing; let it "
            "state for each invoice whether it is open, paid, void or draft"
        )
    if normalizer.problems:
        raise ProblemsError(describe_problems([(connector, normalizer.problems)]))
    if not tables:
        return None
    rows = join_frames([arrow.to_frame(table) for table in tables])
    # Without that column the default currency was put in, which must neither confirm nor contradict the invoice's.
    stated = "currency" in normalizer.headers
    return rows if stated else rows.assign(currency=pd.Series("", index=rows.index, dtype="str"))


def _under_canonical_names(connector: Connector, answer: pd.DataFrame) -> pd.DataFrame:
    """Rename columns that have the source's own headers, as those of `invoices` may."""
    if not isinstance(answer, pd.DataFrame):
        return answer
    headers = {**connector.columns, **connector.settings.columns}
    return answer.rename(columns={theirs: name for name, theirs in headers.items() if theirs in answer.columns})


def _settings_for(answer: object, settings: SourceSettings) -> SourceSettings:
    """Return the settings that still apply to an answer under canonical names: how a balance or a number is made."""
    if not isinstance(settings, FileSettings) or not isinstance(answer, pd.DataFrame):
        return settings.model_copy(update={"columns": {}})
    there = {*answer.columns}
    parts = [] if "balance" in there else [name for name in PARTS_OF_BALANCE if name in settings.columns]
    columns = {name: name for name in parts if name in there}
    template = settings.columns.get("invoice_ref", "")
    if (headers := template_headers(template)) and {*headers} <= there:
        columns["invoice_ref"] = template
    sign = settings.sign if settings.sign and settings.sign.column in there else None
    # What an answer calls by its canonical name is meant so, whatever the list has under that heading.
    values = {name: words for name, words in settings.values.items() if words is not False or name not in there}
    return settings.model_copy(update={"columns": columns, "sign": sign, "values": values, "rows": "invoices"})


def _explain(connector: Connector, missing: pd.DataFrame) -> pd.DataFrame | None:
    try:
        with restore_process_state():
            return isolated_copy(connector.explain(isolated_copy(missing)))
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise SourceError(f"{connector.source}: explain(): {type(exc).__name__}: {exc}") from exc


def _restore_source_values(missing: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a source is asked with, as they were before any transform."""
    own_names = {f"{schema.AS_THE_SOURCE_SAID}{name}": name for name in ASKED}
    before = {name: missing[kept] for kept, name in own_names.items() if kept in missing.columns}
    extras = [name for name in missing.columns if name not in schema.NAMES and not name.startswith(schema.OURS)]
    # A step may have renamed the invoice; the source knows it by the number that it gave.
    rows = missing.assign(**{**before, "invoice_ref": missing["source_ref"]})
    # These two columns are the plan's own; the source never had them.
    return rows[[*ASKED, *(name for name in extras if name not in ("reason", "evidence"))]].reset_index(drop=True)


@contextmanager
def release_all(sources: Sequence[Connector]) -> Iterator[None]:
    """Release every source at the end, however it comes: see `release`."""
    try:
        yield
    finally:
        release(sources)


def release(sources: Sequence[Connector]) -> None:
    """Let every source close what it kept open for `explain`."""
    for connector in sources:
        # A failure here can no longer affect the run.
        with suppress(Exception, SystemExit), restore_process_state():
            connector.release()
