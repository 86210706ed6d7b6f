"""Every source, read to its end as a run reads it: its file, its rows, its dates, its evidence, its PDFs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from arfeed.documents.finding import check_listing, find
from arfeed.documents.overlooked import find_overlooked
from arfeed.intake.evidence import Evidence, with_evidence
from arfeed.intake.explaining import release_all
from arfeed.intake.extract import Extract, extract
from arfeed.intake.joining import join_frames
from arfeed.intake.meaning.doubts import drop_settled
from arfeed.intake.transform import check_unique, keep, transform
from arfeed.model import arrow
from arfeed.model.errors import ArfeedError
from arfeed.model.parts import Connector, Transform
from arfeed.model.settings import FileSettings
from arfeed.model.text.legible import name_some
from arfeed.operations.check.evidence import assess_evidence
from arfeed.operations.check.finding import Finding, doubt, make_failure, ok, under_name
from arfeed.planning.wording import describe_statuses, format_money, pluralize
from arfeed.plugins.config import Project
from arfeed.runs.context import Clock
from arfeed.tables.files.search import find_files
from arfeed.tables.values.dates import ORDER_WORDS

_AHEAD = timedelta(days=31)
"""How far ahead an invoice may be dated; if further, day and month are more likely to be swapped."""

_MOST_FILES = 3


def examine_sources(project: Project, clock: Clock, *, quick: bool) -> Iterator[Finding]:
    """Yield findings for each source, and for all their invoices together."""
    rows: list[pd.DataFrame] = []
    for connector in project.sources:
        findings, extracted = _source(connector, project, clock, quick=quick)
        yield from findings
        if extracted:
            rows.append(extracted.open)
    # Sums over some of the sources would look like those of a report that has lost the others.
    if len(rows) == len(project.sources):
        listed = join_frames(rows)
        for each in project.each():
            yield from under_name(each.chosen, [_report(each, listed)])


def _source(
    connector: Connector, project: Project, clock: Clock, *, quick: bool
) -> tuple[list[Finding], Extract | None]:
    """Check one source; its rows only if it can be reached and `quick` is not set."""
    what = f"source {connector.source} ({connector.name})"
    reached = _try(what, lambda: _reach(what, connector, project.folder))
    pdfs = [_try(f"documents of {connector.source}", lambda: _folder(connector))]
    if not connector.settings.documents:
        pdfs = []
    if quick or reached.state == "failed":
        return [reached, *pdfs], None
    evidence = Evidence(connector)
    try:
        extracted = _extract(connector, evidence, clock)
    except Exception as exc:  # noqa: BLE001 - a third-party connector may raise anything
        return [reached, make_failure(f"rows of {connector.source}", exc), *pdfs], None
    if pdfs and pdfs[0].state == "ok":
        pdfs = [_try(pdfs[0].what, lambda: _documents(connector, extracted, project.folder))]
    dates = _check_dates(connector, extracted, evidence, clock().date())
    return [
        reached,
        _check_rows(connector, extracted),
        *dates,
        assess_evidence(connector, extracted.reports[0]),
        *_check_notes(connector, extracted, project.transforms),
        *pdfs,
    ], extracted


def _extract(connector: Connector, evidence: Evidence, clock: Clock) -> Extract:
    source = with_evidence(connector, evidence)
    with release_all([source]):
        extracted = extract([source], clock)
    for error in extracted.failed.values():  # one that would be carried forward has failed all the same
        raise error
    return extracted


def _try(what: str, attempt: Callable[[], Finding]) -> Finding:
    try:
        return attempt()
    except (Exception, SystemExit) as exc:  # noqa: BLE001 - as above
        return make_failure(what, exc)


def _reach(what: str, connector: Connector, folder: Path) -> Finding:
    connector.check()
    if not isinstance(connector.settings, FileSettings):
        return ok(what, "it answers")
    files = [_relative_path(file, folder) for file in find_files(connector.settings)]
    return ok(what, f"{name_some(files, _MOST_FILES)}: the columns that it needs are there", files=files)


def _relative_path(file: str, folder: Path) -> str:
    """Return a path as plugins.toml would have it."""
    return str(Path(file).relative_to(folder)) if Path(file).is_relative_to(folder) else str(file)


def _folder(connector: Connector) -> Finding:
    check_listing(connector)
    return ok(f"documents of {connector.source}", "the folder of the PDFs exists")


def _check_rows(connector: Connector, extracted: Extract) -> Finding:
    count, opened = len(extracted.rows), extracted.open
    totals = arrow.sum_balances(opened, ("currency",)).to_dict("records")
    sums = [f"{format_money(total['balance'], total['currency'])} ({total['count']})" for total in totals]
    first = ""
    if len(opened):
        row = opened.iloc[0]
        amount = format_money(row["balance"], row["currency"])
        first = f"; the first is {row['invoice_ref']}, {row['customer_name']}, {amount}"
    words = describe_statuses(extracted.reports[0])
    by_status = f"; by status: {words}" if words else ""
    return ok(
        f"rows of {connector.source}",
        f"{pluralize(count, 'document')}, {len(opened):,} of them open: {', '.join(sums) or 'nothing'}"
        f"{first}{by_status}",
        rows=count,
        open=len(opened),
        totals={total["currency"]: str(total["balance"]) for total in totals},
    )


def _check_dates(connector: Connector, extracted: Extract, evidence: Evidence, today: date) -> Iterator[Finding]:
    """Report what the order of the dates rests on; doubt it if it puts invoices into the future."""
    issued = extracted.rows["issued_on"].dropna()
    if not len(issued):
        return
    what, span = f"dates of {connector.source}", f"issued {issued.min()} to {issued.max()}"
    facts = {"first": str(issued.min()), "last": str(issued.max()), "order": connector.settings.dates}
    # Dates exchanged day for month are the mistake that no single row shows; together they reach into the future.
    if issued.max() > today + _AHEAD:
        advice = (
            f"check whether `dates` is right in [sources.{connector.source}]: day and month may be the wrong way round"
        )
        yield doubt(what, f"{span}, which is in the future", advice, **facts)
        return
    yield ok(what, f"{span}; {_order(connector, evidence)}", **facts)


def _order(connector: Connector, evidence: Evidence) -> str:
    """Return why the dates are read as they are."""
    declared = connector.settings.dates
    if evidence.undated:
        return "the source itself provides unambiguous dates"
    order = declared if declared in ORDER_WORDS else evidence.proven
    if order is None:
        return f"read as {declared}"
    why = evidence.example(order)
    if declared is None or evidence.proven == declared:
        return f"{evidence.in_words(order)}, because {why}"
    return f"{ORDER_WORDS[order]} because `dates` is set so: no date in the file proves it, and {evidence.means(order)}"


def _check_notes(connector: Connector, extracted: Extract, transforms: Iterable[Transform]) -> Iterator[Finding]:
    """Report the source's notes on this reading, as the plan would, and what the first plan would object to."""
    (report,) = extracted.reports
    doubts = drop_settled(extracted.doubts(report), transforms)
    said = {each.said for each in doubts}
    for note in (note for note in report.complete.notes if note not in said):
        yield doubt(f"note of {connector.source}", note, "check whether that is intended")
    for each in doubts:
        yield doubt(f"reading of {connector.source}", each.said, "the first plan has to be approved for it")


