"""Days of ordinary bookkeeping in invoices that stay open, and accidents that befall their columns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pandas as pd

from support.feeds.plans import invoices

CENT = Decimal("0.01")


@dataclass(frozen=True)
class Item:
    """An invoice in the books. Where `identity` is blank, the customer is known by name only."""

    ref: str
    identity: str
    name: str
    email: str
    issued: date
    due: date
    amount: Decimal | None
    balance: Decimal
    currency: str = "EUR"
    source: str = "erp"


def feed(chance: random.Random, count: int, *, ids: bool = True, amounts: bool = True) -> list[Item]:
    """Make a feed: half as many customers as invoices, some with several, terms of 14 to 60 days, some part paid."""
    made = []
    for number in range(count):
        customer = chance.randrange(max(3, count // 2)) if number > 2 else number
        issued = date(2026, 1, 1) + timedelta(days=chance.randrange(320))
        amount = Decimal(round(100 * chance.lognormvariate(6, 1.2))) / 100 + 50
        paid = amount * chance.randrange(1, 9) / 10 if chance.random() < 0.1 else Decimal(0)
        made.append(
            Item(
                f"INV-{number:05}",
                f"C{customer:04}" if ids else "",
                f"Firm {customer:04} Ltd",
                f"ap{customer:04}@example.com",
                issued,
                issued + timedelta(days=chance.choice([14, 30, 60])),
                amount if amounts else None,
                (amount - paid).quantize(CENT),
                "EUR" if chance.random() < 0.9 else "GBP",
            )
        )
    return made


def frame(items: Sequence[Item]) -> pd.DataFrame:
    """The items as a report."""

    def of(take: Callable[[Item], object]) -> list[object]:
        return [take(item) for item in items]

    return invoices(
        [item.ref for item in items],
        customer_id=of(lambda item: item.identity or item.name),
        customer_name=of(lambda item: item.name),
        customer_email=of(lambda item: item.email),
        issued_on=of(lambda item: item.issued),
        due_on=of(lambda item: item.due),
        amount=of(lambda item: item.amount),
        balance=of(lambda item: item.balance),
        currency=of(lambda item: item.currency),
        source=of(lambda item: item.source),
    )


def next_day(chance: random.Random, items: Sequence[Item], day: int) -> list[Item]:
    """Let a day pass: payments, new invoices, and what bookkeepers put right. Only the day's number names it."""
    gone = {item.ref for item in items if chance.random() < 0.03}
    stay = [_touched(chance, item) for item in items if item.ref not in gone]
    kinds = {"ids": any(item.identity for item in items), "amounts": any(item.amount for item in items)}
    new = [replace(item, ref=f"{item.ref}-{day}") for item in feed(chance, 3, **kinds) if chance.random() < 0.3]
    return [*_customer_events(chance, stay), *new]


def _touched(chance: random.Random, item: Item) -> Item:
    """What may happen to one invoice: a part payment, a credit, a discount, another due date, another amount."""
    luck = chance.random()
    if luck < 0.012:
        part = chance.choice([Decimal("0.5"), Decimal("0.1"), Decimal("0.97"), Decimal(chance.randrange(5, 95)) / 100])
        return replace(item, balance=max(CENT, (item.balance * part).quantize(CENT, ROUND_HALF_UP)))
    if luck < 0.017:
        return replace(item, due=item.due + timedelta(days=chance.choice([7, 14, 30, 31, 60])))
    if luck < 0.018 and item.amount is not None and item.balance < item.amount:  # a payment comes back
        return replace(item, balance=item.amount)
    if luck < 0.019 and item.amount is not None:  # a line is added or taken out
        change = (item.amount * Decimal(chance.choice(["0.2", "-0.2"]))).quantize(CENT)
        return replace(item, amount=item.amount + change, balance=max(CENT, item.balance + change))
    if luck < 0.0195:  # a date is put right
        return replace(item, issued=item.issued - timedelta(days=1))
    return item


