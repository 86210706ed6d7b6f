"""Words of what a document is, and of what became of it, in the languages of most exports."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import FLAGS, USUAL

_STATUSES: Mapping[str, Sequence[str]] = {
    "open": (
        "open", "unpaid", "not paid", "outstanding", "overdue", "over due", "past due", "late", "sent", "viewed",
        "due", "partial", "partially paid", "partly paid", "part paid", "partiallypaid", "awaiting payment",
        "authorised", "authorized", "posted", "disputed",
        "in dispute", "promise to pay", "offen", "unbezahlt", "nicht bezahlt", "uberfallig", "ueberfaellig",
        "fallig", "faellig", "teilbezahlt", "teilweise bezahlt", "versendet", "gemahnt", "impayee", "impaye",
        "non payee", "en retard", "partiellement payee", "pendiente", "vencida", "vencido", "no pagada", "aperta",
        "aperto", "non pagata", "scaduta", "insoluta", "openstaand", "niet betaald", "onbetaald", "vervallen",
        "deels betaald", "em aberto", "em atraso", "por liquidar", "obetald", "obetalt", "ej betald", "forfallen",
        "delbetald", "delvis betald", "bokford", "skickad", "ubetalt", "ikke betalt", "forfalden", "forfalt",
        "delvis betalt", "bogfort", "bokfort", "avoin", "maksamatta", "eraantynyt", "osittain maksettu",
        "nieoplacona", "nieopłacona", "niezaplacona", "niezapłacona", "przeterminowana", "neuhrazena",
        "neuhrazeno", "nezaplacena", "po splatnosti",
        "en attente", "en attente de paiement", "en attente de reglement", "relancee", "relance", "echue", "echu",
        "a payer", "a regler", "non reglee", "non regle", "non soldee", "non solde", "envoyee", "envoye", "emise",
        "en litige", "mise en demeure", "partiellement reglee", "partiellement paye", "partiellement regle",
        "pendiente de pago", "pendiente de cobro", "por cobrar", "no pagado", "no cobrada", "no cobrado", "impagada",
        "impagado", "atrasada", "atrasado", "enviada", "enviado", "emitida", "emitido", "reclamada",
        "parcialmente pagada", "parcialmente cobrada", "pagada parcialmente", "cobrada parcialmente", "pago parcial",
        "in attesa", "in attesa di pagamento", "da pagare", "da saldare", "da incassare", "non pagato", "non saldata",
        "non incassata", "scaduto", "sollecitata", "inviata", "emessa", "parzialmente pagata", "parzialmente saldata",
        "parzialmente incassata",
        "verzonden", "verstuurd", "te betalen", "te laat", "verlopen", "achterstallig", "herinnerd",
        "herinnering verstuurd", "aangemaand", "aanmaning", "in incasso", "gedeeltelijk betaald",
        "pendente", "pendente de pagamento", "em divida", "por pagar", "por receber", "nao paga", "nao pago",
        "parcialmente paga", "parcialmente pago", "parcialmente liquidada",
        "gestellt", "verschickt", "gebucht", "ausstehend", "in verzug", "im verzug", "angemahnt", "zahlungserinnerung",
        "1 mahnung", "2 mahnung", "3 mahnung", "mahnung", "inkasso", "im inkasso",
        "reminded", "reminder sent", "in collection", "in collections", "delinquent",
    ),
    "paid": (
        "paid", "fully paid", "paid in full", "bezahlt", "voll bezahlt", "beglichen", "ausgeglichen", "payee",
        "paye", "reglee", "regle", "pagada", "pagado", "cobrada", "cobrado", "pagata", "pagato", "saldata",
        "incassata", "betaald", "voldaan", "paga", "pago", "liquidada", "liquidado", "betald", "slutbetald",
        "fullbetald", "betalt", "innbetalt", "maksettu", "oplacona", "opłacona", "zaplacona", "zapłacona",
        "uhrazena", "uhrazeno", "zaplaceno",
    ),
    "void": (
        "void", "voided", "cancelled", "canceled", "deleted", "storniert", "storno", "annulliert", "annulee",
        "annule", "anulada", "anulado", "annullata", "annullato", "stornata", "geannuleerd", "geloscht", "cancelada",
        "cancelado", "makulerad", "annullerad", "annulleret", "annullert", "kansellert", "makulert", "mitatoity",
        "anulowana", "stornovana", "stornovano",
    ),
    "draft": (
        "draft", "entwurf", "brouillon", "borrador", "bozza", "concept", "awaiting approval", "rascunho", "utkast",
        "kladde", "kladd", "ej bokford", "luonnos", "szkic", "koncept",
    ),
}  # fmt: skip
"""Words of a status that mean one thing only, by what arfeed calls it. `Closed`, `new` or `pending` do not."""

_ENDINGS = frozenset(
    (  # noqa: SIM905 - twenty quoted words are harder to read
        "closed clsd cls done completed complete finished archived inactive settled reversed collected cleared "
        "rejected declined refused returned abgelehnt abgewiesen refuse refusee rechazada rechazado rifiutata "
        "rifiutato afgewezen recusada recusado avslagen avvist afvist odrzucona zamitnuta "
        "geschlossen erledigt abgeschlossen cloture cerrada cerrado chiusa chiuso gesloten avslutad lukket zamknieta"
    ).split()
)
"""Words that end something in a status, and may mean that it is paid, that it is void, or that it was refused."""

DOCUMENT_TYPES: Sequence[str] = (
    "type", "document type", "document",
    "doc type", "transaction type", "trans type", "txn type", "invoice type", "kind",
    "document kind", "t", "ty", "tp", "dt", "tt", "trx", "trx type", "tran type", "doc class",
    "belegart", "belegtyp", "dokumentart", "dokumenttyp", "vorgangsart", "buchungsart", "art",
    "typ", "type de document", "type de piece", "tipo", "tipo documento", "tipo de documento", "soort",
    "documentsoort",
)  # fmt: skip
"""Common headers of a column that distinguishes invoices from credit notes and payments."""

INVOICES: Sequence[str] = (
    "invoice", "inv", "sales invoice", "customer invoice", "tax invoice", "ar invoice", "accrec", "out invoice",
    "si", "rechnung", "re", "rg", "ausgangsrechnung", "verkaufsrechnung", "facture", "factura", "factura de venta",
    "fattura", "factuur", "verkoopfactuur", "fatura", "faktura",
)  # fmt: skip
"""What such a column has for an invoice; anything else may not be one."""

_TRADES = frozenset(
    (  # noqa: SIM905 - as elsewhere, quoted words are harder to read
        "service services good goods product products item items material materials labour labor project projects "
        "subscription subscriptions rental rentals maintenance support consulting licence license hardware software "
        "retail wholesale domestic export local foreign eu b2b b2c b2g company person individual business private "
        "standard normal regular recurring dienstleistung dienstleistungen ware waren leistung produkt produkte "
        "abo inland ausland privat gewerbe prestation prestations marchandise marchandises produit produits biens "
        "servicio servicios producto productos bienes mercancia mercancias servizio servizi prodotto prodotti beni "
        "merce dienst diensten goederen producten servico servicos mercadoria mercadorias tjanst tjanster vara varor"
    ).split()
)
"""What a column of types says of what was sold, and to whom: not a kind of document."""

_CREDITS: Sequence[str] = (
    "credit note", "credit memo", "credit", "creditnote", "sales credit note", "customer credit note", "cn", "crn",
    "cm", "sc", "refund", "out refund", "accreccredit", "gutschrift", "gs", "rechnungskorrektur", "stornorechnung",
    "avoir", "facture avoir", "nota de credito", "abono", "factura rectificativa", "nota di credito", "creditnota",
    "creditfactuur", "nota de credito cliente", "kreditfaktura", "kreditnota", "kredittnota", "hyvityslasku",
    "faktura korygujaca", "korekta", "dobropis",
)  # fmt: skip
_PAYMENTS: Sequence[str] = (
    "payment", "receipt", "customer payment", "payment on account", "prepayment", "overpayment", "unapplied payment",
    "pmt", "sr", "sa", "zahlung", "zahlungseingang", "anzahlung", "za", "paiement", "reglement", "acompte", "cobro",
    "anticipo", "pagamento", "incasso", "recebimento", "betaling", "ontvangst", "aanbetaling", "betalning",
    "inbetalning", "indbetaling", "innbetaling", "maksu", "suoritus", "wplata", "wpłata", "platba",
)  # fmt: skip

CREDIT_TEXT = (
    r"(?i)^(credit (note|memo)|cr[- ]?note|gutschrift|rechnungskorrektur|storno(rechnung)?\b|avoir\b|"
    r"note de cr[ée]dit|nota de cr[ée]dito|nota di credito|factura rectificativa|abono\b|"
    r"creditnota|creditfactuur|kredit(nota|faktura)|kreditnote|hyvityslasku|faktura koryguj|dobropis)"
)
"""How a free text begins that calls its document a credit note."""

PAYMENT_TEXT = (
    r"(?i)^(customer )?(pre-?payments?\b|over-?payments?\b|payments? (on account|received|in advance)|"
    r"deposits? (received|paid|on account)|on[- ]account\b|(unallocated|unapplied)\b|"
    r"advance (payments? )?received|receipt\b|anzahlung\b|vorauszahlung\b|akontozahlung\b|zahlungseingang\b|"
    r"zahlung\b|acompte (re[çc]u|vers[ée])|r[èe]glement\b|paiement\b|anticipo (recibido|ricevuto)|"
    r"pago (a cuenta|recibido)|cobro\b|acconto (ricevuto|versato)|pagamento\b|aanbetaling\b|"
    r"vooruitbetaling\b|betaling\b|ontvangst\b|"
    r"in(n|d)?betal(n)?ing\b)"
)
"""How a free text begins that calls its document a payment, and not an invoice for one."""

TERMS_HEADER = (
    r"(?i)\bterms|method|\bmode\b|bedingung|zahlungs(art|weise)|condi[tcz]i|modalit|betaalwijze|betingelser|villkor|"
    r"betalings(m[åa]de|m[åa]te|s[äa]tt)|forma de pa"
)
"""How a heading says that its column holds when or by what an invoice is to be paid."""

TERMS_TEXT = (
    r"(?i)\d ?(tage|days|jours|dagen|d[ií]as|giorni|dagar|dage[rn]?|dni)|\b(innerhalb|innert|binnen|netto?|sofort|"
    r"f[äa]llig|per|par|via|by|comptant|contado|vista|immediat[aeo]?|contant[ei]?)\b"
)
"""What such a text holds, which may begin as one about a payment does: Zahlung innerhalb 30 Tagen."""

RECEIVED = r"(?i)receiv|eing[ae]ng|erhalten|re[çc]u|recib|ricev|ontvang|mottag|modtag|mottatt"
"""What it holds if it is about a payment after all: Deposit received by bank."""

CLOSED_TEXT = (
    r"(?i)^(paid|fully paid|cancell?ed|void(ed)?|written[- ]off|write[- ]off|settled|irrecoverable|uncollectible|"
    r"bad debt|duplicate|pro[- ]?forma|bezahlt|beglichen|storniert|ausgebucht|abgeschrieben|uneinbringlich|pay[ée]e?|"
    r"r[ée]gl[ée]e?|sold[ée]e|annul[ée]e?|irr[ée]couvrable|pagad[ao]|cobrad[ao]|anulad[ao]|incobrable|pagat[ao]|"
    r"saldat[ao]|annullat[ao]|inesigibile|betaald|voldaan|geannuleerd|afgeboekt|oninbaar|betald|betalt|makulerad|"
    r"avskriven|krediterad|krediteret|kreditert)(\P{L}|$)"
)
"""How a free text begins that says that nothing is owed any more, or never was."""

_TEXT_BEGINNINGS: Sequence[str] = tuple(
    (  # noqa: SIM905 - as elsewhere, quoted words are harder to read
        "credit gutschrift rechnung storno avoir note nota factura abono kredit hyvitys faktura dobropis customer "
        "prepayment overpayment payment deposit on unallocated advance receipt anzahlung vorauszahlung akonto zahlung "
        "acompte reglement règlement paiement anticipo cobro acconto incasso ontvangst betaling "
        "paid fully cancelled void written settled irrecoverable uncollectible bad duplicate proforma bezahlt "
        "beglichen ausgebucht abgeschrieben uneinbringlich annule soldee pagado anulado saldata voldaan "
        "geannuleerd afgeboekt oninbaar makulerad"
    ).split()
)

_CREDIT_PREFIXES = frozenset(
    (  # noqa: SIM905 - as elsewhere, quoted words are harder to read
        "cn crn cm cr cre cred credit scn scr srn sret gs gu gut gutschrift av avoir nc ncr kn kred kreditnota "
        "rc rinv ret storno adj"
    ).split()
)
"""Letters before the numbers of credit notes, where invoices have others."""

_NO_DEBT_PREFIXES = frozenset("pf pfi prf pro prof proforma quo quote qt est draft prov tmp".split())  # noqa: SIM905 - as above
"""Letters before the numbers of pro formas, quotes, estimates and drafts, where invoices have others."""

_STATUS_OF = {word: status for status, words in _STATUSES.items() for word in words}
_KIND_OF = {
    word: kind
    for kind, words in (("payment", _PAYMENTS), ("credit_note", _CREDITS), ("invoice", INVOICES))
    for word in words
}
_POSTING_KEYS: Sequence[str] = (
    "postingkey", "pk", "pstky", "bschl", "bs", "buchungsschlussel", "buchungsschluessel", "postkey", "pkey",
    "cledecomptabilisation", "clavedecontabilizacion", "clavecontabilizacion",
)  # fmt: skip
_AMOUNT = re.compile(r"\D{0,4}\d[\d.,' ]*[.,]\d+\D{0,4}")
_YES = frozenset(
    ["y", "yes", "true", "t", "1", "x", "j", "ja", "wahr", "oui", "vrai", "si", "sì", "sí", "s", "sim", "tak", "ano"]
)
_NO = frozenset(
    ["n", "no", "false", "f", "0", "nein", "falsch", "non", "faux", "nee", "nej", "nei", "não", "nie", "ne"]
)
_FLAGGED: Sequence[str] = (
    "credit", "gutschrift", "avoir", "abono", "return", "refund", "written off", "write off", "writeoff", "void",
    "abgeschrieben", "ausgebucht", "delet", "cancel", "reversed", "storn", "annul", "anul", "makul", "geloscht",
    "paid", "bezahlt", "beglichen", "ausgeglichen", "settled", "closed", "cleared", "draft", "entwurf",
    "kredit", "gecredit", "gutgeschrieben", "rectificad", "corrig", "skorygowan", "hyvitet", "mitatoi", "zrusen",
    "betal", "oplac", "opłac", "zaplac", "zapłac", "uhrazen", "maksett", "pagad", "pagat", "cobrad", "saldat",
    "regle", "liquidad", "utlignet", "udlignet", "lukket", "avslutt", "avslutad", "gesloten", "zamkniet", "uzavren",
    "utkast", "kladd",
    "uncollectible", "archiv", "inactiv", "inaktiv", "proforma", "pro forma", "test", "template", "quote", "obsolet",
)  # fmt: skip
"""How a word of such a heading begins, in the form in which headings are compared."""

_RAISED: Sequence[str] = (
    "active", "is active", "aktiv", "actif", "activo", "attivo", "posted", "is posted", "gebucht", "comptabilise",
    "contabilizado", "approved", "is approved", "valid", "is valid", "gultig", "finalized", "finalised", "confirmed",
    "published", "released", "freigegeben", "validated", "validee", "enabled", "booked", "is booked",
    "bokford", "bokfort", "bogfort", "bokfores", "godkjent", "godkendt", "godkand", "attesterad", "kirjattu",
    "hyvaksytty", "verbucht", "genehmigt", "geboekt", "verwerkt", "goedgekeurd", "definitief", "comptabilisee",
    "approuve", "approuvee", "valide", "contabilizada", "aprobada", "aprobado", "registrada", "registrado",
    "contabilizzata", "contabilizzato", "registrata", "registrato", "approvata", "approvato", "aprovada", "aprovado",
    "lancada", "zaksiegowana", "zaksiegowano", "zatwierdzona", "zauctovano", "schvaleno",
)  # fmt: skip
"""Headings of flags that every open invoice has raised: one that has not is a draft, or was taken back."""

_ENDED: Sequence[str] = (
    "delet", "cancel", "void", "revers", "storn", "annul", "anul", "makul", "geloscht", "written off", "write off",
    "writeoff", "abgeschrieben", "ausgebucht", "archiv",
)  # fmt: skip
"""How a word of a heading begins that names the day, document or amount by which an invoice was taken back."""

_PARTLY = ("part", "teil", "parc", "parz", "deel", "delvis", "delbe", "osit", "czesc", "castec")
"""How a word for `in part` begins, in the form in which headings are compared."""

_PERHAPS_STATUS = frozenset(
    (  # noqa: SIM905 - as elsewhere, quoted words are harder to read
        "phase stage step flag flg flags indicator ind mark marker code lifecycle progress workflow kz kennzeichen "
        "etape fase etapa steg trinn vaihe etap"
    ).split()
)
"""Headings that may be those of a status, if a word of the column is one, or letters such as O, P and V are."""

_OPEN_LETTERS, _CLOSED_LETTERS = frozenset("OU"), frozenset("PVCXDS")
"""Open or unpaid; paid, void, closed or cancelled, crossed out, draft, settled."""

_OPEN_FLAGS = frozenset(["open", "is open", "offen"])
_MOST_FLAGS = 3
_FEW_KINDS = 6
_CREDITING = range(11, 20)
_DEBITING = range(1, 10)
"""SAP's posting keys of customers: 01 invoice, 02 reversed credit memo … 09; 11 credit memo, 15 payment … 19."""


