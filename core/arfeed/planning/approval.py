"""The approval code: it states how many invoices will be marked as paid, and is bound to everything that was shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.fingerprints import hash_facts

NOT_APPROVABLE = frozenset({"foreign-report", "same-receiver", "review-failed"})
"""Codes that no approval covers: `adopt` settles the first, `history join` the second, a fixed reviewer the third."""

OUR_CODES = frozenset(
    {
        *(
            "unknown-baseline",
            "foreign-report",
            "same-receiver",
            "history-behind",
            "rejected-by-receiver",
            "empty-report",
            "unexplained",
            "unproven-closing",
            "still-open",
            "missing-share",
            "renamed",
        ),
        *("contradiction", "ledger-moved", "more-than-received", "budget"),
        *("surprise", "pattern", "missing-money", "older-list", "returned", "file-gone"),
        *("config-changed", "everything-changed", "stale-source", "as-of-backwards", "reconcile-due", "review-failed"),
        *("documents", "same-document", "old-document"),
        *("currency-changed", "customer-changed", "number-reused", "dates-exchanged", "dates-shifted"),
        *("dates-changed", "due-dates-lost"),
        *("balances-scaled", "sums-moved", "amounts-changed", "balance-above-amount"),
        *("total-as-balance", "doubtful-reading"),
    }
)
"""Codes with the meaning that docs/objections.md gives them; no reviewer may use them for anything else."""

BY_NUMBER_ONLY = frozenset({"documents", "same-document", "old-document"})
"""Our codes for objections about an invoice's PDF: they stay approved if the invoice's balance moves."""

# Short enough to type from a screen. The code guards against approving the wrong plan, not against an attacker.
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Shown:
    """What a person who approves a plan was shown, and so all that the approval covers.

    `baseline`: the delivery that the plan is compared with. `settings`: the settings' hash. `missing`: the missing rows
    with their reasons. `first`: the `hash_facts` of the whole report if there is no baseline: nothing can be known to
    be missing then, so the approver has seen the whole report, and no other report passes. `report`: where the
    invoices are found that objections name. `figures`: what objections mention but no invoice shows.
    """

    baseline: str | None
    destination: str
    settings: str
    missing: pd.DataFrame
    objections: Iterable[Objection] = ()
    first: str | None = None
    report: pd.DataFrame | None = None
    figures: Sequence[str] = ()


def make_approval_code(shown: Shown) -> str:
    """Return `N-hash` for a refused plan.

    The hash covers the baseline, the destination, the settings' hash, all facts of the missing rows, the objections'
    codes and the numbers they name, all facts of those invoices as the report now has them, and the figures.
    Not hashed: invoices that no objection names, the time, the run.
    """
    # By code, not by message: a message holds figures that move within an hour of ordinary business, and a plugin may
    # raise several objections under one code.
    named: dict[str, set[str]] = {}
    for objection in shown.objections:
        named.setdefault(objection.code, set()).update(objection.refs)
    refs = {code: _hash_texts(of_code) for code, of_code in named.items()}
    content = [shown.first] if shown.first is not None else _hash_named(shown.report, named)
    bound = [shown.baseline, shown.destination, shown.settings, hash_facts(shown.missing), sorted(refs.items())]
    text = json.dumps([*bound, *content, *shown.figures])
    return f"{len(shown.missing)}-{hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]}"


def _hash_named(report: pd.DataFrame | None, named: Mapping[str, Collection[str]]) -> list[str]:
    # Facts of these rows are hashed too, so an approval of one correction does not pass another one.
    refs = set[str]().union(*(of_code for code, of_code in named.items() if code not in BY_NUMBER_ONLY))
    return [] if report is None or not refs else [hash_facts(_find_named(report, refs))]


def _find_named(report: pd.DataFrame, refs: Collection[str]) -> pd.DataFrame:
    named = pd.Series([*refs], dtype="str")
    wanted = arrow.is_in(report["invoice_ref"], named) | arrow.is_in(report["source_ref"], named)
    return arrow.filter_rows(report, wanted)


def _hash_texts(texts: Collection[str]) -> str:
    return hashlib.sha256(json.dumps(sorted(texts)).encode()).hexdigest()


def is_settled_by(approve: str | None, plan: Plan) -> bool:
    """Whether an approval is the one for this plan; a plan with an objection that can't be approved has none."""
    # Without the first condition, no approval given would equal no approval possible, and such a plan would pass.
    return plan.approval is not None and approve == plan.approval
