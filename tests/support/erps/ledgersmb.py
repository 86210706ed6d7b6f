"""Books that LedgerSMB 1.6 makes itself, by its own code and functions and without a web server."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from support.erps.posting import posted, server_url

HOME = Path(os.environ.get("LEDGERSMB", "/usr/share/ledgersmb"))
Found = tuple[str, str, Decimal]
"""Kind, currency and balance."""


@dataclass
class Books:
    """What to do, in order; the open items by number, and what became of every number."""

    actions: list[dict[str, Any]] = field(default_factory=list)
    open: dict[str, Found] = field(default_factory=dict)
    became: dict[str, str] = field(default_factory=dict)

    def customer(self, number: str, name: str, **fields: object) -> None:
        email = f"{number.lower()}@example.com"
        self.actions.append({"do": "customer", "number": number, "name": name, "email": email, **fields})

    def document(
        self, ref: str, amount: str, *, customer: str = "C1", currency: str = "USD", rate: str = "1",
        day: str = "2026-01-05", due: str = "2026-02-04", paid: Sequence[tuple[str, str]] = (),
        owes: str | None = None, became: str = "", **fields: object,
    ) -> None:  # fmt: skip
        """A transaction that is posted; `paid` are payments with their rates, `owes` what must be left of it."""
        self.actions.append(
            {"do": "transaction", "ref": ref, "amount": amount, "customer": customer, "currency": currency,
             "rate": rate, "day": day, "due": due,
             "payments": [
                 [money, "2026-01-20", own, f"{ref}-{number}"] for number, (money, own) in enumerate(paid)
             ], **fields}
        )  # fmt: skip
        self.became[ref] = became or ("paid" if owes is None else "open")
        if owes is not None:
            self.open[ref] = ("credit_note" if fields.get("credit") else "invoice", currency, Decimal(owes))

    def then(self, do: str, **fields: object) -> None:
        self.actions.append({"do": do, **fields})


def scenes() -> Books:
    """Each kind of document and payment once."""
    books = Books()
    for number, name in (("C1", "Amber & Söhne"), ("C2", "Borealis"), ("C3", "Before"), ("C4", "Credo")):
        books.customer(number, name)
    books.customer("C5", "Skonto", discount=2)
    document = books.document
    document("A-1", "120", owes="120", po="PO 1")
    document("A-2", "120", paid=(("45.55", "1"),), owes="74.45")
    document("A-3", "120", paid=(("120", "1"),))
    document("A-4", "120", paid=(("150", "1"),), owes="-30")
    document("A-5", "0.30", paid=(("0.10", "1"), ("0.20", "1")))
    document("A-6", "119", tax="19", owes="119")
    document("A-7", "45", owes="45")
    books.then("hold", ref="A-7")
    document("A-8", "100", day="2027-12-31", due="2028-01-30", owes="100")
    document("A-9", "33", customer="C3", owes="33")
    books.then("rename", number="C3", name="After")
    document("C-1", "25", credit=1, customer="C4", owes="-25")
    _foreign(books)
    _receipts(books)
    document("D-1", "46", draft=1, became="draft")
    document("D-2", "47", draft=1)
    books.then("delete", ref="D-2")
    del books.became["D-2"]
    document("V-1", "48", became="void")
    document("V-1-VOID", "48", credit=1, became="void")
    document("V-2", "49", owes="49")  # a number that only looks like a void's, of another amount
    document("V-2-VOID", "12", credit=1, owes="-12")
    document("F-1", "50")
    books.then("close", ref="F-1")
    return books


def _foreign(books: Books) -> None:
    document = books.document
    euros: dict[str, Any] = {"customer": "C2", "currency": "EUR", "rate": "1.1"}
    document("E-1", "200", **euros, owes="200")
    document("E-2", "200", **euros, paid=(("50", "1.2"),), owes="150")
    document("E-3", "200", **euros, paid=(("200", "1.2"),))
    thirds: dict[str, Any] = {**euros, "rate": "1.0777", "day": "2026-01-08"}
    document("E-4", "33.33", **thirds, paid=(("11.11", "1.2"),), owes="22.22")
    document("E-5", "200", **euros, owes="120")
    books.then("receipt", customer="C2", currency="EUR", day="2026-01-20", source="E5", lines=[["E-5", "80"]])
    yen: dict[str, Any] = {"customer": "C2", "currency": "JPY", "rate": "0.0061", "day": "2026-01-09"}
    document("Y-1", "12345", **yen, owes="12345")
    document("Y-2", "98765", **yen, paid=(("12345", "0.0063"),), owes="86421")
    document("Y-3", "12345", **yen, paid=(("12345", "0.0063"),))


def _receipts(books: Books) -> None:
    document = books.document
    document("R-1", "60")
    document("R-2", "70", owes="30")
    usd = {"customer": "C1", "currency": "USD"}
    books.then("receipt", **usd, day="2026-01-20", source="R12", lines=[["R-1", "60"], ["R-2", "40"]])
    document("R-3", "100")
    books.then("receipt", **usd, day="2027-12-31", source="R3", lines=[["R-3", "100"]])
    document("B-1", "100", owes="100")
    books.then("batch", batch="B1", ref="B-1", amount="100", day="2026-01-21", posted=0)
    document("B-2", "100")
    books.then("batch", batch="B2", ref="B-2", amount="100", day="2026-01-21", posted=1)
    document("B-3", "100", customer="C5")
    books.then("batch", batch="B3", ref="B-3", amount="98", day="2026-01-21", posted=1)
    document("R-4", "100", owes="100")
    books.then("receipt", **usd, day="2026-01-22", source="R4", lines=[["R-4", "100"]])
    books.then("reverse_receipt", batch="B4", source="R4", paid="2026-01-22", customer="C1", day="2026-01-25")
    document("R-5", "100")
    books.then("receipt", **usd, day="2026-01-22", source="R5", lines=[["R-5", "100"]])
    books.then("reverse_receipt", batch="B5", source="R5", paid="2026-01-22", customer="C1", day="2026-01-25")
    books.then("receipt", **usd, day="2026-01-26", source="R5B", lines=[["R-5", "100"]])
    # Set off against each other, wholly and in part; and a credit note that is paid out.
    document("M-1", "100")
    document("M-2", "100", credit=1)
    books.then("receipt", **usd, day="2026-01-27", source="M12", lines=[["M-1", "100"], ["M-2", "-100"]])
    document("M-3", "100", owes="60")
    document("M-4", "40", credit=1)
    books.then("receipt", **usd, day="2026-01-27", source="M34", lines=[["M-3", "40"], ["M-4", "-40"]])
    document("M-5", "25", credit=1, owes="-5")
    books.then("receipt", **usd, day="2026-01-27", source="M5", lines=[["M-5", "-20"]])


def invent(books: Books, seed: int, count: int = 60) -> None:
    """Add random documents with balances that are known beforehand; amounts that the company's cents hold exactly."""
    chance = random.Random(seed)
    for number in range(1, 4):
        books.customer(f"N{number}", f"Customer {number}")
    for number in range(count):
        currency, rate = chance.choice([("USD", "1"), ("EUR", "1.25")])
        total = Decimal(4 * chance.randint(1, 10 ** chance.randint(2, 5))) / 100
        credit, left, paid = chance.random() < 0.15, total, list[tuple[str, str]]()
        for _ in range(0 if credit else chance.randint(0, 3)):
            money = left if chance.random() < 0.4 else Decimal(4 * chance.randint(0, int(left * 25))) / 100
            if money:
                paid.append((str(money), rate))
            left -= money
        owes = None if not left else str(-left if credit else left)
        books.document(
            f"N-{seed}-{number}", str(total), customer=f"N{chance.randint(1, 3)}", currency=currency, rate=rate,
            day="2026-03-02", paid=tuple(paid), owes=owes, credit=int(credit),
        )  # fmt: skip


@contextmanager
def made(books: Books, database: str) -> Iterator[tuple[str, list[dict[str, str | None]]]]:
    """Have LedgerSMB make the books in a new database; yield its URL and what AR Outstanding lists."""
    try:
        with posted("ledgersmb", HOME / "lib" / "LedgerSMB.pm", books.actions, database) as found:
            yield found
    finally:
        with psycopg.connect(f"{server_url()}/postgres", autocommit=True) as connection:
            like = f"lsmb_{database}\\_\\_%".replace("_", "\\_").replace("\\\\_", "\\_")
            roles = connection.execute("SELECT rolname FROM pg_roles WHERE rolname LIKE %s", [like]).fetchall()
            for (role,) in roles:
                connection.execute(f'DROP ROLE "{role}"'.encode())
