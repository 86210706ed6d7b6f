"""Make books with Tryton's own client library, and print what Tryton says of every invoice: tryton_books.py SEED.

Tryton makes the database that the environment names, DB_NAME at TRYTOND_DATABASE_URI. Its word is state, amount to pay
and the parts that nothing has reconciled, each with its date.
"""

from __future__ import annotations

import datetime as dt
import json
import random
import sys
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from proteus import Model, Wizard, config
from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.modules.currency.tests.tools import get_currency
from trytond.tests.tools import activate_modules

TODAY = dt.datetime.now(dt.UTC).date()
"""Tryton asks back about every due date in the past."""

_RATES = {"JPY": ("150", "1"), "KWD": ("0.31", "0.001")}
"""Units for a dollar, and the smallest one, of currencies that Tryton's own tools do not make."""


class World:
    """One company with its accounts, and the invoices that were made in it, by a name of ours."""

    def __init__(self, company: Any, code: str) -> None:
        self.company, self.code = company, code
        year = set_fiscalyear_invoice_sequences(create_fiscalyear(company, TODAY))
        year.click("create_period")
        create_chart(company)
        self.accounts = get_accounts(company)
        cash, *_ = Model.get("account.journal").find([("type", "=", "cash")])
        self.method = Model.get("account.invoice.payment.method")(
            name="Cash", journal=cash, credit_account=self.accounts["cash"], debit_account=self.accounts["cash"]
        )
        self.method.save()
        waived, *_ = Model.get("account.journal").find([("type", "=", "write-off")])
        self.writeoff = Model.get("account.move.reconcile.write_off")(
            name="Waived",
            journal=waived,
            credit_account=self.accounts["expense"],
            debit_account=self.accounts["expense"],
        )
        self.writeoff.save()
        self.made: dict[str, Any] = {}

    def invoice(
        self, key: str, *prices: str, party: Any, term: Any, currency: str | None = None, quantity: int = 1,
        kind: str = "out", post: bool = True, payee: Any = None,
    ) -> Any:  # fmt: skip
        made = Model.get("account.invoice")(type=kind)
        made.party, made.payment_term, made.invoice_date, made.reference = party, term, TODAY, key
        made.currency = money(currency or self.code)
        if payee:
            made.alternative_payees.append(Model.get("party.party")(payee.id))  # one record cannot be in two lists
        for price in prices:
            line = made.lines.new()
            line.account = self.accounts["revenue" if kind == "out" else "expense"]
            line.quantity, line.unit_price = quantity, Decimal(price)
        made.save()
        if post:
            made.click("post")
        self.made[key] = made
        return made

    def pay(
        self, made: Any, amount: str, currency: str | None = None, kind: str = "partial", payee: Any = None
    ) -> None:
        wizard = made.click("pay")
        if payee:
            wizard.form.payee = payee
        wizard.form.amount, wizard.form.currency = Decimal(amount), money(currency or self.code)
        wizard.form.payment_method, wizard.form.date = self.method, TODAY
        wizard.execute("choice")
        if wizard.form_state == "ask":
            wizard.form.type = kind
            if kind == "writeoff":
                wizard.form.writeoff = self.writeoff
            wizard.execute("pay")

    def credit(self, key: str, made: Any, *, refund: bool) -> None:
        wizard = Wizard("account.invoice.credit", [made])
        wizard.form.with_refund, wizard.form.invoice_date = refund, TODAY
        wizard.execute("credit")
        known = [each.id for each in self.made.values()]
        for note in Model.get("account.invoice").find([("id", "not in", known), ("company", "=", self.company.id)]):
            self.made[key] = note

    def told(self) -> list[dict[str, Any]]:
        return [self._told(key, made) for key, made in self.made.items()]

    def _told(self, key: str, made: Any) -> dict[str, Any]:
        made.reload()
        parts = [
            (str(line.maturity_date), str(line.amount_second_currency or line.debit - line.credit))
            for line in made.lines_to_pay
            if not line.reconciliation
        ]
        return {
            "key": key,
            "company": made.company.id,
            "number": made.number,
            "kind": made.type,
            "state": made.state,
            "party": made.party.code,
            "currency": made.currency.code,
            "total": str(made.total_amount),
            "to_pay": str(made.amount_to_pay),
            "issued": str(made.invoice_date),
            "parts": parts,
        }


