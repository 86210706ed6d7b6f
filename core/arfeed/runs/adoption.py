"""`adopt`: take a report that this history did not send as the baseline."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import shlex
from collections import defaultdict
from collections.abc import Container, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from arfeed.history.locking.lease import whoami
from arfeed.history.records import Baseline, PlannedDocument, RunRecord
from arfeed.intake.carried import read_back
from arfeed.intake.transform import check_unique
from arfeed.model.arrow import fold
from arfeed.model.errors import ArfeedError, ConfigError, RefusedError
from arfeed.model.shipping.destination import ShipmentDestination
from arfeed.model.text.commands import with_destination
from arfeed.planning.adoption import find_dropped, make_adoption_code
from arfeed.planning.wording import name_first, pluralize
from arfeed.plugins.fingerprint import settings_hash
from arfeed.plugins.isolation import restore_process_state
from arfeed.plugins.loading import close_match
from arfeed.runs.context import (
    OpenContext,
    RunContext,
    find_foreign_reports,
    is_own_name,
    open_context,
)
from arfeed.runs.convergence import settle_interrupted
from arfeed.runs.receiver.connection import connect
from arfeed.runs.receiver.recognition import note_receiver, refuse_same_receiver, write_witness
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.destination import cells_sent, settings_of
from arfeed.runs.reconciliation.expected import CREDITS, FUTURE
from arfeed.runs.reconciliation.export import read_export
from arfeed.runs.reconciliation.meaning.search import Asker
from arfeed.runs.reconciliation.verdict import as_facts, judge

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote
    from arfeed.plugins.config import Project


_MOMENT = re.compile(r"(?<!\d)(20\d\d)[-_.]?(\d\d)[-_.]?(\d\d)(?:[T _-]?(\d\d)[-_.:]?(\d\d)[-_.:]?(\d\d)Z?)?(?!\d)")

Witness = tuple[Path, Asker]
"""An export of the receiver's own list, and who is asked what is open about its columns."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """Why a report that lacks invoices may be adopted: a typed approval, or a witness."""

    approve: str | None = None
    witness: Witness | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A report that may become the baseline: its name, what to type for it, its bytes, and if the server has it."""

    name: str
    typed: str
    content: bytes
    there: bool

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was taken as baseline: the report's name, how many documents it lists, and names known from now on.

    Without a name the baseline is what it was. `pdfs` are the files there that count as sent by this history from now
    on, so that later PDFs replace them.
    """

    name: str | None
    open_count: int
    known: tuple[str, ...]
    pdfs: tuple[str, ...] = ()


def adopt(begun: RunContext, file: str | None, grounds: Grounds, *, pdfs: bool = False) -> Adopted:
    """Take a report as baseline: the unknown one at the destination, one by its name there, or a local file.

    All reports at the destination are known from then on. With `pdfs` the PDFs that stand there under the names of the
    report's invoices are taken over, too: their content is not known, so the next run sends them anew. If no report is
    named or unknown, the current baseline's PDFs are, and nothing else changes. Raise
    `ConfigError` if it is not clear which report is meant, `RefusedError` if it lacks invoices of the present baseline,
    or of an unknown report that may be later, and that was not approved. If a witness agrees with the report, nothing
    has to be approved; if it does not, nothing is adopted.
    """
    project = begun.project
    with (
        open_context(begun) as context,
        context.history.lock(context.destination, context.run, project.feed.lock_seconds),
    ):
        # Whatever is needed from the server is read first, so that parsing large reports keeps no connection open.
        with connect(project) as server:
            refuse_same_receiver(context, server)
            settle_interrupted(context, server)
            signs, foreign = note_receiver(context, server), find_foreign_reports(context, server)
            there = server.sizes(project.destination.document_folder) if pdfs else {}
            baseline = context.history.baseline(context.destination)
            if pdfs and file is None and not foreign and baseline:
                return _take_over(context, baseline, there)
            chosen = _choose(context, server, foreign, file)
            later = {name: _read_there(context, server, name) for name in _find_later_reports(context, foreign, chosen)}
        report = _parse(project, chosen.name, chosen.content)
        lacking = _find_dropped(context, report, {name: _parse(project, name, later[name]) for name in later})
        agreed = grounds.witness and _check_witness(context, grounds.witness, chosen, report)
        if not agreed:
            _check_approved(context, chosen, lacking, grounds.approve)
        known = tuple(sorted({*foreign, chosen.name}))
        record = _run_record(context, chosen, len(report), agreed or grounds.approve)
        taken = [*_documents(context, report, there)]
        context.history.record_adoption(record, report, known, project.feed.lock_seconds, taken)
        write_witness(context, signs, record, chosen.sha256)
    return Adopted(chosen.name, len(report), known, tuple(document.name for document in taken))


