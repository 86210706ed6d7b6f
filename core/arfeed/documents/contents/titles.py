"""Telling what kind of document a PDF is by its titles: an invoice, or one that only refers to invoices.

A credit note prints the number, amount and customer of the invoice that it credits; so do reminders and statements.
What tells them apart is what they call themselves first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from arfeed.documents.contents.mentions import MENTION
from arfeed.documents.contents.words import close_up, is_spaced, strip_accents

KINDS = {
    "credit note": (
        "credit (?:note|memo|invoice)|credit(?:not[ae]|factuur|nummer)|gutschrift|rechnungskorrektur"
        "|korrekturrechnung|stornorechnung|stornobeleg|(?:facture d'|note d')?avoir|note de credit"
        "|nota (?:di|de) credito|nota de abono|factura (?:rectificativa|de abono)|kredit(?:nota|note|faktura)"
        "|hyvitys(?:lasku|nota)?|faktura korygujaca|korekta faktury|dobropis|opravny danovy doklad"
        "|iade faturasi|alacak dekontu|kreeditarve|kreditrekins|kreditine saskaita|(?:storno|helyesbito) szamla"
        "|kreditni racun|odobrenje|factura storno|πιστωτικο(?: τιμολογιο)?|кредит[- ]нота"
        "|корректировочный счет(?:-фактура)?|חשבונית זיכוי|اشعار دائن|貸方票|红字发票"
    ),
    "statement": (
        "(?:account statement|statement(?: of account)?|customer statement)|kontoauszug"
        "|offene[- ]posten(?:[- ]liste)?|saldenliste|releve de compte|estratto conto"
        "|(?:extracto|estado) de cuenta|extrato de conta|rekening(?:overzicht|afschrift)|kontoutdrag|kontoudtog"
        "|kontoutskrift|tiliote|wyciag|zestawienie naleznosci|vypis z uctu|(?:cari )?hesap ekstresi"
        "|folyoszamla[- ]?kivonat|κατασταση λογαριασμου|extras de cont"
    ),
    "reminder": (
        "(?:payment |first |second |final |friendly )?reminder|(?:final|overdue|past due) notice"
        "|notice of arrears|dunning letter|(?:letzte )?mahnung|mahnschreiben|zahlungserinnerung"
        "|(?:lettre de )?relance|rappel(?: de paiement)?|mise en demeure|sollecito(?: di pagamento)?"
        "|recordatorio(?: de pago)?|aviso de (?:cobranca|vencimiento)|reclamacion de pago"
        "|lembrete(?: de pagamento)?|(?:betalings)?herinnering|aanmaning|(?:betalnings|betalings)?paminnelse"
        "|rykker(?:brev)?|purring|maksumuistutus|maksukehotus|wezwanie do zaplaty|monit|upominka"
        "|(?:odeme )?hatirlatma(?:si)?|ihtarname|fizetesi felszolitas|υπενθυμιση(?: πληρωμης)?|somatie de plata"
    ),
    "delivery note": (
        "(?:delivery|dispatch|despatch|goods received) note|packing (?:slip|list)|lieferschein|bon de livraison"
        "|documento di trasporto|bolla di consegna|albaran(?: de entrega)?|guia de (?:remessa|transporte)"
        "|pakbon|leveringsbon|foljesedel|folgeseddel|pakkseddel|lahete|dokument wz|dodaci list"
        "|(?:sevk )?irsaliye(?:si)?|szallitolevel|δελτιο αποστολης|aviz de insotire"
    ),
    "quotation": (
        "quotation|quote|estimate|angebot|kostenvoranschlag|devis|preventivo|presupuesto|orcamento|offerte"
        "|offert|tilbud|tarjous|oferta|nabidka|(?:fiyat )?teklif(?:i)?|arajanlat|προσφορα"
        "|pro[- ]?forma(?:[- ]?(?:invoice|rechnung|faktura|fattura|factura|fatura))?"
        "|(?:facture|faktura|fattura|factura|fatura) pro[- ]?forma"
    ),
    "order confirmation": (
        "order confirmation|(?:sales|purchase) order|auftragsbestatigung|bestellbestatigung"
        "|confirmation de commande|bon de commande|conferma d'ordine|confirmacion de pedido"
        "|confirmacao de encomenda|orderbevestiging|orderbekraftelse|ordre(?:bekreftelse|bekraftelse)"
        "|tilausvahvistus|potwierdzenie zamowienia|potvrzeni objednavky|siparis onayi"
        "|rendeles[- ]?visszaigazolas|confirmare de comanda|επιβεβαιωση παραγγελιας"
    ),
    "receipt": (
        "payment (?:receipt|confirmation)|zahlungsbestatigung|quittung|recu de paiement|ricevuta di pagamento"
        "|recibo de pago|betalingsbewijs|tahsilat makbuzu|dowod wplaty"
    ),
}
"""What documents call themselves that only refer to invoices, in lower case and without accents."""

_WITH_AMOUNT = re.compile(r"\d[.,]\d{2}(?![\d.,])")

_STRONG = ("credit note", "statement", "reminder")
"""Kinds that may label the number which they refer to as an invoice's; invoices do not begin with them."""