def money(code: str) -> Any:
    if code in _RATES and not Model.get("currency.currency").find([("code", "=", code)]):
        rate, unit = _RATES[code]
        digits = len(unit.partition(".")[2])
        made = Model.get("currency.currency")(name=code, code=code, rounding=Decimal(unit), digits=digits)
        made.rates.new(date=dt.date(2020, 1, 1), rate=Decimal(rate))
        made.save()
    return get_currency(code)


def party(name: str) -> Any:
    made = Model.get("party.party")(name=name)
    made.contact_mechanisms.new(type="email", value=f"{name.split()[0].lower()}@example.com")
    made.save()
    return made


def term(name: str, *parts: tuple[str | None, int]) -> Any:
    """Parts of a percentage (the last has none: what remains) and the days after which each is due."""
    made = Model.get("account.invoice.payment_term")(name=name)
    for ratio, days in parts:
        line = made.lines.new(type="percent" if ratio else "remainder")
        if ratio:
            line.ratio = Decimal(ratio)
        line.relativedeltas.new(days=days)
    made.save()
    return made


def scenes(world: World, one: Any, parts: Any) -> None:
    acme, beryl, carol = party("Acme & Söhne"), party("Beryl"), party("Carol")
    bill: dict[str, Any] = {"party": acme, "term": one}
    instalments: dict[str, Any] = {"party": beryl, "term": parts}
    invoice, pay = world.invoice, world.pay
    invoice("OPEN", "100", **bill)
    pay(invoice("PART", "100", **bill), "40.10")
    pay(invoice("PAID", "60", "40", **bill), "100")
    invoice("DRAFT", "100", **bill, post=False)
    invoice("VALIDATED", "100", **bill, post=False).click("validate_invoice")
    invoice("CANCELLED", "100", **bill, post=False).click("cancel")
    invoice("CREDIT", "25", **bill, quantity=-1)
    invoice("ZERO", "0", **bill)
    pay(invoice("OVER", "100", **bill), "130", kind="overpayment")
    world.credit("REFUND", invoice("REFUNDED", "70", **bill), refund=True)
    world.credit("NOTE", invoice("CREDITED", "70", **bill), refund=False)
    invoice("PARTS", "100", **instalments)
    pay(invoice("PARTS-FIRST", "100", **instalments), "30")
    pay(invoice("PARTS-MORE", "100", **instalments), "40")
    pay(invoice("PARTS-LESS", "100", **instalments), "10")
    invoice("PARTS-CREDIT", "100", **instalments, quantity=-1)
    for code, total, some in (("EUR", "200", "50"), ("JPY", "12345", "2345"), ("KWD", "1.234", "0.234")):
        invoice(code, total, **bill, currency=code)
        pay(invoice(f"{code}-PART", total, **bill, currency=code), some, currency=code)
    pay(invoice("EUR-BY-USD", "200", **bill, currency="EUR"), "1", currency="USD")
    _others(world, one, parts, acme, carol)


