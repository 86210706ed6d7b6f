"""What can happen to an invoice in ERPNext: a scene each, with what must be said of it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from support.erps.erpnext import DEBTORS, FAR, Invoice, Site, day

SCENES: list[Callable[[Site], None]] = []


def scene(function: Callable[[Site], None]) -> Callable[[Site], None]:
    SCENES.append(function)
    return function


def site() -> Site:
    """All scenes played on one site; what a scene forgot to judge is an error of the scene."""
    played = Site()
    for each in SCENES:
        each(played)
    forgotten = {invoice.name for invoice in played.invoices} - played.became.keys()
    assert not forgotten, forgotten
    return played


@scene
def payments(site: Site) -> None:
    who = site.customer("K-PAY", "Albers & Co", "books@example.com")
    site.invoice(who, "120", po_no="PO 7").owes("120")
    site.invoice(who, "120").paid("45.55").owes("74.45")
    site.invoice(who, "120").paid("120").became("paid")
    site.invoice(who, "0.30").paid("0.10").paid("0.20", -4).became("paid")
    site.invoice(who, "210").paid("210").became("paid")
    site.unused(who, "33")  # what was paid beyond that
    draft = site.draft(who, "75").became("draft")
    draft.row.update(docstatus=0, status="Draft")
    site.invoice(who, "61", due=-3).owes("61")
    site.invoice(who, "61", due=-3).paid("6").owes("55")
    site.invoice(who, "130").unpaid("80").owes("130")
    site.invoice(who, "131").owes("131")  # a payment was drafted, which leaves no line
    site.invoice(who, "132").unpaid("80", reversed_=True).owes("132")


@scene
def post_dated(site: Site) -> None:
    who = site.customer("K-CHQ", "Cheques Ltd")
    whole = site.invoice(who, "900").paid("900", FAR).owes("900")
    whole.row["status"] = "Paid"
    site.invoice(who, "901").paid("400", FAR).owes("901")
    site.invoice(who, "902").paid("300").paid("602", FAR).owes("602")
    site.invoice(who, "903", issued=FAR, due=FAR + 30).owes("903")
    opening = site.journal((who, "90"))
    site.paid_journal(opening, who, "90", FAR)
    site.owes_by_journal(f"{opening} / {who}", who, "90")


@scene
def advances(site: Site) -> None:
    who = site.customer("K-ADV", "Vorkasse GmbH")
    site.invoice(who, "80").paid("50", -25).owes("30")
    site.unused(who, "500")
    apart = site.invoice(who, "82")  # where advances have an account of their own
    number = site.number("PAY")
    for account, money in (("Advances - N", -50), ("Advances - N", 50)):
        site.ledger(
            "Nordlicht", who, "Payment Entry", number, "Payment Entry", number, type(apart.row["grand_total"])(money),
            -25, account=account,
        )  # fmt: skip
    apart.paid("50", -25).owes("32")


@scene
def credit_notes(site: Site) -> None:
    who = site.customer("K-RET", "Retour BV")
    for alone in (False, True):
        whole = site.invoice(who, "140")
        note = whole.credited("140", alone=alone)
        part = site.invoice(who, "150")
        of_part = part.credited("35", alone=alone)
        half = site.invoice(who, "160").paid("60")
        of_half = half.credited("25", alone=alone)
        if alone:
            whole.owes("140"), part.owes("150"), half.owes("100")
            note.owes("-140"), of_part.owes("-35"), of_half.owes("-25")
        else:
            whole.became("paid"), part.owes("115"), half.owes("75")
            whole.row["status"] = "Credit Note Issued"
            note.became("paid"), of_part.became("paid"), of_half.became("paid")
    paid = site.invoice(who, "170").paid("170").became("paid")
    paid.credited("170", alone=True).owes("-170")
    refunded = site.invoice(who, "171").paid("171").became("paid")
    refunded.credited("171", alone=True).paid("-70").owes("-101")
    wholly = site.invoice(who, "172").paid("172").became("paid")
    wholly.credited("172", alone=True).paid("-172").became("paid")
    by_journal = site.invoice(who, "173").paid("173").became("paid")
    by_journal.credited("173", alone=True).journal("-100").owes("-73")
    over = site.invoice(who, "174").paid("174").became("paid")
    over.credited("174", alone=True).journal("-200").owes("26", amount=None)
    site.invoice(who, "175").credited("175", alone=False, cancelled=True).became("void")
    site.invoices[-2].owes("175")
    rest = site.invoice(who, "176")
    rest.credited("26", alone=False).became("paid")
    rest.paid("150").became("paid")
    stands = site.draft(who, "-25", is_return=1)
    stands.row["outstanding_amount"] = 0
    stands.entry("Sales Invoice", stands.name, stands.row["grand_total"], -20).owes("-25")


@scene
def reconciled(site: Site) -> None:
    who = site.customer("K-REC", "Abgleich AG")
    invoice = site.invoice(who, "180")
    note = invoice.credited("40", alone=True)
    number = site.entry_of_a_journal(0)  # of the type Credit Note, which reconciling writes
    for document, sign in ((invoice, -40), (note, 40)):
        document.entry("Journal Entry", number, type(document.row["grand_total"])(sign), -1)
    invoice.owes("140")
    note.became("paid")
    site.invoice(who, "181").owes("181")
    site.unused(who, "181")  # a payment that was taken off its invoice again
    site.invoices[-1].entry("Payment Entry", "PAY-OFF", -site.invoices[-1].row["grand_total"], -5, delinked=1)


_THREE = (("300", -10), ("300", 20), ("400", 50))


@scene
def instalments(site: Site) -> None:
    who = site.customer("K-TRM", "Raten SE")

    def of(total: str = "1000") -> Invoice:
        return site.invoice(who, total, terms=_THREE)

    of().owes("1000", -10)
    of().paid("300", of=0).owes("700", 20)
    of().paid("300", of=0).paid("150", of=1).owes("550", 20)
    of().paid("300", of=0).paid("300", of=1).owes("400", 50)
    of().paid("300", of=0).paid("300", of=1).paid("400", of=2).became("paid")
    of().paid("100").owes("900", -10)
    of().paid("300").owes("700", 20)
    of().paid("450").owes("550", 20)
    of().paid("600").owes("400", 50)
    of().paid("1000").became("paid")
    of().journal("300").owes("700", 20)
    of().journal("299.99").owes("700.01", -10)
    of().paid("300", of=1).owes("700", -10)  # the second was paid first
    of().paid("300", of=0, discount="0").journal("300").owes("400", 50)
    of().paid("1000", FAR).owes("1000", -10)
    of().paid("300").paid("700", FAR).owes("700", 20)
    for tag in range(2):
        invoice = of()
        invoice.credited("300", alone=bool(tag)).became("paid") if not tag else invoice.credited(
            "300", alone=True
        ).owes("-300")
        invoice.owes("700", 20) if not tag else invoice.owes("1000", -10)
    advance = site.invoice(who, "1000", terms=(("210", -10), ("210", 20), ("280", 50)))
    advance.paid("300", -25).owes("700", -10)  # an advance that was there before is in no instalment
    early = site.invoice(who, "100", terms=(("100", 10),))
    early.paid("98", of=0, discount="2").became("paid")
    site.invoice(who, "100", terms=(("100", 10),)).owes("100")
    twice = site.invoice(who, "500", terms=(("250", 5), ("250", 5)))
    twice.paid("250", of=0).owes("250", 5)


@scene
def currencies(site: Site) -> None:
    who = site.customer("K-USD", "Foreign Inc")
    dollars = {"currency": "USD", "rate": "0.9"}
    site.invoice(who, "200", **dollars).owes("200")
    site.invoice(who, "200", **dollars).paid("50").owes("150")
    gain = site.invoice(who, "200", **dollars).paid("150")
    gain.journal("0").owes("50")  # the exchange gain moves nothing in dollars
    site.invoice(who, "200", **dollars).paid("200").became("paid")
    home = site.customer("K-EUR", "Foreign in Euro")
    euros = {**dollars, "account_currency": "EUR"}
    site.invoice(home, "210", **euros).owes("189")
    site.invoice(home, "210", **euros).paid("90").owes("99")
    site.invoice(home, "210", **euros).paid("189").became("paid")
    site.invoice(home, "1000", **euros, terms=_THREE).owes("900", -10)
    site.invoice(home, "1000", **euros, terms=_THREE).paid("270").owes("630", 20)
    site.invoice(home, "1000", **euros, terms=_THREE).paid("540").owes("360", 50)
    site.invoice(home, "10.01", currency="USD", rate="0.333333333", account_currency="EUR").owes("3.34")
    site.invoice(home, "210", currency="USD", account_currency="EUR").owes("210")
    invoice = site.invoice(home, "220", **euros).owes("198")
    invoice.credited("50", alone=True).owes("-45")
    japan, kuwait = site.customer("K-JPY", "Nihon KK"), site.customer("K-KWD", "Kuwait Co")
    site.invoice(japan, "12000", currency="JPY", rate="0.006").owes("12000")
    site.invoice(japan, "12000", currency="JPY", rate="0.006").paid("2000").owes("10000")
    site.invoice(kuwait, "10.125", currency="KWD", rate="3").owes("10.125")
    site.invoice(kuwait, "10.125", currency="KWD", rate="3").paid("10.123").owes("0.002")
    revalued = site.invoice(who, "300", **dollars).owes("300")
    number = site.number("REVAL")
    for money in (-300, 300):
        site.ledger(
            "Nordlicht", who, "Journal Entry", "JOUR-R", "Exchange Rate Revaluation", number,
            type(revalued.row["grand_total"])(money), -1, currency="USD",
        )  # fmt: skip


@scene
def write_offs(site: Site) -> None:
    who = site.customer("K-OFF", "Abschreibung AB")
    site.invoice(who, "190").paid("190").became("paid")  # of which 2 were written off beside the payment
    site.invoice(who, "191").journal("191").became("paid")
    site.invoice(who, "192").paid("191.99").owes("0.01")
    site.invoice(who, "193").paid("192.998").became("paid")  # dust


@scene
def journals(site: Site) -> None:
    who, heir = site.customer("K-JRN", "Journal plc"), site.customer("K-NEW", "Erbe OHG")
    site.invoice(who, "230").journal("230").became("paid")
    site.invoice(who, "231").journal("45.5").owes("185.5")
    cancelled = site.invoice(who, "232").owes("232")
    for money in (-232, 232):
        cancelled.entry("Journal Entry", "JOUR-X", type(cancelled.row["grand_total"])(money), -6, delinked=1)
    site.invoice(who, "233").journal("-20").owes("253")
    site.invoice(who, "234").journal("234", other=heir).became("paid")  # the debt was moved to another customer
    part = site.journal((who, "44"))
    site.paid_journal(part, who, "11")
    site.owes_by_journal(f"{part} / {who}", who, "33")
    settled = site.journal((who, "45"), status="paid")
    site.paid_journal(settled, who, "45")
    site.journal((who, "15"), (heir, "20"))
    site.journal((who, "10"), (who, "5"))
    site.journal((who, "46"), status="void")
    credit = site.journal((who, "-7"), status="paid")  # in the customer's favour: a payment, which is not listed
    assert credit
    site.ledger(  # what is owed to a supplier is none of ours
        "Nordlicht", "S-1", "Journal Entry", "JOUR-S", "Journal Entry", "JOUR-S",
        site.invoices[0].row["grand_total"], -6, account="Creditors - N", account_type="Payable",
        party_type="Supplier",
    )  # fmt: skip
    opening = site.invoice(who, "77", issued=-300, due=-270, rounded="0", base_rounded="0", name="OLD-77").owes("77")
    opening.instalments.clear()


@scene
def cancelled(site: Site) -> None:
    who = site.customer("K-CAN", "Storno KG")
    site.cancelled(who, "250")
    first = site.cancelled(who, "251")
    second = site.cancelled(who, "252", name=f"{first.name}-1", amended_from=first.name)
    site.invoice(who, "253", name=f"{first.name}-2", amended_from=second.name).owes("253")
    other = site.cancelled(who, "254")
    site.invoice(who, "254", amended_from=other.name).owes("254")  # where amended ones get the next number
    site.cancelled(who, "255")
    site.unused(who, "60")  # which had been paid on it
    kept = site.cancelled(who, "256")
    kept.row["outstanding_amount"] = kept.row["grand_total"]


@scene
def reposted(site: Site) -> None:
    who = site.customer("K-RPT", "Neu gebucht SE")

    def again(invoice: Invoice, amount: str) -> Invoice:
        """Repost Accounting Ledger: what was booked is delinked with its reversal, and the invoice booked anew."""
        old = invoice.row["outstanding_amount"]
        site.lines[-1]["delinked"] = 1
        invoice.entry("Sales Invoice", invoice.name, -old, 0, delinked=1)
        invoice.row["outstanding_amount"] = Decimal(0)
        return invoice.entry("Sales Invoice", invoice.name, Decimal(amount), -20)

    again(site.invoice(who, "310"), "310").owes("310")
    again(site.invoice(who, "311"), "311").paid("11").owes("300")
    again(site.invoice(who, "312"), "312").paid("312").became("paid")
    # A payment that is taken off one invoice and put on another; and one that is amended, its amount too.
    site.invoice(who, "313").entry("Payment Entry", "PAY-MOVED", Decimal(-313), -5, delinked=1).owes("313")
    site.invoice(who, "313").entry("Payment Entry", "PAY-MOVED", Decimal(-313), -5).became("paid")
    amended = site.invoice(who, "314").unpaid("314")
    amended.paid("300").owes("14")
    # Prepaid and allocated, then the allocation is undone: the advance is unused again, and the invoice open.
    site.invoice(who, "315").entry("Payment Entry", "PAY-ADV", Decimal(-315), -25, delinked=1).owes("315")
    site.unused(who, "315")


@scene
def rounding(site: Site) -> None:
    who = site.customer("K-RND", "Runde ApS")
    site.invoice(who, "100.49", rounded="100", base_rounded="100").owes("100")
    site.invoice(who, "100.51", rounded="101", base_rounded="101").owes("101")
    site.invoice(who, "100.49", rounded="0", base_rounded="0").owes("100.49")
    site.invoice(who, "0.40", rounded="0", base_rounded="0").owes("0.40")
    site.invoice(who, "100.49", rounded="100", base_rounded="100").paid("50").owes("50")
    site.invoice(who, "100.49", currency="USD", rate="0.9", account_currency="EUR").owes("90.44")
    site.invoice(who, "0", rounded="0", base_rounded="0").became("paid")


@scene
def points_and_debit_notes(site: Site) -> None:
    who = site.customer("K-LOY", "Treu Ltd")
    site.invoice(who, "260").owes("260")
    redeemed = site.invoice(who, "261")
    redeemed.entry("Sales Invoice", redeemed.name, -redeemed.row["grand_total"] / 26 * 1, -20, account="Points - N")
    redeemed.site.lines[-1].update(account=DEBTORS, amount_in_account_currency=-redeemed.row["grand_total"] / 9)
    redeemed.row["outstanding_amount"] -= redeemed.row["grand_total"] / 9
    redeemed.owes("232")
    site.invoice(who, "15", status="Unpaid").owes("15")
    site.invoice(who, "16").owes("16")


@scene
def customers(site: Site) -> None:
    before = site.customer("K-REN", "Vorher GmbH")
    site.invoice(before, "270").owes("270", name="Nachher GmbH")
    site.customers["K-REN"] = ("Nachher GmbH", None)
    site.invoice("K-REN", "271").owes("271")
    target = site.customer("K-MRG", "Ziel AG")
    for total, paid in (("272", "0"), ("273", "10")):
        away = site.invoice(target, total, customer_name="Aufgegangen AG")
        if paid != "0":
            away.paid(paid)
        away.owes(str(int(total) - int(paid)), name="Ziel AG")
    site.invoice(target, "274").owes("274")
    nameless = site.customer("K-NIL", "")
    site.invoice(nameless, "275", customer_name="Kept on paper").owes("275", name="Kept on paper")
    odd = site.customer("K-ODD", 'Müller & "Söhne"; 東京')
    site.invoice(odd, "5").owes("5")
    gone = site.invoice(site.customer("K-GON", "Verloren KG"), "276").owes("276")
    del site.customers[gone.row["customer"]]  # whose record was lost: the invoice is open all the same
    sister = site.customer("K-SIS", "Schwester GmbH")
    site.invoice(sister, "277").owes("277")
    inner = site.draft(sister, "278").became("paid")  # an internal transfer owes nothing and leaves no line
    inner.row["outstanding_amount"] = 0


@scene
def companies(site: Site) -> None:
    both = site.customer("K-TWO", "Beide AG")
    site.invoice(both, "11").owes("11")
    site.invoice(both, "22", company="Südlicht").owes("22")
    site.invoice(both, "33", company="Ostlicht", currency="USD").owes("33")
    site.invoice(both, "44", company="Ostlicht", currency="EUR", rate="1.1", account_currency="USD").owes("48.40")


@scene
def tills(site: Site) -> None:
    who = site.customer("K-POS", "Laufkundschaft")

    def till(total: str, paid: str, **how: object) -> Invoice:
        invoice = site.invoice(who, total, issued=-2, due=-2, **how)
        invoice.instalments.clear()
        money = type(invoice.row["grand_total"])(paid)
        return invoice.entry("Sales Invoice", invoice.name, -money, -2) if money else invoice

    till("30", "30").became("paid")
    till("31", "10").owes("21")
    short = till("32", "31.5")
    short.entry("Sales Invoice", short.name, -(short.row["outstanding_amount"]), -2).became("paid")
    till("70", "45").owes("25")
    back = site.draft(who, "-20", issued=-2, due=-2, is_return=1).became("paid")
    back.row["outstanding_amount"] = 0
    for sign in (1, -1):
        back.entry("Sales Invoice", back.name, sign * back.row["grand_total"], -2)
    site.invoice(who, "60", issued=-40, due=-35).owes("60")


@scene
def sold_to_a_bank(site: Site) -> None:
    who = site.customer("K-FAC", "Factoring AG")
    site.invoice(who, "280").discounted().owes("280")
    site.invoice(who, "281").discounted().journal("81", -2, account="Debts Sold - N").owes("200")
    site.invoice(who, "282").discounted().journal("282", -2, account="Debts Sold - N").became("paid")
    site.invoice(who, "283").discounted().journal("283", -2, account="Debts Returned - N").became("paid")
    site.invoice(who, "284").paid("84").discounted().owes("200")
    again = site.invoice(who, "285").discounted("100")
    again.unpaid("100").row["outstanding_amount"] = again.row["grand_total"] - 100
    again.owes("285")
    touched = site.invoice(who, "286").discounted()
    touched.credited("26", alone=False).became("paid")
    touched.row["outstanding_amount"] = touched.row["grand_total"] * 0 - 26  # which counts the sale as a payment
    touched.owes("260")
    later = site.invoice(who, "287", terms=(("100", -10), ("187", 20))).discounted()
    later.journal("100", -2, account="Debts Sold - N").owes("187", 20)


@scene
def also_a_supplier(site: Site) -> None:
    who = site.customer("K-SUP", "Auch Lieferant")
    site.invoice(who, "290").journal("290").became("paid")
    site.invoice(who, "291").journal("91").owes("200")


@scene
def many_small_ones(site: Site) -> None:
    who = site.customer("K-MNY", "Viele Kleine")
    for number in range(1, 25):
        invoice = site.invoice(who, f"{number}.25", issued=-number - 20, due=-number + 5, po_no=f"PO {number}")
        if number % 3 == 0:
            invoice.paid(f"{number}.25").became("paid")
        elif number % 3 == 1:
            invoice.paid("0.25").owes(str(number))
        else:
            invoice.owes(f"{number}.25")
    assert site.invoices[-1].row["due_date"] == day(-19)
