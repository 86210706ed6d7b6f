"""`adopt`: take a report that this history did not send as the baseline."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from arfeed.config import Project
from arfeed.convergence import settle_interrupted
from arfeed.delivery import Remote
from arfeed.desk import Clock, Desk, Progress, desk, foreign_reports, new_run, remote, utc_now
from arfeed.errors import ConfigError, RefusedError
from arfeed.fingerprint import settings_hash
from arfeed.history import RunRecord, whoami
from arfeed.intake.carried import read_back
from arfeed.intake.transform import check_unique
from arfeed.planning import adoption_code, dropped
from arfeed.plugins import close_match
from arfeed.schema import folded


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
    report is meant, `RefusedError` where it lacks invoices of the present baseline and that was not approved.
    """
    run = new_run(clock())
    with desk(project, progress, clock) as at, at.history.lock(at.where, run, project.feed.lock_seconds):
        with remote(project) as server:
            settle_interrupted(at, server)
            foreign = foreign_reports(at, server)
            name, content = _chosen(at, server, foreign, file)
        report = read_back(_table(project, name, content), name)
        check_unique(report, folded(report["invoice_ref"]))
        _check_dropped(at, name, content, report, approve)
        known = tuple(sorted({*foreign, name}))
        at.history.adopted(
            _run_record(at, run, name, content, report, approve), report, known, project.feed.lock_seconds
        )
    return Adopted(name, len(report), known)


def _table(project: Project, name: str, content: bytes) -> pd.DataFrame:
    try:
        return project.destination.read_report(io.BytesIO(content))
    except Exception as exc:
        raise ConfigError(
            f"{name} is no report that {project.destination.name} can read ({type(exc).__name__}: {exc}); name another "
            "with `arfeed adopt FILE`, or have it removed from the destination"
        ) from exc


def _chosen(at: Desk, server: Remote, foreign: tuple[str, ...], file: str | None) -> tuple[str, bytes]:
    folder = at.project.destination.report_folder
    if file is not None and Path(file).is_file():
        return Path(file).name, Path(file).read_bytes()
    if file is not None:
        if server.size(folder, file) is None:
            there = [name for name in server.sizes(folder) if at.project.destination.is_report(name)]
            raise ConfigError(
                f"{file}: there is no such file here, and no such report in {folder or 'the root'} there"
                f"{close_match(file, there)}"
            )
        return file, server.read(folder, file)
    if len(foreign) != 1:
        found = f"{len(foreign)} are unknown: {', '.join(foreign)}" if foreign else "no unknown report lies there"
        raise ConfigError(f"{at.where}: name the report to take as baseline, `arfeed adopt FILE`; {found}")
    return foreign[0], server.read(folder, foreign[0])


def _check_dropped(at: Desk, name: str, content: bytes, report: pd.DataFrame, approve: str | None) -> None:
    baseline = at.history.baseline(at.where)
    if baseline is None:
        return
    rows = dropped(report, baseline.report)
    code = adoption_code(baseline.id, at.where, hashlib.sha256(content).hexdigest(), rows)
    if len(rows) and approve != code:
        refs = ", ".join(rows["invoice_ref"].head(3)) + (", …" if len(rows) > 3 else "")
        raise RefusedError(
            f"{name} lacks {len(rows)} invoices of the present baseline ({refs}): no later plan would miss them. "
            f"If the receiver has seen this report: arfeed adopt {name} --approve {code}"
        )


def _run_record(at: Desk, run: str, name: str, content: bytes, report: pd.DataFrame, approve: str | None) -> RunRecord:
    now = at.clock()
    return RunRecord(
        id=run,
        kind="adopt",
        state="delivered",
        feed=at.project.feed.name,
        destination=at.where,
        settings=settings_hash(at.project),
        started_at=now,
        ended_at=now,
        report_at=max(now.replace(microsecond=0), at.history.latest_report_at(at.where) or now.replace(microsecond=0)),
        report_name=name,
        report_size=len(content),
        open_count=len(report),
        missing_count=0,
        approval=approve,
        approved_by=whoami(),
        receipt=None,
    )
