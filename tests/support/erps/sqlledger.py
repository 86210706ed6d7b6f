"""Books that SQL-Ledger makes itself, by its own modules and without a web server, and what must be said of them."""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from support.erps.posting import posted

HOME = Path(os.environ.get("SQL_LEDGER", "/usr/share/sql-ledger"))
Found = tuple[str, str, Decimal]
"""Kind, currency and balance."""

_DIGITS = {"JPY": 0, "KWD": 2}
"""Decimals of documents other than 2; the program rounds all to those of the company, which keeps no fils."""


@dataclass
class Books:
    """What to do, in order; the open items by number and customer, and what became of every number."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    open: dict[tuple[str, str], Found] = field(default_factory=dict)
    became: dict[str, list[str]] = field(default_factory=dict)

    def customer(self, number: str, name: str) -> str:
        self.actions.append(
            {"do": "customer", "number": number, "name": name, "email": f"{number.lower()}@example.com"}
        )
        return number

    def document(
        self, ref: str, amount: str, *, customer: str = "K1", do: str = "transaction", currency: str = "USD",
        rate: str = "1", day: str = "2026-01-05", due: str = "2026-02-04", paid: Sequence[tuple[str, str]] = (),
        owes: str | None = None, **fields: object,
    ) -> None:  # fmt: skip
        """A document; `paid` are payments with their rates, `owes` what must be left (nothing: it is settled)."""
        self.actions.append(
            {"do": do, "ref": ref, "amount": amount, "customer": customer, "currency": currency, "rate": rate,
             "day": day, "due": due, "digits": _DIGITS.get(currency, 2),
             "payments": [
                 [money, "2026-01-20", own, f"{ref}-{number}"] for number, (money, own) in enumerate(paid)
             ], **fields}
        )  # fmt: skip
        self.owes(ref, owes, customer, currency)

    def owes(self, ref: str, balance: str | None, customer: str, currency: str = "USD", kind: str = "") -> None:
        self.became.setdefault(ref, []).append("paid" if balance is None else "open")
        if balance is not None:
            kind = kind or ("credit_note" if self.actions[-1].get("credit") else "invoice")
            self.open[ref, customer] = (kind, currency, Decimal(balance))

    def retyped(self, ref: str, amount: str, *, was: str = "", before: str = "K1", **fields: Any) -> None:
        """A document that is opened and typed again, perhaps under another number or to another customer."""
        self.open.pop((was or ref, before), None)
        self.became[was or ref].pop()
        if not self.became[was or ref]:
            del self.became[was or ref]
        self.document(ref, amount, again=was or ref, **fields)

    def then(self, do: str, **fields: object) -> None:
        self.actions.append({"do": do, **fields})


def scenes() -> Books:
    """A year of a small firm: each kind of document and payment once."""
    books = Books()
    for number, name in (
        ("K1", "Amber & Söhne"),
        ("K2", "Borealis"),
        ("K3", "Credo"),
        ("K4", "Früher"),
        ("K5", "Ended"),
        ("K6", "Ōta 東京 €"),
    ):
        books.customer(number, name)
    document = books.document
    document("A-1", "120", owes="120", po="PO 1")
    document("A-2", "120", paid=(("45.55", "1"),), owes="74.45")
    document("A-3", "120", paid=(("120", "1"),))
    document("A-4", "0.30", paid=(("0.10", "1"), ("0.20", "1")))
    document("A-5", "120", paid=(("150", "1"),), owes="-30")
    document("A-6", "119", tax="19", owes="119")
    document("A-7", "45", hold=1, owes="45")
    document("A-8", "12", recurring="A-8,monthly,2026-02-05,1,month,12,0,,,", owes="12")
    document("A-9", "100", day="2027-12-31", due="2028-01-30", owes="100")
    document("C-1", "25", credit=1, customer="K3", owes="-25")
    document("C-2", "30", do="parts", tax=1, credit=1, customer="K3", owes="-35.70")
    document("P-1", "100", do="parts", tax=1, owes="119")
    document("P-2", "100", do="parts", owes="100")
    euros: dict[str, Any] = {"customer": "K2", "currency": "EUR"}
    document("E-1", "200", **euros, rate="1.1", owes="200")
    document("E-2", "200", **euros, rate="1.1", paid=(("50", "1.2"),), owes="150")
    document("E-3", "200", **euros, rate="1.1", paid=(("200", "1.2"),))
    document("E-4", "33.33", **euros, rate="1.0777", day="2026-01-08", paid=(("11.11", "1.2"),), owes="22.22")
    document("E-5", "100", **euros, rate="1.3", day="2026-01-07", owes="100")
    document("E-6", "100", **euros, rate="1.4", day="2026-01-07", owes="100")  # the day's rate is now this one
    document("E-7", "100", **euros, rate="1.1", do="parts", tax=1, owes="119")
    yen: dict[str, Any] = {"customer": "K2", "currency": "JPY", "rate": "0.0061", "day": "2026-01-09"}
    document("Y-1", "12345", **yen, owes="12345")
    document("Y-2", "98765", **yen, paid=(("12345", "0.0063"),), owes="86420")
    document("Y-3", "12345", **yen, paid=(("12345", "0.0063"),))
    document("Y-4", "12345", **yen, do="parts", paid=(("12345", "0.0061"),))
    document("D-1", "1.23", customer="K2", currency="KWD", rate="3.25", owes="1.23")
    _receipts(books)
    _ends(books)
    _amended(books)
    return books


def _receipts(books: Books) -> None:
    document = books.document
    usd: dict[str, Any] = {"currency": "USD", "rate": "1", "day": "2026-01-20"}
    document("R-1", "60")
    document("R-2", "70", owes="30")
    books.then("receipt", customer="K1", amount="100", lines=[["R-1", "60", "0"], ["R-2", "40", "0"]], **usd)
    document("R-3", "100")
    books.then("receipt", customer="K1", amount="98", lines=[["R-3", "98", "2"]], **usd)
    document("R-4", "50", customer="K3")
    books.then("receipt", customer="K3", amount="80", lines=[["R-4", "50", "0"]], **usd)
    books.owes("5001", "-30", "K3", kind="payment")
    document("R-5", "100", paid=(("97", "1"),))
    books.then("receipt", customer="K1", amount="0", lines=[["R-5", "0", "3"]], **usd)
    books.then("receipt", customer="K2", currency="EUR", rate="1.2", day="2026-01-20", amount="75", lines=[])
    books.owes("5002", "-75", "K2", "EUR", kind="payment")
    document("R-6", "90", owes="90")
    books.then("receipt", customer="K1", amount="40", lines=[["R-6", "40", "0"]], pending=1, **usd)
    document("V-1", "100", paid=(("50", "1"),), owes="100")
    books.then("void_receipt", ref="V-1", source="V-1-0")
    document("V-2", "100", paid=(("70.3", "1"), ("29.7", "1")), owes="100")
    for source in ("V-2-0", "V-2-1"):
        books.then("void_receipt", ref="V-2", source=source)


def _ends(books: Books) -> None:
    document = books.document
    document("X-1", "11", owes="11")
    document("X-1", "22", customer="K2", owes="22")  # nothing keeps a number from being used twice
    document("X-2", "47", owes="47")
    books.then("delete", ref="X-2")
    del books.open["X-2", "K1"], books.became["X-2"]
    document("U-1", "77", pending=1)
    books.became["U-1"] = ["draft"]
    document("X-3", "100", owes="100")
    books.retyped("X-3", "110", owes="110")
    document("X-4", "33", customer="K4", owes="33")
    books.then("rename", number="K4", name="Später")
    document("X-6", "21", customer="K6", owes="21")
    document("X-5", "20", customer="K5", owes="20")
    books.then("rename", number="K5", name="Ended", ended="2026-02-01")


def _amended(books: Books) -> None:
    """What is typed again, returned, set off against each other, or paid before it is billed."""
    document, retyped = books.document, books.retyped
    usd: dict[str, Any] = {"currency": "USD", "rate": "1", "day": "2026-01-21"}
    document("M-1", "100", paid=(("100", "1"),))
    retyped("M-1", "100", owes="100")  # without its payment
    document("M-2", "100", owes="100")
    retyped("M-2", "90", customer="K2", currency="EUR", rate="1.1", owes="90")
    document("M-3", "100", owes="100")
    retyped("M-3B", "100", was="M-3", customer="K3", owes="100")
    document("M-4", "100", owes="100")
    retyped("M-4", "100", paid=(("100", "1"),))
    document("M-5", "100", paid=(("30", "1"),), owes="70")
    retyped("M-5", "30", paid=(("30", "1"),))  # what is left is waived
    document("M-6", "100", do="parts", tax=1, owes="119")
    retyped("M-6", "50", do="parts", tax=1, owes="59.5")
    document("M-7", "100")
    document("M-8", "100", credit=1)
    books.then("receipt", customer="K1", amount="0", lines=[["M-7", "100", "0"], ["M-8", "-100", "0"]], **usd)
    document("M-9", "100", owes="60")
    document("M-10", "40", credit=1)
    books.then("receipt", customer="K1", amount="0", lines=[["M-9", "40", "0"], ["M-10", "-40", "0"]], **usd)
    document("M-11", "100", paid=(("100", "1"),))
    document("M-12", "100", do="parts", credit=1, owes="-100")  # returned after it was paid
    document("M-13", "25", credit=1)
    books.then("receipt", customer="K1", amount="-25", lines=[["M-13", "-25", "0"]], **usd)  # paid out
    document("V-3", "100", paid=(("100", "1"),))
    books.then("void_receipt", ref="V-3", source="V-3-0")
    books.then("receipt", customer="K1", amount="100", lines=[["V-3", "100", "0"]], **usd)  # and paid again


def invent(books: Books, seed: int, count: int = 60) -> None:
    """Add random documents with balances that are known beforehand: totals less what was paid of them."""
    chance = random.Random(seed)
    for number in range(1, 4):
        books.customer(f"N{number}", f"Customer {number}")
    for number in range(count):
        currency, rate = chance.choice([("USD", "1"), ("EUR", "1.0831"), ("JPY", "0.0067"), ("KWD", "3.2531")])
        unit = Decimal(1).scaleb(-_DIGITS.get(currency, 2))
        total = unit * chance.randint(1, 10 ** chance.randint(3, 6))
        credit = chance.random() < 0.15
        left, paid = total, list[tuple[str, str]]()
        for _ in range(0 if credit else chance.randint(0, 3)):
            money = left if chance.random() < 0.4 else (left * chance.randint(1, 99) / 100).quantize(unit)
            if money:
                later = rate if currency == "USD" else str(Decimal(rate) + Decimal("0.01"))
                paid.append((str(money), later))
            left -= money
        owes = None if not left else str(-left if credit else left)
        books.document(
            f"N-{seed}-{number}", str(total), customer=f"N{chance.randint(1, 3)}", currency=currency, rate=rate,
            day="2026-03-02", paid=tuple(paid), owes=owes, credit=int(credit),
        )  # fmt: skip


def made(books: Books, database: str) -> AbstractContextManager[tuple[str, list[dict[str, str]]]]:
    """Have SQL-Ledger make the books in a new database; yield its URL and the program's own ageing."""
    return posted("sql-ledger", HOME / "SL" / "AA.pm", books.actions, database)
