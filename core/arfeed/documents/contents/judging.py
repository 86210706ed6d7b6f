"""The rule by which a PDF is taken for an invoice's own, for another's, or for neither.

A number alone proves little: 7, 2026 and 10023 stand in every PDF, and honest ones list other invoices. So a PDF is
another's only if that one's number, its amount and its customer are printed, and this one's amount is not. The rule
and what it was measured on are in docs/documents.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from itertools import zip_longest
from typing import Literal

from arfeed.documents.contents.amounts import find_amounts, find_whole_amounts
from arfeed.documents.contents.known import Invoice, Known
from arfeed.documents.contents.numbers import finds, make_number
from arfeed.documents.contents.process import Extract
from arfeed.documents.contents.words import close_short_lines, fold, is_empty, is_garbled, squeeze
from arfeed.model import schema
from arfeed.model.currencies import format_amount

Outcome = Literal["own", "another", "none", "no text", "unreadable", "incomplete"]

VERSION = 2
"""Of the rule: a PDF that was read by another one is read again."""

_ERRORS = {
    "password": "it needs a password",
    "unreadable": "PDFium can't open it",
    "time": "reading it took too long",
    "memory": "reading it took too much memory",
    "lost": "the PDF reader crashed on it",
}
_LEGAL_FORM = (
    r"(?:limited|ltd|llc|llp|lp|plc|inc|incorporated|corp|corporation|co|company|gmbh|mbh|ag|kg|ohg|gbr|ug|se|sa|sas|"
    r"sarl|sl|slu|srl|spa|bv|nv|oy|ab|as|aps|a/s|sp\s+z\s+o\s+o|pty|pvt|ek|ev|kgaa|ltda|lda|sro)"
)
# Within a name it is part of it, as in "Dunmore Co-op" and "Smith & Co Solicitors LLP".
_AROUND = re.compile(rf"^{_LEGAL_FORM}\s+|(?:\s+(?:(?:&|and|und|et)\s+)?{_LEGAL_FORM})+\s*$")
_FEWEST_STRONG = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a PDF shows itself to be: `whose` it is if it is another's, and what was read, and where, in words."""

    outcome: Outcome
    words: str = ""
    whose: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """A page's number, and its text in every way in which it was read."""

    number: int
    texts: tuple[str, ...]


_ATTACHED = 0
"""The number of a page of an attached PDF."""

Careful = Callable[[], Extract]


def judge(own: Invoice, extract: Extract, known: Known, careful: Careful) -> Verdict:
    """Return what a PDF filed for an invoice is; `careful` reads it once more, letter by letter."""
    return judge_at_once(own, extract, known) or judge_carefully(own, extract, known, careful())


def judge_quickly(own: Invoice, extract: Extract, known: Known) -> Verdict | None:
    """Return what a PDF is that was read quickly; None if it has to be read wholly for that.

    That it is its own may be seen by a part of it; what else it is by all of it only.
    """
    verdict = judge_at_once(own, extract, known)
    return None if extract.quick and verdict is not None and verdict.outcome != "own" else verdict


def judge_at_once(own: Invoice, extract: Extract, known: Known) -> Verdict | None:
    """Return what a PDF is; None if it has to be read carefully for that."""
    if extract.error is not None:
        return Verdict("unreadable", _ERRORS[extract.error])
    if (by_machine := _by_embedded(own, extract, known)) is not None:
        return by_machine
    if is_garbled(extract.pages):
        return Verdict("unreadable", "its fonts do not show which letters they draw")
    pages = [_page(number, [text]) for number, text in enumerate(extract.pages, 1)]
    if _finds_own(own, pages, known) == _SURE:
        return Verdict("own")
    return None


def judge_carefully(own: Invoice, extract: Extract, known: Known, again: Extract) -> Verdict:
    """Return what a PDF is by two readings, of which the second went letter by letter."""
    # The second reading may have been given up sooner; then the first counts alone.
    readings = zip_longest(extract.pages, again.pages[: len(extract.pages)], fillvalue="")
    pages = [_page(number, texts) for number, texts in enumerate(readings, 1)]
    pages += [_page(_ATTACHED, [text]) for text in again.attached]
    if all(map(is_empty, (extract.pages, again.pages, again.attached))) and not extract.more:
        return Verdict("no text", "a scan, or drawn without letters")
    verdict = _by_text(own, pages, known)
    if verdict.outcome == "none" and extract.more:
        return Verdict("incomplete", f"only its first {len(extract.pages)} pages were read")
    return verdict


