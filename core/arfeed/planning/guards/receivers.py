"""Objections to where a report would go: a receiver known under another address, or one that has a later report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from arfeed.model.results import Forgotten, Objection, Plan
from arfeed.planning.wording import name_first, pluralize


def object_to_same_receiver(plan: Plan) -> Iterator[Objection]:
    """Object if the history knows this receiver under another address, with another last report."""
    if plan.also_known:
        message = describe_same_receiver(plan.destination, plan.also_known)
        yield Objection("same-receiver", message, plan.also_known)


def describe_same_receiver(where: str, known: Sequence[str]) -> str:
    """Describe under which addresses a receiver is known, and what to do next."""
    return (
        f"{where} is the receiver that this history knows as {name_first(known)}: both addresses lead to the "
        "same folder with the same login. Invoices that only the last report there listed would be marked as paid, and "
        "no plan would show them. "
        f"`arfeed history join {shlex.quote(known[0])}` lets both addresses have one history; or put the old address "
        "back into [destination]. If they are two receivers that can't be told apart, give this feed its own history. "
        "No --approve covers this: the number that it names would leave out what only the other report listed"
    )


def object_to_history_behind(plan: Plan) -> Iterator[Objection]:
    """Object if this machine has delivered a report that the history does not know of."""
    if plan.forgotten:
        yield Objection("history-behind", _describe_history_behind(plan.forgotten), (plan.forgotten.run,))


def _describe_history_behind(lost: Forgotten) -> str:
    known = (
        f"the last that it knows is {lost.known} of {lost.known_at:%Y-%m-%d %H:%M} UTC"
        if lost.known
        else "it knows none"
    )
    where = f" That run was recorded in {lost.history}." if lost.history else ""
    return (
        f"this machine has delivered run {lost.run} there on {lost.at:%Y-%m-%d %H:%M} UTC ({lost.report}, "
        f"{pluralize(lost.open_count, 'invoice')}), and this history does not know it; {known}.{where} It was restored "
        "from an older backup, has lost what it wrote last, or is another one. Invoices that only that report listed "
        "would be marked as paid on top of those shown here. Restore the newer history; if there is none, "
        f"`arfeed adopt {shlex.quote(lost.report)}` takes that report as baseline, from the receiver or from a copy "
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
            "baseline with `arfeed adopt`",
        )


def object_to_foreign_reports(plan: Plan) -> Iterator[Objection]:
    """Object to reports at the destination that somebody else delivered."""
    if plan.foreign and not plan.also_known:  # which says how to get a history that knows them
        last = "the last of them" if len(plan.foreign) > 1 else "it"
        yield Objection(
            "foreign-report",
            f"the destination holds {pluralize(len(plan.foreign), 'report')} that this history did not send: "
            f"{name_first(plan.foreign)}. Somebody else delivers there, or this is the wrong history. Look into it; "
            f"then `arfeed adopt {shlex.quote(plan.foreign[-1])}` takes {last} as baseline",
            plan.foreign,
        )
