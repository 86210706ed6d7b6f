"""How an export writes its amounts and dates: as its values show, else as they agree with what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.errors import ConfigError
from arfeed.runs.reconciliation.meaning.evidence import MARKS, count_true
from arfeed.tables.values.amounts import parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

_NO_DAY = r"\d[T ](?:[1-9]\d|0[1-9]|00:(?:[1-9]|0[1-9]))[\d:.]*(?:Z|[+-]\d\d:?\d\d)$"

NO_DAY = "not all of which are midnight in the feed's time zone"


def begin_no_day(texts: pa.Array) -> bool:
    """Whether there are moments that say their zone and are not the beginning of a day there."""
    return bool(pc.any(pc.match_substring_regex(texts, _NO_DAY)).as_py())


def find_decimal(search: Search) -> None:
    """Find the decimal mark, or ask for it."""
    found = search.found
    found.decimal = search.settings.decimal
    named = [name for name in ("balance", "debit", "credit", "amount", "paid") if name in found.columns]
    if search.settings.decimal or not named:
        return
    texts = pa.concat_arrays([search.evidence.texts[found.columns[name]] for name in named])
    wrong = {mark: count_true(parse_money(texts, mark).wrong) for mark in MARKS}
    fitting = [mark for mark in MARKS if wrong[mark] == min(wrong.values())]
    if None in fitting:
        return
    if not len(search.evidence.rows):
        found.decimal = fitting[0]  # of another ledger, which is refused for that: nothing is worth a question
        return
    right = {mark: search.evidence.count_agreeing("balance", found.columns[named[0]], mark) for mark in fitting}
    best = [mark for mark in fitting if right[mark] == max(right.values())]
    choices = {",": "comma, as in 1.234,56", ".": "point, as in 1,234.56"}
    why = "the only mark that its amounts fit" if len(fitting) == 1 else "by it the balances are those of the report"
    if len(best) == 1:
        found.decimal = best[0]
    else:
        asked = "Which is the export's decimal mark?"
        found.decimal = search.asker.choose(asked, "decimal in [destination.reconcile]", choices)
        why = "as you said"
    found.evidence["decimal"] = f"{found.decimal!r}, {why}"


def find_order(search: Search) -> None:
    """Find the order of the dates, or ask for it."""
    found, header = search.found, search.found.columns.get("due_on")
    found.dates = search.settings.dates
    if search.settings.dates or header is None:
        return
    given = search.evidence.filled(header)
    if begin_no_day(given):
        raise ConfigError(
            f"{header!r} holds timestamps, such as {given[0].as_py()}, {NO_DAY}; set timezone in [feed] to the "
            "receiver's, or export dates without a time"
        )
    wrong = {order: count_true(parse_dates(given, order, declared=True).wrong) for order in ORDERS}
    fitting = [order for order in ORDERS if wrong[order] == min(wrong.values())]
    if "YMD" in fitting or len(fitting) == 1:
        found.dates = "YMD" if "YMD" in fitting else fitting[0]
        return
    if not len(search.evidence.rows):
        found.dates = fitting[0]
        return
    right = {order: search.evidence.count_agreeing("due_on", header, order) for order in fitting}
    best = [order for order in fitting if right[order] == max(right.values())]
    if len(best) == 1:
        found.dates = best[0]
        found.evidence["dates"] = f"{best[0]}, by which {max(right.values()):,} are the due dates of the report"
        return
    found.dates = search.asker.choose(
        "No date in the export shows which order they are in. Which is it?",
        "dates in [destination.reconcile]",
        {"DMY": "day, month, year", "MDY": "month, day, year"},
    )