_NUMBER = r"(?:no|nr|num|number|nummer|id|n[.°]?\s?o?|ref|c|cislo|numero|numer|numarasi|nro|sorszama|αρ|αριθμος|°|#)"
_INVOICE = (
    r"(?:tax |vat |commercial |sales |final |copy |satis )*invoice|bill|[a-z]*rechnung|facture|fattura|factura"
    "|e?-?fatura|faktura?|factuur|lasku|arve|rekins|saskaita|szamla|racun"
    "|τιμολογι[οα]|счет|nota fiscal|חשבונית|فاتورة|請求書|发票"
)
_ALL = strip_accents("|".join(f"(?P<k{place}>{words})" for place, words in enumerate(KINDS.values())))
_NO_BORDER = r"(?![^\W_])"
_BEHIND = rf"(?:s?-?{_NUMBER})?{_NO_BORDER}"
_OF_INVOICE = (
    rf"(?:{_NUMBER}[\s.]*(?:d[aei]l?l?a? )?)?(?:{_INVOICE})(?:[^\W\d_]{{0,3}}|s?[^\W\d_]{{0,2}}-?{_NUMBER}|szam)"
)


def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern for folded texts that allows a line's blanks to be lost."""
    return re.compile(pattern.replace(" ", r"\s?").replace("ς", "σ"))


_TITLE = _compile(
    rf"^\W*(?:\d{{1,2}}\s?\W\s?)?(?:(?:{_ALL}){_BEHIND}|(?P<invoice>{_OF_INVOICE}){_NO_BORDER}"
    r"(?!\W*(?:address|adres|anschrift|to\b|empf|dat|betrag)))"
)
_TITLES = _compile(rf"(?<![^\W_])(?:{_ALL}){_BEHIND}")
_NUMBER_LABEL = _compile(rf"^\W*(?:{_ALL})[s-]?[\s-]*(?:{_NUMBER}{_NO_BORDER})?[\s.:#°]*$")
_LABEL = _compile(
    rf"^\W*(?:{_OF_INVOICE}|(?:beleg-?|document )?{_NUMBER}{_NO_BORDER})(?:\s?{_NUMBER}{_NO_BORDER})?[\s.:#°]*"
    r"(?P<number>(?:[^\W\d_]{1,5} )?[^\W_]*(?:[-./_]?[^\W_]*\d[^\W_]*)+)\s*$"
)
_DATE = re.compile(r"^\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$")
_AMOUNT = re.compile(r"^\d{1,3}(?:[.,' ]?\d{3})*[.,]\d{2}$")
_WORD = re.compile(r"[^\W\d_]{2,}")
_MOST_WORDS = 4
"""A line with more words behind its title is a sentence."""
_MOST_BEFORE = 3
_HEAD = 15
"""So many lines of a page may have a title behind the sender's name."""
_FIRST = 2
_SHORT_LINE = 4
_SPACED = re.compile(r"(?<!\S)\S \S \S \S")
_SHORT = re.compile(rf"^(.{{1,{_SHORT_LINE}}})\n", re.MULTILINE)
_DIGIT = re.compile(r"\d")


