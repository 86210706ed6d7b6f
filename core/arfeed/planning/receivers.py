"""Objections to whom a report would go: a receiver known under another address, or one that has a later report."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from arfeed.model.results import Forgotten, Objection, Plan
from arfeed.planning.wording import counted, named


def same_receiver(plan: Plan) -> Iterator[Objection]:
    """Object where the history knows this receiver under another address, with another last report."""
    if plan.also_known:
        message = says_same_receiver(plan.destination, plan.also_known)
        yield Objection("same-receiver", message, plan.also_known)


def says_same_receiver(where: str, known: Sequence[str]) -> str:
    """Say under which addresses a receiver is known, and how to go on."""
    return (
        f"{where} is the receiver that this history knows as {named(known)}: both addresses lead to the "
        "same folder with the same login. Invoices that only the last report there listed would be marked as paid, and "
        "no plan would show them. "
        f"`arfeed history join {shlex.quote(known[0])}` lets both addresses have one history; or put the old address "
        "back into [destination]. If they are two receivers that can't be told apart, give this feed its own history. "
        "No --approve covers this: the number that it names would leave out what only the other report listed"
    )


def history_behind(plan: Plan) -> Iterator[Objection]:
    """Object where this machine has delivered a report that the history does not know."""
    if plan.forgotten:
        yield Objection("history-behind", _says_behind(plan.forgotten), (plan.forgotten.run,))


def _says_behind(lost: Forgotten) -> str:
    known = (
        f"the last that it knows is {lost.known} of {lost.known_at:%Y-%m-%d %H:%M} UTC"
        if lost.known
        else "it knows none"
    )
    where = f" That run was recorded in {lost.history}." if lost.history else ""
    return (
        f"this machine has delivered run {lost.run} there on {lost.at:%Y-%m-%d %H:%M} UTC ({lost.report}, "
        f"{counted(lost.open_count, 'invoice')}), and this history does not know it; {known}.{where} It was restored "
        "from an older backup, has lost what it wrote last, or is another one. Invoices that only that report listed "
        "would be marked as paid on top of those shown here. Restore the newer history; if there is none, "
        f"`arfeed adopt {shlex.quote(lost.report)}` takes that report as baseline, from the receiver or from a copy "
        "here. Approve only if you have compared that report with this plan"
    )