def status_of(word: str) -> str | None:
    """Return the status that a word means in every program; None if it may mean several, or is unknown."""
    return _STATUS_OF.get(normalize_header(word))


def is_part_payment(word: str) -> bool:
    """Whether a status says that a part was paid, so that less than the total is owed."""
    return any(part.startswith(_PARTLY) for part in normalize_header(word).split())


def kind_of(word: str) -> str | None:
    """Return the kind of document that a word means; None if it is unknown."""
    return _KIND_OF.get(normalize_header(word))


def is_of_trade(word: str) -> bool:
    """Whether a word of a column of types says what was sold or to whom, such as `Services`, and not what it is."""
    return normalize_header(word) in _TRADES


def is_credit_prefix(letters: str) -> bool:
    """Whether letters before a number are usual for credit notes."""
    return letters.casefold() in _CREDIT_PREFIXES


def is_no_debt_prefix(letters: str) -> bool:
    """Whether letters before a number are usual for what nobody owes, such as a pro forma."""
    return letters.casefold() in _NO_DEBT_PREFIXES


def credit_beginnings() -> set[bytes]:
    """Return the first two letters of numbers and texts of credits, and of what nobody owes, in any case."""
    words = (*_CREDIT_PREFIXES, *_NO_DEBT_PREFIXES, *_TEXT_BEGINNINGS)
    spelled = {each for word in words for each in (word.lower(), word.upper(), word.capitalize())}
    return {word.encode()[:2] for word in spelled}


