"""Invoices with many kinds of number, by several programs in many layouts, for measuring what is read in their PDFs."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from support.writers.libraries import Lines, Write

_CUSTOMERS = [
    f"{first} {second} {form}"
    for first in ("Albion", "Bramble", "Cedar", "Dunmore", "Eckert", "Fjord", "Granada", "Harbour", "Iris", "Juniper")
    for second in ("Foods", "Logistics", "Textiles", "Hotels", "Tools")
    for form in ("Ltd", "GmbH", "SARL", "Inc")
]
_PRICES = (4900, 9900, 12000, 24900, 49900)

KINDS: dict[str, Callable[[int], str]] = {
    "INV-1": lambda number: f"INV-{number}",
    "INV-2026-0042": lambda number: f"INV-2026-{number:04}",
    "RE 2026/0042": lambda number: f"RE 2026/{number:04}",
    "2026-0042": lambda number: f"2026-{number:04}",
    "2026.0042": lambda number: f"2026.{number:04}",
    "R0042": lambda number: f"R{number:04}",
    "20260042": lambda number: f"2026{number:04}",
    "90002026004217": lambda number: f"90002026{number:04}17",
    "00042": lambda number: f"{number:05}",
    "10042": lambda number: f"{10000 + number}",
    "42": str,
    "A-42": lambda number: f"A-{number}",
    "42/26": lambda number: f"{number}/26",
    "INV_2026_0042": lambda number: f"INV_2026_{number:04}",
}


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice: what a list says of it, and what its PDF prints as its number.

    `also` are lines on other invoices: a label, and a value that may end with an amount, in cents.
    """

    ref: str
    customer: str
    cents: int
    printed: str | None
    also: tuple[tuple[str, str, str], ...] = ()


NOTATIONS = ((",", "."), (".", ","), ("", "."), ("'", "."), (" ", ","), ("\xa0", ","))


def money(cents: int, notation: tuple[str, str]) -> str:
    group, decimal = notation
    return f"{cents // 100:,}".replace(",", group) + f"{decimal}{cents % 100:02}"


def bills(kind: str, count: int, seed: int) -> list[Bill]:
    """Invoices of one kind of number, one after another; a third of the amounts come from a price list.

    So short ones stand in PDFs of others, too: as quantities, customers' numbers, postcodes and orders.
    """
    draw = random.Random(f"{kind} {seed}")
    first = draw.randrange(1, 60)
    numbers = range(first, first + count)
    customers = draw.sample(_CUSTOMERS, 50)
    return [
        Bill(
            ref := KINDS[kind](number),
            draw.choice(customers),
            draw.choice(_PRICES) if draw.random() < 0.3 else draw.randrange(2_000, 2_000_000),
            ref,
        )
        for number in numbers
    ]


def lines_of(bill: Bill, draw: random.Random) -> Lines:
    """What an invoice prints, as labels and values, with numbers that are no invoice's."""
    notation = draw.choice(NOTATIONS)
    number = [] if bill.printed is None else [("Invoice number", bill.printed)]
    listed = [
        (label, f"{middle}{money(int(cents), notation)}" if cents else middle) for label, middle, cents in bill.also
    ]
    return [
        ("Larkfield Ltd", "12 Mill Lane, 10042 Ely"),
        ("Bill to", draw.choice([bill.customer, bill.customer, bill.customer.upper()])),
        *number,
        ("Date", f"2026-{draw.randrange(1, 13):02}-{draw.randrange(1, 29):02}"),
        ("Customer", str(draw.randrange(10_000, 10_300))),
        ("Order", f"SO-2026-{draw.randrange(1, 400):04}"),
        ("Services", f"{draw.randrange(1, 60)} hours"),
        *listed,
        ("Total GBP", money(bill.cents, notation)),
    ]


@dataclass(frozen=True, slots=True)
class Sample:
    """A PDF, the invoice it is filed under, and the number of the one that it is of."""

    kind: str
    program: str
    own: Bill
    of: str
    content: bytes


