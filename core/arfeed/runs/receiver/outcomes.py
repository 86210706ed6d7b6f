"""Ask the receiver what became of deliveries, and record it."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

from arfeed.history.records import OutcomeOfDelivery, RunRecord
from arfeed.model.errors import ArfeedError, ConfigError, DestinationError
from arfeed.model.outcome import DeliveredRun, ReceiverOutcome, Rejection
from arfeed.model.parts import Destination
from arfeed.model.results import DeliveredFile
from arfeed.model.shipping.api import ApiDestination
from arfeed.model.shipping.destination import absence_of
from arfeed.plugins.isolation import restore_process_state
from arfeed.runs.context import OpenContext, RunContext, open_context
from arfeed.runs.convergence import settle_interrupted
from arfeed.runs.receiver.connection import connect

if TYPE_CHECKING:
    from arfeed.delivery.remote import Remote

_LOOKED_AT = 10
"""Deliveries that are asked about, counted back from the last one."""

_LISTED = 1000
"""Deliveries among which the one that somebody names is looked for."""

_FIRST_PAUSE, _LONGEST_PAUSE = 2.0, 60.0
"""Seconds between two questions while somebody waits: receivers read folders every minute, or every hour."""

_STATES = ("taken", "rejected", "pending")


def find_outcomes(context: OpenContext, server: Remote) -> tuple[list[OutcomeOfDelivery], list[RunRecord]]:
    """Return what became of the last deliveries, the oldest first, as far as the receiver says so only now.

    Return those as well of which it does not say so yet. Nothing is recorded.
    """
    told, pending = list[OutcomeOfDelivery](), list[RunRecord]()
    if not _answers_later(context.project.destination):
        return told, pending
    for run in context.history.untold_deliveries(context.destination, _LOOKED_AT):
        delivered, answer = _ask(context, server, run)
        if answer is None:
            break  # it never says so
        if answer.state == "pending":
            pending.append(run)
            continue
        told.append(_judge(context, delivered, answer))
        # What was left out of it counts as paid, whatever had become of those before.
        if absence_of(context.project.destination) == "closes" and not told[-1].reopens:
            break
    return told[::-1], pending


def may_answer(destination: Destination) -> bool:
    """Whether it may say what becomes of a delivery."""
    own = type(destination).outcome is not Destination.outcome
    return own or destination.settings.outcome is not None


def make_silence_error(destination: Destination) -> ConfigError:
    """Return the error for a receiver that does not say what becomes of a delivery."""
    how = (
        "Its plugin has no way to ask the API"
        if isinstance(destination, ApiDestination)
        else "If it has folders for files that it has read, or logs, name them in [destination.outcome]"
    )
    return ConfigError(f"{destination.name} does not say what becomes of a delivery. {how}")


def _answers_later(destination: Destination) -> bool:
    """Whether it may say more than it did when it was delivered to: an API that can be asked was asked by then."""
    return may_answer(destination) and type(destination).outcome is not ApiDestination.outcome


def note_outcomes(context: OpenContext, server: Remote) -> list[RunRecord]:
    """Record what the receiver says by now of the last deliveries; return those still pending. Needs the lock."""
    told, pending = find_outcomes(context, server)
    for outcome in told:
        context.history.record_outcome(context.destination, outcome)
    return pending


def ask_outcome(
    begun: RunContext, run: str | None, wait: timedelta = timedelta(0)
) -> tuple[str, OutcomeOfDelivery | None]:
    """Return a delivery, the last one if none is named, and what became of it; None if that is not known yet.

    Ask again until it is known, or the time is up. Raise `ConfigError` if the receiver never tells.
    """
    with open_context(begun) as context:
        record = _find(context, run)
        until, pause = time.monotonic() + wait.total_seconds(), _FIRST_PAUSE
        while (found := context.history.outcome_of(record.id)) is None:
            context.progress.step(f"Asking {context.destination} what became of run {record.id}")
            with connect(context.project) as server:
                delivered, answer = _ask(context, server, record)
                if answer is None:
                    raise make_silence_error(context.project.destination)
                if answer.state != "pending":
                    return record.id, _record(context, server, delivered, answer)
            left = until - time.monotonic()
            if left <= 0:
                return record.id, None
            # Not over one connection: an hour without a request would end it.
            time.sleep(min(pause, left))
            pause = min(2 * pause, _LONGEST_PAUSE)
        return record.id, found


def _record(
    context: OpenContext, server: Remote, delivered: DeliveredRun, answer: ReceiverOutcome
) -> OutcomeOfDelivery:
    with context.history.lock(context.destination, context.run, context.project.feed.lock_seconds):
        settle_interrupted(context, server)
        outcome = _judge(context, delivered, answer)
        context.history.record_outcome(context.destination, outcome)
    return outcome


def _find(context: OpenContext, run: str | None) -> RunRecord:
    for each, _ in context.history.list_deliveries(context.destination, _LISTED):
        if each.kind != "adopt" and run in (None, each.id):
            return each
    which = "no delivery" if run is None else f"no delivery {run!r}"
    raise ConfigError(f"this history knows {which} to {context.destination}; `arfeed history` lists them")


def _ask(context: OpenContext, server: Remote, run: RunRecord) -> tuple[DeliveredRun, ReceiverOutcome | None]:
    """Ask the destination about a run; what fails in a plugin is a `DestinationError`."""
    destination, delivered = context.project.destination, _describe(context, server, run)
    try:
        with restore_process_state():
            answer = destination.outcome(delivered)
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise DestinationError(f"{destination.name}: its outcome() failed: {type(exc).__name__}: {exc}") from exc
    if answer is not None and (
        not isinstance(answer, ReceiverOutcome)
        or answer.state not in _STATES
        or not all(isinstance(each, Rejection) for each in answer.rejected)
    ):
        raise DestinationError(f"{destination.name}: its outcome() returned {answer!r}; it must be a ReceiverOutcome")
    return delivered, answer


def _describe(context: OpenContext, server: Remote, run: RunRecord) -> DeliveredRun:
    receipt = _read(run.id, context.history.receipt(run.id))
    sent = receipt.get("shipment") or [receipt["report"]]
    # An old report may be kept no longer; without it whatever is rejected counts as something that was to be closed.
    kept = context.history.keeps_report(run.id)
    refs = context.history.report(run.id, context.destination)["invoice_ref"].tolist() if kept else []
    return DeliveredRun(
        id=run.id,
        at=run.report_at,
        files=tuple(DeliveredFile(*(each[name] for name in ("folder", "name", "size", "sha256"))) for each in sent),
        invoice_refs=refs,
        closed_refs=[str(row["invoice_ref"]) for row in receipt.get("missing", ())],
        list_files=server.sizes,
        read_file=server.read,
        api=getattr(server, "api", None),
    )


def _read(run: str, body: str | None) -> dict[str, Any]:
    try:
        receipt: dict[str, Any] = json.loads(body or "")
        receipt["report"]["name"]
    except (ValueError, LookupError, TypeError) as exc:
        raise ConfigError(f"the receipt of run {run} can't be read; `arfeed history verify` looks at all") from exc
    return receipt


def _judge(context: OpenContext, delivered: DeliveredRun, answer: ReceiverOutcome) -> OutcomeOfDelivery:
    """Return what is recorded of an answer: also whether something that was to be closed may still be open there."""
    named = {each.invoice_ref for each in answer.rejected}
    reopens = answer.state == "rejected" or bool(named.difference(delivered.invoice_refs))
    state: Literal["taken", "rejected"] = "rejected" if answer.state == "rejected" else "taken"
    return OutcomeOfDelivery(delivered.id, context.started, state, reopens, tuple(answer.rejected))


def note_pending(pending: Sequence[RunRecord]) -> list[str]:
    """Write of deliveries of which the receiver has not said yet what became of them."""
    return [
        f"the receiver has not said yet what became of run {run.id}, delivered on {run.started_at:%Y-%m-%d %H:%M} UTC; "
        "`arfeed outcome` asks again"
        for run in pending[:1]
    ]