def find_document_types(headers: Sequence[str]) -> list[str]:
    """Return the headers of columns that distinguish invoices from credit notes and payments."""
    return [header for header in headers if normalize_header(header) in DOCUMENT_TYPES]


def other_than_invoices(words: Sequence[str]) -> list[str]:
    """Return the values of such a column that do not mean an invoice, nor what was sold."""
    return [word for word in words if word.strip() and normalize_header(word) not in INVOICES and not is_of_trade(word)]


def is_status_column(header: str, words: Collection[str]) -> bool:
    """Whether a column seems to say what is paid, by its heading or by the words that it has."""
    name = normalize_header(header)
    known = sum(status_of(word) is not None or normalize_header(word) in _ENDINGS for word in words)
    # A column `Paid` of a short list may hold amounts.
    flags = name in FLAGS and len(words) <= _MOST_FLAGS and not any(_AMOUNT.fullmatch(word) for word in words)
    return name in USUAL["status"] or flags or 2 * known >= len(words) > 0 or _may_be_status(name, words, known)


def _may_be_status(name: str, words: Collection[str], known: int) -> bool:
    # Also as `Invoice stage` or `Phase of dunning`.
    if not {*name.split()} & _PERHAPS_STATUS:
        return False
    letters = {word.strip().upper() for word in words}
    both = bool(letters & _OPEN_LETTERS and letters & _CLOSED_LETTERS)
    by_letters = both and letters <= _OPEN_LETTERS | _CLOSED_LETTERS
    ends = any(f" {flag}" in f" {normalize_header(word)}" for word in words for flag in _FLAGGED)
    return by_letters or known > 0 or ends


