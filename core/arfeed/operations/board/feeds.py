"""The feeds of a folder as the board sees them: what was delivered last, how the last run ended, what waits."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

from sqlalchemy.exc import SQLAlchemyError

from arfeed.history.audit import audit
from arfeed.history.records import OutcomeRecord, RunRecord
from arfeed.history.store import History
from arfeed.model.currencies import format_amount
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.text.secrets import mask_secrets
from arfeed.operations.many.choice import find_feeds
from arfeed.plugins.config import Project, read_project
from arfeed.runs.addresses import name_in_history
from arfeed.runs.page.rendering import PastRun, render

_PAST = 30
"""How many earlier deliveries the page of one charts."""


class Feed(NamedTuple):
    """A feed: its name in addresses and grants, its plugins.toml, and that file read, or what is wrong with it."""

    name: str
    config: Path
    project: Project | None
    mistake: str


class State(NamedTuple):
    """What a history says of a feed; `refused` is the plan of the last run, if that was refused."""

    destination: str
    delivery: RunRecord | None
    outcome: OutcomeRecord | None
    refused: Mapping[str, Any] | None


class Trace(NamedTuple):
    """One thing that happened to an invoice: when, in which run, and in words; the newest come first."""

    feed: str
    at: datetime
    run: str
    what: str


@dataclass
class Feeds:
    """The feeds of a folder, found as `sync --all` finds them. Files are read again once they have changed."""

    folder: Path
    _read: dict[Path, tuple[tuple[int, int], Feed]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def all(self) -> dict[str, Feed]:
        """Return the feeds by name. Raise `ConfigError` if there is none, or if two have one name."""
        found: dict[str, Feed] = {}
        for config in find_feeds(self.folder):
            feed = self._feed(config)
            if feed.name in found:
                raise ConfigError(f"{found[feed.name].config} and {config} have one name; rename one of them")
            found[feed.name] = feed
        return found

    def find(self, name: str) -> Feed | None:
        """Return a feed by its name. What is no name of a feed is never taken for a path."""
        return self.all().get(name)

    def config_of(self, name: str) -> Path | None:
        """Return the plugins.toml of a feed, or None if the feed is gone."""
        feed = self.find(name)
        return feed.config if feed else None

    def delivered_by(self, name: str, job: str) -> RunRecord | None:
        """Return the delivery of a feed that a job of the board approved, if there is one."""
        feed = self.find(name)
        if feed is None or feed.project is None:
            return None
        with _history(feed.project) as history:
            return history.approved(name_in_history(feed.project, history), f"(job {job})")

    def _feed(self, config: Path) -> Feed:
        stat = config.stat()
        version = (stat.st_mtime_ns, stat.st_size)
        with self._lock:
            known = self._read.get(config)
            if known is None or known[0] != version:
                known = self._read[config] = (version, _read_feed(self.folder, config))
            return known[1]


def state_of(project: Project) -> State:
    """Return what the history knows of a feed. Raise `ConfigError` or `LockedError` if it can't be read."""
    with _history(project) as history:
        destination = name_in_history(project, history)
        deliveries = history.deliveries(destination, most=1)
        outcome = history.outcome(destination)
    refused = json.loads(zlib.decompress(outcome.plan)) if outcome and outcome.plan else None
    return State(destination, deliveries[0] if deliveries else None, outcome, refused)


def deliveries_of(project: Project, most: int) -> list[RunRecord]:
    """Return the last deliveries of a feed, the newest first."""
    with _history(project) as history:
        return history.deliveries(name_in_history(project, history), most)


def receipt_page(project: Project, run: str) -> str | None:
    """Return the page of a delivery of this feed, or None. Raise `ConfigError` if its receipt was changed."""
    with _history(project) as history:
        document = _find_receipt(project, history, run)
        return _render(project, history, document) if document is not None else None


