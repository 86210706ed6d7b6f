"""Words that change what a heading means, and headings and words of what is not an open invoice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_TAX_WORDS = "tax vat gst hst pst qst mwst mw ust umsatzsteuer steuer iva tva btw imposto impuesto impot moms mva igic"
_OTHER_DATES = (
    "paid pay payment clear cleared clearing settled settlement closed created creation updated modified changed "
    "deleted sent ship shipped shipping delivery delivered order ordered expected planned start end from until "
    "reminder dunning mahnung last next birth printed baseline voided bezahlt zahlung zahldatum geandert erstellt "
    "lieferdatum"
)
_DUE = "due faellig fallig falligkeit maturity vencimiento scadenza vervaldatum echeance payable"
_UNITS = "cent cents pence paise minor thousand thousands tausend tsd teur keur "
_OF = {
    "invoice_ref": "custom date datum fecha data status state type typ art total amount betrag balance currency "
    "customer client cust contact account order po purchase phone mobile fax bank payment line item cheque tracking "
    "check project quote due days terms notes name text email address url link file filename count quantity sent "
    + _TAX_WORDS,
    "customer_name": "id no number nr nummer code email mail phone group type city address street country since ref "
    "reference po order person terms memo note comment state zip status balance currency notes " + _TAX_WORDS,
    "customer_id": "bank gl ledger iban order po purchase invoice name email " + _TAX_WORDS,
    "customer_email": "sent status",
    "currency": "rate symbol",
    "issued_on": f"{_DUE} {_OTHER_DATES}",
    "due_on": "past over days discount skonto escompte descuento sconto korting rabatt "
    + _OTHER_DATES.replace("payment ", "").replace("pay ", "").replace("end ", ""),
    "balance": _UNITS
    + "is applied opening starting beginning previous running ending closing account customer client credit "
    "paid now today overdue past month monthly "
    "days day tage since limit percent pct prozent line original bcy base local lc home functional "
    "hauswaehrung reporting " + _TAX_WORDS,
    "amount": _UNITS
    + "net netto neto nett excl ex excluding exclusive without ht hors discount rabatt skonto line unit item disputed "
    "withheld retained paid bezahlt received credited applied refunded refund fee shipping freight subtotal sub due "
    "open outstanding pending remaining unpaid overdue words hours days rate percent pct prozent offen rest bcy base "
    "local lc home functional hauswaehrung reporting " + _TAX_WORDS,
    "status": "print customer client email mail sync approval delivery shipping dunning mahn line item sent province",
}
MISLEADING: Mapping[str, frozenset[str]] = {column: frozenset(words.split()) for column, words in _OF.items()}
"""Words that give a heading another meaning if it only contains a column's name: `Tax amount` is not the amount."""

TAXES = frozenset(_TAX_WORDS.split())

WITH_TAXES = frozenset(["incl", "including", "inclusive", "inc", "inkl", "gross", "brutto", "ttc", "with"])
"""Words that make a heading with the name of a tax the total all the same: `amount incl. VAT`."""

SETTLED: Sequence[str] = (
    "date paid", "paid date", "paid on", "payment date", "clear date", "clearing date", "cleared on",
    "settled date", "settlement date", "settled on", "date settled", "closed date", "date closed", "bezahlt am",
    "zahlungsdatum", "ausgleichsdatum", "ausgeglichen am", "ausgleich", "date de paiement", "paye le",
    "receipt date", "date received", "received on", "date of receipt", "date of payment", "zahlungseingang am",
    "geldeingang", "date encaissement", "date d encaissement", "fecha de cobro", "fecha cobro", "data incasso",
    "betaldatum", "betalingsdato", "inbetalningsdatum", "maksupaiva", "data zaplaty", "datum uhrady",
    "fecha de pago", "data pagamento", "betaald op", "betaaldatum", "void date", "date voided",
)  # fmt: skip
"""Common headers of the day on which an invoice was paid: a row that has one may not be open."""

CLEARED: Sequence[str] = (
    "clearing document", "clearing doc", "clearing doc no", "clearing document no", "clrng doc", "clrg doc", "clearing",
    "clearing no", "clearing number", "clearing entry", "ausgleichsbeleg", "ausgleichsbelegnr",
    "ausgleichsbelegnummer", "ausgl beleg", "ausgleichsnr", "ausgleichsnummer", "lettrage",
    "lettre", "lettr", "code lettrage", "code de lettrage", "lettrage code", "punteo", "punteado", "casacion",
    "conciliacion", "abbinamento", "codice abbinamento", "aflettercode", "aflettering", "afletternummer", "matching",
    "matching number", "matching no", "match no", "match code", "matching code", "full reconcile", "reconcile",
    "reconciliation", "reconciliation no", "full reconcile id", "closed by entry no", "settlement no",
    "settlement number", "settlement document", "udligningsnr", "utlikningsnr",
)  # fmt: skip
"""Common headers of what an invoice was settled by: the number of another document, or letters that both have."""

OTHER_TABLES: Mapping[str, Sequence[str]] = {
    "bills that you owe": (
        "vendor", "vendor name", "vendor no", "vendor number", "vendor id", "vendor code", "supplier id",
        "supplier number", "supplier code", "lieferantennr", "lieferantennummer", "kreditorennummer", "kreditornr",
        "supplier", "supplier name", "supplier no", "bill number", "bill no", "lieferant",
        "kreditor", "kreditorenname", "lieferantenname", "eingangsrechnung", "fournisseur", "proveedor",
        "fornitore", "leverancier", "crediteur",
    ),
    "payments": (
        "payment id", "payment no", "payment number", "payment method", "payment type", "payment mode",
        "receipt number", "receipt no", "zahlungsart", "zahlungsnummer", "mode de paiement", "forma de pago",
        "metodo di pagamento", "betaalwijze", "amount paid", "deposit to",
    ),
    "customers": (
        "phone", "telephone", "mobile", "city", "street", "address", "billing address", "zip", "postal code",
        "website", "telefon", "ort", "plz", "strasse", "ville", "telefono", "ciudad", "plaats", "country", "land",
        "credit limit", "company name", "first name", "last name", "payment terms", "created at",
    ),
}  # fmt: skip
"""What a table of something else lists, with common headers that tell it from a list of invoices."""
