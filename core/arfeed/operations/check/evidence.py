"""How well a source explains a missing invoice: the degree of its evidence, and what would raise it."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.figures import Complete
from arfeed.model.parts import Connector
from arfeed.model.results import SourceReport
from arfeed.operations.check.finding import Finding, doubt, ok
from arfeed.planning.wording import format_money


def assess_evidence(connector: Connector, report: SourceReport) -> Finding:
    """Return the degree of evidence that a source gives; a doubt if it explains nothing."""
    complete, what = report.complete, f"evidence of {connector.source}"
    degrees = dict(_degrees(connector, complete))
    ways = dict(_list_improvements(connector, complete))
    raising = [way for degree, way in ways.items() if degree not in degrees]
    facts: dict[str, object] = {
        "degrees": [*degrees] or ["unexplained"],
        "control": complete.controlled,
        "lists_closed": complete.lists_closed,
        "explains": connector.explains,
        "control_account": _balances(complete),
        "absent_means_paid": connector.settings.absent_means_paid,
        "as_of": complete.as_of.isoformat() if complete.as_of else None,
        "notes": list(complete.notes),
        "ways": raising,
    }
    read = "; its own count or total shows that it was read to its end, not that it is complete"
    tail = f"{read if complete.controlled else ''}{f', as of {complete.as_of}' if complete.as_of else ''}"
    if not degrees:
        said = f"unexplained: it lists only what is open, so nothing explains a missing invoice{tail}"
        return doubt(what, said, f"somebody has to approve each one, unless you {', or '.join(raising)}", **facts)
    # Degrees come the highest first.
    best = next(iter(degrees))
    said = "; ".join(f"{degree}: {why}" for degree, why in degrees.items())
    higher = "" if best == "proven" or not raising else f"; to raise it, {', or '.join(raising)}"
    return ok(what, f"{said}{tail}{higher}", **facts)


def _degrees(connector: Connector, complete: Complete) -> Iterator[tuple[str, str]]:
    """Yield the degrees that this source can give, the highest first, and what each rests on."""
    if connector.explains:
        yield "proven", "the source is asked what happened to missing invoices"
    elif complete.lists_closed:
        yield "proven", "missing invoices are looked up among the paid and void documents that it lists"
    if complete.control_account:
        sums = ", ".join(format_money(owed, code) for code, owed in complete.control_account.balances.items())
        yield "balanced", f"the control account holds {sums or 'nothing'}, and is compared with the list at every run"
    # A list with a limit may lack what is open, so no declaration makes its absences payments.
    if connector.settings.absent_means_paid and not complete.capped:
        yield "asserted", "because of `absent_means_paid`, an invoice that it no longer lists counts as paid"


def _list_improvements(connector: Connector, complete: Complete) -> Iterator[tuple[str, str]]:
    """Yield each degree with what would give it, the highest first."""
    fields = type(connector.settings).model_fields
    if "closed" in fields:
        yield "proven", "name a list of paid invoices in `closed`"
    elif "closed_query" in fields:
        yield "proven", "set `closed_query` to look up closed invoices"
    else:
        yield "proven", "have it list paid and void invoices too, with their status"
    if "control_account" in fields:
        yield "balanced", f"name a second report of what is owed in [sources.{connector.source}.control_account]"
    if not complete.lists_closed and not complete.capped:
        yield "asserted", "set absent_means_paid = true, if the list is always complete"


def _balances(complete: Complete) -> dict[str, str] | None:
    account = complete.control_account
    return None if account is None else {code: str(owed) for code, owed in account.balances.items()}
