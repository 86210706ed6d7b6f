"""Plans and receipts, for people and as data."""

from __future__ import annotations

import json
import shlex
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from arfeed.cli.display.figures import ageing, movements, reasons
from arfeed.model.currencies import format_amount
from arfeed.model.results import OUTCOMES, Objection, Plan, Receipt
from arfeed.model.text.legible import make_legible, name_some
from arfeed.planning.wording import largest, name_first

# The whole plan is meant to fit on one screen, with what to type at its end.
_MOST_ROWS = 8
_WIDEST_NAME = 34
_MOST_ALIKE = 5


def show_plan(plan: Plan, console: Console, command: str, adopt: str, *, delivered: bool = False) -> None:
    """Print the whole plan on one screen.

    `command` delivers it, and is printed with the approval after it; `adopt` is printed with the name of a report.
    """
    there = f"{plan.named}, {plan.destination}" if plan.named else plan.destination
    console.print(Text(make_legible(f"{plan.feed} → {there}"), "bold"))
    counts = plan.counts
    since = f"since run {plan.baseline}" if plan.baseline else "(no earlier delivery is known)"
    compared = (
        f"{counts.new:,} new, {counts.changed:,} changed, {counts.unchanged:,} unchanged, {counts.missing:,} missing"
    )
    _paragraph(console, "  ", f"{compared} {since}")
    console.print()
    console.print(movements(plan.facts.movements, console))
    if counts.missing:
        _show_missing(plan, console)
    if plan.facts.ageing:
        console.print(f"\nDays past due {_on(plan.facts.aged_on)}", style="bold", markup=False)
        console.print(ageing(plan.facts.ageing))
    _show_documents(plan, console)
    for note in plan.notes:
        _paragraph(console, "  note: ", make_legible(note))
    if plan.objections:
        console.print()
    # Last, next to what to type: the top of a long plan has scrolled away.
    for objection in plan.objections:
        _show_objection(objection, console, approved=delivered)
    if not delivered:
        _show_next(plan, console, command, adopt)


def _show_missing(plan: Plan, console: Console) -> None:
    becomes = "marked as paid" if plan.absence == "closes" else "sent as closed"
    console.print(Text(f"\n{plan.counts.missing:,} will be {becomes}", "bold red"))
    for line in reasons(plan.facts.reasons):
        console.print(Text(make_legible(f"  − {line}")))
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for name in ("invoice", "customer", "balance", "", "why", "evidence"):
        table.add_column(name, justify="right" if name == "balance" else "left", overflow="fold")
    for row in largest(plan.missing, _MOST_ROWS).to_dict("records"):
        customer = Text(make_legible(row["customer_name"]))
        customer.truncate(_WIDEST_NAME, overflow="ellipsis")
        amount = Text(format_amount(row["balance"], row["currency"]))
        ref, currency, *why = (
            Text(make_legible(row[name])) for name in ("invoice_ref", "currency", "reason", "evidence")
        )
        table.add_row(ref, customer, amount, currency, *why)
    console.print(Padding(table, (0, 0, 0, 4)))
    if plan.counts.missing > _MOST_ROWS:
        more = f"    … and {plan.counts.missing - _MOST_ROWS:,} more; all of them with --json or --html FILE"
        console.print(Text(more, "dim"))


def _on(aged_on: Mapping[str, date]) -> str:
    """Return the date, or the date of each source."""
    if len({*aged_on.values()}) == 1:
        return f"on {next(iter(aged_on.values()))}"
    return "on " + ", ".join(f"{on} ({source})" for source, on in aged_on.items())


def _show_documents(plan: Plan, console: Console) -> None:
    documents = plan.documents
    colliding = sum(len(refs) for refs in documents.colliding.values())
    parts = [
        f"{len(documents.send):,} to send",
        f"{documents.present:,} there already",
        f"{len(documents.without):,} invoices without",
        *([f"{colliding:,} colliding"] if colliding else []),
        *([f"{len(documents.broken):,} broken"] if documents.broken else []),
        *([f"{len(documents.withheld):,} withheld"] if documents.withheld else []),
    ]
    console.print(f"\nPDFs: {', '.join(parts)}", markup=False)
    if documents.readings:
        found = Counter(reading.outcome for reading in documents.readings.values())
        read = [f"{found[outcome]:,} {words}" for outcome, words in OUTCOMES.items() if found[outcome]]
        console.print(f"  read: {', '.join(read)}", markup=False)
    for line in _warnings(plan):
        _paragraph(console, "  ! ", line, "yellow")


