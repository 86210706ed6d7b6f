"""What the histories of feeds say: what was delivered, how the last runs ended, what became of an invoice."""

from __future__ import annotations

import json
import os
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from threading import Lock, local
from time import monotonic, time
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from arfeed.history.audit import audit
from arfeed.history.reading import Found
from arfeed.history.receipts import PastRun
from arfeed.history.records import Closing, OutcomeRecord, ReconciliationRecord, RunRecord
from arfeed.history.store import History
from arfeed.model.currencies import format_amount
from arfeed.model.errors import ArfeedError, ConfigError
from arfeed.model.text.secrets import mask_secrets
from arfeed.operations.board.caching import Version, version_of
from arfeed.runs.addresses import identify, name_in_history, names_in_history
from arfeed.runs.page.rendering import render

if TYPE_CHECKING:
    from arfeed.operations.board.feeds import Feed
    from arfeed.plugins.config import Project

_PAST = 30
"""How many earlier deliveries the page of one charts."""
_LATELY = timedelta(days=30)
_MOST_RECONCILIATIONS = 10
_SEARCHED_AT_ONCE = 100
"""In how many feeds of one history an invoice is searched for by one question."""
_LONGEST_SEARCH = 20.0
"""Seconds after which no more of them are searched: what was not is said, and the others' pages don't wait."""
_MOST_ANSWERS = 50
"""How many different sets of feeds are remembered of a history in a file."""
_TICK = 3.0
"""Seconds for which a file's time may stay the same though it is written again."""

# Thousands of them are asked for every few seconds.
_identify = lru_cache(maxsize=10_000)(identify)


class State(NamedTuple):
    """What a history says of a feed: its last delivery, without the receipt, and how its last run ended."""

    destination: str
    delivery: RunRecord | None
    outcome: OutcomeRecord | None


class LookBack(NamedTuple):
    """What a feed has done lately: figures of its last deliveries, what was marked as paid on which evidence.

    `past` has the oldest first; `closings` are of the 30 days to the last delivery,
    `reconciliations` has the newest first.
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
    _held: local = field(default_factory=local)
    """Of each thread, the histories in files that it has open for a while, by URL."""

    @contextmanager
    def together(self) -> Iterator[None]:
        """Open each history in a file once for all that this thread asks meanwhile: for one feed, not for hundreds."""
        with ExitStack() as stack:
            self._held.stack, self._held.opened = stack, {}
            try:
                yield
            finally:
                del self._held.stack, self._held.opened

    def states_of(self, feeds: Iterable[Feed], *, deliveries: bool) -> dict[str, State | str]:
        """Return by feed what its history says, or in a text why that can't be read.

        Feeds that share a history are looked up together. Without `deliveries` the last ones are left out.
        """
        together, failed = _by_history(feeds)
        found: dict[str, State | str] = {**failed}
        for feeds_of_one in together.values():
            try:
                found |= self._states(feeds_of_one, deliveries)
            except ArfeedError as exc:
                found |= {feed.name: str(exc) for feed, _ in feeds_of_one}
        return found

    def last_delivered_at(self, project: Project) -> datetime | None:
        """Return when the last delivery of a feed began. Raise `ConfigError` or `LockedError` if that can't be read."""
        with self._open(project) as history:
            last = history.list_deliveries(name_in_history(project, history), 1)
        return last[0][0].started_at if last else None

    def refused_plan(self, project: Project) -> dict[str, Any] | None:
        """Return the plan of a feed's last run, if that was refused."""
        with self._open(project) as history:
            outcome = history.outcome(name_in_history(project, history))
        return json.loads(zlib.decompress(outcome.plan)) if outcome and outcome.plan else None

    def delivered_by(self, project: Project, job: str) -> RunRecord | None:
        """Return the delivery of a feed that a job of the board approved, if there is one."""
        with self._open(project) as history:
            return history.approved(name_in_history(project, history), f"(job {job})")

    def deliveries_of(self, project: Project, destination: str, most: int) -> list[tuple[RunRecord, bool]]:
        """Return the last deliveries of a feed, the newest first, without their receipts, and whether there is one."""
        with self._open(project) as history:
            return history.list_deliveries(destination, most)

    def look_back(self, project: Project, destination: str) -> LookBack:
        """Return what a feed has done lately, by the destination's name in the history."""
        with self._open(project) as history:
            past = history.figures(destination, before=None, most=_PAST)
            last = past[-1].at if past else None
            closings = history.closings(destination, last - _LATELY) if last else []
            compared = history.reconciliations(destination)[:_MOST_RECONCILIATIONS]
        return LookBack(past, closings, compared)

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

    def trace(self, feeds: Iterable[Feed], number: str) -> tuple[list[Trace], list[str]]:
        """Return what became of an invoice in these feeds, and what could not be searched, each with the reason."""
        until = monotonic() + _LONGEST_SEARCH
        together, failed = _by_history(feeds)
        found, late = list[Trace](), 0
        unread = [f"{name}: {why}" for name, why in failed.items()]
        for feeds_of_one in together.values():
            for begin in range(0, len(feeds_of_one), _SEARCHED_AT_ONCE):
                some = feeds_of_one[begin : begin + _SEARCHED_AT_ONCE]
                if monotonic() > until:
                    late += len(some)
                else:
                    found += self._trace_some(some, number, unread)
        if late:
            words = f"{late:,} {'feed was' if late == 1 else 'feeds were'} not reached in {_LONGEST_SEARCH:.0f} seconds"
            unread.append(f"{words}: search again, in feeds whose name holds a part that you give.")
        return found, unread

    def _trace_some(self, some: Sequence[tuple[Feed, str]], number: str, unread: list[str]) -> list[Trace]:
        try:
            return [*self._trace(some, number)]
        except ArfeedError as exc:
            if len(some) > 1:
                # One whose report can't be read hides no other.
                return [trace for each in some for trace in self._trace_some([each], number, unread)]
            unread.append(f"{some[0][0].name}: {exc}")
            return []

    def _trace(self, some: Sequence[tuple[Feed, str]], number: str) -> Iterator[Trace]:
        project = next(feed.project for feed, _ in some if feed.project)
        with self._open(project) as history:
            names = names_in_history({address for _, address in some}, history)
            called: dict[str, list[str]] = defaultdict(list)
            for feed, address in some:
                called[names[address]].append(feed.name)
            kept = [*history.find_in_reports(called, number)]
            mentions = history.find_mentions(called, number)
        for destination, reports in groupby(kept, attrgetter("destination")):
            listed = [*reports]
            for feed_name in called[destination]:
                yield from _find_in_reports(feed_name, listed)
        wanted = number.casefold()
        for run in mentions:
            for row in json.loads(run.receipt or "{}").get("missing", ()):
                if row["invoice_ref"].casefold() == wanted:
                    # Receipts of an earlier arfeed do not say how good the evidence was.
                    evidence = f" ({row['evidence']})" if row.get("evidence") else ""
                    who = f"; approved as {run.approval} by {run.approved_by}" if run.approval else ""
                    what = (
                        f"{row['invoice_ref']} was marked as paid: {row['reason']}{evidence}, {_format_owed(row)}{who}"
                    )
                    for feed_name in called[run.destination]:
                        yield Trace(feed_name, run.started_at, run.id, what)

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
            held: dict[str, History] | None = getattr(self._held, "opened", None)
            if held is None:
                with History(url) as history:
                    yield history
                return
            if url not in held:
                held[url] = self._held.stack.enter_context(History(url))
            yield held[url]
            return
        if url not in self._servers:
            # Opened without the lock: a server that does not answer must not keep others waiting.
            opened = History(url).without_transactions()
            with self._lock:
                kept = self._servers.setdefault(url, opened)
            if kept is not opened:
                opened.close()
        yield self._servers[url]


