"""Common headers of an invoice's columns in English, German, French, Spanish, Italian, Dutch and Portuguese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

USUAL: Mapping[str, Sequence[str]] = {
    "invoice_ref": (
        "invoice number", "invoice no", "invoice", "inv no", "document number", "document no", "doc no", "num",
        "number", "no", "reference", "rechnungsnummer", "rechnungsnr", "rechnung", "belegnummer", "belegnr",
        "numero de facture", "n facture", "facture", "numero de factura", "numero factura", "factura",
        "numero fattura", "fattura", "factuurnummer", "factuur", "numero da fatura", "fatura", "rechnungs nr",
        "rechnung nr", "beleg nr", "re nr", "rg nr", "invoice id", "inv number", "inv",
    ),
    "customer_name": (
        "customer name", "customer", "client name", "client", "contact name", "contact", "debtor",
        "account name", "name", "kundenname", "kunde", "debitor", "firma", "nom du client", "nombre del cliente",
        "cliente", "ragione sociale", "klantnaam", "klant", "debiteur",
    ),
    "customer_id": (
        "customer number", "customer no", "customer id", "customer code", "account number", "account no",
        "kundennummer", "debitorennummer", "code client", "numero client", "codigo cliente",
        "codice cliente", "klantnummer", "kd nr", "kdnr", "kunden nr", "kunde nr", "kundennr", "debitor nr",
        "debitoren nr", "deb nr", "cust no", "cust id", "client id", "client no", "klantnr", "klant nr",
    ),
    "customer_email": ("customer email", "email address", "email", "e mail", "courriel", "correo"),
    "currency": (
        "currency code", "currency", "cur", "ccy", "wahrung", "waehrung", "devise", "moneda", "divisa", "valuta",
        "moeda", "curr", "curr code", "ccy code", "iso currency", "wahrg", "whg", "wkz", "munt",
    ),
    "issued_on": (
        "invoice date", "issue date", "document date", "date issued", "date", "rechnungsdatum", "belegdatum",
        "datum", "date de facture", "fecha de factura", "fecha", "data fattura", "data", "factuurdatum",
    ),
    "due_on": (
        "due date", "date due", "due", "falligkeit", "fallig am", "faellig am", "falligkeitsdatum",
        "date d echeance", "echeance", "fecha de vencimiento", "vencimiento", "scadenza", "data scadenza",
        "vervaldatum", "fallig", "faellig", "faelligkeit", "zahlbar bis", "due by", "payable by",
    ),
    "balance": (
        "open balance", "balance due", "amount due", "outstanding balance", "outstanding amount", "outstanding",
        "open amount", "balance", "remaining", "open", "offener betrag", "offen", "restbetrag", "saldo", "solde",
        "reste a payer", "montant du", "saldo pendiente", "pendiente", "importe pendiente", "residuo",
        "openstaand bedrag", "openstaand",
    ),
    "amount": (
        "invoice total", "total amount", "original amount", "total", "amount", "gross", "gesamtbetrag",
        "bruttobetrag", "betrag", "brutto", "montant ttc", "montant", "importe", "importo", "totale", "bedrag",
        "totaal", "valor",
    ),
    "status": ("status", "state", "statut", "estado", "stato"),
    "po_number": ("po number", "purchase order", "po no", "bestellnummer", "numero de commande"),
}  # fmt: skip
"""By canonical column, the likeliest first; in lower case, without accents and punctuation."""

DOCUMENT_TYPES: Sequence[str] = (
    "type", "document type", "doc type", "transaction type", "trans type", "txn type", "invoice type", "kind",
    "document kind", "belegart", "belegtyp", "dokumentart", "dokumenttyp", "vorgangsart", "buchungsart", "art", "typ",
    "type de document", "type de piece", "tipo", "tipo documento", "tipo de documento", "soort", "documentsoort",
)  # fmt: skip
"""Common headers of a column that distinguishes invoices from credit notes and payments."""

INVOICES: Sequence[str] = (
    "invoice", "inv", "sales invoice", "customer invoice", "tax invoice", "ar invoice", "rechnung", "re", "rg",
    "ausgangsrechnung", "verkaufsrechnung", "facture", "factura", "factura de venta", "fattura", "factuur",
    "verkoopfactuur", "fatura", "faktura",
)  # fmt: skip
"""What such a column has for an invoice; anything else may not be one."""
