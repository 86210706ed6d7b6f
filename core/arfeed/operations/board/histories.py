"""What the histories of feeds say: what was delivered, how the last runs ended, what became of an invoice."""

from __future__ import annotations

import json
import os
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from threading import Lock
from time import time
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from arfeed.history.audit import audit
from arfeed.history.records import Closing, OutcomeRecord, ReconciliationRecord, RunRecord
from arfeed.history.store import History
from arfeed.model.currencies import format_amount
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.text.secrets import mask_secrets
from arfeed.operations.board.caching import Version, version_of
from arfeed.runs.addresses import address_of, name_in_history, names_in_history
from arfeed.runs.page.rendering import PastRun, render

if TYPE_CHECKING:
    from arfeed.operations.board.feeds import Feed
    from arfeed.plugins.config import Project

_PAST = 30
"""How many earlier deliveries the page of one charts."""
_LATELY = timedelta(days=30)
_MOST_RECONCILIATIONS = 10
_MOST_ANSWERS = 50
"""How many different sets of feeds are remembered of a history in a file."""
_TICK = 3.0
"""Seconds for which a file's time may stay the same though it is written again."""


class State(NamedTuple):
    """What a history says of a feed: its last delivery, without the receipt, and how its last run ended."""

    destination: str
    delivery: RunRecord | None
    outcome: OutcomeRecord | None


class LookBack(NamedTuple):
    """What a feed has done lately: what was open after its last deliveries, what was marked as paid on which evidence.

    `past` has the oldest first, `closings` are of the 30 days to the last delivery, `reconciliations` has the newest
    first.
    """

    past: list[PastRun]
    closings: list[Closing]
    reconciliations: list[ReconciliationRecord]


class Trace(NamedTuple):
    """One thing that happened to an invoice: when, in which run, and in words; the newest come first."""

    feed: str
    at: datetime
    run: str
    what: str