def _by_history(feeds: Iterable[Feed]) -> tuple[dict[str, list[tuple[Feed, str]]], dict[str, str]]:
    """Return feeds with their addresses, by the history that they share, and by name what is wrong with the others."""
    together: dict[str, list[tuple[Feed, str]]] = defaultdict(list)
    failed: dict[str, str] = {}
    for feed in feeds:
        if feed.project is None:
            failed[feed.name] = feed.mistake
            continue
        # Each by itself: an address that can't be read must not hide what waits in other feeds.
        try:
            address = _identify(feed.project.destination.settings.url)
        except (ArfeedError, ValueError) as exc:
            failed[feed.name] = str(exc)
        else:
            together[feed.project.feed.history.get_secret_value()].append((feed, address))
    return together, failed


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


def _find_in_reports(feed: str, kept: Sequence[Found]) -> Iterator[Trace]:
    """Yield since when an invoice stood in the kept reports, what changed there, and whether it is in the last one."""
    listed = [(place, each.run, each.at, each.row) for place, each in enumerate(kept) if each.row]
    before, owed = -2, ""
    for place, run, at, row in listed:
        what = ""
        if before < 0:
            what = "was new" if place else "was open already, in the oldest report that is kept"
        elif place - before > 1:
            what = "was in the report again"
        elif _format_owed(row) != owed:
            what = "changed"
        before, owed = place, _format_owed(row)
        if what:
            yield Trace(feed, at, run, f"{row['invoice_ref']} {what}: {owed}")
    for _, run, at, row in listed[-1:]:
        last = "is still open" if before == len(kept) - 1 else "stood in a report for the last time"
        one = len(kept) == 1
        among = (
            "only one report is kept" if one else f"it stood in {len(listed)} of the {len(kept)} reports that are kept"
        )
        yield Trace(feed, at, run, f"{row['invoice_ref']} {last}: {owed}; {among}")


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
    return render(covered, history.figures(document["destination"], before=document.get("run"), most=_PAST))


def _format_owed(row: Mapping[Any, Any]) -> str:
    return f"{row['customer_name']}, {format_amount(Decimal(row['balance']), row['currency'])} {row['currency']}"
