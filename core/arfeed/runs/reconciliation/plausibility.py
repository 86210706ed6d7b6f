"""Whether an export can be compared at all: another list than the receiver's would accuse every invoice."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.text.legible import quote
from arfeed.planning.wording import pluralize
from arfeed.runs.reconciliation.delivered import LastDelivery
from arfeed.runs.reconciliation.numbers import Numbers, added_prefix, are_known, lost_prefix
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.words import OTHER_TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from arfeed.runs.reconciliation.export import Export

KNOWN = 0.9
"""At least this share of an export's open numbers must be known."""

_PAGES = frozenset([10, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200, 250, 300, 400, 500, 1000, 2000, 2500, 5000, 10_000])
"""As many rows as lists show on a page, or give in one file."""

_LOOKED_AT = 5
"""Numbers by which it is seen what they lack."""

_ENOUGH = 3
_MOST = 0.5


def judge_age(export: Export, delivered: LastDelivery) -> tuple[datetime, str, str | None]:
    """Return the moment of the export as far as it is known, how it was judged, and why it is too old, or None."""
    zone = ZoneInfo(delivered.timezone or "UTC")
    there = export.dated
    if isinstance(there, datetime):
        return there, f"{export.whence} says {there:%Y-%m-%d %H:%M} UTC", _older(there, delivered)
    day = delivered.at.astimezone(zone).date()
    written = f"its file was written {export.written.astimezone(zone):%Y-%m-%d %H:%M}"
    if isinstance(there, date):
        if there < day:
            moment = datetime(there.year, there.month, there.day, 23, 59, tzinfo=zone).astimezone(UTC)
            said = f"{export.whence} says {there}"
            return moment, said, f"it is dated {there}, and the last delivery {day}"
        if there > day:
            moment = datetime(there.year, there.month, there.day, tzinfo=zone).astimezone(UTC)
            return moment, f"{export.whence} says {there}", None
        # Of the very day: only the file's own time tells whether it was before or after.
        return export.written, f"{export.whence} says {there}, and {written}", _older(export.written, delivered)
    return export.written, f"{written}; nothing in it states a date", _older(export.written, delivered)


def _older(moment: datetime, delivered: LastDelivery) -> str | None:
    if moment >= delivered.at:
        return None
    return f"it is dated {moment:%Y-%m-%d %H:%M} UTC, and the last delivery {delivered.at:%Y-%m-%d %H:%M} UTC"


def find_strangers(export: Export, delivered: LastDelivery) -> str | None:
    """Return why this seems to be the list of something else: too few of its open numbers are known."""
    rows = export.rows[export.rows["open"].to_numpy(dtype=bool)]
    known = _are_known(rows, delivered)
    # If it lists nearly all that was delivered, but as closed, it is the receiver's own list: the worst case.
    if known.mean() >= KNOWN or _has_most(export, delivered):
        return None
    if not len(rows):
        return "none of its rows is open"
    if hint := _spelled_otherwise(rows, known, export, delivered):
        return hint
    strange = [str(each) for each in rows["invoice_ref"][~known].head(3)]
    what = f"; it seems to list {other}" if (other := _other_table(export)) else ""
    return (
        f"{int(known.sum()):,} of its {pluralize(len(rows), 'open number')} ({known.mean():.0%}) are of a report that "
        f"was delivered, and {KNOWN:.0%} are needed; unknown: {', '.join(strange)}{what}. This is a different ledger "
        "or entity, or a different column holds the numbers"
    )


def _other_table(export: Export) -> str:
    """Return what else the headings say that this is a list of; nothing if they say no such thing."""
    headings = [normalize_header(str(name)) for name in export.cells.columns]
    # What names a supplier is a list of what is owed, whatever else stands there; other words are in many lists.
    (payable, suppliers), *others = OTHER_TABLES.items()
    if any(name in suppliers for name in headings):
        return f"{payable}, a list of payables"
    used = [normalize_header(header) for header in export.columns.values()]
    return next((kind for kind, names in others if any(name in names for name in used)), "")


def _spelled_otherwise(
    rows: pd.DataFrame, known: NDArray[np.bool_], export: Export, delivered: LastDelivery
) -> str | None:
    """Return how the export spells our numbers, if it leaves out what stands before them."""
    numbers, texts = delivered.report["invoice_ref"], arrow.to_text_array(rows["invoice_ref"])
    lost = Numbers(numbers).lost_zeros(texts)
    count = pluralize(len(rows), "open number")
    if (known | lost).mean() >= KNOWN:
        there = str(rows["invoice_ref"][lost].iloc[0])
        bare = there.strip().partition(".")[0]
        here = next(str(each) for each in numbers if str(each).strip().lstrip("0") == bare)
        return (
            f"{int(lost.sum()):,} of its {count} were read as amounts on the way, so they lost their leading zeros: "
            f"{there!r} there, {here!r} here. A spreadsheet does so; take the CSV as the receiver exports it, not "
            "saved by a spreadsheet again, or import that column as text"
        )
    given = rows["invoice_ref"][~known]
    strange = [str(each) for each in given[(given.str.strip() != "").to_numpy(dtype=bool)].head(_LOOKED_AT)]
    prefix = lost_prefix(strange, numbers)
    whole = pc.replace_substring_regex(texts, "^", (prefix or "").replace("\\", r"\\"))
    if prefix and (known | are_known(whole, numbers)).mean() >= KNOWN:
        template = f"{prefix}{{{export.columns['invoice_ref']}}}"
        return (
            f"{int((~known).sum()):,} of its {count} lack {prefix!r} at the beginning, such as {strange[0]!r}. If they "
            f"are the same invoices, set columns.invoice_ref = {quote(template)} in [destination.reconcile]"
        )
    return _prefixed(texts, known, numbers)