def _warnings(plan: Plan) -> Iterator[str]:
    documents = plan.documents
    for name, refs in documents.colliding.items():
        # Files' and customers' names come from outside, and may hold escapes that a terminal would obey.
        yield f"{make_legible(name)} would be the PDF of {make_legible(', '.join(refs))}: none of them is sent"
    alike: dict[str, list[str]] = defaultdict(list)
    for ref, why in documents.broken.items():
        alike[why].append(ref)
    for why, invoices in alike.items():
        if len(invoices) > _MOST_ALIKE:  # such as all of them after a history was lost
            yield f"the PDFs of {make_legible(name_some(invoices, _MOST_ALIKE))} are not sent: {make_legible(why)}"
            continue
        yield from (f"the PDF of {make_legible(ref)} is not sent: {make_legible(why)}" for ref in invoices)
    for ref, reading in documents.readings.items():
        if reading.outcome == "another":
            fate = "is not sent" if ref in documents.withheld else "is sent all the same"
            yield f"the PDF of {make_legible(ref)} {fate}: {make_legible(reading.words)}"
        if reading.outcome == "mentioned":
            yield f"the PDF of {make_legible(ref)} is sent, but may be the wrong one: {make_legible(reading.words)}"
    unsure = [
        ref
        for ref, reading in documents.readings.items()
        if reading.outcome == "incomplete" or (reading.outcome == "none" and reading.source not in documents.unnumbered)
    ]
    if unsure:
        yield f"sent, though the PDF prints no known invoice number: {make_legible(name_first(unsure))}"
    for ref, whose in documents.old.items():
        yield (
            f"the receiver keeps another PDF under the name of {make_legible(ref)}, sent for {make_legible(whose)}: "
            "there is none to replace it"
        )


def _show_objection(objection: Objection, console: Console, *, approved: bool) -> None:
    mark, style = ("approved ", "yellow") if approved else ("✗ ", "red")
    _paragraph(console, mark, make_legible(f"{objection.code}: {objection.message}"), style)


def _show_next(plan: Plan, console: Console, command: str, adopt: str) -> None:
    if plan.approval:
        said, typed = "If this is right:", f"{command} --approve {plan.approval}"
    elif not plan.objections:
        said, typed = "No objections:", command
    # No approval covers a foreign report; `adopt` does.
    elif plan.foreign:
        said, typed = "Once you know whose it is:", make_legible(f"{adopt} {shlex.quote(plan.foreign[-1])}")
    else:
        return
    console.print(Text.assemble(f"\n{said} ", (typed, "bold")))


def _paragraph(console: Console, mark: str, text: str, style: str = "") -> None:
    """Print a text wrapped and indented below its own beginning on a terminal, and as one line elsewhere."""
    if not console.is_terminal:
        console.print(Text(mark + text, style))
        return
    grid = Table.grid()
    grid.add_column()
    grid.add_column(overflow="fold")  # else a word of wide letters that does not fit loses its end
    grid.add_row(Text(mark, style), Text(text, style))
    console.print(grid)


def show_receipt(receipt: Receipt, console: Console) -> None:
    """Print what arrived."""
    report, doubt = receipt.report, "" if receipt.verified else " (unverified: the receiver took it away at once)"
    place = "/".join(filter(None, [report.folder, report.name]))
    ahead = "".join(f"{'/'.join(filter(None, [file.folder, file.name]))}, " for file in receipt.files)
    count = len(receipt.documents)
    sent = f"{ahead}{place} ({report.size:,} bytes) and {count:,} PDF{'s' * (count != 1)}"
    said = f"delivered{doubt} {sent}, run {receipt.run}"
    _paragraph(console, "✓ ", make_legible(said), "green")
    for name, why in receipt.documents_failed.items():
        _paragraph(console, "! ", make_legible(f"{name} was not delivered: {why}"), "yellow")


def show_page(page: Path | None, console: Console) -> None:
    """Print the path of the page, if there is one, relative to here."""
    if page is not None:
        # Shorter, and the same in the docs and on two machines.
        near = page.relative_to(Path.cwd()) if page.is_relative_to(Path.cwd()) else page
        console.print(Text(f"The page: {make_legible(str(near))}"))


def receipt_as_data(receipt: Receipt) -> object:
    """Return the receipt as it is kept."""
    return json.loads(receipt.body)
