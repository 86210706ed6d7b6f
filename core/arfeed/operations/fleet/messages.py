"""What the two processes of a worker say to each other: which feed to run, and how its run ended."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arfeed.model.text.commands import with_destination
from arfeed.operations.fleet.store import Ended
from arfeed.operations.many.outcome import Outcome
from arfeed.plugins.feed import FeedSettings
from arfeed.plugins.shared import read_unchecked

BEAT = "beat"
"""Said every second by the process that runs feeds, or the other one takes it for stopped."""
STOP = "stop"
"""Said by it once nothing more is to be begun."""

_LOCK_SECONDS: float = FeedSettings.model_fields["lock_seconds"].default


@dataclass(frozen=True, slots=True)
class Order:
    """A feed to run, for the job `number`; with an approval code, if somebody gave one, and who that was.

    `destination` is one of several that a feed has, if only that is meant.
    """

    number: int
    feed: str
    config: Path
    approve: str | None = None
    approver: str | None = None
    destination: str | None = None

    @property
    def words(self) -> list[str]:
        """What to type after `arfeed`."""
        approval = ["--approve", self.approve] if self.approve else []
        by = ["--approver", self.approver] if self.approver else []
        one = ["--destination", self.destination] if self.destination else []
        return ["sync", "--json", "--config", str(self.config), *one, *approval, *by]


@dataclass(frozen=True, slots=True)
class Report:
    """How the run for a job ended.

    `seconds` is by phase, `closed` counts the invoices that were marked as paid by evidence. `stopped` says that the
    worker ended it, or did not begin it, `killed` that its process was killed.
    """

    number: int
    ended: Ended
    seconds: Mapping[str, float] = field(default_factory=dict)
    invoices: int = 0
    closed: Mapping[str, int] = field(default_factory=dict)
    stopped: bool = False
    killed: bool = False
    lock_seconds: float = _LOCK_SECONDS


def report_of(order: Order, outcome: Outcome) -> Report:
    """Return what the queue is to know of a run; its document may be large, and stays here."""
    documents = outcome.documents
    delivered = [each["plan"] for each in documents.values() if each.get("delivered")]
    # A plan that was delivered still has the code by which it was approved.
    waiting = {
        name: code
        for name, each in documents.items()
        if not each.get("delivered") and (code := (each.get("plan") or {}).get("approval"))
    }
    code = next(iter(waiting.values()), None) if outcome.code else None
    ended = Ended(outcome.code, outcome.name, _next(order, outcome, waiting), code, outcome.seconds)
    why = outcome.ended[0] if outcome.ended else None
    return Report(
        order.number,
        ended,
        (outcome.document or {}).get("seconds") or {},
        sum(total["count"] for plan in delivered for total in plan["totals"]),
        _count_closed(delivered),
        why == "stopped",
        why == "killed",
        _lock_seconds(order.config),
    )


def stopped_report(order: Order) -> Report:
    """Return the report for a feed whose turn had not come when the worker was told to end."""
    return Report(order.number, Ended(1, "not begun"), stopped=True)


def _next(order: Order, outcome: Outcome, waiting: Mapping[str, str]) -> str:
    # By the queue and not by `arfeed sync --config`, as whoever reads this may be on any machine.
    if outcome.code == 0 or not waiting:
        return outcome.next
    run = f"arfeed fleet run {shlex.quote(order.feed)}"
    typed = [f"{with_destination(run, name)} --approve {code}" for name, code in waiting.items()]
    return f"read the plan; if it is right: {'; '.join(typed)}"


def _count_closed(plans: Iterable[Mapping[str, Any]]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for row in (row for plan in plans for row in plan.get("missing", ())):
        evidence = str(row.get("evidence") or "unexplained")
        counts[evidence] = counts.get(evidence, 0) + 1
    return counts


def _lock_seconds(config: Path) -> float:
    feed = read_unchecked(config).get("feed")
    seconds = feed.get("lock_seconds") if isinstance(feed, dict) else None
    return float(seconds) if isinstance(seconds, int | float) else _LOCK_SECONDS