def _documents(connector: Connector, extracted: Extract, folder: Path) -> Finding:
    what, opened = f"documents of {connector.source}", extracted.open
    found = find([connector], opened, folder, extracted.rows)
    with_pdf = len(found.table)
    facts: dict[str, object] = {"open": len(opened), "found": with_pdf, "notes": list(found.notes)}
    said = f"{with_pdf or 'none'} of {len(opened)} open invoices {'have' if with_pdf else 'has'} a PDF"
    advice = f"check whether `documents` fits the files' names: {', '.join(connector.settings.documents)}"
    lacking = opened["source_ref"][~opened["source_ref"].isin(found.table["source_ref"])]
    overlooked = find_overlooked(connector, extracted.rows, lacking) if len(lacking) else []
    if overlooked:
        facts["overlooked"] = [f"{each.file} ({each.invoice_ref}): {each.why}" for each in overlooked]
        named = "; ".join(f"{each.file} holds {each.invoice_ref}, but {each.why}" for each in overlooked[:_MOST_FILES])
        more = f"; and {len(overlooked) - _MOST_FILES} more" if len(overlooked) > _MOST_FILES else ""
        return doubt(what, f"{said}; not taken: {named}{more}", advice, **facts)
    if with_pdf or not len(opened):
        return ok(what, said if len(opened) else "0 of 0 open invoices have a PDF", **facts)
    return doubt(what, f"{said} there", advice, **facts)


def _report(project: Project, invoices: pd.DataFrame) -> Finding:
    """Check that the transforms work, and that no two invoices share a number."""
    try:
        shaped = transform(invoices, project.transforms).invoices
        kept = keep(shaped, project.destination.settings.kinds).invoices
        check_unique(kept, arrow.fold(kept["invoice_ref"]))
    except ArfeedError as exc:
        return make_failure("report", exc)
    left = len(invoices) - len(kept)
    by = f"; the transforms and `kinds` exclude {left}" if left else ""
    return ok("report", f"{pluralize(len(kept), 'document')} would be reported{by}", documents=len(kept), left_out=left)
