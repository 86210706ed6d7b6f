"""The verdict on an export: the same, differences, or not comparable; and its facts as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow, schema
from arfeed.model.settings import ReconcileSettings
from arfeed.planning.wording import pluralize
from arfeed.runs.reconciliation.comparison import FIELDS, OUTCOMES, compare
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.expected import IMPORT_TAKES, PENDING, is_before, mark_known
from arfeed.runs.reconciliation.numbers import Numbers
from arfeed.runs.reconciliation.ours import is_ours
from arfeed.runs.reconciliation.plausibility import (
    describe_total,
    find_part,
    find_strangers,
    judge_age,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arfeed.runs.reconciliation.export import Export

Outcome = Literal["same", "differences", "not comparable"]

_SPELLED = 3
_MOST = 0.5


@dataclass(frozen=True, slots=True)
class Verdict:
    """How an export compares with the last delivery.

    `reasons` say why it is not comparable; then `found` has no rows. `moment` is when the export was made as far as
    that is known, `judged` how that and its being whole were judged. `notes` are what a reader should know.
    """

    outcome: Outcome
    found: pd.DataFrame
    moment: datetime
    judged: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def judge(
    delivered: LastDelivery, export: Export, settings: ReconcileSettings, *, whole: Literal["person", "receiver"] | None
) -> Verdict:
    """Compare an export with the last delivery, if it is plausible.

    `whole` is who says that it is complete. A list queried from the receiver is never a stranger's.
    """
    moment, age, older = judge_age(export, delivered)
    judged = (age, "stated to be complete (--whole)" if whole == "person" else describe_total(export))
    strangers = None if whole == "receiver" else find_strangers(export, delivered)
    ours = is_ours(export, delivered, same_headings=settings.same_headings)
    reasons = [each for each in (ours, export.wrong, older, strangers) if each]
    found = compare(delivered.report, export.rows, export.columns, credits_positive=settings.credits_positive)
    if reasons:
        return Verdict("not comparable", found.iloc[:0], moment, judged, tuple(reasons), export.notes)
    previous = next(delivered.earlier(), None)
    if is_before(found, previous, delivered.report) and not (
        _is_dated(export) and moment - delivered.at > IMPORT_TAKES
    ):
        reason = (
            f"it shows what was open before the last delivery ({delivered.name}): its import is still running, or the "
            "export is an older one under a new date. Wait for the import and export again"
        )
        return Verdict("not comparable", found.iloc[:0], moment, judged, (reason,), export.notes)
    found, odd = mark_known(found, moment.date(), previous, moment - delivered.at)
    part = None if whole else find_part(found, export, moment.date())
    if part:
        part += ". Or the receiver has taken in this much of the report only: see there whether the others are open"
        return Verdict("not comparable", found.iloc[:0], moment, judged, (part,), (*export.notes, *odd))
    alarming = found[is_alarming(found)]
    notes = (
        *export.notes,
        *odd,
        *_note_spelling(found),
        *_note_lost_zeros(found),
        *_note_left_out(export),
        *_note_signs(found),
    )
    return Verdict("differences" if len(alarming) else "same", found, moment, judged, (), notes)


def is_alarming(found: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are a difference that nothing explains."""
    result: NDArray[np.bool_] = ((found["outcome"] != "same") & (found["known"] == "")).to_numpy(dtype=bool)
    return result


def _is_dated(export: Export) -> bool:
    return export.dated is not None


def _note_spelling(found: pd.DataFrame) -> Iterator[str]:
    both = found[found["invoice_ref"].notna() & found["invoice_ref_there"].notna()]
    other = both[both["invoice_ref"] != both["invoice_ref_there"]]
    if len(other):
        pairs = zip(other["invoice_ref_there"].head(_SPELLED), other["invoice_ref"].head(_SPELLED), strict=True)
        shown = ", ".join(f"{there!r} is {ours!r}" for there, ours in pairs)
        yield f"{pluralize(len(other), 'number')} spelled otherwise there, by letter case or blanks: {shown}"


