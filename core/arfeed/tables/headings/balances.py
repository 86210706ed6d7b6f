"""What the heading and the values of a balance betray: a running balance, and another currency than the rows'."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations
from typing import TYPE_CHECKING

from arfeed.model.currencies import minor_digits
from arfeed.tables.headings.normalize import normalize_header

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    Units = npt.NDArray[np.int64]

_MOST_ROWS = 500
_MOST_MOVES = 8
_FEW_ROWS = 3
_LEAST_MOVED = 0.6
_LEAST_FITTING = 0.9
_OWN = frozenset(
    ["bcy", "lcy", "lc", "base", "local", "home", "functional", "hauswahrung", "hauswaehrung", "reporting"]
)
"""Words of a heading for amounts in the company's own currency."""

SIDES = {
    "debit": "credit", "debits": "credits", "debet": "credit", "soll": "haben", "dare": "avere", "debe": "haber",
    "debito": "credito", "dr": "cr",
}  # fmt: skip
"""Headings of what is owed, each with that of what lowers it."""


_MOVES = frozenset(
    (  # noqa: SIM905 - thirty quoted words are harder to read
        "amount betrag umsatz montant importe importo valor bedrag belopp total invoiced billed paid payment payments "
        "received movement value wert charges charge"
    ).split()
) | {*SIDES, *SIDES.values()}
"""Words of a heading for amounts by which a balance may move."""


def find_moves(balance: pa.Array, others: Mapping[str, pa.Array]) -> list[str]:
    """Return the columns by which a running balance moves from row to row, debit and credit; none if it does not run.

    Each of its values is then the one before plus debit less credit, or begins anew with a customer. All are texts. In
    a few rows other numbers, such as days, may agree by chance; there only columns count whose heading is of amounts.
    """
    owed = _read(balance)
    if owed is None or len(owed) < 2:
        return []
    moves: dict[str, Units] = {}
    for name, texts in others.items():
        if len(owed) <= _FEW_ROWS and not _MOVES & {*normalize_header(name).split()}:
            continue
        if len(moves) < _MOST_MOVES and (units := _read(texts)) is not None and units.any():
            moves[name] = units
    for names, moved in _combine(moves):
        for turn in (1, -1):  # the newest row may be the first
            if _runs(owed[::turn], moved[::turn]):
                return names
    return []


def _combine(moves: Mapping[str, Units]) -> Iterator[tuple[list[str], Units]]:
    for name, units in moves.items():
        yield [name], units
        yield [name], -units
    for debit, credit in permutations(moves, 2):
        yield [debit, credit], moves[debit] - moves[credit]


def _runs(owed: Units, moved: Units) -> bool:
    later = moved[1:] != 0
    begins = owed[1:] == moved[1:]
    goes_on = (owed[1:] == owed[:-1] + moved[1:]) & ~begins
    least = 1 if len(owed) <= _FEW_ROWS and owed[0] == moved[0] else 2
    fitting = int(((goes_on | begins) & later).sum())
    return bool(
        (goes_on & later).sum() >= least
        and later.sum() >= _LEAST_MOVED * len(later)
        and fitting >= _LEAST_FITTING * later.sum()
    )


def _read(texts: pa.Array) -> Units | None:
    """Return the first amounts in units, blanks as 0; None if some text is not an amount in any one notation."""
    import pyarrow.compute as pc

    from arfeed.tables.values.amounts import as_units, parse_money

    some = texts.slice(0, _MOST_ROWS)
    # Words, of which most columns are, can be told from amounts at once.
    if not pc.all(pc.match_substring_regex(some, r"^(?:.*\d.*|[-−\s]*)$")).as_py():
        return None
    for mark in (None, ".", ","):
        parsed = parse_money(some, mark)
        if not pc.any(parsed.wrong).as_py():
            return as_units(pc.fill_null(parsed.values, 0)) if parsed.values.null_count < len(some) else None
    return None


def named_currencies(header: str) -> set[str]:
    """Return the ISO 4217 codes and the signs of currencies in a heading, such as `Balance (USD)`."""
    codes = {code for code in re.findall(r"\b[A-Z]{3}\b", header) if code in minor_digits()}
    return codes | {*re.findall(r"[€£¥₹]", header)}


def is_in_own_currency(header: str) -> bool:
    """Whether a heading is that of amounts in the company's own currency, whatever that of the invoice."""
    return bool(_OWN & {*normalize_header(header).split()})


def other_side(header: str, others: Sequence[str]) -> str | None:
    """Return the heading of credits among others if this one is that of debits, such as `Haben` for `Soll`."""
    words = {*normalize_header(header).split()}
    for debit, credit in SIDES.items():
        if debit in words:
            return next((name for name in others if {credit} & {*normalize_header(name).split()}), None)
    return None


def contradict(named: Sequence[str] | set[str], codes: set[str]) -> list[str]:
    """Return the codes that none of the named currencies, by code or sign, can be."""
    from arfeed.tables.values.amounts import may_be

    return sorted(code for code in codes if not any(may_be(claim, code) for claim in named)) if named else []


_AGE = re.compile(
    r"(?:(?:over|above|more than|older than|up to|less than|uber|ueber|mehr als|bis|ab|plus de|mas de|oltre|fino a) )?"
    r"(\d{1,3})(?: (?:to |bis |a |au |al |tot |till )?(\d{1,3}))?"
    r"(?: (?:days?|tag(?:en?)?|jours?|dias?|giorni|dagen|dagar|dager|dage|dni|past|due|overdue|old|fallig|late))*"
)
"""A heading of an age, such as `1 - 30 days`, as it is compared."""

_MONTH = re.compile(r"period \d|(?:under |over |bis )?\d{1,2} (?:months?|monate?n?|mois|mes(?:es|i|e)?|maand(?:en)?)")
_OTHER_AGES = frozenset(
    (
        "current",
        "not due",
        "not yet due",
        "future",
        "older",
        "nicht fallig",
        "noch nicht fallig",
        "alter",
        "non echu",
        "plus ancien",
        "no vencido",
        "non scaduto",
        "niet vervallen",
        "ouder",
    )
)
_FEWEST_AGES = 2


def find_ages(headers: Iterable[str]) -> list[str]:
    """Return the headings of an ageing's columns, each with the part of a balance that is so old; none in a list."""
    names = {header: normalize_header(header) for header in headers}
    spans = [found for name in names.values() if (found := _AGE.fullmatch(name)) and found[2]]
    sure = [found for found in spans if int(found[1]) < int(found[2])]
    if len(sure) < _FEWEST_AGES and sum(bool(_MONTH.fullmatch(name)) for name in names.values()) < _FEWEST_AGES:
        return []
    return [
        header
        for header, name in names.items()
        if _AGE.fullmatch(name) or _MONTH.fullmatch(name) or name in _OTHER_AGES
    ]