def receipt_of(project: Project, run: str) -> dict[str, Any] | None:
    """Return the receipt of a delivery of this feed, or None. Raise `ConfigError` if it was changed."""
    with _history(project) as history:
        document = _find_receipt(project, history, run)
    return mask_document(project, document) if document is not None else None


def mask_document(project: Project, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan or receipt without the feed's secrets."""
    masked: dict[str, Any] = json.loads(mask_secrets(json.dumps(document, ensure_ascii=False), project.secrets))
    return masked


def plan_page(project: Project, document: Mapping[str, Any]) -> str:
    """Return the page of a plan."""
    with _history(project) as history:
        return _render(project, history, document)


def trace(feed: Feed, number: str) -> Iterator[Trace]:
    """Yield what became of an invoice: since when it stood in the kept reports, and when and why it was closed."""
    if feed.project is None:
        return
    wanted = number.casefold()
    with _history(feed.project) as history:
        destination = name_in_history(feed.project, history)
        yield from _standing(feed.name, history, destination, wanted)
        for run in history.mentioning(destination, number):
            for row in json.loads(run.receipt or "{}").get("missing", ()):
                if row["invoice_ref"].casefold() == wanted:
                    # Receipts of an earlier arfeed do not say how good the evidence was.
                    evidence = f" ({row['evidence']})" if row.get("evidence") else ""
                    who = f"; approved as {run.approval} by {run.approved_by}" if run.approval else ""
                    words = (
                        f"{row['invoice_ref']} was marked as paid: {row['reason']}{evidence}, {_format_owed(row)}{who}"
                    )
                    yield Trace(feed.name, run.started_at, run.id, words)


def _standing(feed: str, history: History, destination: str, wanted: str) -> Iterator[Trace]:
    """Yield in which kept report an invoice stands first, and whether it stands in the last one."""
    kept = history.kept_reports(destination)
    first = None
    for run in kept:
        if first is not None and run is not kept[-1]:
            continue
        report = history.report(run.id, destination)
        rows = report[report["invoice_ref"].str.casefold() == wanted].astype("str").to_dict("records")
        if not rows:
            continue
        if first is None:
            begin = "was open already, in the oldest report that is kept" if run is kept[0] else "was new"
            yield Trace(feed, run.started_at, run.id, f"{rows[0]['invoice_ref']} {begin}: {_format_owed(rows[0])}")
            first = run
        if run is kept[-1] and first is not run:
            yield Trace(
                feed, run.started_at, run.id, f"{rows[0]['invoice_ref']} is still open: {_format_owed(rows[0])}"
            )


def _format_owed(row: Mapping[Any, Any]) -> str:
    return f"{row['customer_name']}, {format_amount(Decimal(row['balance']), row['currency'])} {row['currency']}"


def _find_receipt(project: Project, history: History, run: str) -> dict[str, Any] | None:
    receipt = history.receipt(run)
    document: dict[str, Any] = json.loads(receipt) if receipt else {}
    # Several feeds may share one history, and whoever may see one of them may not see all.
    if document.get("destination") != name_in_history(project, history) or document.get("kind") == "reconcile":
        return None
    # What is shown looks like proof, so nothing is made of a receipt that was changed.
    if wrong := [*audit(history, run)]:
        raise ConfigError(*wrong, "the history was changed from outside; restore a backup of it")
    return document


def _history(project: Project) -> History:
    return History(project.feed.history.get_secret_value())


def _render(project: Project, history: History, document: Mapping[str, Any]) -> str:
    covered = mask_document(project, document)
    earlier = history.balances(document["destination"], before=document.get("run"), most=_PAST)
    return render(covered, [PastRun(run, at, balances) for run, at, balances in reversed(earlier)])


def _read_feed(folder: Path, config: Path) -> Feed:
    # acme/plugins.toml is called acme, and acme.toml acme.toml: files of both kinds may lie side by side.
    name = config.parent.name if config.parent != folder else config.name
    try:
        return Feed(name, config, read_project(config), "")
    except (ArfeedError, SQLAlchemyError) as exc:
        return Feed(name, config, None, str(exc))
