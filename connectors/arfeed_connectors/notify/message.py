"""The report on a run: counts, sums by currency, the largest that are missing, and the next command to type."""

from __future__ import annotations

import heapq
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from socket import gethostname
from typing import Any

from arfeed import Failure, Plan, Receipt, Reconciliation, minor_digits

# More people read a chat than the ledger, so it gets three names; the plan stays where arfeed runs.
_LARGEST = 3
_LONGEST_LINE = 300
_MOST_LINES = 5
_OUTCOMES = ("paid there", "open there only", "differs", "unreadable")

_NEXT = {
    1: "This is a bug: report it with the traceback, which was printed where arfeed ran",
    2: "Fix what it names, then: arfeed check",
    3: "Look into it, then: arfeed plan",
    4: "Export again or fix what it names, then: arfeed sync",
    5: "See what is wrong with: arfeed check. Then: arfeed sync",
    6: "Nothing to do: another run is under way; `arfeed history` will show how it ended",
}


@dataclass(frozen=True, slots=True)
class Message:
    """A heading of one line, and the lines below it."""

    heading: str
    lines: tuple[str, ...]


def of_delivery(receipt: Receipt) -> Message:
    """Report what was delivered, and what that marked as paid."""
    # The text that is kept: a message states what the receipt states.
    facts = json.loads(receipt.body)
    counts, totals = facts["counts"], facts["totals"]
    becomes = _becomes(facts.get("absence", "closes"))
    open_count = sum(total["count"] for total in totals)
    lines = [
        *_sums(totals),
        _count_compared(counts),
        f"{counts['missing']} {becomes}",
        *_largest(facts["missing"], counts["missing"]),
        f"PDFs: {len(receipt.documents)} sent, {len(receipt.documents_failed)} not sent",
    ]
    if not receipt.verified:
        lines.append("Unverified: the receiver picked the report up before its size could be checked")
    if facts["approval"]:
        lines.append(f"Approved by {facts['approval']['by']} with {facts['approval']['code']}")
    lines.append(f"Run {receipt.run}, report {receipt.report.name}, to {receipt.destination}")
    return _message(f"✓ {facts['feed']}: {open_count} open delivered, {counts['missing']} {becomes}", lines)


def of_refusal(plan: Plan) -> Message:
    """Report what would have been marked as paid, what speaks against it, and what would approve it."""
    by_size = plan.missing["balance"].abs().sort_values(ascending=False).index
    # By currency, since a yen is not a pound: the largest number need not be the largest debt.
    largest = plan.missing.loc[by_size].groupby("currency").head(_LARGEST)
    sync = format_command("arfeed sync", plan.config, plan.named)
    approval = [f"If it is right: {sync} --approve {plan.approval}"] if plan.approval else []
    lines = [
        *_sums(plan.totals.to_dict("records")),
        _count_compared(plan.counts._asdict()),
        f"{plan.counts.missing} would be {_becomes(plan.absence)}",
        *_largest(largest.to_dict("records"), plan.counts.missing),
        f"Objections: {', '.join(dict.fromkeys(item.code for item in plan.objections))}",
        f"For {plan.destination}",
        *_where(plan.config),
        *([f"Read and approve it on the board: {plan.board}"] if plan.board else []),
        f"Read the whole plan: {format_command('arfeed plan', plan.config, plan.named)}",
        *approval,
    ]
    return _message(f"✗ {plan.feed}: refused, nothing was delivered", lines)


def _becomes(absence: str) -> str:
    return "marked as paid" if absence == "closes" else "sent as closed"


