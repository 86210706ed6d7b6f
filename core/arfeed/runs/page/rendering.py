"""Turn a plan or a receipt, as data, into one HTML file."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from importlib.resources import files
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from arfeed.history.receipts import PastRun
from arfeed.model.currencies import format_amount
from arfeed.model.results import OUTCOMES
from arfeed.model.text.legible import make_legible
from arfeed.runs.page import charts

if TYPE_CHECKING:
    from jinja2 import BytecodeCache, Environment, Template

MOST_ROWS = 20_000
"""How many missing invoices are listed, the largest ones; a page with more would be too large to open."""

_MOST_FILES = 1_000
_MOST_CHARTS = 6
FACTOR = 10_000
"""The page's script sorts amounts as whole numbers of ten-thousandths."""


def render(document: Mapping[str, Any], past: Sequence[PastRun] = (), command: str = "") -> str:
    """Return the page of a plan, or of a delivery if the document is a receipt.

    `past` are the deliveries before, the oldest first; `command` delivers the plan, or approves it.
    """
    now = _balances(document)
    # Receipts of an earlier arfeed have no `planned_at`, and their pages can still be written.
    at = datetime.fromisoformat(document.get("planned_at") or document["started_at"])
    runs = [*past, PastRun(document.get("run", "this plan"), at, now)]
    missing = largest_first(document["missing"])
    return page_template("page.html.j2").render(
        document=document,
        delivered="run" in document,
        first="run" not in document and [each["code"] for each in document["objections"]] == ["unknown-baseline"],
        at=at,
        missing=[row_of(row) for row in missing[:MOST_ROWS]],
        missing_count=len(missing),
        closes=(closes := document.get("absence", "closes") == "closes"),
        becomes="marked as paid" if closes else "sent as closed",
        reasons=describe_reasons(document.get("reasons", ())),
        currencies=sorted(now),
        ageing=_ageing(document),
        trend=draw_trend(runs, sorted(now)) if past else [],
        runs=runs[::-1] if past else [],
        debtors=_debtors(document.get("debtors", ())),
        coverage=_coverage(document.get("pdfs")),
        outcomes=[(count, OUTCOMES[outcome]) for outcome, count in document.get("pdfs_read", {}).items()],
        most_files=_MOST_FILES,
        command=command,
        **assets(),
    )


def assets() -> dict[str, Any]:
    """Return what every page carries in itself: its style, its script, and the script's hash."""
    # The page's security policy allows this script by its hash, and no other.
    script = _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return {"style": _asset("page.css"), "script": script, "script_hash": digest}


def largest_first(rows: Iterable[Mapping[str, str]]) -> list[Mapping[str, str]]:
    """Return the largest first, taking the currencies in turn, since their amounts can't be compared."""
    by_size = sorted(rows, key=lambda row: (row["currency"], -abs(Decimal(row["balance"]))))
    turns = [turn for _, mine in groupby(by_size, itemgetter("currency")) for turn in enumerate(mine)]
    return [row for _, row in sorted(turns, key=itemgetter(0))]


def row_of(missing: Mapping[str, str]) -> tuple[Any, ...]:
    """Return what the table shows of a missing document; a tuple, since a template looks names up slowly."""
    balance, currency = Decimal(missing["balance"]), missing["currency"]
    ref, customer, source, reason = (missing[name] for name in ("invoice_ref", "customer_name", "source", "reason"))
    dates = (missing.get("issued_on", ""), missing.get("due_on", ""))
    why = (reason, missing.get("evidence", ""))
    # The script sorts by the whole number: it would have to parse the formatted amount, in whatever notation it is.
    return (ref, customer, int(balance * FACTOR), format_amount(balance, currency), currency, *dates, source, *why)


def describe_reasons(rows: Iterable[Mapping[str, Any]]) -> list[tuple[int, str, str]]:
    """Return each reason, preceded by the evidence for it, with its count and its amounts."""
    found = []
    for (reason, evidence), group in groupby(rows, lambda row: (row["reason"], row.get("evidence"))):
        parts = [*group]
        amounts = [f"{format_amount(Decimal(part['balance']), part['currency'])} {part['currency']}" for part in parts]
        words = f"{evidence}: {reason}" if evidence else reason
        found.append((sum(part["count"] for part in parts), words, ", ".join(amounts)))
    return found


