"""PDFs that refer to invoices in many languages: documents of other kinds, and right ones that name such documents."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

from support.files.invoice_pdfs import KINDS, NOTATIONS, Bill, Sample, bills, money
from support.writers.libraries import Lines, Write

WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "en": {
        "invoice": ("Invoice", "Tax invoice", "INVOICE"),
        "number": ("Invoice number", "Invoice no.", "Number"),
        "credit": ("Credit note", "CREDIT MEMO", "Credit Note"),
        "credit number": ("Credit note number", "Credit note no.", "Number"),
        "refers": ("Reference", "Original invoice", "Credit for invoice", "Relates to invoice", "Invoice"),
        "continues": ("Continues", "Replaces", "Supersedes invoice", "Continued from"),
        "statement": ("Statement of account", "Statement", "Account statement"),
        "reminder": ("Payment reminder", "Final notice", "Reminder", "Overdue notice"),
        "delivery": ("Delivery note", "Packing slip", "Dispatch note"),
        "quotation": ("Quotation", "Estimate", "Pro forma invoice"),
        "order": ("Order confirmation", "Sales order"),
        "previous": ("Previous invoice",),
        "to": ("Bill to", "Customer"),
        "total": ("Total", "Amount due"),
        "date": ("Date",),
    },
    "de": {
        "invoice": ("Rechnung", "RECHNUNG", "Schlussrechnung"),
        "number": ("Rechnungsnummer", "Rechnungs-Nr.", "Beleg-Nr."),
        "credit": ("Gutschrift", "Rechnungskorrektur", "Stornorechnung"),
        "credit number": ("Gutschriftsnummer", "Beleg-Nr.", "Nummer"),
        "refers": ("Zu Rechnung", "Bezug", "Ursprungsrechnung", "Rechnungsnummer", "Gutschrift zur Rechnung"),
        "continues": ("Fortsetzung von", "Ersetzt", "Ersatz für Rechnung"),
        "statement": ("Kontoauszug", "Offene Posten", "Saldenliste"),
        "reminder": ("Mahnung", "Zahlungserinnerung", "2. Mahnung", "Letzte Mahnung"),
        "delivery": ("Lieferschein",),
        "quotation": ("Angebot", "Kostenvoranschlag", "Proforma-Rechnung"),
        "order": ("Auftragsbestätigung",),
        "previous": ("Vorherige Rechnung", "Abzüglich Abschlagsrechnung"),
        "to": ("Kunde", "An"),
        "total": ("Gesamtbetrag", "Summe"),
        "date": ("Datum",),
    },
    "fr": {
        "invoice": ("Facture", "FACTURE"),
        "number": ("Numéro de facture", "Facture n°"),
        "credit": ("Avoir", "Note de crédit", "Facture d'avoir"),
        "credit number": ("Numéro d'avoir", "N°"),
        "refers": ("Facture d'origine", "Référence", "Avoir sur facture", "Facture"),
        "continues": ("Annule et remplace", "Suite de la facture"),
        "statement": ("Relevé de compte",),
        "reminder": ("Relance", "Rappel de paiement", "Mise en demeure"),
        "delivery": ("Bon de livraison",),
        "quotation": ("Devis", "Facture pro forma"),
        "order": ("Confirmation de commande", "Bon de commande"),
        "previous": ("Facture précédente",),
        "to": ("Client",),
        "total": ("Total TTC", "Net à payer"),
        "date": ("Date",),
    },
    "it": {
        "invoice": ("Fattura", "FATTURA"),
        "number": ("Numero fattura", "Fattura n."),
        "credit": ("Nota di credito",),
        "credit number": ("Nota di credito n.", "Numero"),
        "refers": ("Rif. fattura", "Storno fattura", "Fattura"),
        "continues": ("Sostituisce", "Segue fattura"),
        "statement": ("Estratto conto",),
        "reminder": ("Sollecito di pagamento", "Sollecito"),
        "delivery": ("Documento di trasporto", "Bolla di consegna"),
        "quotation": ("Preventivo",),
        "order": ("Conferma d'ordine",),
        "previous": ("Fattura precedente",),
        "to": ("Cliente",),
        "total": ("Totale",),
        "date": ("Data",),
    },
    "es": {
        "invoice": ("Factura", "FACTURA"),
        "number": ("Número de factura", "Factura n.º"),
        "credit": ("Nota de crédito", "Factura rectificativa", "Nota de abono"),
        "credit number": ("Número", "Nota de crédito n.º"),
        "refers": ("Rectifica la factura", "Referencia", "Factura"),
        "continues": ("Sustituye", "Reemplaza a"),
        "statement": ("Estado de cuenta", "Extracto de cuenta"),
        "reminder": ("Recordatorio de pago",),
        "delivery": ("Albarán",),
        "quotation": ("Presupuesto",),
        "order": ("Confirmación de pedido",),
        "previous": ("Factura anterior",),
        "to": ("Cliente",),
        "total": ("Total",),
        "date": ("Fecha",),
    },
    "pt": {
        "invoice": ("Fatura",),
        "number": ("Fatura n.º", "Número da fatura"),
        "credit": ("Nota de crédito",),
        "credit number": ("Número",),
        "refers": ("Fatura de origem", "Referente à fatura"),
        "continues": ("Substitui",),
        "statement": ("Extrato de conta",),
        "reminder": ("Lembrete de pagamento", "Aviso de cobrança"),
        "delivery": ("Guia de remessa",),
        "quotation": ("Orçamento",),
        "order": ("Confirmação de encomenda",),
        "previous": ("Fatura anterior",),
        "to": ("Cliente",),
        "total": ("Total",),
        "date": ("Data",),
    },
    "nl": {
        "invoice": ("Factuur",),
        "number": ("Factuurnummer",),
        "credit": ("Creditnota", "Creditfactuur"),
        "credit number": ("Creditnummer", "Nummer"),
        "refers": ("Betreft factuur", "Oorspronkelijke factuur", "Factuurnummer"),
        "continues": ("Vervangt",),
        "statement": ("Rekeningoverzicht",),
        "reminder": ("Betalingsherinnering", "Aanmaning"),
        "delivery": ("Pakbon",),
        "quotation": ("Offerte",),
        "order": ("Orderbevestiging",),
        "previous": ("Vorige factuur",),
        "to": ("Klant",),
        "total": ("Totaal",),
        "date": ("Datum",),
    },
    "sv": {
        "invoice": ("Faktura",),
        "number": ("Fakturanummer", "Fakturanr"),
        "credit": ("Kreditfaktura", "Kreditnota"),
        "credit number": ("Nummer",),
        "refers": ("Avser faktura", "Krediterar faktura"),
        "continues": ("Ersätter",),
        "statement": ("Kontoutdrag",),
        "reminder": ("Betalningspåminnelse", "Påminnelse"),
        "delivery": ("Följesedel",),
        "quotation": ("Offert",),
        "order": ("Orderbekräftelse",),
        "previous": ("Föregående faktura",),
        "to": ("Kund",),
        "total": ("Att betala",),
        "date": ("Datum",),
    },
    "fi": {
        "invoice": ("Lasku",),
        "number": ("Laskun numero", "Laskunumero"),
        "credit": ("Hyvityslasku",),
        "credit number": ("Numero",),
        "refers": ("Hyvitettävä lasku", "Lasku"),
        "continues": ("Korvaa laskun",),
        "statement": ("Tiliote",),
        "reminder": ("Maksumuistutus", "Maksukehotus"),
        "delivery": ("Lähete",),
        "quotation": ("Tarjous",),
        "order": ("Tilausvahvistus",),
        "previous": ("Edellinen lasku",),
        "to": ("Asiakas",),
        "total": ("Yhteensä",),
        "date": ("Päiväys",),
    },
    "pl": {
        "invoice": ("Faktura VAT", "Faktura"),
        "number": ("Numer faktury", "Faktura nr"),
        "credit": ("Faktura korygująca", "Korekta faktury"),
        "credit number": ("Numer",),
        "refers": ("Do faktury", "Dotyczy faktury"),
        "continues": ("Zastępuje", "Zamiast faktury"),
        "statement": ("Zestawienie należności",),
        "reminder": ("Wezwanie do zapłaty",),
        "delivery": ("Dokument WZ",),
        "quotation": ("Oferta", "Faktura pro forma"),
        "order": ("Potwierdzenie zamówienia",),
        "previous": ("Poprzednia faktura",),
        "to": ("Nabywca",),
        "total": ("Razem",),
        "date": ("Data",),
    },
    "cs": {
        "invoice": ("Faktura",),
        "number": ("Faktura č.", "Číslo faktury"),
        "credit": ("Dobropis", "Opravný daňový doklad"),
        "credit number": ("Číslo",),
        "refers": ("K faktuře", "Původní faktura"),
        "continues": ("Nahrazuje",),
        "statement": ("Výpis z účtu",),
        "reminder": ("Upomínka",),
        "delivery": ("Dodací list",),
        "quotation": ("Nabídka",),
        "order": ("Potvrzení objednávky",),
        "previous": ("Předchozí faktura",),
        "to": ("Odběratel",),
        "total": ("Celkem",),
        "date": ("Datum",),
    },
    "tr": {
        "invoice": ("Fatura", "FATURA", "e-Fatura"),
        "number": ("Fatura No", "Fatura Numarası"),
        "credit": ("İade Faturası", "İADE FATURASI", "Alacak Dekontu"),
        "credit number": ("İade Fatura No", "No"),
        "refers": ("İlgili fatura", "İade edilen fatura", "Fatura No"),
        "continues": ("Yerine geçtiği fatura", "Önceki fatura"),
        "statement": ("Cari Hesap Ekstresi", "Hesap Ekstresi"),
        "reminder": ("Ödeme Hatırlatması", "İhtarname"),
        "delivery": ("Sevk İrsaliyesi", "İrsaliye"),
        "quotation": ("Fiyat Teklifi", "Teklif"),
        "order": ("Sipariş Onayı",),
        "previous": ("Önceki fatura",),
        "to": ("Sayın",),
        "total": ("Toplam",),
        "date": ("Tarih",),
    },
    "hu": {
        "invoice": ("Számla", "SZÁMLA"),
        "number": ("Számla sorszáma", "Számlaszám"),
        "credit": ("Helyesbítő számla", "Stornó számla"),
        "credit number": ("Sorszám",),
        "refers": ("Eredeti számla", "Hivatkozott számla"),
        "continues": ("Helyettesíti",),
        "statement": ("Folyószámla-kivonat",),
        "reminder": ("Fizetési felszólítás",),
        "delivery": ("Szállítólevél",),
        "quotation": ("Árajánlat",),
        "order": ("Rendelés-visszaigazolás",),
        "previous": ("Előző számla",),
        "to": ("Vevő",),
        "total": ("Összesen",),
        "date": ("Kelt",),
    },
    "el": {
        "invoice": ("Τιμολόγιο",),
        "number": ("Αριθμός τιμολογίου", "Τιμολόγιο αρ."),
        "credit": ("Πιστωτικό τιμολόγιο",),
        "credit number": ("Αριθμός",),
        "refers": ("Σχετικό τιμολόγιο",),
        "continues": ("Αντικαθιστά",),
        "statement": ("Κατάσταση λογαριασμού",),
        "reminder": ("Υπενθύμιση πληρωμής",),
        "delivery": ("Δελτίο αποστολής",),
        "quotation": ("Προσφορά",),
        "order": ("Επιβεβαίωση παραγγελίας",),
        "previous": ("Προηγούμενο τιμολόγιο",),
        "to": ("Πελάτης",),
        "total": ("Σύνολο",),
        "date": ("Ημερομηνία",),
    },
}

OTHER_KINDS = ("credit", "continues", "statement", "reminder", "delivery", "quotation", "order")
_UNTITLED = "wkhtmltopdf, turned"
_LATIN_1 = ("en", "de", "fr", "it", "es", "pt", "nl", "sv", "fi")
_UNICODE = ("WeasyPrint", "Typst", "Chromium", "wkhtmltopdf", "LibreOffice", "Gnumeric", "TCPDF, Unicode", "qpdf")


def referring(
    seed: int, each: int, programs: Mapping[str, Write], right: bool, step: int = 1
) -> Iterator[tuple[Sample, list[Bill], str]]:
    """Yield PDFs, all documents that are known, and the kind of the PDF, with its language.

    A `right` one is filed under its own number, and names other documents; a wrong one is filed under the invoice
    that it refers to.
    """
    # The labels of Hebrew ones are all one, and another shows no title.
    programs = {name: write for name, write in programs.items() if "Hebrew" not in name and name != _UNTITLED}
    known = {kind: _with_credits(bills(kind, 220, seed)) for kind in KINDS}
    wanted: dict[str, list[tuple[str, Bill, str, Lines, str]]] = {name: [] for name in programs}
    for turn, kind in enumerate(KINDS):
        draw = random.Random(f"{kind} {seed} referring {right}")
        for name in [*programs][turn % step :: step]:
            languages = [*WORDS] if name.startswith(_UNICODE) else _LATIN_1
            for _ in range(each):
                language = draw.choice(languages)
                words = {key: draw.choice(said) for key, said in WORDS[language].items()}
                make = _right if right else _wrong
                what, filed, of, lines = make(words, known[kind], draw)
                wanted[name].append((kind, filed, of, lines, f"{what} {language}"))
    for name, write in programs.items():
        contents = write([lines for _, _, _, lines, _ in wanted[name]])
        for (kind, filed, of, _, what), content in zip(wanted[name], contents, strict=True):
            yield Sample(kind, name, filed, of, content), known[kind], what


def _with_credits(listed: list[Bill]) -> list[Bill]:
    """Add full credit notes of every third invoice."""
    return [*listed, *(replace(bill, ref=f"CN-{bill.ref}", cents=-bill.cents) for bill in listed[::3])]


def _wrong(words: Mapping[str, str], known: list[Bill], draw: random.Random) -> tuple[str, Bill, str, Lines]:
    invoices = [bill for bill in known if bill.cents > 0]
    what = draw.choice(OTHER_KINDS)
    own = draw.choice(invoices)
    of, title, label = f"X{draw.randrange(1000, 9999)}", words.get(what, ""), "No."
    reference = (draw.choice((words["refers"], words["number"])), own.ref)
    if what == "credit":
        noted = [bill.ref for bill in known if bill.cents < 0 and bill.ref == f"CN-{own.ref}"]
        of, label = noted[0] if noted else f"CN{draw.randrange(1000, 9999)}", words["credit number"]
        reference = (words["refers"], own.ref)
    elif what == "continues":
        twin = replace(draw.choice(invoices), customer=own.customer, cents=own.cents)
        if twin.ref == own.ref or draw.random() < 0.5:
            of = f"Z-{draw.randrange(10_000, 99_999)}"
        else:
            of = twin.ref
            known[:] = [twin if bill.ref == twin.ref else bill for bill in known]
        title, label, reference = words["invoice"], words["number"], (words["continues"], own.ref)
    notation = draw.choice(NOTATIONS)
    amount = money(abs(own.cents), notation)
    if what == "statement":
        others = draw.sample([bill for bill in invoices if bill.ref != own.ref], 2)
        rows = [
            (bill.ref, f"2026-02-0{number} {money(bill.cents, notation)}")
            for number, bill in enumerate((own, *others), 1)
        ]
        middle = [("Larkfield Ltd", "12 Mill Lane"), (words["to"], own.customer), (words["date"], "2026-03-01"), *rows]
    else:
        middle = [
            ("Larkfield Ltd", "12 Mill Lane"),
            (words["to"], own.customer),
            (label, of),
            (words["date"], f"2026-{draw.randrange(1, 13):02}-11"),
            reference,
            ("Services", f"{draw.randrange(1, 60)} h"),
        ]
    return what, own, of, [(title, ""), *middle, (f"{words['total']} GBP", amount)]


def _right(words: Mapping[str, str], known: list[Bill], draw: random.Random) -> tuple[str, Bill, str, Lines]:
    own = draw.choice(known)
    credit = own.cents < 0
    others = [bill for bill in known if bill.ref != own.ref and bill.cents > 0]
    near = [bill for bill in others if bill.customer == own.customer] or others
    notation = draw.choice(NOTATIONS)
    possible = [
        (words["delivery"], f"L{draw.randrange(1000, 9999)}"),
        (words["order"], f"SO-{draw.randrange(100, 999)}"),
        (words["quotation"], f"Q{draw.randrange(100, 999)}"),
        (words["previous"], draw.choice(near).ref),
        (f"{words['credit']} G-{draw.randrange(10, 99)}", f"-{money(draw.randrange(100, 999), notation)}"),
        (f"{words['reminder']} 1", money(0, notation)),
        (words["statement"], "2026-01-31"),
        ("Reference", f"PO {draw.randrange(1000, 9999)}"),
    ]
    before = draw.sample(possible[:4], draw.randrange(0, 3))
    after = draw.sample([line for line in possible if line not in before], draw.randrange(0, 3))
    number = [(words["number"], own.ref)]
    title = [(words["invoice"], "")]
    if credit:
        title, number = [(words["credit"], "")], [(words["credit number"], own.ref), (words["refers"], own.ref[3:])]
    if draw.random() < 0.25:
        title = []
    lines = [
        *title,
        ("Larkfield Ltd", "12 Mill Lane"),
        (words["to"], own.customer),
        *before,
        *number,
        (words["date"], f"2026-{draw.randrange(1, 13):02}-11"),
        *after,
        ("Services", f"{draw.randrange(1, 60)} h"),
        (f"{words['total']} GBP", money(abs(own.cents), notation)),
    ]
    return "credit note" if credit else "invoice", own, own.ref, lines