def _page(number: int, texts: Sequence[str]) -> Page:
    folded = [fold(text) for text in texts]
    closed = [close_short_lines(text) for text in folded]
    return Page(number, tuple(dict.fromkeys([*folded, *closed])))


_SURE = 2


def _finds_own(own: Invoice, pages: Sequence[Page], known: Known) -> int:
    """Return 2 if a number that is not weak stands there for sure, 1 if it may be there, 0 if it is not."""
    best = 0
    for number in filter(None, map(make_number, own.numbers)):
        for page in pages:
            for text in page.texts:
                sure = finds(number, text, known.has_number)
                if sure == _SURE and not number.is_weak:
                    return _SURE
                best = max(best, min(sure, 1))
    return best


def _by_text(own: Invoice, pages: Sequence[Page], known: Known) -> Verdict:
    there = _finds_own(own, pages, known)
    if there == _SURE:
        return Verdict("own")
    if not own.amount:
        # Nothing is known that would weigh more than the number does.
        return Verdict("own") if there else Verdict("none")
    squeezed = "".join(squeeze(text) for page in pages for text in page.texts)
    its_amount, its_customer = _prints_amount(own, pages), _is_printed(own.customer, squeezed)
    if its_amount and (there or its_customer):
        return Verdict("own") if there else Verdict("none")
    others = _find_others(own, pages, squeezed, known)
    # One of another customer, for the same money as this one, is another's all the same.
    if its_amount:
        others = [other for other in others if _name_key(other.customer) != _name_key(own.customer)]
    of_it = [other for other in others if _name_key(other.customer) == _name_key(own.customer)]
    if others and not (its_customer and of_it and not _is_alone(of_it, pages)):
        return _accuse(own, others[0], pages, also_its_amount=its_amount)
    return Verdict("own") if there else Verdict("none")


def _is_alone(others: Sequence[Invoice], pages: Sequence[Page]) -> bool:
    """Whether the only other invoice of this customer has the largest amount that is printed.

    Several of a customer make a statement of account, and one whose amount is not the largest was deducted, say.
    """
    if len(others) > 1:
        return False
    scale = 10 ** (schema.MONEY_SCALE - others[0].decimals)
    printed = (find_amounts(text, others[0].decimals) for page in pages for text in page.texts)
    largest = max((max(amounts, default=0) for amounts in printed), default=0)
    return bool(others[0].amount >= scale * largest)