Printing = Literal["own", "otherwise", "none", "listing", "mentioning"]
"""What PDFs print: their own number; the same written otherwise; none that is known; other invoices in its place; or
beside their own number another's, which they replace, say, and which they are filed under."""


def samples(
    seed: int, each: int, programs: Mapping[str, Write], printing: Printing = "own", step: int = 1
) -> Iterator[tuple[Sample, list[Bill]]]:
    """Yield `each` PDFs of every kind of number and program, with all invoices that are known.

    Each kind has every `step`th program.
    """
    known = {kind: bills(kind, 220, seed) for kind in KINDS}
    wanted: dict[str, list[tuple[str, Bill, str, Lines]]] = {name: [] for name in programs}
    for turn, kind in enumerate(KINDS):
        draw = random.Random(f"{kind} {seed} lines")
        for name in [*programs][turn % step :: step]:
            for _ in range(each):
                own = draw.choice(known[kind])
                filed, drawn = _drawn(own, printing, known[kind], draw)
                wanted[name].append((kind, filed, drawn.ref, lines_of(drawn, draw)))
    for name, write in programs.items():
        contents = write([lines for *_, lines in wanted[name]])
        for (kind, filed, of, _), content in zip(wanted[name], contents, strict=True):
            yield Sample(kind, name, filed, of, content), known[kind]


def _drawn(own: Bill, printing: Printing, known: Sequence[Bill], draw: random.Random) -> tuple[Bill, Bill]:
    """Return the invoice that a PDF is filed under, and what the PDF prints."""
    if printing == "mentioning":
        other = _others(own, known, draw)[0] if draw.random() < 0.5 else draw.choice([b for b in known if b != own])
        return other, replace(own, also=((draw.choice(REPLACED), other.ref, ""),))
    if printing == "own":
        return own, own
    if printing == "otherwise":
        return own, replace(own, printed=otherwise(own.ref, draw))
    printed = draw.choice([None, f"B{draw.randrange(10_000, 99_999)}/7"])
    also = tuple(_listed(bill, draw) for bill in _others(own, known, draw)) if printing == "listing" else ()
    return own, replace(own, printed=printed, also=also)


def _listed(bill: Bill, draw: random.Random) -> tuple[str, str, str]:
    label, middle = draw.choice(LISTED)
    return label.format(bill.ref), middle.format(bill.ref), str(bill.cents)


LISTED = (
    ("Less part payment {}", ""),
    ("Previous invoice {}", ""),
    ("Previous invoice", "{} "),
    ("Open item {} of 2026-02-01", ""),
    ("{}", "2026-02-01 2026-03-01 "),
    ("2026-02-01", "{} Services GBP "),
    ("Abzüglich Abschlagsrechnung {}", ""),
    ("Facture précédente {}", ""),
    ("Edellinen lasku {}", ""),
)
"""How PDFs list other invoices with their amounts."""

REPLACED = (
    "Replaces",
    "See also",
    "Replaces invoice",
    "Ersetzt Rechnung",
    "Annule et remplace",
    "Regarding",
    "Original",
)
"""How PDFs name an invoice that they are not."""


def otherwise(ref: str, draw: random.Random) -> str:
    """A number as a PDF may print it: without its letters or its leading zeros, or with some."""
    letters, digit, rest = re.fullmatch(r"(\D*)(\d)(.*)", ref).groups()  # type: ignore[union-attr]
    first = re.match(r"\d+", digit + rest)[0]  # type: ignore[index]
    behind = (digit + rest)[len(first) :]
    bare, more = first.lstrip("0") + behind, "0" * draw.randrange(1, 3) + first + behind
    return draw.choice([bare, more, f"{letters}{more}"] if letters else [f"RE-{first}{behind}", f"RE{bare}", more])


def _others(own: Bill, known: Sequence[Bill], draw: random.Random) -> list[Bill]:
    """Return one to three other invoices, of the same customer if it has that many."""
    rest = [bill for bill in known if bill.ref != own.ref]
    draw.shuffle(rest)
    rest.sort(key=lambda bill: bill.customer != own.customer)
    return rest[: draw.randrange(1, 4)]
