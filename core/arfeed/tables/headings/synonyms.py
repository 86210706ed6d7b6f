"""Common headers of an invoice's columns in English, German, French, Spanish, Italian, Dutch and Portuguese."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

USUAL: Mapping[str, Sequence[str]] = {
    "invoice_ref": (
        "invoice number", "invoice no", "invoice", "inv no", "document number", "document no", "doc no",
        "rechnungsnummer", "rechnungsnr", "rechnung", "belegnummer", "belegnr", "numero de facture", "n facture",
        "facture", "numero de factura", "numero factura", "factura", "numero fattura", "fattura", "factuurnummer",
        "factuur", "numero da fatura", "fatura", "rechnungs nr", "rechnung nr", "beleg nr", "re nr", "rg nr",
        "invoice id", "inv number", "inv", "inv ref", "doc number", "ref no", "ref number", "factuurnr",
        "fakturanummer", "fakturanr", "faktura nr", "faktura", "bilagsnr", "bilagsnummer", "number", "no", "num",
        "reference", "folio", "voucher no", "voucher number",
    ),
    "customer_name": (
        "customer name", "customer", "client name", "client", "contact name", "contact", "debtor", "account name",
        "name", "kundenname", "kunde", "debitor", "firma", "nom du client", "nombre del cliente", "cliente",
        "ragione sociale", "klantnaam", "klant", "debiteur", "name customer", "cust name", "party name",
        "party s name", "debiteur naam", "naam", "kundenbezeichnung", "kontobezeichnung", "kontakt", "nom client",
        "razon social", "debitorenname", "client denomination", "kundnamn", "kund", "kundenavn", "debitornavn",
        "navn", "namn", "asiakas", "relatie", "third party", "tiers", "bill to", "bill to name", "billed to",
    ),
    "customer_id": (
        "customer number", "customer no", "customer id", "customer code", "account number", "account no",
        "kundennummer", "debitorennummer", "code client", "numero client", "codigo cliente", "codice cliente",
        "klantnummer", "kd nr", "kdnr", "kunden nr", "kunde nr", "kundennr", "debitor nr", "debitoren nr",
        "deb nr", "cust no", "cust id", "client id", "client no", "klantnr", "klant nr", "cust number",
        "cust code", "account ref", "customer ref", "client code", "client number", "debtor number", "debtor code",
        "code debiteur", "debiteurnummer", "a c ref", "ac ref", "a c", "a c no", "a c code", "party code", "contact id",
        "partner id", "konto nr", "kontonummer", "kundnr", "kundnummer", "kundenummer", "kundenr", "debitornr",
        "debitornummer", "relatiecode", "asiakasnumero", "bill to no", "bill to number", "bill to id", "bill to code",
        "bill to customer no", "bill to customer number", "payer no", "payer number", "payer id",
    ),
    "customer_email": ("customer email", "email address", "email", "e mail", "courriel", "correo"),
    "currency": (
        "currency code", "currency", "cur", "ccy", "wahrung", "waehrung", "devise", "moneda", "divisa", "valuta",
        "moeda", "curr", "curr code", "ccy code", "iso currency", "wahrg", "whg", "wkz", "munt", "valutakod",
        "valutakode", "valuutta", "mena", "waluta", "penznem", "moneta", "通貨", "币种", "幣別", "통화",
    ),
    "issued_on": (
        "invoice date", "issue date", "document date", "date issued", "date", "rechnungsdatum", "belegdatum",
        "datum", "date de facture", "fecha de factura", "fecha", "data fattura", "data", "factuurdatum",
        "issued on", "issued", "date of issue", "bill date", "datum rechnung", "date facture", "date emission",
        "fakturadatum", "fakturadato", "bilagsdato", "bokforingsdatum", "dato",
    ),
    "due_on": (
        "due date", "date due", "due", "falligkeit", "fallig am", "faellig am", "falligkeitsdatum",
        "date d echeance", "echeance", "fecha de vencimiento", "vencimiento", "scadenza", "data scadenza",
        "vervaldatum", "fallig", "faellig", "faelligkeit", "zahlbar bis", "due by", "payable by", "pay by",
        "payable until", "due on",
        "due in date", "payment due date", "payment due", "net due date", "maturity date", "nettofallig",
        "nettofalligkeit", "netto fallig", "zahlungsziel", "date limite de reglement", "date limite", "forfallodatum",
        "forfallsdato", "forfaldsdato", "forfaldsdag", "forfall", "erapaiva",
    ),
    "balance": (
        "open balance", "balance due", "amount due", "outstanding balance", "outstanding amount", "outstanding",
        "open amount", "balance", "remaining", "open", "offener betrag", "offen", "restbetrag", "saldo", "solde",
        "reste a payer", "montant du", "saldo pendiente", "pendiente", "importe pendiente", "residuo",
        "openstaand bedrag", "openstaand", "pending amount", "amount remaining", "remaining amount",
        "total due", "total outstanding", "total open", "total balance",
        "balance due amount", "due amount", "unpaid amount", "invoice balance", "o s amount", "os amount",
        "amount outstanding", "amount open", "still due", "offener saldo", "offener posten", "montant restant du",
        "restant du", "reste du", "te betalen", "openstaand saldo", "restbelopp", "restbeløp", "restbeløb", "rest",
        "kvar att betala", "att betala",
        "utestaende", "utestaende belopp", "restsaldo", "remain to pay", "remaining to pay",
        "o s", "total unpaid", "unpaid", "unpaid balance", "da saldare", "da incassare", "da pagare", "zbyva uhradit",
        "pozostało do zapłaty", "pozostalo do zaplaty", "avoinna",
    ),
    "amount": (
        "invoice total", "total amount", "original amount", "total", "amount", "gross", "gesamtbetrag",
        "bruttobetrag", "betrag", "brutto", "montant ttc", "montant", "importe", "importo", "totale", "bedrag",
        "totaal", "valor", "invoice amount", "gross amount", "amount incl tax", "total incl tax", "total gross",
        "rechnungsbetrag", "gesamt brutto", "total ttc", "totalt", "belopp", "fakturabelopp", "beløp", "fakturabeløp",
        "totalbeløp", "beløb", "fakturabeløb", "totalbeløb",
    ),
    "status": (
        "status", "invoice status", "payment status", "state", "payment state", "statut", "etat", "estado",
        "stato", "zahlungsstatus", "rechnungsstatus", "betaalstatus", "situation", "situacion", "situacao",
        "situazione", "zustand", "tilstand", "lage", "toestand", "tila", "stan", "stav", "durum", "статус",
        "состояние", "стан",
        "κατασταση", "状态", "ステータス", "status platnosci", "stav uhrady", "estado de pago",
        "statut de paiement", "stat", "sts", "st", "status code", "status id", "invoice stat", "inv stat",
    ),
    "po_number": ("po number", "purchase order", "po no", "bestellnummer", "numero de commande"),
}  # fmt: skip
"""By canonical column, the likeliest first; in lower case, without accents and punctuation."""

FLAGS: Sequence[str] = (
    "paid", "is paid", "open", "is open", "closed", "is closed", "settled", "is settled", "void", "voided",
    "cancelled", "canceled", "bezahlt", "beglichen", "ausgeglichen", "offen", "storno", "storniert", "paye",
    "payee", "pagado", "pagada", "pagato", "pagata", "betaald", "paid in full", "fully paid",
)  # fmt: skip
"""Common headers of a column that says by yes or no what is paid or void, if there is no status."""
