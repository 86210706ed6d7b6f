"""Asking sources what became of invoices that they no longer list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from copy import copy

import pandas as pd

from arfeed.intake.extract import joined
from arfeed.intake.normalize import Normalizer
from arfeed.intake.problems import describe
from arfeed.model import arrow, schema
from arfeed.model.errors import ArfeedError, ProblemsError, SourceError
from arfeed.model.parts import Connector
from arfeed.plugins.isolation import own, undisturbed

ASKED = (
    "invoice_ref", "kind", "customer_id", "customer_name", "customer_email", "currency", "issued_on", "due_on",
    "amount", "balance", "po_number", "memo",
)  # fmt: skip
"""What a source is told of an invoice that it no longer lists, beside extra columns."""


def ask_sources(sources: Sequence[Connector], missing: pd.DataFrame) -> pd.DataFrame:
    """Return typed rows that say what became of missing invoices, of all sources that can be asked.

    `missing` are baseline rows; those of an adopted report, whose source is blank, are asked of every source. Raise
    `SourceError` where a source fails to answer, `ProblemsError` for bad rows.
    """
    asked = ((source, missing[missing["source"].isin([source.source, ""])]) for source in sources)
    answers = [_answer(source, rows) for source, rows in asked if len(rows)]
    known = [rows for rows in answers if rows is not None and len(rows)]
    return joined(known) if known else arrow.empty_invoices()


def _answer(connector: Connector, missing: pd.DataFrame) -> pd.DataFrame | None:
    answer = _explained(connector, _as_the_source_wrote_it(missing))
    if answer is None:
        return None
    twin = copy(connector)
    twin.settings = connector.settings.model_copy(update={"columns": {}})
    raw = _under_canonical_names(connector, answer)
    normalizer = Normalizer(twin)
    frames = [*normalizer.take(raw), *normalizer.rest()]
    if len(raw) and "status" not in raw.columns:
        raise SourceError(
            f"{connector.source}: its answer about what is missing has no status, so it explains nothing; "
            "let it say of each invoice whether it is open, paid, void or draft"
        )
    tables = [normalizer.accept(normalizer.typed(frame)) for frame in frames]
    if normalizer.problems:
        raise ProblemsError(describe([(connector, normalizer.problems)]))
    if not tables:
        return None
    rows = joined([arrow.to_frame(table) for table in tables])
    return rows if "currency" in raw.columns else rows.assign(currency=pd.Series("", index=rows.index, dtype="str"))


def _under_canonical_names(connector: Connector, answer: pd.DataFrame) -> pd.DataFrame:
    """Rename columns that stand under the source's own headers, as those of `invoices` may."""
    if not isinstance(answer, pd.DataFrame):
        return answer
    headers = {**connector.columns, **connector.settings.columns}
    return answer.rename(columns={theirs: name for name, theirs in headers.items() if theirs in answer.columns})


def _explained(connector: Connector, missing: pd.DataFrame) -> pd.DataFrame | None:
    try:
        with undisturbed():
            return own(connector.explain(own(missing)))
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise SourceError(f"{connector.source}: explain(): {type(exc).__name__}: {exc}") from exc


def _as_the_source_wrote_it(missing: pd.DataFrame) -> pd.DataFrame:
    """Return the columns that a source is asked by, before any transform changed them."""
    own_names = {f"{schema.OURS}source_{name}": name for name in ASKED}
    before = {name: missing[kept] for kept, name in own_names.items() if kept in missing.columns}
    extras = [name for name in missing.columns if name not in schema.NAMES and not name.startswith(schema.OURS)]
    rows = missing.assign(**{**before, "invoice_ref": missing["source_ref"]})
    return rows[[*ASKED, *(name for name in extras if name not in ("reason", "evidence"))]].reset_index(drop=True)


@contextmanager
def released(sources: Sequence[Connector]) -> Iterator[None]:
    """Let every source go of what it kept open for `explain`, however the reading ends."""
    try:
        yield
    finally:
        release(sources)


def release(sources: Sequence[Connector]) -> None:
    """Let every source go of what it kept open, now that nothing is asked any more."""
    for connector in sources:
        with suppress(Exception, SystemExit), undisturbed():  # nothing depends on it any more
            connector.release()
