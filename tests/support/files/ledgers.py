"""Ledgers made at random, and every notation of amounts and dates that they may be written in."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from hypothesis import strategies as st


class Debt(NamedTuple):
    """An open item, as it must come out."""

    customer: str
    number: str
    issued: date
    due: date
    balance: Decimal


class Notation(NamedTuple):
    """A way to write amounts or dates: what the setting has to say, and how they are written."""

    setting: str | None
    write: Callable[..., Any]


CENTS = st.integers(-(10**12), 10**12).filter(bool).map(lambda cents: Decimal(cents).scaleb(-2))
DAYS = st.dates(date(2000, 1, 1), date(2068, 12, 31))
NAMES = st.text("abcXYZ éÅ,;|\"&'-.09", min_size=1, max_size=12).map(lambda name: f"Z{' '.join(name.split())}")


def ledgers(*, least: int = 1, most: int = 5, named: st.SearchStrategy[str] = NAMES) -> st.SearchStrategy[list[Debt]]:
    """Ledgers of distinct numbers, each with leading zeros; negative items are credit notes."""
    debt = st.tuples(named, DAYS, DAYS, CENTS)
    return st.lists(debt, min_size=least, max_size=most).map(
        lambda rows: [
            # Never due before their own day, which is refused if a spreadsheet may have exchanged day and month.
            Debt(name, f"00{place}/7", min(issued, due), max(issued, due), balance)
            for place, (name, issued, due, balance) in enumerate(rows, 1)
        ]
    )


def _grouped(group: str, mark: str) -> Callable[[Decimal], str]:
    return lambda value: f"{value:,.2f}".translate(str.maketrans(",.", group + mark))


def _indian(value: Decimal) -> str:
    whole, cents = f"{value:.2f}".split(".")
    return ".".join([re.sub(r"(?<=\d)(?=(?:\d\d)*\d{3}$)", ",", whole), cents])


def _signed(positive: str, negative: str) -> Callable[[Decimal], str]:
    return lambda value: (negative if value < 0 else positive).format(f"{abs(value):,.2f}")


AMOUNTS: Mapping[str, Notation] = {
    "plain": Notation(None, str),
    "four decimals": Notation(None, lambda value: f"{value}00"),
    "code before": Notation(None, lambda value: f"USD {value}"),
    "brackets": Notation(None, lambda value: f"({-value})" if value < 0 else f"{value}"),
    "1,234.50": Notation(".", _grouped(",", ".")),
    "1'234.50": Notation(".", _grouped("'", ".")),
    "1’234.50": Notation(".", _grouped("’", ".")),
    "1 234.50": Notation(".", _grouped("\u202f", ".")),
    "12,34,567.89": Notation(".", _indian),
    "$(1,234.50)": Notation(".", _signed("${}", "$({})")),
    "-$1,234.50": Notation(".", _signed("${}", "-${}")),
    "($1,234.50)": Notation(".", _signed("${}", "(${})")),
    "1,234.50-": Notation(".", _signed("{}", "{}-")),
    "1,234.50 CR": Notation(".", _signed("{} DR", "{} CR")),
    "\u22121,234.50": Notation(".", _signed("{}", "\u2212{}")),
    "trailing blanks": Notation(".", _signed("{}  ", "-{}  ")),
    "1.234,50": Notation(",", _grouped(".", ",")),
    "1 234,50": Notation(",", _grouped("\u00a0", ",")),
    "1'234,50": Notation(",", _grouped("'", ",")),
    "1.234,50 USD": Notation(",", lambda value: f"{_grouped('.', ',')(value)} USD"),
}  # fmt: skip
"""For US dollars; by an example."""

DATES: Mapping[str, Notation] = {
    "2026-04-07": Notation("YMD", date.isoformat),
    "2026/4/7": Notation("YMD", lambda day: f"{day.year}/{day.month}/{day.day}"),
    "2026-04-07T00:00:00": Notation("YMD", lambda day: f"{day}T00:00:00"),
    "7/04/2026": Notation("DMY", lambda day: f"{day.day}/{day:%m/%Y}"),
    "07.04.26": Notation("DMY", lambda day: f"{day:%d.%m.%y}"),
    "07-Apr-2026": Notation("DMY", lambda day: f"{day:%d-%b-%Y}"),
    "7. April 2026": Notation("DMY", lambda day: f"{day.day}. {day:%B %Y}"),
    "04/07/2026": Notation("MDY", lambda day: f"{day:%m/%d/%Y}"),
    "Apr 7, 2026": Notation("MDY", lambda day: f"{day:%b} {day.day}, {day.year}"),
    "April 07 2026": Notation("MDY", lambda day: f"{day:%B %d %Y}"),
    "20260407": Notation("%Y%m%d", lambda day: f"{day:%Y%m%d}"),
    "46119": Notation("excel", lambda day: str((day - date(1899, 12, 30)).days)),
    "44657": Notation("excel-1904", lambda day: str((day - date(1904, 1, 1)).days)),
}  # fmt: skip
"""By an example; the month's names are English, others stand in tests/intake/test_dates.py."""