def is_kind_column(header: str, words: Collection[str]) -> bool:
    """Whether a column seems to distinguish kinds of documents, by its heading or by the words that it has."""
    kinds = [kind_of(word) for word in words]
    # Among a few words that name kinds, one that does not is a kind as well, such as `Pro forma`.
    mixed = "invoice" in kinds and len(words) <= _FEW_KINDS and 2 * kinds.count(None) <= len(words)
    # `Si` is Spanish as well as Sage's sales invoice.
    return normalize_header(header) in DOCUMENT_TYPES or ((all(kinds) or mixed) and not are_yes_and_no(words))


def is_flag_column(header: str, words: Collection[str]) -> bool:
    """Whether a column says by yes or no what an open invoice is not, such as `Is credit` or `Written off`."""
    named = f" {normalize_header(header)} "
    return any(f" {word}" in named for word in _FLAGGED) and are_yes_and_no(words)


def is_raised_flag(header: str, words: Collection[str]) -> bool:
    """Whether a column says by yes or no what an open invoice is, such as `Posted` or `Active`."""
    return normalize_header(header) in _RAISED and are_yes_and_no(words)


def is_ended_header(header: str) -> bool:
    """Whether a heading names the day, the document or the amount by which an invoice was taken back."""
    named = f" {normalize_header(header)} "
    return any(f" {word}" in named for word in _ENDED)


def find_contradicting_flags(header: str, words: Collection[str]) -> Callable[[str], bool] | None:
    """Return what tells the word of a column such as `Open` or `Paid` by which nothing is owed; None of any other."""
    name = normalize_header(header)
    if name not in FLAGS or not are_yes_and_no(words):
        return None
    return is_no if name in _OPEN_FLAGS else is_yes


def is_no(word: str) -> bool:
    """Whether a flag is not raised."""
    return word.casefold() in _NO


def are_yes_and_no(words: Iterable[str]) -> bool:
    """Whether all words only say yes or no."""
    return all(word.casefold() in (*_YES, *_NO) for word in words)


def is_yes(word: str) -> bool:
    """Whether a flag is raised."""
    return word.casefold() in _YES


def credit_posting_keys(header: str, words: Collection[str]) -> list[str]:
    """Return the keys that lower a debt, of a column of SAP's posting keys; none if it is another column."""
    name = normalize_header(header).replace(" ", "")
    if name not in _POSTING_KEYS or not all(word.isdecimal() for word in words):
        return []
    if not all(int(word) in (*_DEBITING, *_CREDITING) for word in words):
        return []
    return [word for word in words if int(word) in _CREDITING]
