"""`adopt`: take a report that this history did not send as the baseline."""

from __future__ import annotations

import hashlib
import io
import shlex
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from arfeed.delivery.remote import Remote
from arfeed.history.lease import whoami
from arfeed.history.records import RunRecord
from arfeed.intake.carried import read_back
from arfeed.intake.transform import check_unique
from arfeed.model.arrow import fold
from arfeed.model.errors import ConfigError, RefusedError
from arfeed.planning.adoption import adoption_code, dropped
from arfeed.planning.wording import counted, named
from arfeed.plugins.config import Project
from arfeed.plugins.fingerprint import settings_hash
from arfeed.plugins.loading import close_match
from arfeed.runs.context import (
    Clock,
    Progress,
    RunContext,
    foreign_reports,
    is_own_name,
    new_run,
    open_context,
    remote,
    utc_now,
)
from arfeed.runs.convergence import settle_interrupted
from arfeed.runs.recognition import leave_witness, note_receiver, refuse_same_receiver


@dataclass(frozen=True, slots=True)
class _Chosen:
    """A report that may become the baseline: its name, what to type for it, its bytes, and whether it lies there."""

    name: str
    typed: str
    content: bytes
    there: bool


@dataclass(frozen=True, slots=True)
class Adopted:
    """What was taken as baseline: the report's name, how many documents it lists, and names known from now on."""

    name: str
    open_count: int
    known: tuple[str, ...]


def adopt(
    project: Project, progress: Progress, file: str | None, *, approve: str | None = None, clock: Clock = utc_now
) -> Adopted:
    """Take a report as baseline: the unknown one at the destination, one by its name there, or a local file.

    All reports that lie at the destination are known from then on. Raise `ConfigError` where it is not clear which
    report is meant, `RefusedError` where it lacks invoices of the present baseline, or of an unknown report that may be
    later, and that was not approved.
    """
    run = new_run(clock())
    with (
        open_context(project, progress, clock) as context,
        context.history.lock(context.destination, run, project.feed.lock_seconds),
    ):
        with remote(project) as server:
            refuse_same_receiver(context, server)
            settle_interrupted(context, server)
            signs, foreign = note_receiver(context, server), foreign_reports(context, server)
            chosen = _chosen(context, server, foreign, file)
            folder = project.destination.report_folder
            others = {name: server.read(folder, name) for name in _later(context, foreign, chosen)}
        report = _report(project, chosen.name, chosen.content)
        _check_dropped(
            context, chosen, report, {name: _report(project, name, others[name]) for name in others}, approve
        )
        known = tuple(sorted({*foreign, chosen.name}))
        record = _run_record(context, run, chosen, report, approve)
        context.history.adopted(record, report, known, project.feed.lock_seconds)
        leave_witness(context, signs, run, chosen.name, len(report), hashlib.sha256(chosen.content).hexdigest())
    return Adopted(chosen.name, len(report), known)


def _later(context: RunContext, foreign: tuple[str, ...], chosen: _Chosen) -> list[str]:
    """Return which unknown reports the receiver may have seen after the chosen one.

    Names that a feed gives are in the order of their moments; of all others, and of a file here, nobody can tell.
    """
    own = [name for name in foreign if is_own_name(context.project, name)]
    others = [name for name in foreign if name not in own]
    dated = chosen.there and is_own_name(context.project, chosen.name)
    later = [name for name in own[-1:] if not dated or name > chosen.name]
    return [name for name in [*later, *others] if not (chosen.there and name == chosen.name)]


def _report(project: Project, name: str, content: bytes) -> pd.DataFrame:
    report = read_back(_table(project, name, content), name)
    check_unique(report, fold(report["invoice_ref"]))
    return report


def _table(project: Project, name: str, content: bytes) -> pd.DataFrame:
    try:
        return project.destination.read_report(io.BytesIO(content))
    except Exception as exc:
        raise ConfigError(
            f"{name} is no report that {project.destination.name} can read ({type(exc).__name__}: {exc}); name another "
            "with `arfeed adopt FILE`, or have it removed from the destination"
        ) from exc


def _chosen(context: RunContext, server: Remote, foreign: tuple[str, ...], file: str | None) -> _Chosen:
    folder = context.project.destination.report_folder
    if file is not None and Path(file).is_file():
        return _Chosen(Path(file).name, file, Path(file).read_bytes(), there=False)
    if file is not None:
        if server.size(folder, file) is None:
            there = [name for name in server.sizes(folder) if context.project.destination.is_report(name)]
            raise ConfigError(
                f"{file}: there is no such file here, and no such report in {folder or 'the root'} there"
                f"{close_match(file, there)}"
            )
        return _Chosen(file, file, server.read(folder, file), there=True)
    if not foreign:
        raise ConfigError(
            f"{context.destination}: name the report to take as baseline, `arfeed adopt FILE`; no unknown "
            "report lies there"
        )
    if len(foreign) > 1:
        raise ConfigError(
            f"{context.destination}: name the report to take as baseline; {len(foreign)} are unknown: "
            f"{', '.join(foreign)}. The last of them is taken by: arfeed adopt {shlex.quote(foreign[-1])}"
        )
    return _Chosen(foreign[0], foreign[0], server.read(folder, foreign[0]), there=True)


def _check_dropped(
    context: RunContext, chosen: _Chosen, report: pd.DataFrame, others: dict[str, pd.DataFrame], approve: str | None
) -> None:
    baseline = context.history.baseline(context.destination)
    compared = {"the present baseline": baseline.report} if baseline else {}
    lacking = {what: dropped(report, other) for what, other in (compared | others).items()}
    lacking = {what: rows for what, rows in lacking.items() if len(rows)}
    if not lacking:
        return
    rows = pd.concat([rows[["invoice_ref", "balance", "reason"]] for rows in lacking.values()], ignore_index=True)
    rows = rows[~fold(rows["invoice_ref"]).duplicated()]
    digest = hashlib.sha256(chosen.content).hexdigest()
    code = adoption_code(baseline.id if baseline else None, context.destination, digest, rows)
    if approve != code:
        raise RefusedError(_lacks(chosen, list(lacking), rows, code))


def _lacks(chosen: _Chosen, lacking: list[str], rows: pd.DataFrame, code: str) -> str:
    refs = ", ".join(rows["invoice_ref"].head(3)) + (", …" if len(rows) > 3 else "")
    return (
        f"{chosen.name} lacks {counted(len(rows), 'invoice')} of {named(lacking)} ({refs}): no later plan would miss "
        "them, and the receiver would mark them as paid without anybody being asked. If this report is the last that "
        f"the receiver has seen: arfeed adopt {shlex.quote(chosen.typed)} --approve {code}"
    )


def _run_record(context: RunContext, run: str, chosen: _Chosen, report: pd.DataFrame, approve: str | None) -> RunRecord:
    now = context.clock()
    return RunRecord(
        id=run,
        kind="adopt",
        state="delivered",
        feed=context.project.feed.name,
        destination=context.destination,
        settings=settings_hash(context.project),
        started_at=now,
        ended_at=now,
        report_at=max(
            now.replace(microsecond=0),
            context.history.latest_report_at(context.destination) or now.replace(microsecond=0),
        ),
        report_name=chosen.name,
        report_size=len(chosen.content),
        open_count=len(report),
        missing_count=0,
        approval=approve,
        approved_by=whoami(),
        receipt=None,
    )