class Title(NamedTuple):
    """A title: the kind of document, "invoice" for one; where its line stands; itself, and what follows it there."""

    kind: str
    line: int
    label: str
    rest: str

    @property
    def is_strong(self) -> bool:
        """Whether a document of this kind begins so, and an invoice does not, unless it is an item of its list."""
        return self.kind in _STRONG and _WITH_AMOUNT.search(self.rest) is None

    @property
    def is_alone(self) -> bool:
        """Whether nothing follows it on its line."""
        return not self.rest.strip(" :.")


@lru_cache(maxsize=8)
def find_titles(text: str) -> tuple[Title, ...]:
    """Return the titles of a folded text in their order; none if it has no word for any kind but an invoice."""
    return tuple(_find_titles(text))


def _find_titles(text: str) -> Iterator[Title]:
    plain = strip_accents(text)
    lines = [line for line in plain.splitlines() if line.strip()]
    # Headings alone are spaced, too.
    if _SPACED.search(plain):
        lines = [" ".join(close_up(line).split()) if is_spaced(line) else line for line in lines]
    # A short line may be a piece of a word, or a word by itself.
    whole = "\n".join(lines)
    if not any(_TITLES.search(text.replace("\n", " ")) for text in (whole, _SHORT.sub(r"\1", whole))):
        return
    for place, (line, following) in enumerate(zip(lines, [*lines[1:], ""], strict=True)):
        # A narrow cell breaks it, and so do programs that turn text letter by letter.
        joined = f"{line}{following}" if len(line) <= _SHORT_LINE else f"{line} {following}"
        if (title := _title(line, place) or _title(joined, place, beyond=len(line))) is not None:
            yield title


def _title(line: str, place: int, beyond: int = 0) -> Title | None:
    found = _TITLE.match(line)
    if found is not None and found.end() > beyond:
        rest = line[found.end() :]
        return Title(_kind(found), place, found[0], rest) if len(_WORD.findall(rest)) <= _MOST_WORDS else None
    behind = _TITLES.search(line) if place < _HEAD and not beyond else None
    if behind is None:
        return None
    before, rest = line[: behind.start()], line[behind.end() :]
    alone = len(before.split()) <= _MOST_BEFORE and len(_WORD.findall(rest)) <= 1
    return Title(_kind(behind), place, behind[0], rest) if alone and not MENTION.search(before) else None


def _kind(found: re.Match[str]) -> str:
    groups = found.groupdict()
    return next((kind for place, kind in enumerate(KINDS) if groups[f"k{place}"]), "invoice")


def is_first(title: Title) -> bool:
    """Whether a title is at the top of its page, behind a sender's name at most."""
    return title.line < _FIRST


def is_number_label(text: str) -> bool:
    """Whether a credit note's title and what follows it end where its own number begins."""
    return _NUMBER_LABEL.match(strip_accents(text)) is not None


def find_labelled_numbers(text: str) -> Iterator[str]:
    """Yield what a folded text calls an invoice's number, on lines that have no more than that."""
    lines = strip_accents(text).splitlines()
    for line, following in zip(lines, [*lines[1:], ""], strict=True):
        found = _LABEL.match(line) or (None if _DIGIT.search(line) else _LABEL.match(f"{line} {following}"))
        if found is not None and not _DATE.match(found["number"]) and not _AMOUNT.match(found["number"]):
            yield found["number"]
