"""Words of the headings of a receiver's export: what was paid, what closes an invoice, and currencies."""

from __future__ import annotations

from arfeed.tables.headings.document_words import status_of
from arfeed.tables.headings.normalize import header_words, normalize_header

PAID = frozenset(
    (
        "paid", "amount paid", "paid amount", "total paid", "received", "amount received", "received amount",
        "payments", "payment", "payment amount", "payments received", "paid to date", "collected", "amount collected",
        "credited", "applied", "amount applied", "bezahlt", "gezahlt", "zahlung", "zahlungen", "bezahlter betrag",
        "paye", "montant paye", "deja paye", "pagado", "importe pagado", "pagato", "importo pagato", "betaald",
        "betaald bedrag", "betalt", "betalat",
    )
)  # fmt: skip
"""Common headings of what was paid of an invoice, in the form in which headings are compared."""

SYMBOLS = {
    "€": "EUR", "euro": "EUR", "euros": "EUR", "£": "GBP", "us$": "USD", "a$": "AUD", "au$": "AUD", "c$": "CAD",
    "ca$": "CAD", "nz$": "NZD", "hk$": "HKD", "s$": "SGD", "r$": "BRL", "₹": "INR", "₪": "ILS", "₺": "TRY", "₩": "KRW",
    "₴": "UAH", "₫": "VND", "฿": "THB", "₦": "NGN", "₱": "PHP", "sfr": "CHF", "fr": "CHF", "zł": "PLN", "zl": "PLN",
    "kč": "CZK", "ft": "HUF", "lei": "RON",
}  # fmt: skip
"""What signs and words for a currency can only mean, in lower case and without a full stop."""

POUNDS = frozenset(["EGP", "LBP", "SYP", "SDG", "SSP", "GIP", "FKP", "SHP"])
"""Other currencies than sterling that are written `£`."""

COMPARED = frozenset(["balance", "currency", "due_on", "customer_name"])
"""Columns that are compared if the export has them."""

CLOSED = ("paid", "void", "draft")
SETTLING = frozenset(
    (  # noqa: SIM905 - many quoted words are harder to read
        "paid closed settled cleared void voided cancelled canceled bezahlt beglichen ausgeglichen erledigt paye payee "
        "regle reglee pagado pagada pagato pagata betaald voldaan betalt betald reglement cobro incasso saldata "
        "zahldatum zahltag betalingsdato betaaldatum betalningsdatum received recd clearing clrng ausgleich "
        "ausgleichsdatum lettrage deleted archived removed writeoff storno storniert annule annulee anulada"
    ).split()
)
NOT_YET = frozenset(["be", "expected", "planned", "promised", "next", "last", "due", "not", "if"])
NOT_CLOSED = frozenset(
    ["open", "unpaid", "enabled", "not", "outstanding", "offen", "nicht", "unbezahlt", "non", "niet", "active", "aktiv"]
)
ASIDE = frozenset(
    ["archived", "archive", "archiviert", "archivee", "archivado", "hidden", "inactive", "inaktiv", "removed"]
)
FLAGGED = frozenset(["erledigt", "solde", "soldee", "matched", "reconciled", "resolved", "collected"])
OVER = frozenset(
    [
        "closed",
        "settled",
        "cleared",
        "resolved",
        "collected",
        "erledigt",
        "abgeschlossen",
        "ausgeglichen",
        "solde",
        "soldee",
    ]
)
CREDIT = ("credit", "gutschrift", "avoir", "abono", "return", "refund")
VOID = ("void", "cancel", "storn", "annul", "anul", "makul", "delet", "geloscht")
"""Words of the heading of a day of payment, and those by which it is none; of a flag that an open invoice has, one
that it lacks as a rule, and others that it lacks; of a state that closes one in a receiver's list; of one that says
what a document is; and of one that it was never owed."""

COUNTING_ROWS = frozenset(
    ["no", "nr", "row", "line", "pos", "position", "lfd nr", "zeile", "ligne", "fila", "linea", "riga", "regel", "s no"]
)
COUNTING_DAYS = frozenset(
    (  # noqa: SIM905 - many quoted words are harder to read
        "overdue late age aging ageing past verzug uberfallig uberfalligkeit alter retard mora atraso vencidos ritardo "
        "scaduto laat vervallen ouderdom forfallen"
    ).split()
)
"""Headings of the numbers of rows, and words of those of an invoice's age in days."""

_CLOSING = SETTLING | ASIDE | FLAGGED | OVER


def says_closed(header: str) -> bool:
    """Whether a heading has a word by which an invoice is closed, or which is that of a payment."""
    return bool(header_words(header) & _CLOSING or normalize_header(header) in PAID or status_of(header) in CLOSED)


_OF_PAYMENTS = ("pay", "zahl", "paie", "regl", "pag", "betal", "betaal", "plat", "maks", "cobro", "incass", "remit")
"""How a word of a heading begins that is about payments."""

_DONE = frozenset(
    "posted authorised authorized sent viewed versendet skickad bokford bogfort bokfort".split()  # noqa: SIM905
)
"""What is open of an invoice, and of a payment may mean that it was made."""

_SEVERAL = frozenset(["vervallen"])
"""Dutch for overdue, and for lapsed."""


def is_ambiguous(word: str, header: str) -> bool:
    """Whether a word for a status means something else in a column under such a heading, or may there."""
    name = normalize_header(word)
    of_payments = any(each.startswith(_OF_PAYMENTS) for each in header_words(header))
    return name in _SEVERAL or (of_payments and name in _DONE)


def begins_closed(text: str) -> bool:
    """Whether a text begins with a word by which an invoice is closed, such as `Paid 3/4 by cheque`."""
    first = normalize_header(text).partition(" ")[0]
    return first in _CLOSING or status_of(first) in CLOSED or status_of(text) in CLOSED


def mentions_closed(text: str) -> bool:
    """Whether a text has a word anywhere by which an invoice is closed."""
    return begins_closed(text) or bool(header_words(text) & _CLOSING)