def _check_witness(context: OpenContext, witness: Witness, chosen: _Chosen, report: pd.DataFrame) -> str:
    """Return what names the export in the history; raise `RefusedError` unless it agrees with the report."""
    export, asker = witness
    runs = [run.ended_at for run in context.history.runs() if run.destination == context.destination and run.ended_at]
    # When somebody else's report arrived is not known; an export from before our own last delivery proves nothing.
    since = max(runs, default=datetime.fromtimestamp(0, UTC))
    # One from before the report itself proves as little.
    since = max(since, _moment_of(chosen.name) or since)
    headings = tuple(next(csv.reader(io.StringIO(chosen.content.decode("utf-8-sig", "replace"))), ()))
    zone, cells = context.project.feed.timezone, partial(cells_sent, context.project, report)
    taken = LastDelivery("", since, report, chosen.name, chosen.sha256, {}, lambda: iter(()), zone, headings, cells)
    settings = settings_of(context.project)
    read = read_export(export, settings, taken, asker)
    verdict = judge(taken, read, settings, whole=None)
    # What may be a payment or a conversion is not an agreement: nobody has looked at it.
    unsure = sorted({*verdict.found["known"]} - {"", CREDITS, FUTURE})
    if verdict.outcome == "same" and unsure:
        raise RefusedError(
            f"{export}: the receiver's own list does not fully agree with {chosen.name}, so nothing was adopted: "
            f"{'; '.join(unsure)}. See `arfeed reconcile`, or leave out --reconcile and approve"
        )
    if verdict.outcome != "same":
        counts = as_facts(verdict, read, taken)["counts"]
        what = ", ".join(
            f"{count:,} {name}" for name, count in counts.items() if count and name not in ("same", "known")
        )
        raise RefusedError(
            f"{export}: the receiver's own list does not agree with {chosen.name}, so nothing was adopted: "
            f"{what or '; '.join(verdict.reasons)}. Adopt the report that it does agree with, or leave out --reconcile "
            "and approve"
        )
    return f"reconciled {read.sha256[:16]}"


def _moment_of(name: str) -> datetime | None:
    """Return the moment in a report's name, in UTC, or the beginning of its day; None if it has none."""
    for match in _MOMENT.finditer(name):
        year, month, day, hour, minute, second = (int(digits or 0) for digits in match.groups())
        with suppress(ValueError):
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    return None


def _take_over(context: OpenContext, baseline: Baseline, there: Container[str]) -> Adopted:
    """Take over the PDFs there of the present baseline's invoices; reports and baseline stay as they are."""
    taken = [*_documents(context, baseline.report, there)]
    context.history.take_over(context.destination, taken)
    return Adopted(None, len(baseline.report), (), tuple(document.name for document in taken))


def _documents(context: OpenContext, report: pd.DataFrame, there: Container[str]) -> Iterator[PlannedDocument]:
    """Yield the PDFs there of a report's invoices that this history does not know as sent."""
    known, name_of = context.history.documents(context.destination), context.project.destination.document_name
    names: dict[str, list[str]] = defaultdict(list)
    for ref in report["invoice_ref"]:
        names[name_of(ref)].append(str(ref))
    for name, refs in names.items():
        if name in there and name not in known and len(refs) == 1:
            yield PlannedDocument(name, refs[0], "", "", 0)


def _find_later_reports(context: OpenContext, foreign: tuple[str, ...], chosen: _Chosen) -> list[str]:
    """Return which unknown reports the receiver may have seen after the chosen one.

    Names that a feed gives sort by time; of any other name, and of a local file, the time is not known.
    """
    # Of names that sort by time, the last one is enough: each report lists everything that was open, so it replaces
    # those before it.
    own = [name for name in foreign if is_own_name(context.project, name)]
    others = [name for name in foreign if name not in own]
    dated = chosen.there and is_own_name(context.project, chosen.name)
    later = [name for name in own[-1:] if not dated or name > chosen.name]
    return [name for name in [*later, *others] if not (chosen.there and name == chosen.name)]


def _parse(project: Project, name: str, content: bytes) -> pd.DataFrame:
    report = read_back(_table(project, name, content), name)
    # A number that occurs twice could be compared with one row only, and the other would be forgotten.
    check_unique(report, fold(report["invoice_ref"]))
    return report


def _table(project: Project, name: str, content: bytes) -> pd.DataFrame:
    try:
        return project.destination.read_report(io.BytesIO(content))
    except Exception as exc:
        raise ConfigError(
            f"{name} is not a report that {project.destination.name} can read ({type(exc).__name__}: {exc}); name "
            "another with `arfeed adopt FILE`, or have it removed from the destination"
        ) from exc


