"""Make a book with GnuCash's own Python API, and print what GnuCash says of each document.

gnucash_book.py URL < actions. Debian's Python runs it, the only one that has the module; actions are JSON, one a line.
GnuCash's word is the balance of a document's lot, in the currency of its receivable account, `IsPaid`, and its dates.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from decimal import Decimal
from typing import Any

from gnucash import (
    ACCT_TYPE_BANK,
    ACCT_TYPE_EXPENSE,
    ACCT_TYPE_INCOME,
    ACCT_TYPE_PAYABLE,
    ACCT_TYPE_RECEIVABLE,
    Account,
    GncNumeric,
    Session,
    SessionOpenMode,
    Split,
    Transaction,
)
from gnucash.gnucash_business import Bill, Customer, Employee, Entry, Invoice, Job, Vendor

_CENTS = {"JPY": 1, "KWD": 1000}


def number(text: str, denominator: int) -> Any:
    """A text as GnuCash's fraction, exactly."""
    return GncNumeric(int((Decimal(text) * denominator).to_integral_exact()), denominator)


def decimal(fraction: Any) -> str:
    return str(Decimal(fraction.num()) / Decimal(fraction.denom()))


class Book:
    """An open session, the accounts of each currency, and everything that was made by its number."""

    def __init__(self, url: str) -> None:
        first = Session(url, SessionOpenMode.SESSION_NEW_STORE)
        first.save()  # an SQL backend wants its empty book saved and opened again before anything is put in it
        first.end()
        self.session = Session(url, SessionOpenMode.SESSION_NORMAL_OPEN)
        self.book = self.session.book
        self.accounts: dict[tuple[int, str], Any] = {}
        self.owners: dict[str, Any] = {}
        self.documents: dict[str, tuple[dict[str, Any], Any]] = {}

    def currency(self, code: str) -> Any:
        return self.book.get_table().lookup("CURRENCY", code)

    def account(self, kind: int, code: str) -> Any:
        if (kind, code) not in self.accounts:
            made = Account(self.book)
            self.book.get_root_account().append_child(made)
            made.SetName(f"{kind} {code}")
            made.SetType(kind)
            made.SetCommodity(self.currency(code))
            self.accounts[kind, code] = made
        return self.accounts[kind, code]

    def do_owner(self, act: dict[str, Any]) -> None:
        make = {"customer": Customer, "vendor": Vendor, "employee": Employee}
        if act["kind"] == "job":
            made = Job(self.book, act["number"], self.owners[act["of"]], act["name"])
        else:
            made = make[act["kind"]](self.book, act["number"], self.currency(act["currency"]), act["name"])
        if act.get("email"):
            made.GetAddr().SetEmail(act["email"])
        self.owners[act["number"]] = made

    def do_rename(self, act: dict[str, Any]) -> None:
        self.owners[act["number"]].SetName(act["name"])
        self.owners[act["number"]].SetActive(False)

    def do_document(self, act: dict[str, Any]) -> None:
        bill, code, day = act.get("bill", False), act["currency"], dt.date.fromisoformat(act["day"])
        made = (Bill if bill else Invoice)(self.book, act["ref"], self.currency(code), self.owners[act["owner"]], day)
        made.SetBillingID(act.get("po", ""))
        if act.get("credit"):
            made.SetIsCreditNote(True)
        for quantity, price in act["lines"]:
            entry = Entry(self.book, made, day)
            entry.SetDescription("work")
            entry.SetQuantity(GncNumeric(-quantity if act.get("credit") else quantity, 1))
            side = "Bill" if bill else "Inv"
            getattr(entry, f"Set{side}Account")(self.account(ACCT_TYPE_EXPENSE if bill else ACCT_TYPE_INCOME, code))
            getattr(entry, f"Set{side}Price")(number(price, 1_000_000))
        self.documents[act["key"]] = act, made
        if not act.get("draft"):
            self.do_post(act)

    def do_post(self, act: dict[str, Any]) -> None:
        about, made = self.documents[act["key"]]
        kind = ACCT_TYPE_PAYABLE if about.get("bill") else ACCT_TYPE_RECEIVABLE
        day, due = dt.date.fromisoformat(about["day"]), dt.date.fromisoformat(about["due"])
        made.PostToAccount(self.account(kind, about["currency"]), day, due, "memo", True, False)

    def do_unpost(self, act: dict[str, Any]) -> None:
        self.documents[act["key"]][1].Unpost(True)

    def do_pay(self, act: dict[str, Any]) -> None:
        """Pay from a bank; `money` is what comes in there, and `rate` the bank's units for one of the invoice's."""
        about, made = self.documents[act["key"]]
        bank = self.account(ACCT_TYPE_BANK, act.get("money", about["currency"]))
        units = _CENTS.get(about["currency"], 100)
        rate = number(act.get("rate", "1"), 1_000_000)
        made.ApplyPayment(None, bank, number(act["amount"], units), rate, dt.date.fromisoformat(act["day"]), "pay", "")

    def do_register(self, act: dict[str, Any]) -> None:
        """Money of another currency in a bank's register, put into the invoice's lot by hand: value is not amount."""
        about, made = self.documents[act["key"]]
        entry = Transaction(self.book)
        entry.BeginEdit()
        entry.SetCurrency(self.currency(act["money"]))
        entry.SetDate(6, 1, 2026)
        entry.SetDescription("register")
        receivable = self.account(ACCT_TYPE_RECEIVABLE, about["currency"])
        bank = self.account(ACCT_TYPE_BANK, act["money"])
        for account, value, amount in (
            (bank, act["value"], act["value"]),
            (receivable, f"-{act['value']}", f"-{act['amount']}"),
        ):
            split = Split(self.book)
            split.SetParent(entry)
            split.SetAccount(account)
            split.SetValue(number(value, 100))
            split.SetAmount(number(amount, 100))
        entry.CommitEdit()
        made.GetPostedLot().add_split(split)

    def do_void_payments(self, act: dict[str, Any]) -> None:
        made = self.documents[act["key"]][1]
        for split in made.GetPostedLot().get_split_list():
            entry = Split(instance=split).GetParent() if not isinstance(split, Split) else split.GetParent()
            if entry.GetTxnType() == "P":
                entry.Void("bounced")

    def do_settle(self, act: dict[str, Any]) -> None:
        """Use what the customer has left over, credit notes and payments, on this document."""
        self.session.save()
        self.documents[act["key"]][1].AutoApplyPayments()

    def do_prepayment(self, act: dict[str, Any]) -> None:
        owner, code = self.owners[act["owner"]], act["currency"]
        owner.ApplyPayment(
            None, None, self.account(ACCT_TYPE_RECEIVABLE, code), self.account(ACCT_TYPE_BANK, code),
            number(act["amount"], 100), GncNumeric(1, 1), dt.date.fromisoformat(act["day"]), "ahead", "", False,
        )  # fmt: skip

    def told(self) -> list[dict[str, Any]]:
        """What GnuCash says of each document, as its pages would."""
        return [self._told(key, about, made) for key, (about, made) in self.documents.items()]

    def _told(self, key: str, about: dict[str, Any], made: Any) -> dict[str, Any]:
        posted = bool(made.IsPosted())
        lot = made.GetPostedLot() if posted else None
        return {
            "key": key,
            "ref": made.GetID(),
            "posted": posted,
            "paid": bool(made.IsPaid()),
            "credit": bool(made.GetIsCreditNote()),
            "currency": about["currency"],
            "total": decimal(made.GetTotal()),
            "balance": decimal(lot.get_balance()) if lot is not None else None,
            "issued": made.GetDatePosted().date().isoformat() if posted else None,
            "due": made.GetDateDue().date().isoformat() if posted else None,
        }


def main() -> None:
    book = Book(sys.argv[1])
    for line in sys.stdin:
        act = json.loads(line)
        getattr(book, f"do_{act['do']}")(act)
    book.session.save()
    told = book.told()
    book.session.end()
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