def _note_lost_zeros(found: pd.DataFrame) -> Iterator[str]:
    """Say so if what is open there only is what is absent, but for zeros that a spreadsheet took off."""
    there = found["invoice_ref_there"][(found["outcome"] == "open there only").to_numpy(dtype=bool)].dropna()
    absent = found["invoice_ref"][found["invoice_ref_there"].isna().to_numpy(dtype=bool)].dropna()
    lost = Numbers(absent).lost_zeros(arrow.to_text_array(there))
    if lost.any():
        yield (
            f"{pluralize(int(lost.sum()), 'number')} there, such as {there.iloc[int(lost.argmax())]!r}, may be of the "
            "invoices that are not listed: a spreadsheet removes leading zeros from numbers. Take the CSV as the "
            "receiver exports it"
        )


def _note_signs(found: pd.DataFrame) -> Iterator[str]:
    """Say so if it is the signs alone that differ: of credit notes, or of everything."""
    pairs = found[(found["outcome"] == "differs").to_numpy(dtype=bool)]
    sent, there = (arrow.as_single_chunk(pa.array(pairs[name])) for name in ("balance", "balance_there"))
    turned = pc.fill_null(pc.equal(sent, pc.negate(pc.cast(there, sent.type))), fill_value=False)
    credit = (pairs["kind"] != "invoice").to_numpy(dtype=bool)
    if turned_credits := int((np.asarray(turned) & credit).sum()):
        yield (
            f"{pluralize(turned_credits, 'credit')} without a minus there, and no column says that it is one: it may "
            "be owed there. If that is how the list shows credits, set credits_positive = true in "
            "[destination.reconcile]"
        )
    if int((np.asarray(turned) & ~credit).sum()) > len(found) * _MOST:
        yield (
            'most balances there have the opposite sign: if that is right, set owed_is = "negative" in '
            "[destination.reconcile]"
        )


def _note_left_out(export: Export) -> Iterator[str]:
    left = [name for name in FIELDS[1:] if name not in export.columns]
    if "currency" in left and (export.rows["currency"] != "").any():
        left.remove("currency")
    if left:
        words = {"currency": "currency", "due_on": "due date", "customer_name": "customer"}
        yield f"not compared, since no column of the export is taken for it: {', '.join(words[name] for name in left)}"


# --- as plain data --------------------------------------------------------------------------------------------------


def as_facts(verdict: Verdict, export: Export, delivered: LastDelivery) -> dict[str, Any]:
    """Return everything that was found as plain data, amounts as text: what the receipt, JSON and the page state."""
    return {
        "outcome": verdict.outcome,
        "reasons": list(verdict.reasons),
        "compared_with": {
            "run": delivered.run,
            "report": delivered.name,
            "delivered_at": delivered.at.isoformat(),
            "totals": _totals(delivered.report),
        },
        "export": {
            "name": export.name,
            "sha256": export.sha256,
            "rows": len(export.rows),
            "made_at": verdict.moment.isoformat(),
            "judged": list(verdict.judged),
            "columns": [
                {"column": name, "heading": header, "evidence": export.evidence.get(name, "")}
                for name, header in export.columns.items()
            ],
            "notation": {name: why for name, why in export.evidence.items() if name not in export.columns},
        },
        "counts": _counts(verdict.found),
        "currencies": _currencies(verdict.found),
        "known": _count_known(verdict.found),
        "notes": list(verdict.notes),
        "rows": _rows(verdict.found),
    }


def _totals(report: pd.DataFrame) -> list[dict[str, Any]]:
    groups = arrow.sum_balances(report, ("currency",)).to_dict("records")
    return [{"currency": row["currency"], "count": int(row["count"]), "balance": str(row["balance"])} for row in groups]