def _choose(context: OpenContext, server: Remote, foreign: tuple[str, ...], file: str | None) -> _Chosen:
    if file is not None:
        return _choose_named(context, server, file)
    if not foreign:
        raise ConfigError(
            f"{context.destination}: name the report to take as baseline, `arfeed adopt FILE`; there is no unknown "
            "report there"
        )
    # Not the last one unasked: a wrong baseline makes invoices disappear from every later comparison.
    if len(foreign) > 1:
        raise ConfigError(
            f"{context.destination}: name the report to take as baseline; {len(foreign)} are unknown: "
            f"{', '.join(foreign)}. The last of them is taken by: "
            f"{with_destination(f'arfeed adopt {shlex.quote(foreign[-1])}', context.project.chosen)}"
        )
    return _Chosen(foreign[0], foreign[0], _read_there(context, server, foreign[0]), there=True)


def _choose_named(context: OpenContext, server: Remote, file: str) -> _Chosen:
    """Return a local file, or a report by its name at the destination; a local file comes first."""
    destination, local = context.project.destination, Path(file)
    # A file that somebody names on this machine is meant, even if the destination has one of that name.
    if local.is_file():
        return _Chosen(local.name, file, local.read_bytes(), there=False)
    folder = destination.report_folder
    if server.size(folder, file) is None:
        there = [name for name in server.sizes(folder) if destination.is_report(name)]
        raise ConfigError(
            f"{file}: there is no such file here, and no such report in {folder or 'the root'} there"
            f"{close_match(file, there)}"
        )
    return _Chosen(file, file, _read_there(context, server, file), there=True)


def _read_there(context: OpenContext, server: Remote, name: str) -> bytes:
    """Return a report at the destination; of a delivery of several files, its table of invoices."""
    destination = context.project.destination
    read = partial(server.read, destination.report_folder)
    if not isinstance(destination, ShipmentDestination):
        return read(name)
    try:
        with restore_process_state():
            return destination.find_table(name, read)
    except ArfeedError:
        raise
    except Exception as exc:
        raise ConfigError(
            f"{name} is not a delivery that {destination.name} can read ({type(exc).__name__}: {exc}); name another "
            "with `arfeed adopt FILE`, or have it removed from the destination"
        ) from exc


def _find_dropped(
    context: OpenContext, report: pd.DataFrame, later: dict[str, pd.DataFrame]
) -> dict[str, pd.DataFrame]:
    """Return the invoices that the report lacks, keyed by the baseline or later report that lists them."""
    baseline = context.history.baseline(context.destination)
    compared = {"the present baseline": baseline.report} if baseline else {}
    lacking = {what: find_dropped(report, other) for what, other in (compared | later).items()}
    return {what: rows for what, rows in lacking.items() if len(rows)}


def _check_approved(
    context: OpenContext, chosen: _Chosen, lacking: dict[str, pd.DataFrame], approve: str | None
) -> None:
    """Raise `RefusedError` if invoices would be forgotten, unless the approval is for exactly these."""
    if not lacking:
        return
    rows = pd.concat([rows[["invoice_ref", "balance", "reason"]] for rows in lacking.values()], ignore_index=True)
    # Several reports may list one invoice; it is lost once.
    rows = rows[~fold(rows["invoice_ref"]).duplicated()]
    baseline = context.history.baseline(context.destination)
    code = make_adoption_code(baseline.id if baseline else None, context.destination, chosen.sha256, rows)
    if approve != code:
        raise RefusedError(_lacks(chosen, list(lacking), rows, code))


def _lacks(chosen: _Chosen, lacking: list[str], rows: pd.DataFrame, code: str) -> str:
    refs = ", ".join(rows["invoice_ref"].head(3)) + (", …" if len(rows) > 3 else "")
    return (
        f"{chosen.name} lacks {pluralize(len(rows), 'invoice')} of {name_first(lacking)} ({refs}): no later plan would "
        "miss them, and the receiver would mark them as paid without anybody being asked. If this report is the last "
        f"that the receiver has seen: arfeed adopt {shlex.quote(chosen.typed)} --approve {code}"
    )


def _run_record(context: OpenContext, chosen: _Chosen, open_count: int, approve: str | None) -> RunRecord:
    now = context.clock()
    latest = context.history.latest_report_at(context.destination)
    report_at = now.replace(microsecond=0)
    # A clock that was set back must not put this report before the last one.
    return RunRecord(
        id=context.run,
        kind="adopt",
        state="delivered",
        feed=context.project.feed.name,
        destination=context.destination,
        # The settings of today, so that the first plan after it is not asked about a change of them.
        settings=settings_hash(context.project),
        started_at=now,
        ended_at=now,
        report_at=max(report_at, latest or report_at),
        report_name=chosen.name,
        report_size=len(chosen.content),
        open_count=open_count,
        missing_count=0,
        approval=approve,
        approved_by=whoami(),
        receipt=None,
    )