@dataclass
class Histories:
    """The histories of feeds. Those on a server stay open; a file is looked into again once it has changed."""

    _servers: dict[str, History] = field(default_factory=dict)
    _files: dict[str, tuple[Version, dict[tuple[object, ...], dict[str, State | str]]]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def states_of(self, feeds: Iterable[Feed], *, deliveries: bool) -> dict[str, State | str]:
        """Return by feed what its history says, or in a text why that can't be read.

        Feeds that share a history are looked up together. Without `deliveries` the last ones are left out.
        """
        together: dict[str, list[tuple[Feed, str]]] = defaultdict(list)
        found: dict[str, State | str] = {}
        for feed in feeds:
            if feed.project is None:
                continue
            # Each by itself: an address that can't be read must not hide what waits in other feeds.
            try:
                address = address_of(feed.project)
            except (ArfeedError, ValueError) as exc:
                found[feed.name] = str(exc)
            else:
                together[feed.project.feed.history.get_secret_value()].append((feed, address))
        for feeds_of_one in together.values():
            try:
                found |= self._states(feeds_of_one, deliveries)
            except ArfeedError as exc:
                found |= {feed.name: str(exc) for feed, _ in feeds_of_one}
        return found

    def last_delivered_at(self, project: Project) -> datetime | None:
        """Return when the last delivery of a feed began. Raise `ConfigError` or `LockedError` if that can't be read."""
        last = self.deliveries_of(project, 1)
        return last[0].started_at if last else None

    def refused_plan(self, project: Project) -> dict[str, Any] | None:
        """Return the plan of a feed's last run, if that was refused."""
        with self._open(project) as history:
            outcome = history.outcome(name_in_history(project, history))
        return json.loads(zlib.decompress(outcome.plan)) if outcome and outcome.plan else None

    def delivered_by(self, project: Project, job: str) -> RunRecord | None:
        """Return the delivery of a feed that a job of the board approved, if there is one."""
        with self._open(project) as history:
            return history.approved(name_in_history(project, history), f"(job {job})")

    def deliveries_of(self, project: Project, most: int) -> list[RunRecord]:
        """Return the last deliveries of a feed, the newest first."""
        with self._open(project) as history:
            return history.deliveries(name_in_history(project, history), most)

    def look_back(self, project: Project) -> LookBack:
        """Return what a feed has done lately."""
        with self._open(project) as history:
            destination = name_in_history(project, history)
            balances = history.balances(destination, before=None, most=_PAST)
            last = balances[0][1] if balances else None
            closings = history.closings(destination, last - _LATELY) if last else []
            compared = history.reconciliations(destination)[:_MOST_RECONCILIATIONS]
        return LookBack([PastRun(*each) for each in reversed(balances)], closings, compared)

    def receipt_page(self, project: Project, run: str) -> str | None:
        """Return the page of a delivery of this feed, or None. Raise `ConfigError` if its receipt was changed."""
        with self._open(project) as history:
            document = _find_receipt(project, history, run)
            return _render(project, history, document) if document is not None else None

    def receipt_of(self, project: Project, run: str) -> dict[str, Any] | None:
        """Return the receipt of a delivery of this feed, or None. Raise `ConfigError` if it was changed."""
        with self._open(project) as history:
            document = _find_receipt(project, history, run)
        return mask_document(project, document) if document is not None else None

    def plan_page(self, project: Project, document: Mapping[str, Any]) -> str:
        """Return the page of a plan."""
        with self._open(project) as history:
            return _render(project, history, document)

    def trace(self, feed: Feed, number: str) -> Iterator[Trace]:
        """Yield what became of an invoice: since when it stood in the kept reports, and when and why it was closed."""
        if feed.project is None:
            return
        wanted = number.casefold()
        with self._open(feed.project) as history:
            destination = name_in_history(feed.project, history)
            yield from _standing(feed.name, history, destination, wanted)
            for run in history.mentioning(destination, number):
                for row in json.loads(run.receipt or "{}").get("missing", ()):
                    if row["invoice_ref"].casefold() == wanted:
                        # Receipts of an earlier arfeed do not say how good the evidence was.
                        evidence = f" ({row['evidence']})" if row.get("evidence") else ""
                        who = f"; approved as {run.approval} by {run.approved_by}" if run.approval else ""
                        why = f"{row['reason']}{evidence}, {_format_owed(row)}{who}"
                        what = f"{row['invoice_ref']} was marked as paid: {why}"
                        yield Trace(feed.name, run.started_at, run.id, what)

    def _states(self, feeds: Collection[tuple[Feed, str]], deliveries: bool) -> dict[str, State | str]:
        project = next(feed.project for feed, _ in feeds if feed.project)
        # Before it is read: what is written meanwhile makes another version.
        answers = self._known(project)
        asked = (deliveries, *sorted((feed.name, address) for feed, address in feeds))
        if asked in answers:
            return answers[asked]
        with self._open(project) as history:
            names, outcomes = _look_up({address for _, address in feeds}, history)
            last = history.last_deliveries(names.values()) if deliveries else {}
        of = {feed.name: names[address] for feed, address in feeds}
        states: dict[str, State | str] = {
            name: State(known, last.get(known), outcomes.get(known)) for name, known in of.items()
        }
        if len(answers) >= _MOST_ANSWERS:
            answers.clear()
        answers[asked] = states
        return states

    def _known(self, project: Project) -> dict[tuple[object, ...], dict[str, State | str]]:
        """Return what was found in a history in a file, as long as it has not changed; of a server nothing is kept."""
        version = _version_of(project)
        # Where times are coarse, two changes within one tick look like one.
        if version is None or max(moment for _, moment, _ in version) > (time() - _TICK) * 1e9:
            return {}
        file = version[0][0]
        # What was found in an earlier version goes with it.
        if file not in self._files or self._files[file][0] != version:
            self._files[file] = (version, {})
        return self._files[file][1]

    @contextmanager
    def _open(self, project: Project) -> Iterator[History]:
        url = project.feed.history.get_secret_value()
        if _file_of(project):
            with History(url) as history:
                yield history
            return
        if url not in self._servers:
            # Opened without the lock: a server that does not answer must not keep others waiting.
            opened = History(url)
            with self._lock:
                kept = self._servers.setdefault(url, opened)
            if kept is not opened:
                opened.close()
        yield self._servers[url]


def _look_up(addresses: set[str], history: History) -> tuple[dict[str, str], dict[str, OutcomeRecord]]:
    """Return the names by which a history knows addresses, and by name how the last run to each ended."""
    outcomes = history.outcomes(addresses)
    # Where a run has ended under the address itself, that is the name: nothing more has to be asked.
    names = {address: address for address in outcomes}
    others = addresses - outcomes.keys() | (addresses & history.receivers.list_joined().keys())
    if others:
        names |= names_in_history(others, history)
        outcomes |= history.outcomes(names.values() - outcomes.keys())
    return names, outcomes


def _file_of(project: Project) -> str | None:
    url = sa.make_url(project.feed.history.get_secret_value())
    # SQLite puts its other files beside the one that a link leads to.
    return os.path.realpath(url.database) if url.get_backend_name() == "sqlite" and url.database else None


def _version_of(project: Project) -> Version | None:
    """Return what shows that a history in a file has changed; None for one on a server."""
    file = _file_of(project)
    return version_of([file, f"{file}-wal", f"{file}-journal"]) if file else None


def mask_document(project: Project, document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a plan or receipt without the feed's secrets."""
    masked: dict[str, Any] = json.loads(mask_secrets(json.dumps(document, ensure_ascii=False), project.secrets))
    return masked


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


def _render(project: Project, history: History, document: Mapping[str, Any]) -> str:
    covered = mask_document(project, document)
    earlier = history.balances(document["destination"], before=document.get("run"), most=_PAST)
    return render(covered, [PastRun(run, at, balances) for run, at, balances in reversed(earlier)])


def _format_owed(row: Mapping[Any, Any]) -> str:
    return f"{row['customer_name']}, {format_amount(Decimal(row['balance']), row['currency'])} {row['currency']}"