def _balances(document: Mapping[str, Any]) -> dict[str, Decimal]:
    balances: dict[str, Decimal] = {}
    for row in document["totals"]:
        balances[row["currency"]] = balances.get(row["currency"], Decimal(0)) + Decimal(row["balance"])
    return balances


def _ageing(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return each currency with its chart and its buckets."""
    found = []
    for number, (currency, rows) in enumerate(groupby(document.get("ageing", ()), itemgetter("currency"))):
        owed = {row["bucket"]: Decimal(row["balance"]) for row in rows}
        # Further currencies keep their row in the table, which has all of them.
        chart = charts.ageing(currency, owed) if number < _MOST_CHARTS else None
        found.append({"currency": currency, "owed": owed, "chart": chart})
    return found


def draw_trend(runs: Sequence[PastRun], currencies: Sequence[str]) -> list[charts.Course]:
    """Return a chart for each of the first currencies: what was open after each run, the oldest first."""
    return [
        charts.course(currency, [(run.at, run.balances.get(currency, Decimal(0))) for run in runs])
        for currency in currencies[:_MOST_CHARTS]
    ]


def draw_figures(past: Sequence[PastRun]) -> list[tuple[str, charts.Course]]:
    """Return charts of what receipts say, each with its heading: balances, invoices with a PDF, unproven closings."""
    currencies = sorted({currency for run in past for currency in run.balances})
    found = [*zip((f"Open, {currency}" for currency in currencies), draw_trend(past, currencies), strict=False)]
    counted = [run for run in past if run.documents]
    if len(counted) > 1 and any(run.with_pdf for run in counted):
        shares = [(run.at, Decimal(run.with_pdf * 100 // run.documents)) for run in counted]
        found.append(("Invoices with a PDF, %", charts.course_of_numbers("Open invoices with a PDF, in %", shares)))
    if any(run.unproven for run in past):
        numbers = [(run.at, Decimal(run.unproven)) for run in past]
        found.append(("Marked as paid without proof", charts.course_of_numbers("Closings without proof", numbers)))
    return found


def _debtors(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the customers by currency, each with its balance in hundredths of the largest."""
    groups = []
    for currency, debtors in groupby(rows, itemgetter("currency")):
        listed = [*debtors]
        most = max(Decimal(row["balance"]) for row in listed)
        shares = [{**row, "share": round(Decimal(row["balance"]) / most * 100)} for row in listed]
        groups.append((currency, shares))
    return groups


def _coverage(pdfs: Mapping[str, int] | None) -> list[dict[str, Any]]:
    """Return what became of the PDFs, each group with its share in hundredths."""
    words = {
        "present": "there already",
        "send": "to send",
        "without": "invoices without a PDF",
        "colliding": "colliding, not sent",
        "broken": "broken, not sent",
        "withheld": "of another invoice, not sent",
    }
    # Those of old PDFs and of withheld ones are counted here by what they lack.
    whole = sum(pdfs.get(name, 0) for name in words) if pdfs else 0
    if not pdfs or not whole:
        return []
    return [
        {"name": name, "words": said, "count": pdfs[name], "share": round(Decimal(pdfs[name] * 100) / whole, 2)}
        for name, said in words.items()
        if pdfs.get(name)
    ]


@cache
def page_template(name: str) -> Template:
    """Return one of our templates; a fact that it names and that is missing is an error."""
    from arfeed.runs.page.compiled import CompiledTemplates

    room = make_environment("arfeed.runs.page", compiled=CompiledTemplates(__file__))
    room.filters["units"] = lambda amount: int(Decimal(amount) * FACTOR)
    return room.get_template(name)


def make_environment(*packages: str, compiled: BytecodeCache | None = None) -> Environment:
    """Return what renders the templates of packages as HTML, with the filter `money` for an amount in a currency."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    # Escapes of HTML leave what is invisible or turns a line round; a customer's name must not be able to use that.
    def shown(value: Any) -> Any:
        return make_legible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    room = Environment(
        loader=ChoiceLoader([PackageLoader(package, "template") for package in packages]),
        autoescape=True,
        finalize=shown,
        # A fact that is missing is an error, not a blank on a page that people approve from.
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        bytecode_cache=compiled,
    )
    room.filters["money"] = lambda amount, currency: format_amount(Decimal(amount), currency)
    return room


def _asset(name: str) -> Any:
    """Return one of our own files, to be put into the page without escaping."""
    from markupsafe import Markup

    return Markup((files("arfeed.runs.page") / "template" / name).read_text(encoding="utf-8"))  # noqa: S704 - as said
