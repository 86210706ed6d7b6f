"""Plans and receipts, for eyes and as data."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal

import pandas as pd
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from arfeed.currencies import minor_digits
from arfeed.history import plan_facts
from arfeed.interfaces import Plan, Receipt

_MOST_ROWS = 20


def show_plan(plan: Plan, console: Console, *, delivered: bool = False) -> None:
    """Print the whole plan: sources, what is new and missing, totals, PDFs, objections, and what to type next."""
    console.print(f"{plan.feed} → {plan.destination}", style="bold", markup=False)
    _show_totals(plan, console)
    counts = plan.counts
    since = f"since {plan.baseline}" if plan.baseline else "no earlier delivery is known"
    console.print(
        f"  {counts.new} new, {counts.changed} changed, {counts.unchanged} unchanged, "
        f"{counts.missing} missing ({since})",
        markup=False,
    )
    if counts.missing:
        _show_missing(plan, console)
    _show_documents(plan, console)
    for note in plan.notes:
        console.print(f"  note: {note}", markup=False)
    for objection in plan.objections:
        mark, style = ("approved", "yellow") if delivered else ("✗", "red")
        console.print(f"{mark} {objection.code}: {objection.message}", style=style, markup=False)
    if plan.approval and not delivered:
        console.print(f"If this is right: arfeed sync --approve {plan.approval}", markup=False)


def _show_totals(plan: Plan, console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("source", "currency", "open"):
        table.add_column(name, justify="right" if name == "open" else "left")
    table.add_column("balance", justify="right")
    for source, currency, count, balance in _rows(plan.totals, "source", "currency", "count", "balance"):
        table.add_row(source, currency, count, money(balance, currency))
    console.print(table)


def _show_missing(plan: Plan, console: Console) -> None:
    table = Table(title=f"{plan.counts.missing} will be marked as paid", title_justify="left", box=None, padding=(0, 2))
    for name in ("invoice", "customer", "balance", "", "why"):
        table.add_column(name, justify="right" if name == "balance" else "left")
    order = plan.missing["balance"].abs().sort_values(ascending=False).index[:_MOST_ROWS]
    columns = ("invoice_ref", "customer_name", "balance", "currency", "reason")
    for ref, customer, balance, currency, reason in _rows(plan.missing.loc[order], *columns):
        table.add_row(escape(ref), escape(customer), money(balance, currency), currency, escape(reason))
    console.print(table)
    if plan.counts.missing > _MOST_ROWS:
        console.print(f"  … and {plan.counts.missing - _MOST_ROWS} more; all of them with --json", markup=False)


def money(amount: str, currency: str) -> str:
    """Write an amount with as many decimals as its currency has, thousands apart."""
    return f"{Decimal(amount):,.{minor_digits().get(currency, 2)}f}"


def _rows(frame: pd.DataFrame, *columns: str) -> Iterable[list[str]]:
    return frame[list(columns)].astype("str").to_numpy().tolist()


def _show_documents(plan: Plan, console: Console) -> None:
    documents = plan.documents
    console.print(
        f"  PDFs: {len(documents.send)} to send, {documents.present} there already, "
        f"{len(documents.without)} invoices without",
        markup=False,
    )
    for name, refs in documents.colliding.items():
        console.print(
            f"  ! {name} would be the PDF of {', '.join(refs)}: none of them is sent", style="yellow", markup=False
        )
    for ref, why in documents.broken.items():
        console.print(f"  ! the PDF of {ref} is not sent: {why}", style="yellow", markup=False)


def show_receipt(receipt: Receipt, console: Console) -> None:
    """Print what arrived."""
    report, doubt = receipt.report, "" if receipt.verified else " (unverified: the receiver took it away at once)"
    place = "/".join(filter(None, [report.folder, report.name]))
    console.print(
        f"✓ delivered{doubt} {place} ({report.size:,} bytes) and {len(receipt.documents)} PDFs, run {receipt.run}",
        style="green",
        markup=False,
    )
    for name, why in receipt.documents_failed.items():
        console.print(f"! {name} was not delivered: {why}", style="yellow", markup=False)


def plan_as_data(plan: Plan) -> dict[str, object]:
    """Return the plan as plain data, amounts as text."""
    return {
        "feed": plan.feed,
        "destination": plan.destination,
        "baseline": plan.baseline,
        **plan_facts(plan),
        "documents": {
            "send": plan.documents.send["name"].tolist(),
            "present": plan.documents.present,
            "without": list(plan.documents.without),
            "colliding": {name: list(refs) for name, refs in plan.documents.colliding.items()},
            "broken": dict(plan.documents.broken),
        },
        "notes": list(plan.notes),
        "approval": plan.approval,
    }


def receipt_as_data(receipt: Receipt) -> object:
    """Return the receipt as it is kept."""
    return json.loads(receipt.body)
