"""What spreadsheets do to invoice numbers and names: errors, shortened numbers, numbers turned into dates, totals."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model.text.characters import byte_at
from arfeed.tables.values.parsed import is_blank

_ERROR = r"^(?:#+|#N/A|#NV|#\p{Lu}[\p{Lu}/0-9]*[!?]+)$"
"""What a spreadsheet shows for a value that is missing, wrong, or wider than its column."""

_MONTHS = (
    "(?:Jan|Feb|Mar|Mrz|Mär|Apr|May|Mai|Jun|Jul|Aug|Sept?|Oct|Okt|Nov|Dec|Dez"
    "|janv|févr|mars|avr|mai|juin|juil|août|sept|oct|nov|déc|ene|feb|mar|abr|may|jun|jul|ago|sep|dic"
    r"|gen|mag|giu|lug|set|ott|mrt|apr|mei|aug|okt|dec|fev|out|dez)\.?"
)
"""As Excel, LibreOffice and Gnumeric show them in the languages of most invoices; case counts: DEC-12 is a number."""

_DAY_AND_MONTH = rf"^(?:\d{{1,2}}(?:[-/ ]|\. ?){_MONTHS}(?:[-/. ](?:\d{{4}}|\d\d))?|{_MONTHS}[-/ ]\d{{2}})$"
_DAY_OF_CELL = r"^\d{4}-[01]\d-[0-3]\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?$"
"""How Excel shows what it took for a day or a month, and how its date cells are read here."""

_TIME = r"^(?:(?:\d+ days?, )?\d{1,4}:\d\d:\d\d(?:[.,]\d+)?|\d{1,2}:\d\d)(?: ?[AaPp]\.?[Mm]\.?)?$"
# Such as 1.23E+15: the digits that a spreadsheet left out are lost.
_SHORTENED = r"(?i)^\d(?:[.,]\d+)?E\+\d+$|^\d[.,]\d+E-\d+$"
_FULL_DATE = (
    r"^(?:\d{4}([-/.])(?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])([-/.])(?:0?[1-9]|[12]\d|3[01])[-/.](?:\d{4}|\d\d))$"
)
_PARTS = r"^\d+(?:[-/.]\d+)+$"
_LONG = r"^\d{16,}$"
_ROUNDED = r"^\d{15}0+$"
_KEPT = 15
"""Digits of a number that a spreadsheet keeps."""

_TOTALS = (
    r"(?i)^(?:(?:grand |sub ?)?totals?|summe|gesamt(?:summe|betrag)?|totaux|total g[eé]n[eé]ral|totale|totaal)\b.{0,3}$"
)


def check_damage(table: Columns, wanted: pa.Array, *, from_file: bool) -> None:
    """Add a problem for each `wanted` row whose number or name a spreadsheet damaged, or that is a row of totals.

    Some damage is seen only by comparing the numbers of a file with each other: `from_file` says that they are one's.
    """
    for name in ("invoice_ref", "customer_name"):
        texts = table.text(name)
        # Looked for in a cheaper way first, here and below: hardly any file has such texts.
        if pc.any(pc.starts_with(texts, "#")).as_py():
            wrong = pc.and_(wanted, pc.match_substring_regex(texts, _ERROR))
            table.add_problem(name, wrong, "is a spreadsheet error; fix the formula in the spreadsheet")
    ref = table.text("invoice_ref")
    _check_months(table, ref, wanted)
    _check_numbers(table, ref, wanted, from_file=from_file)
    # A customer's name beside it would make "Total" a number like any other.
    headless = pc.and_(wanted, is_blank(table.text("customer_name")))
    if pc.any(headless).as_py():
        wrong = pc.and_(headless, pc.match_substring_regex(ref, _TOTALS))
        table.add_problem(
            "invoice_ref", wrong, "begins a row of totals, which is not an invoice; export without totals"
        )
    _check_floats(table, wanted)


_WHY_DATE = (
    "is a date: a spreadsheet has turned the number into one; make the column text before it is filled, or take the "
    "file as it was exported"
)
_WHY_SHORTENED = "is a number that a spreadsheet has shortened; format the column as text, and export again"


def _check_months(table: Columns, ref: pa.Array, wanted: pa.Array) -> None:
    """Add a problem for numbers such as 04-03 of which a spreadsheet made the day or month 04-Mar or Mar-04."""
    longest = np.where(_begins_with_digit(ref), len("31. sept. 2026"), len("févr.-26".encode()))
    short = ref.filter(pc.less_equal(pc.binary_length(ref), pa.array(longest)))
    if pc.any(pc.match_substring_regex(short, _DAY_AND_MONTH)).as_py():
        table.add_problem("invoice_ref", pc.and_(wanted, pc.match_substring_regex(ref, _DAY_AND_MONTH)), _WHY_DATE)


def _begins_with_digit(ref: pa.Array) -> npt.NDArray[np.bool_]:
    first = byte_at(ref, 0)
    begins: npt.NDArray[np.bool_] = (first >= ord("0")) & (first <= ord("9"))
    return begins


def _check_numbers(table: Columns, ref: pa.Array, wanted: pa.Array, *, from_file: bool) -> None:
    """Add problems for numbers of nothing but digits and signs that a spreadsheet shortened, rounded or turned."""
    digits = _begins_with_digit(ref)
    if not digits.any():
        return
    some = ref.filter(pa.array(digits))
    for pattern, why in ((_SHORTENED, _WHY_SHORTENED), (_TIME, _WHY_DATE.replace("a date", "a time"))):
        if pc.any(pc.match_substring_regex(some, pattern)).as_py():
            table.add_problem("invoice_ref", pc.and_(wanted, pc.match_substring_regex(ref, pattern)), why)
    if pc.any(pc.match_substring_regex(some, f"{_FULL_DATE}|{_DAY_OF_CELL}")).as_py():
        _check_full_dates(table, ref, wanted, from_file=from_file)
    if from_file:
        _check_rounded(table, ref, some, wanted)


def _check_full_dates(table: Columns, ref: pa.Array, wanted: pa.Array, *, from_file: bool) -> None:
    """Add a problem for numbers that a spreadsheet took for dates.

    A workbook's cell then holds a date. A text such as 2026/03/04 may well be a number, so in a CSV file it is refused
    only beside a number that no spreadsheet can take for a date, and whose year stands elsewhere: 45/03/2026.
    """
    days = pc.and_(table.from_workbook(), pc.match_substring_regex(ref, _DAY_OF_CELL))
    table.add_problem("invoice_ref", pc.and_(wanted, days), _WHY_DATE)
    if not from_file:
        return
    dated = pc.and_(pc.match_substring_regex(ref, _FULL_DATE), pc.invert(days))
    others = ref.filter(pc.and_(pc.match_substring_regex(ref, _PARTS), pc.invert(dated)))
    # A plain decimal such as 1.0 is of no scheme.
    schemes = {_scheme(text) for text in others.to_pylist() if text.count(".") != 1 or "/" in text or "-" in text}
    found = ref.filter(dated).unique().to_pylist()
    turned = [text for text in found if schemes and _scheme(text) not in schemes]
    if turned:
        wrong = pc.and_(wanted, pc.is_in(ref, value_set=pa.array(turned, pa.large_string())))
        table.add_problem("invoice_ref", wrong, _WHY_DATE)


def _scheme(number: str) -> tuple[str, str]:
    """Return what all numbers of a scheme such as 45/03/2026 have in common: their signs, and where the year stands."""
    signs = "".join(character for character in number if not character.isdigit())
    parts = number.replace("-", "/").replace(".", "/").split("/")
    years = [place for place, part in enumerate(parts) if len(part) == len("2026")]
    return signs, str(years[0] if len(years) == 1 else "")


def _check_rounded(table: Columns, ref: pa.Array, some: pa.Array, wanted: pa.Array) -> None:
    """Add a problem for numbers of more than 15 digits if all of them have zeros from the 16th on."""
    lengthy = some.filter(pc.greater(pc.binary_length(some), _KEPT))
    long = lengthy.filter(pc.match_substring_regex(lengthy, _LONG))
    if not len(long) or not pc.all(pc.match_substring_regex(long, _ROUNDED)).as_py():
        return
    # One number in ten ends with a zero by chance, one in a hundred with two.
    if (pc.sum(pc.binary_length(long)).as_py() or 0) - _KEPT * len(long) > 1:
        table.add_problem(
            "invoice_ref",
            pc.and_(wanted, pc.match_substring_regex(ref, _ROUNDED)),
            "has more than 15 digits, and zeros from the 16th on, as have all such numbers here: a spreadsheet has "
            "rounded them; format the column as text, and export again",
        )


_WHOLE_OR_NOT = r"^\d+(?:\.\d+)?$"
_FLOAT = r"^\d+\.0$"


def _check_floats(table: Columns, wanted: pa.Array) -> None:
    """Add a problem for each `wanted` number such as 1930571429.0, if all numbers of the column end so."""
    for name in ("invoice_ref", "customer_id"):
        texts = table.text(name)
        if not pc.any(pc.ends_with(texts, ".0")).as_py():
            continue
        numbers = texts.filter(pc.match_substring_regex(texts, _WHOLE_OR_NOT))
        if pc.all(pc.match_substring_regex(numbers, _FLOAT)).as_py():
            table.add_problem(
                name,
                pc.and_(wanted, pc.match_substring_regex(texts, _FLOAT)),
                "was turned into an amount, like all values in this column; export the column as text",
            )