def _customer_events(chance: random.Random, items: list[Item]) -> list[Item]:
    """What may happen to a customer: another email or address, a name put right, all due dates put off, one payment."""
    if not items or chance.random() > 0.25:
        return items
    who, what = chance.choice(items), chance.randrange(6)
    mine = [item for item in items if item.name == who.name]

    def changed(item: Item) -> Item:
        if item not in mine:
            return item
        if what == 0:
            return replace(item, email=f"accounts{chance.randrange(9)}@example.org")
        if what == 1:
            return replace(item, name=item.name.replace(" Ltd", ", Limited"))
        if what == 2:
            return replace(item, due=item.due + timedelta(days=30))
        if what == 3 and item.identity:
            return replace(item, name=f"{item.name} & Sons")
        if what == 4 and item is mine[0]:
            return replace(item, balance=(item.balance / 2).quantize(CENT) or CENT)
        return replace(item, email="") if what == 5 else item

    return [changed(item) for item in items]


# --- accidents ------------------------------------------------------------------------------------------------------


Accident = Callable[[random.Random, list[Item]], list[Item]]


def _each(change: Callable[[Item], Item]) -> Accident:
    return lambda _, items: [change(item) for item in items]


def _some(change: Callable[[Item], Item], share: float, fewest: int = 2) -> Accident:
    """Strike a part of the rows: those of one file, of a branch, or beyond some line."""

    def strike(chance: random.Random, items: list[Item]) -> list[Item]:
        struck = set(chance.sample(range(len(items)), min(len(items), max(fewest, int(len(items) * share)))))
        return [change(item) if number in struck else item for number, item in enumerate(items)]

    return strike


def _turned(column: str, *more: str) -> Accident:
    """Move columns against the others by a row, as when they are sorted or filled by themselves."""

    def strike(_: random.Random, items: list[Item]) -> list[Item]:
        others = [*items[1:], *items[:1]]
        return [
            replace(item, **{name: getattr(other, name) for name in (column, *more)})
            for item, other in zip(items, others, strict=True)
        ]

    return strike


def _times(factor: str) -> Callable[[Item], Item]:
    return lambda item: replace(item, balance=(item.balance * Decimal(factor)).quantize(CENT, ROUND_HALF_UP) or CENT)


def _exchanged(day: date) -> date:
    return date(day.year, day.day, day.month) if day.day <= 12 else day


def _shifted(days: int) -> Callable[[Item], Item]:
    move = timedelta(days=days)
    return lambda item: replace(item, issued=item.issued + move, due=item.due + move)


def _another_document(item: Item) -> Item:
    return replace(
        item,
        identity="C9999" if item.identity else "",
        name="Nobody Knows Inc",
        issued=item.issued + timedelta(days=300),
        amount=Decimal("77.77"),
        balance=Decimal("77.77"),
    )


def _to(item: Item, **values: object) -> Item:
    return replace(item, **values)  # type: ignore[arg-type]


ACCIDENTS: dict[str, Accident] = {
    "another currency": _each(lambda item: _to(item, currency="USD")),
    "another currency in one invoice": _some(lambda item: _to(item, currency="USD"), 0, 1),
    "another customer for one invoice": _some(lambda item: _to(item, identity="C9999", name="Nobody Knows Inc"), 0, 1),
    "customers' numbers against the rest": _turned("identity"),
    "names against the numbers": _turned("name"),
    "emails against the numbers": _turned("email"),
    "names and emails against the numbers": _turned("name", "email"),
    "whole customers against the rest": _turned("identity", "name", "email"),
    "issue dates exchanged": _each(lambda item: _to(item, issued=_exchanged(item.issued))),
    "both dates exchanged": _each(lambda item: _to(item, issued=_exchanged(item.issued), due=_exchanged(item.due))),
    "issue dates against the rest": _turned("issued"),
    "due dates against the rest": _turned("due"),
    "a day earlier": _each(_shifted(-1)),
    "counted from 1904": _each(_shifted(1462)),
    "decimal mark lost": _each(_times("100")),
    "in thousands": _each(_times("0.001")),
    "ten times as much in part": _some(_times("10"), 0.1),
    "a hundredth in part": _some(_times("0.01"), 0.1),
    "sign turned": _each(_times("-1")),
    "sign turned in one": _some(_times("-1"), 0, 1),
    "exchange rate": _each(_times("0.8543")),
    "exchange rate upwards": _each(_times("1.1706")),
    "balances against the rest": _turned("balance"),
    "another document for one number": _some(_another_document, 0, 1),
}
