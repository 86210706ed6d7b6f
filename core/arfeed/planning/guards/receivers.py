"""Objections to where a report would go: a receiver known under another address, or one that has a later report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from arfeed.model.outcome import Rejection
from arfeed.model.results import Forgotten, Objection, Plan
from arfeed.model.text.commands import with_destination
from arfeed.planning.wording import name_first, pluralize

if TYPE_CHECKING:
    from arfeed.history.records import OutcomeOfDelivery


def object_to_same_receiver(plan: Plan) -> Iterator[Objection]:
    """Object if the history knows this receiver under another address, with another last report."""
    if plan.also_known:
        message = describe_same_receiver(plan.destination, plan.also_known, plan.named)
        yield Objection("same-receiver", message, plan.also_known)


def describe_same_receiver(where: str, known: Sequence[str], named: str = "") -> str:
    """Describe under which addresses a receiver is known, and what to do next."""
    join, place = with_destination(f"arfeed history join {shlex.quote(known[0])}", named), "[destination]"
    if named:
        place = f"[destinations.{named}], or remove that if the old one is a destination of this feed, too"
    return (
        f"{where} is the receiver that this history knows as {name_first(known)}: both addresses lead to the "
        "same folder with the same login. Invoices that only the last report there listed would be marked as paid, and "
        "no plan would show them. "
        f"`{join}` lets both addresses have one history; or put the old address back into {place}. If they are two "
        "receivers that can't be told apart, give this feed its own history. "
        "No --approve covers this: the number that it names would leave out what only the other report listed"
    )


def object_to_history_behind(plan: Plan) -> Iterator[Objection]:
    """Object if this machine has delivered a report that the history does not know of."""
    if plan.forgotten:
        yield Objection("history-behind", _describe_history_behind(plan.forgotten, plan.named), (plan.forgotten.run,))


def _describe_history_behind(lost: Forgotten, named: str) -> str:
    known = (
        f"the last that it knows is {lost.known} of {lost.known_at:%Y-%m-%d %H:%M} UTC"
        if lost.known
        else "it knows none"
    )
    where = f" That run was recorded in {lost.history}." if lost.history else ""
    adopt = with_destination(f"arfeed adopt {shlex.quote(lost.report)}", named)
    return (
        f"this machine has delivered run {lost.run} there on {lost.at:%Y-%m-%d %H:%M} UTC ({lost.report}, "
        f"{pluralize(lost.open_count, 'invoice')}), and this history does not know it; {known}.{where} It was restored "
        "from an older backup, has lost what it wrote last, or is another one. Invoices that only that report listed "
        "would be marked as paid on top of those shown here. Restore the newer history; if there is none, "
        f"`{adopt}` takes that report as baseline, from the receiver or from a copy "
        "here. Approve only if you have compared that report with this plan"
    )


def object_to_unknown_baseline(plan: Plan) -> Iterator[Objection]:
    """Object to a first delivery: nothing is known of what the receiver holds."""
    # If the receiver is known by another address, this is not a first delivery, and "approve it" would be wrong.
    if plan.before is None and not plan.also_known:
        yield Objection(
            "unknown-baseline",
            f"this history knows no delivery to {plan.destination}, so nothing can be compared with the "
            f"{pluralize(len(plan.report), 'invoice')} read. If this is the first delivery, approve it. If not, the "
            "history is lost or the wrong one: restore it, name the right one in [feed], or take the last report as "
            f"baseline with `{with_destination('arfeed adopt', plan.named)}`",
        )


def object_to_foreign_reports(plan: Plan) -> Iterator[Objection]:
    """Object to reports at the destination that somebody else delivered."""
    if plan.foreign and not plan.also_known:  # which says how to get a history that knows them
        last = "the last of them" if len(plan.foreign) > 1 else "it"
        yield Objection(
            "foreign-report",
            f"the destination holds {pluralize(len(plan.foreign), 'report')} that this history did not send: "
            f"{name_first(plan.foreign)}. Somebody else delivers there, or this is the wrong history. Look into it; "
            f"then `{with_destination(f'arfeed adopt {shlex.quote(plan.foreign[-1])}', plan.named)}` takes {last} as "
            "baseline",
            plan.foreign,
        )


def object_to_rejections(plan: Plan, rejections: Sequence[OutcomeOfDelivery]) -> Iterator[Objection]:
    """Object to delivering again what the receiver did not take: the same file would most likely be rejected again."""
    if not rejections:
        return
    refs = [each.invoice_ref or told.run for told in rejections for each in told.rejected or [Rejection("")]]
    consequences = [_ROWS[plan.absence]] if any(told.state == "taken" for told in rejections) else []
    consequences += [_ALL] if any(told.reopens for told in rejections) else []
    yield Objection(
        "rejected-by-receiver",
        f"{'; '.join(_describe_rejection(each) for each in rejections)}. {' '.join(consequences)} Find out why, "
        "and ask the receiver what it has now; approve once you expect it to accept the next delivery",
        tuple(dict.fromkeys(refs)),
    )


_ROWS = {
    "closes": "To the receiver, a rejected invoice may be one that was missing, and so it may count as paid there.",
    "nothing": "The receiver does not have a rejected invoice as it was sent.",
}
_ALL = "What it was to close may still be open there, so the report before that delivery counts beside it again."


def _describe_rejection(told: OutcomeOfDelivery) -> str:
    whys = name_first(f"{each.invoice_ref or each.file or 'it'}: {each.reason}" for each in told.rejected)
    said = f" ({whys})" if whys else ""
    if told.state == "rejected":
        return f"the receiver has rejected the delivery of run {told.run}{said}"
    count = sum(bool(each.invoice_ref) for each in told.rejected)
    return f"the receiver has rejected {pluralize(count, 'invoice')} of run {told.run}{said}"