def of_reconciliation(reconciliation: Reconciliation) -> Message:
    """Report where the receiver's list differs from the delivery, the worst first, and what to type next."""
    facts = json.loads(reconciliation.body)
    told = [f"{reconciliation.counts[kind]} {kind}" for kind in _OUTCOMES if reconciliation.counts[kind]]
    rows = [row for row in facts["rows"] if not row["known"]]
    named = [
        f"  {row['invoice_ref'] or row['invoice_ref_there']} {row['customer_name'] or row['customer_name_there']}: "
        f"{row['outcome']}"
        for row in rows[:_LARGEST]
    ]
    more = [f"  … and {len(rows) - _LARGEST} more"] if len(rows) > _LARGEST else []
    lines = [
        *(f"Not comparable: {reason}" for reason in facts["reasons"]),
        *told,
        *named,
        *more,
        f"{facts['export']['name']} beside {facts['compared_with']['report']}, at {reconciliation.destination}",
        *_where(reconciliation.config),
        f"See all: {format_command(f'arfeed history page {reconciliation.run}', reconciliation.config)}",
    ]
    comparable = reconciliation.outcome != "not comparable"
    found = (
        "has a list that differs from the delivery" if comparable else "could not be compared, so its state is unknown"
    )
    return _message(f"✗ {reconciliation.feed}: the receiver {found}", lines)


def of_failure(failure: Failure) -> Message:
    """Report what failed, shortened, and what to do next."""
    said = failure.error.splitlines()
    more = [f"… and {len(said) - _MOST_LINES} more lines"] if len(said) > _MOST_LINES else []
    lines = [*said[:_MOST_LINES], *more, f"For {failure.destination}"]
    then = re.sub(
        r"arfeed (check|plan|sync)",
        lambda found: format_command(found[0], failure.config, failure.named),
        _NEXT[failure.exit_code],
    )
    heading = f"✗ {failure.feed}: failed with exit code {failure.exit_code}"
    return _message(heading, [*lines, *_where(failure.config), then])


def format_command(command: str, config: Path | None, destination: str = "") -> str:
    """Return a command as it is typed for a feed from whatever folder, about one of its destinations."""
    about = f"{command} --destination {destination}" if destination else command
    return f"{about} --config {shlex.quote(str(config))}" if config else about


def _where(config: Path | None) -> list[str]:
    """Name the machine: a message from one of several does not tell where to type."""
    return [f"On {gethostname()}, in {config.parent}"] if config else []


def _message(heading: str, lines: Iterable[str]) -> Message:
    return Message(_make_plain(heading), tuple(_make_plain(line) for line in lines))


def _make_plain(text: str) -> str:
    """Return a text as one line of limited length, without characters that are obeyed rather than shown."""
    # To Python, controls, line ends and marks of direction are not printable.
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"


def _sums(totals: Iterable[Mapping[Any, Any]]) -> Iterator[str]:
    """Yield a sum for each currency, over all sources."""
    by_currency: dict[str, tuple[int, Decimal]] = {}
    for total in totals:
        count, balance = by_currency.get(total["currency"], (0, Decimal()))
        by_currency[total["currency"]] = (count + int(total["count"]), balance + Decimal(total["balance"]))
    for currency, (count, balance) in sorted(by_currency.items()):
        yield f"{count} open, {_money(balance, currency)}"


def _count_compared(counts: Mapping[str, int]) -> str:
    return f"{counts['new']} new, {counts['changed']} changed, {counts['unchanged']} unchanged"


def _size(row: Mapping[str, str]) -> Decimal:
    return abs(Decimal(row["balance"]))


def _largest(rows: Iterable[Mapping[Any, Any]], missing: int) -> Iterator[str]:
    for row in _in_turn(rows):
        amount = _money(Decimal(row["balance"]), row["currency"])
        yield f"  {row['invoice_ref']} {row['customer_name']} {amount}: {row['reason']}"
    if missing > _LARGEST:
        yield f"  … and {missing - _LARGEST} more"


def _in_turn(rows: Iterable[Mapping[Any, Any]]) -> list[Mapping[Any, Any]]:
    """Return the largest of each currency, taking turns."""
    by_currency: dict[str, list[Mapping[Any, Any]]] = {}
    for row in rows:
        by_currency.setdefault(row["currency"], []).append(row)
    # In turn, or the debts of one currency would take all places.
    turns = [
        turn for _, mine in sorted(by_currency.items()) for turn in enumerate(heapq.nlargest(_LARGEST, mine, _size))
    ]
    return [row for _, row in sorted(turns, key=itemgetter(0))][:_LARGEST]


def _money(amount: Decimal, currency: str) -> str:
    return f"{amount:,.{minor_digits().get(currency, 2)}f} {currency}"
