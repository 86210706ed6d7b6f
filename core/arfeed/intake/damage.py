"""What spreadsheets do to invoice numbers and names: errors, shortened numbers, numbers turned into dates, totals."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.tables.values.parsed import is_blank

_ERROR = r"^(?:#+|#N/A|#NV|#\p{Lu}[\p{Lu}/0-9]*[!?]+)$"
"""What a spreadsheet shows for a value that is missing, wrong, or wider than its column."""

_MONTHS = "(?:Jan|Feb|Mar|Mrz|Apr|May|Mai|Jun|Jul|Aug|Sep|Oct|Okt|Nov|Dec|Dez)"
_DAY_AND_MONTH = rf"^(?:\d{{1,2}}(?:-|\. ?){_MONTHS}|{_MONTHS}[- ]\d{{2}})$"
_DAY_OF_CELL = r"^(?:19|20)\d\d-[01]\d-[0-3]\d(?: \d\d:\d\d:\d\d)?$"
_LENGTHS = pa.array([*range(5, 8), 10, 19])
"""How Excel shows what it took for a day or a month, how its date cells are read here, and the lengths of all these."""

# Such as 1.23E+15: the digits that Excel left out are lost.
_SHORTENED = r"^\d(?:[.,]\d+)?E\+\d+$"
_TOTALS = (
    r"(?i)^(?:(?:grand |sub ?)?totals?|summe|gesamt(?:summe|betrag)?|totaux|total g[eé]n[eé]ral|totale|totaal)\b.{0,3}$"
)


def check_damage(table: Columns, wanted: pa.Array) -> None:
    """Add a problem for each `wanted` row whose number or name a spreadsheet damaged, or that is a row of totals."""
    for name in ("invoice_ref", "customer_name"):
        texts = table.text(name)
        # Looked for in a cheaper way first, here and below: hardly any file has such texts.
        if pc.any(pc.starts_with(texts, "#")).as_py():
            wrong = pc.and_(wanted, pc.match_substring_regex(texts, _ERROR))
            table.add_problem(name, wrong, "is a spreadsheet error; fix the formula in the spreadsheet")
    ref = table.text("invoice_ref")
    if pc.any(pc.match_substring(ref, "E+")).as_py():
        wrong = pc.and_(wanted, pc.match_substring_regex(ref, _SHORTENED))
        table.add_problem(
            "invoice_ref",
            wrong,
            "is a number that a spreadsheet has shortened; format the column as text, and export again",
        )
    _check_dates(table, ref, wanted)
    # A customer's name beside it would make "Total" a number like any other.
    headless = pc.and_(wanted, is_blank(table.text("customer_name")))
    if pc.any(headless).as_py():
        wrong = pc.and_(headless, pc.match_substring_regex(ref, _TOTALS))
        table.add_problem(
            "invoice_ref", wrong, "begins a row of totals, which is not an invoice; export without totals"
        )


def _check_dates(table: Columns, ref: pa.Array, wanted: pa.Array) -> None:
    """Add a problem for numbers such as 04-03 that Excel took for a date.

    A workbook's cell then holds a date, which is read as 2026-03-04; a CSV file saved from it has 04-Mar. In a CSV file
    2026-03-04 may well be a number.
    """
    some = ref.filter(pc.is_in(pc.utf8_length(ref), value_set=_LENGTHS))
    if not pc.any(pc.match_substring_regex(some, f"{_DAY_AND_MONTH}|{_DAY_OF_CELL}")).as_py():
        return
    dated = pc.match_substring_regex(ref, _DAY_AND_MONTH)
    days = pc.match_substring_regex(ref, _DAY_OF_CELL)
    if pc.any(days).as_py():
        dated = pc.or_(dated, pc.and_(days, pc.match_substring_regex(table.text("origin"), r"(?i)\.xls[xm]#\d+$")))
    table.add_problem(
        "invoice_ref",
        pc.and_(wanted, dated),
        "is a date: Excel has turned the number into one; make the column text before it is filled, or export CSV",
    )
