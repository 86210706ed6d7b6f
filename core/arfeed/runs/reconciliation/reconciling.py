"""Reconcile: compare the receiver's own list with the last delivery, record what was found, and notify people of it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pandas as pd
import pyarrow as pa

from arfeed.history.locking.lease import whoami
from arfeed.history.receipts import seal_reconciliation
from arfeed.history.records import Baseline, ReconciliationRecord, RunRecord
from arfeed.model.arrow import to_frame
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.events import bind
from arfeed.model.results import Reconciliation
from arfeed.model.settings import FileSettings
from arfeed.plugins.fingerprint import plugin_versions
from arfeed.runs.addresses import REHEARSAL
from arfeed.runs.context import OpenContext, RunContext, open_context
from arfeed.runs.ending.hooks import notify_plugins
from arfeed.runs.ending.notification import notify
from arfeed.runs.receiver.connection import connect
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.destination import cells_sent, settings_of
from arfeed.runs.reconciliation.export import Export, read_export
from arfeed.runs.reconciliation.meaning.search import Asker
from arfeed.runs.reconciliation.verdict import Verdict, advise, as_facts, is_alarming, judge
from arfeed.tables.files.search import find_files
from arfeed.tables.headings.banner import find_heading_row
from arfeed.tables.read import read_header
from arfeed.tables.values.amounts import MONEY

if TYPE_CHECKING:
    from arfeed.plugins.config import Project


def reconcile(begun: RunContext, export: Path | None, asker: Asker, *, whole: bool = False) -> Reconciliation:
    """Compare an export of the receiver's list, or a rehearsed receiver's own books, with the last delivery.

    It is recorded with a receipt whatever it shows; nothing is corrected. `whole` says that the export is not a part.
    Raise `ConfigError` if nothing was delivered yet, or if it is open what a column means and nobody answers.
    """
    project = begun.project
    bind(feed=project.feed.name, destination=begun.address, run=begun.run)
    with open_context(begun) as context:
        baseline = context.history.baseline(context.destination)
        if baseline is None:
            raise ConfigError(
                f"{context.destination}: this history knows no delivery there, so there is nothing to compare"
            )
        delivered = _read_delivered(context, baseline)
        context.progress.step("Reading what the receiver has as open")
        said: Literal["person", "receiver"] | None = "person" if whole else None
        if export is None:
            found, said = _ask_receiver(context), "receiver"
        else:
            found = read_export(export, settings_of(project), delivered, asker)
        verdict = judge(delivered, found, settings_of(project), whole=said)
        document = _document(context, as_facts(verdict, found, delivered))
        body = seal_reconciliation(document, plugin_versions(project))
        context.history.record_reconciliation(_record(context, found, verdict, body))
    counts = document["counts"]
    made = (begun.run, project.feed.name, context.destination, verdict.outcome, counts, body, project.path.absolute())
    reconciliation = Reconciliation(*made, project.chosen)
    # After the history is closed: notifiers may be slow.
    # What is not comparable may be half an import, so people are notified of it, too.
    if verdict.outcome != "same":
        notify_plugins(begun, "reconciled", reconciliation)
        notify(begun, "reconciled", reconciliation)
    return reconciliation


def _files_read(project: Project) -> Iterator[tuple[str, list[str]]]:
    """Yield the newest file of each source that reads files, with its headings; none that can't be read now."""
    for connector in project.sources:
        # Not over a network, only to be sure of a copy.
        if not isinstance(settings := connector.settings, FileSettings) or "://" in settings.path:
            continue
        how = {name: value for name in ("encoding", "delimiter", "sheet") if (value := getattr(settings, name, None))}
        with suppress(ArfeedError, OSError):
            file = find_files(settings)[-1]
            yield Path(file).name, read_header(file, columns=find_heading_row(file, how), **how)


def _document(context: OpenContext, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "run": context.run,
        "feed": context.project.feed.name,
        "destination": context.destination,
        "at": context.clock().isoformat(),
        "by": whoami(),
        **facts,
        "advice": advise(facts),
    }


def _record(context: OpenContext, export: Export, verdict: Verdict, body: str) -> ReconciliationRecord:
    stated = json.loads(body)
    return ReconciliationRecord(
        id=context.run,
        feed=context.project.feed.name,
        destination=context.destination,
        at=context.started,
        baseline=stated["compared_with"]["run"],
        export=export.name,
        outcome=verdict.outcome,
        open_count=int(export.rows["open"].sum()),
        differences=int(is_alarming(verdict.found).sum()),
        by=stated["by"],
        receipt=body,
    )


def _read_delivered(context: OpenContext, baseline: Baseline) -> LastDelivery:
    """Return the last delivery, or the latest of several if it is not known which arrived."""
    runs = [run for run in context.history.runs() if run.id in baseline.runs]
    last = max(runs, key=lambda run: (run.report_at, run.id))
    stated = json.loads(last.receipt or "{}")
    inputs = {each["sha256"]: each["file"] for source in stated.get("sources", ()) for each in source.get("inputs", ())}
    return LastDelivery(
        run=baseline.id,
        at=last.ended_at or last.started_at,
        report=baseline.report,
        name=last.report_name,
        sha256=stated.get("report", {}).get("sha256"),
        inputs=inputs,
        earlier=partial(_earlier, context, last),
        timezone=context.project.feed.timezone,
        headings=tuple(cells_sent(context.project, baseline.report.head(0)).columns),
        cells=partial(cells_sent, context.project, baseline.report),
        sources=partial(_files_read, context.project),
    )


def _earlier(context: OpenContext, last: RunRecord) -> Iterator[pd.DataFrame]:
    """Yield the reports before one that are still kept, the latest first."""
    for run in reversed(context.history.kept_reports(context.destination)):
        if (run.report_at, run.id) < (last.report_at, last.id):
            yield context.history.report(run.id, context.destination)


def _ask_receiver(context: OpenContext) -> Export:
    """Return what a rehearsed receiver has in its books. Raise `ConfigError` for any other: it has to be exported."""
    project, url = context.project, context.project.destination.settings.url
    if not url.startswith(REHEARSAL):
        raise ConfigError(
            f"{url}: only a receiver to rehearse with can be asked; export what the receiver has as open, and name the "
            "file: arfeed reconcile EXPORT"
        )
    from arfeed.delivery.rehearsal.books import as_json, read_books

    # Connected, so that it books what an earlier one left unbooked.
    with connect(project):
        books = read_books(project.folder / ".arfeed" / "rehearsal" / url.removeprefix(REHEARSAL))
    refs, count = [*books.open], len(books.open)
    texts = {
        name: pa.array([""] * count, pa.large_string())
        for name in ("customer_name", "currency", "why", "others", "origin")
    }
    rows = pa.table(
        {
            "invoice_ref": pa.array(refs, pa.large_string()),
            **texts,
            "due_on": pa.nulls(count, pa.date32()),
            "balance": pa.array([*books.open.values()], MONEY),
            "open": pa.array([True] * count, pa.bool_()),
            "readable": pa.array([True] * count, pa.bool_()),
        }
    )
    return Export(
        name=url,
        sha256=hashlib.sha256(as_json(books).encode()).hexdigest(),
        rows=to_frame(rows),
        columns={"invoice_ref": "ref", "balance": "balance"},
        evidence={"invoice_ref": "the receiver's own books", "balance": "the receiver's own books"},
        written=context.clock(),
        dated=context.clock(),
        whence="the receiver",
        total="the receiver says all that it has",
    )