def _counts(found: pd.DataFrame) -> dict[str, int]:
    """Count the outcomes, expected differences separately."""
    told = found["outcome"][is_alarming(found) | (found["outcome"] == "same").to_numpy(dtype=bool)]
    counts = Counter(told.tolist())
    return {**{name: counts[name] for name in OUTCOMES}, "known": int((found["known"] != "").sum())}


def _count_known(found: pd.DataFrame) -> list[dict[str, Any]]:
    reasons = Counter(found["known"][found["known"] != ""].tolist())
    return [{"reason": reason, "count": count} for reason, count in sorted(reasons.items())]


def _currencies(found: pd.DataFrame) -> list[dict[str, Any]]:
    """Return for each currency, outcome and whether it is known: how many, and both sides' sums."""
    currency = found["currency"].fillna(found["currency_there"]).fillna("")
    named = found.assign(currency=currency, known=found["known"] != "")
    rows = []
    for (code, outcome, known), group in named.groupby(["currency", "outcome", "known"], sort=True):
        rows.append(
            {
                "currency": code,
                "outcome": outcome,
                "known": bool(known),
                "count": len(group),
                "sent": _sum(group["balance"]),
                # A sum over currencies means nothing.
                "there": _sum(group["balance_there"][(group["currency_there"].fillna("").isin(["", code]))]),
            }
        )
    return sorted(rows, key=lambda row: (row["currency"], OUTCOMES.index(row["outcome"]), row["known"]))


def _sum(amounts: pd.Series[Any]) -> str:
    import pyarrow as pa
    import pyarrow.compute as pc

    return str(pc.sum(pa.array(amounts)).as_py() or schema.ZERO)


def _rows(found: pd.DataFrame) -> list[dict[str, str]]:
    """Return every row that is not the same, alarming ones first, then the worst outcome, then the largest."""
    rows = found[(found["outcome"] != "same").to_numpy(dtype=bool)]
    names = [name for name in rows.columns if name not in ("kind", "issued_on")]
    texts = rows[names].astype("str").fillna("").replace({"<NA>": "", "nan": ""})
    return sorted(cast("list[dict[str, str]]", texts.to_dict("records")), key=_order)


def _order(row: Mapping[str, str]) -> tuple[bool, int, Decimal, str]:
    amount = row["balance"] or row["balance_there"]
    return row["known"] != "", OUTCOMES.index(row["outcome"]), -abs(Decimal(amount or 0)), row["invoice_ref"]


# --- what to do -----------------------------------------------------------------------------------------------------


def advise(facts: Mapping[str, Any]) -> list[str]:
    """Return what to do, a paragraph for each kind of difference; nothing is corrected by itself."""
    counts, report, run = facts["counts"], facts["compared_with"]["report"], facts["compared_with"]["run"]
    if facts["outcome"] == "not comparable":
        return ["Export the whole list of what the receiver has as open, after the last delivery, and compare again"]
    said: list[str] = []
    if counts["paid there"]:
        said.append(
            f"Paid there: nobody is reminded of these. Ask the receiver why, naming the report {report}; "
            f"`arfeed resend {run.rpartition('+')[2]}` delivers it once more, reviewed like any other"
        )
    if counts["open there only"]:
        said.append(
            "Open there only: customers may be reminded of what they have paid. If an import is running, wait for it "
            "and export again; otherwise tell the receiver, or remove there what somebody has entered by hand"
        )
    if counts["differs"]:
        said.append(
            f"Differs: tell the receiver, naming the report {report}. If your own books have changed since, "
            "`arfeed sync` delivers what is owed now"
        )
    if counts["unreadable"]:
        said.append(
            "Unreadable: export again, or say in [destination.reconcile] how the export is written; until then "
            "nothing is known of these"
        )
    return [*said, *_wait(facts["known"])]


def _wait(known: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if any(each["reason"] == PENDING for each in known):
        yield "As before the last delivery: wait for the import to end, and export again"