def _others(world: World, one: Any, parts: Any, acme: Any, carol: Any) -> None:
    invoice = world.invoice
    invoice("PAYEE", "100", party=acme, term=one, payee=carol)
    world.pay(invoice("PAYEE-PART", "100", party=acme, term=one, payee=carol), "10", payee=carol)
    late = invoice("RESCHEDULED", "100", party=acme, term=one)
    (wizard,) = late.click("reschedule_lines_to_pay").actions
    wizard.form.start_date, wizard.form.frequency, wizard.form.number = TODAY + dt.timedelta(days=30), "monthly", 2
    wizard.execute("preview")
    wizard.execute("reschedule")
    late.reload()
    world.pay(late, "10")
    for key, money_in in (("DELEGATED", None), ("DELEGATED-PART", "20")):
        made = invoice(key, "100", party=acme, term=parts)
        (wizard,) = Wizard("account.invoice.lines_to_pay.delegate", [made]).actions
        wizard.form.party = carol
        wizard.execute("delegate")
        made.reload()
        if money_in:
            world.pay(made, money_in, payee=carol)
    _amended(world, one, acme)
    renamed = party("Früher")
    invoice("RENAMED", "64", party=renamed, term=one)
    renamed.name, renamed.active = "Später", False
    renamed.save()


def _amended(world: World, one: Any, acme: Any) -> None:
    """Written off, set off against a credit note, paid and unpaid, cancelled after it was posted and made again."""
    invoice = world.invoice
    bill: dict[str, Any] = {"party": acme, "term": one}
    world.pay(invoice("WRITTEN-OFF", "100", **bill), "95", kind="writeoff")
    credited = invoice("SET-OFF", "70", **bill)
    world.credit("SET-OFF-NOTE", credited, refund=False)
    note = world.made["SET-OFF-NOTE"]
    note.invoice_date = TODAY
    note.click("post")
    lines = [*credited.lines_to_pay, *note.lines_to_pay]
    Wizard("account.move.reconcile_lines", lines)
    less = invoice("LESS", "100", **bill)
    world.credit("LESS-NOTE", less, refund=False)
    some = world.made["LESS-NOTE"]
    some.lines[0].unit_price = Decimal(30)
    some.invoice_date = TODAY
    some.click("post")
    undone = invoice("UNDONE", "100", **bill)
    world.pay(undone, "40")
    world.pay(undone, "60")
    undone.reload()
    for reconciliation in {line.reconciliation.id: line.reconciliation for line in undone.lines_to_pay}.values():
        reconciliation.delete()
    world.company.cancel_invoice_out = True
    world.company.save()
    gone = invoice("GONE", "88", **bill)
    gone.click("cancel")
    invoice("AGAIN", "88", **bill)


def invent(world: World, seed: int, terms: Sequence[Any], count: int = 6) -> None:
    """Add random documents, paid in parts or not at all."""
    chance = random.Random(seed)
    whose = [party(f"Customer {number}") for number in range(3)]
    for place in range(count):
        code, unit = chance.choice([("USD", "0.01"), ("EUR", "0.01"), ("JPY", "1"), ("KWD", "0.001")])
        total = Decimal(unit) * chance.randint(100, 10 ** chance.randint(3, 6))
        made = world.invoice(
            f"N-{place}", str(total), party=chance.choice(whose), term=chance.choice(terms), currency=code,
            quantity=chance.choice([1, 1, 1, -1]),
        )  # fmt: skip
        if chance.random() < 0.6 and made.total_amount > 0:
            part = (total * chance.randint(1, 99) / 100).quantize(Decimal(unit))
            world.pay(made, str(part), currency=code)


def main() -> None:
    activate_modules("account_invoice")
    create_company(currency=money("USD"))
    first = get_company()
    terms = [term("20 days", (None, 20)), term("30/70", ("0.3", 10), (None, 60))]
    world = World(first, "USD")
    scenes(world, *terms)
    invent(world, int(sys.argv[1]), terms)
    told = world.told()
    create_company(party=party("Second Ltd"), currency=money("EUR"))
    (second,) = Model.get("company.company").find([("id", "!=", first.id)])
    user = Model.get("res.user")(config.get_config().user)
    user.companies.append(Model.get("company.company")(second.id))
    user.company = Model.get("company.company")(second.id)
    user.save()
    config.get_config()._context = Model.get("res.user").get_preferences(True, {})
    other = World(second, "EUR")
    other.invoice("OTHER", "77", party=party("Other"), term=terms[0])
    json.dump(told + other.told(), sys.stdout)


if __name__ == "__main__":
    main()