def _prints_amount(own: Invoice, pages: Sequence[Page]) -> bool:
    scale = 10 ** (schema.MONEY_SCALE - own.decimals)
    wanted = {own.amount, own.balance} - {0}
    for page in pages:
        for text in page.texts:
            printed = find_amounts(text, own.decimals) | find_whole_amounts(text, own.decimals)
            if any(amount * scale in wanted for amount in printed) or _oddly(own.amount // scale).search(text):
                return True
    return False


@lru_cache(maxsize=1_000)
def _oddly(amount: int) -> re.Pattern[str]:
    """Return a pattern of an amount with whatever mark between its digits, as where a font lacks the blank."""
    digits = str(amount)
    marked = r"[^\w\s]?".join(digits)
    return re.compile(rf"(?<!\d){marked}(?!\d)") if len(digits) >= _FEWEST_STRONG else _NEVER


_NEVER = re.compile(r"(?!)")


def _find_others(own: Invoice, pages: Sequence[Page], squeezed: str, known: Known) -> list[Invoice]:
    """Return the invoices whose number, amount and customer are all printed; `squeezed` is the text of all pages."""
    seen = {fold(number) for number in own.numbers}
    found = []
    for other in _by_amount(own, pages, known):
        strange = seen.isdisjoint(map(fold, other.numbers)) and _is_printed(other.customer, squeezed)
        # The pattern is dear, and many invoices may have one common amount: most are ruled out before it.
        if strange and _may_be_printed(other, squeezed) and _page_of(other, pages) is not None:
            seen.update(map(fold, other.numbers))
            found.append(other)
    # Beside the others', this one's number may be there after all, in a way that was not understood.
    for key in sorted((squeeze(fold(number)) for other in found for number in other.numbers), key=len, reverse=True):
        squeezed = squeezed.replace(key, "|")
    mine = map(squeeze, map(fold, own.numbers))
    return [] if any(len(number) >= _FEWEST_STRONG and number in squeezed for number in mine) else found


def _may_be_printed(invoice: Invoice, squeezed: str) -> bool:
    """Whether all pieces of its number are there: as a whole, or turned round beside Hebrew or Arabic."""
    numbers = [number for number in map(make_number, invoice.numbers) if number is not None]
    return any(all(piece in squeezed for piece in number.pieces) for number in numbers)


def _by_amount(own: Invoice, pages: Sequence[Page], known: Known) -> Iterator[Invoice]:
    for decimals in known.decimals:
        scale = 10 ** (schema.MONEY_SCALE - decimals)
        amounts = {each * scale for page in pages for text in page.texts for each in find_amounts(text, decimals)}
        for other in known.by_amounts(amounts):
            if other.decimals == decimals and (other.source, other.source_ref) != (own.source, own.source_ref):
                yield other


@lru_cache(maxsize=10_000)
def _name_key(name: str) -> str:
    """Return a customer's name without the legal form before or behind it, which is often written differently."""
    plain = re.sub(r"[.,()]", " ", fold(name))
    return squeeze(_AROUND.sub(" ", plain)) or squeeze(plain)


def _is_printed(customer: str, squeezed: str) -> bool:
    key = _name_key(customer)
    return bool(key) and key in squeezed


def _page_of(invoice: Invoice, pages: Sequence[Page]) -> int | None:
    for number in filter(None, map(make_number, invoice.numbers)):
        for page in pages:
            if any(finds(number, text, _nothing_known) == _SURE for text in page.texts):
                return page.number
    return None


def _nothing_known(_: str) -> bool:
    return False


def _accuse(own: Invoice, other: Invoice, pages: Sequence[Page], *, also_its_amount: bool) -> Verdict:
    amount, missed = _money(other.amount, other), own.customer if also_its_amount else _money(own.amount, own)
    page = _page_of(other, pages)
    where = "an attached PDF" if page == _ATTACHED else f"page {page}"
    return Verdict(
        "another",
        f"{where} prints {other.source_ref}, and it has {amount} and {other.customer}, but not "
        f"{missed}: it is the PDF of {other.invoice_ref}",
        other.invoice_ref,
    )


def _money(units: int, invoice: Invoice) -> str:
    return f"{format_amount(Decimal(units).scaleb(-schema.MONEY_SCALE), invoice.currency)} {invoice.currency}"


def _by_embedded(own: Invoice, extract: Extract, known: Known) -> Verdict | None:
    """Judge by the embedded e-invoice; None if there is none, if there are several, or if nobody knows its number."""
    numbers = {"".join(fold(each.number).split()): each for each in extract.invoices}
    if len(numbers) != 1:
        return None
    ((key, embedded),) = numbers.items()
    if key in {"".join(fold(number).split()) for number in own.numbers}:
        return Verdict("own", "its embedded invoice has this number")
    other = known.by_number(key)
    if other is None or not own.amount or (other.amount and not _is_total(embedded.total, other)):
        return None
    pages = [_page(number, [text]) for number, text in enumerate(extract.pages, 1)]
    if _finds_own(own, pages, known) == _SURE and _page_of(other, pages) is not None:
        return None  # both are printed: several PDFs were made one, of which the first one's invoice was kept
    words = f"the invoice embedded in it is {other.source_ref}: it is the PDF of {other.invoice_ref}"
    return Verdict("another", words, other.invoice_ref)


def _is_total(total: str, invoice: Invoice) -> bool:
    try:
        return abs(int(Decimal(total) * 10**schema.MONEY_SCALE)) == invoice.amount
    except (InvalidOperation, ValueError, OverflowError):
        return False