def _prefixed(texts: pa.Array, known: NDArray[np.bool_], numbers: pd.Series[str]) -> str | None:
    """Return what stands before our numbers there, if it is the same for nearly all."""
    strange = [text.strip() for text in texts.filter(pa.array(~known)).to_pylist() if text.strip()]
    prefix = added_prefix(strange[:_LOOKED_AT], numbers)
    bare = pc.replace_substring_regex(texts, f"^{re.escape(prefix or '')}", "")
    if not prefix or (known | are_known(bare, numbers)).mean() < KNOWN:
        return None
    return (
        f"{len(strange):,} of its {pluralize(len(texts), 'open number')} have {prefix!r} before ours, such as "
        f"{strange[0]!r} for {strange[0].removeprefix(prefix)!r}; export the column with the number as it was sent"
    )


def _are_known(rows: pd.DataFrame, delivered: LastDelivery) -> NDArray[np.bool_]:
    """Return which numbers are of a report that was delivered, as far back as is needed to know enough of them."""
    texts = arrow.to_text_array(rows["invoice_ref"])
    known = are_known(texts, delivered.report["invoice_ref"])
    for report in delivered.earlier() if len(texts) else ():
        if known.mean() >= KNOWN:
            break
        known |= are_known(texts, report["invoice_ref"])
    return known if len(texts) else np.zeros(1, bool)


def _has_most(export: Export, delivered: LastDelivery) -> bool:
    """Whether enough of all its numbers are known, closed ones too, and most of the last report's are among them.

    A list of what is closed has few of those, and would accuse all others.
    """
    listed = are_known(arrow.to_text_array(delivered.report["invoice_ref"]), export.rows["invoice_ref"])
    return bool(listed.mean() > _MOST and _are_known(export.rows, delivered).mean() >= KNOWN)


def find_part(found: pd.DataFrame, export: Export, on: date) -> str | None:
    """Return which part of the list this seems to be: some currencies, what is overdue, the first page."""
    outcome = found["outcome"].to_numpy(dtype=object)
    sent = found["invoice_ref"].notna().to_numpy(dtype=bool)
    listed = found["invoice_ref_there"].notna().to_numpy(dtype=bool)
    # What is absent for a known reason does not show that a part is missing.
    absent = sent & ~listed & (found["known"] == "").to_numpy(dtype=bool)
    there = sent & listed & (outcome != "unreadable")
    # By its own total it is whole, whatever is not in it.
    if int(absent.sum()) < _ENOUGH or not there.any():
        return None
    currency = found["currency"].fillna("").to_numpy(dtype=object)
    lacking = sorted({*currency[absent]} - {*currency[there]})
    if lacking and {*currency[absent]} == {*lacking}:
        return f"none of the invoices in {', '.join(lacking)} is in it, and all others are: a list of some currencies"
    due = found["due_on"]
    late = (due < on).fillna(value=False).to_numpy(dtype=bool)
    if not (absent & late).any() and not (there & ~late).any():
        return f"it has all that is overdue and none of the {int(absent.sum()):,} others: a list of what is overdue"
    size = len(export.rows)
    if export.total is None and size in _PAGES and size < int(sent.sum()):
        return (
            f"it has exactly {size:,} rows and {int(sent.sum()):,} invoices were delivered: it seems to be a page of "
            "the list. Export all rows; if these are all, say so with --whole"
        )
    return _cut_off(found, absent, there) if export.total is None else None


def _cut_off(found: pd.DataFrame, absent: NDArray[np.bool_], there: NDArray[np.bool_]) -> str | None:
    """Return by which column the list seems to be cut off: all that is absent comes after all that is there."""
    words = {"invoice_ref": "number", "due_on": "due date", "customer_name": "customer", "balance": "balance"}
    if absent.sum() * 10 < there.sum() or int(there.sum()) < _ENOUGH:
        return None
    for name, word in words.items():
        keys = found[name]
        if name in ("invoice_ref", "customer_name"):
            keys = arrow.fold(keys.fillna(""))
        mine, other = keys[absent].dropna(), keys[there].dropna()
        if len(mine) < absent.sum() or len(other) < there.sum():
            continue
        if mine.min() > other.max() or mine.max() < other.min():
            return (
                f"by {word}, all {int(absent.sum()):,} invoices that it lacks come after, or before, all that it has: "
                "it seems to be cut off or filtered. Export all rows; if these are all, say so with --whole"
            )
    return None


def describe_total(export: Export) -> str:
    """Return what is known of whether the export is whole."""
    return f"its own total: {export.total}" if export.total else "it states no total"
