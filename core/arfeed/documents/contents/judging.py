"""The rule by which a PDF is taken for an invoice's own, for another's, or for neither.

A number alone proves little: 7, 2026 and 10023 stand in every PDF, and honest ones list other invoices. So a PDF is
another invoice's only if its number, amount and customer are printed, and this one's amount is not. The rule
and what it was measured on are in docs/documents.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from itertools import zip_longest
from typing import Literal

from arfeed.documents.contents.customers import may_be_one
from arfeed.documents.contents.known import Invoice, Known
from arfeed.documents.contents.mentions import Role
from arfeed.documents.contents.printed import (
    ATTACHED,
    Found,
    Page,
    Printed,
    has_long_core,
    is_weak,
    make_page,
)
from arfeed.documents.contents.process import Extract
from arfeed.documents.contents.words import fold, is_empty, is_garbled, is_in_pieces, is_spaced
from arfeed.model import schema
from arfeed.model.currencies import format_amount

Outcome = Literal["own", "another", "mentioned", "none", "no text", "unreadable", "incomplete"]

VERSION = 5
"""Of the rule: a PDF that was read by another one is read again."""

_ERRORS = {
    "password": "it needs a password",
    "unreadable": "PDFium can't open it",
    "time": "reading it took too long",
    "memory": "reading it took too much memory",
    "lost": "the PDF reader crashed on it",
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a PDF shows itself to be: `whose` it is if it is another's, and what was read, and where, in words."""

    outcome: Outcome
    words: str = ""
    whose: str | None = None


def judge(own: Invoice, extract: Extract, known: Known) -> Verdict | None:
    """Return what a PDF filed for an invoice is; None if it has to be read wholly and carefully for that.

    That it is its own may be seen by a part of it; what else it is by all of it only.
    """
    verdict = _judge_at_once(own, extract, known)
    if extract.quick:
        return verdict if verdict is not None and verdict.outcome == "own" else None
    if verdict is not None or extract.careful is None:
        return verdict
    return _judge_carefully(own, extract, known, extract.careful)


def _judge_at_once(own: Invoice, extract: Extract, known: Known) -> Verdict | None:
    """Return what a PDF is; None if it has to be read carefully for that."""
    if extract.error is not None:
        return Verdict("unreadable", _ERRORS[extract.error])
    if (by_machine := _by_embedded(own, extract, known)) is not None:
        return by_machine
    if is_garbled(extract.pages):
        return Verdict("unreadable", "its text can't be extracted: the fonts do not map to characters")
    if any(map(is_in_pieces, extract.pages)):
        return None  # no label or title can be read in it
    printed = Printed(_pages(extract), known)
    there = printed.find(own)
    if there < Found.MAYBE:
        return None
    if there == Found.SURE and not own.money:
        return Verdict("own")
    # Labels may stand apart from their values, which is seen by reading carefully only.
    if _find_doubt(own, printed) is not None or printed.may_mention_apart() or printed.role_of(own) == Role.MENTIONED:
        return None
    if printed.has_money(own) and printed.has_customer(own):
        return Verdict("own")
    # Without its money or its customer it may be another's that mentions it, of which a part says nothing.
    is_whole = not extract.quick and not any(map(is_spaced, extract.pages))
    if there == Found.SURE and is_whole and not printed.find_others(own):
        return Verdict("own")
    return None


def _pages(extract: Extract) -> list[Page]:
    return [make_page(number, [text]) for number, text in enumerate(extract.pages, 1)]


def _judge_carefully(own: Invoice, extract: Extract, known: Known, careful: Sequence[str]) -> Verdict:
    """Return what a PDF is by two readings, of which the second went letter by letter."""
    if all(map(is_empty, (extract.pages, careful, extract.attached))) and not extract.more:
        return Verdict("no text", "a scan, or drawn without text")
    # The second reading may have been given up sooner; then the first counts alone.
    readings = zip_longest(careful, extract.pages, fillvalue="")
    pages = [make_page(number, texts) for number, texts in enumerate(readings, 1)]
    pages += [make_page(ATTACHED, [text]) for text in extract.attached]
    verdict = _by_text(own, Printed(pages, known, extract.labelled))
    if verdict.outcome == "none" and extract.more:
        return Verdict("incomplete", f"only its first {len(extract.pages)} pages were read")
    return verdict


def _by_text(own: Invoice, printed: Printed) -> Verdict:
    there = printed.find(own)
    if not own.money:
        # Nothing is known that would weigh more than the number does.
        return Verdict("own") if there >= Found.MAYBE else Verdict("none")
    its_money = printed.has_money(own)
    if its_money and printed.has_customer(own):
        return _by_title(own, printed) if there else Verdict("none")
    owner = _find_owner(own, there, printed, its_money=its_money)
    if owner is not None:
        return _assign_to(own, owner, printed, its_money=its_money)
    is_own = there >= Found.MAYBE or (there == Found.OTHERWISE and its_money and has_long_core(own))
    return _by_title(own, printed) if is_own else Verdict("none")


@dataclass(frozen=True, slots=True)
class _Doubt:
    """Why a PDF that prints an invoice's number may only refer to it: its `kind`, or the number that it has itself."""

    kind: str | None
    named: str | None = None


def _find_doubt(own: Invoice, printed: Printed) -> _Doubt | None:
    if (kind := printed.find_other_kind(own)) is not None:
        return _Doubt(kind)
    if printed.role_of(own) != Role.MENTIONED or (own.is_credit and printed.is_credit_note()):
        return None
    named = printed.find_named(own) or next(
        (other.source_ref for other in printed.find_others(own) if _heads(other, own, printed)), None
    )
    return None if named is None else _Doubt(None, named)


def _by_title(own: Invoice, printed: Printed) -> Verdict:
    """Return that a PDF is an invoice's own unless it calls itself something else that only refers to it."""
    doubt = _find_doubt(own, printed)
    if doubt is None:
        return Verdict("own")
    where = _name_page(printed.page_of(own))
    said = f"{where} is headed “{doubt.kind}”" if doubt.kind else f"{where} has {doubt.named} as its own number"
    owners = [other for other in printed.find_others(own) if _owns(other, own, doubt, printed)]
    if len(owners) != 1:
        return Verdict("mentioned", f"{said} and only mentions {own.source_ref}")
    (owner,) = owners
    words = f"{said}, though it mentions {own.source_ref}: it is the PDF of {owner.invoice_ref}"
    return Verdict("another", words, owner.invoice_ref)


def _owns(other: Invoice, own: Invoice, doubt: _Doubt, printed: Printed) -> bool:
    """Whether a document that is known is the one of which a PDF says that it is not the invoice."""
    if doubt.kind == "credit note":
        return other.is_credit and printed.role_of(other) > Role.LISTED
    return doubt.kind is None and _heads(other, own, printed)


def _heads(other: Invoice, own: Invoice, printed: Printed) -> bool:
    """Whether another number stands before this one that is only mentioned, and is not mentioned or listed itself."""
    return printed.role_of(other) > Role.LISTED and printed.first_place(other) <= printed.first_place(own)


def _find_owner(own: Invoice, there: Found, printed: Printed, *, its_money: bool) -> Invoice | None:
    """Return whose PDF it is that does not print this one's money and customer both, if it is another's.

    If it prints this one's number all the same, it must do no more than mention it.
    """
    others = printed.find_others(own)
    if not others or (there < Found.MAYBE and printed.may_hide_number(own, others)):
        return None
    role = printed.role_of(own)
    if role == Role.NAMED:
        return None
    is_there = there == Found.SURE or (there == Found.MAYBE and role == Role.ALONE)
    # One of another customer, for the same money as this one, is another's all the same.
    relatives = [] if its_money else [other for other in others if may_be_one(own.customer, other.customer)]
    strangers = [other for other in others if not may_be_one(own.customer, other.customer)]
    if relatives or (is_there and printed.has_customer(own)):
        owner = _find_head([*relatives, *strangers], printed)
    elif strangers:
        owner = max(strangers, key=lambda other: (printed.role_of(other), other.amount))
    else:
        return None
    if owner is None or not is_there:
        return owner
    only_mentioned = role == Role.MENTIONED or not (its_money or relatives or printed.has_customer(own))
    heads = _may_head(owner, printed) and printed.first_place(owner) <= printed.first_place(own)
    return owner if only_mentioned and heads else None


def _find_head(others: Sequence[Invoice], printed: Printed) -> Invoice | None:
    """Return the invoice that owns a PDF although it also prints this one's number or customer; None if unclear.

    Honest PDFs list other invoices of their customer: earlier ones, part payments, what is still open. So this one must
    stand there on its own, and have the largest amount but for those of invoices that are only listed. If nothing
    names it the PDF's number, its amount must be the last one, too.
    """
    heads = [other for other in others if _may_head(other, printed)]
    if len(heads) != 1:
        return None
    (head,) = heads
    if printed.role_of(head) < Role.NAMED and not printed.ends_with(head):
        return None
    amounts = printed.amounts(head)
    listed = {money for other in others if other is not head for money in other.money}
    return head if max(head.money & amounts, default=0) >= max(amounts - listed, default=0) else None


def _may_head(invoice: Invoice, printed: Printed) -> bool:
    """Whether a number can be the PDF's own; a weak one must be alone on its line."""
    return printed.role_of(invoice) >= (Role.ALONE if is_weak(invoice) else Role.POSSIBLE)


def _assign_to(own: Invoice, other: Invoice, printed: Printed, *, its_money: bool) -> Verdict:
    amount = _money(max(other.money & printed.amounts(other), default=other.amount), other)
    missed = own.customer if its_money else _money(own.amount or own.balance, own)
    where = _name_page(printed.page_of(other))
    though = f", though it mentions {own.source_ref}" if printed.find(own) == Found.SURE else ""
    return Verdict(
        "another",
        f"{where} prints {other.source_ref}, and it has {amount} and {other.customer}, but not "
        f"{missed}{though}: it is the PDF of {other.invoice_ref}",
        other.invoice_ref,
    )


def _name_page(page: int | None) -> str:
    return "an attached PDF" if page == ATTACHED else f"page {page}"


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
    if other is None or not own.money or (other.amount and not _is_total(embedded.total, other)):
        return None
    printed = Printed(_pages(extract), known)
    if printed.find(own) == Found.SURE and printed.page_of(other) is not None:
        return None  # both are printed: several PDFs were made one, of which the first one's invoice was kept
    words = f"the invoice embedded in it is {other.source_ref}: it is the PDF of {other.invoice_ref}"
    return Verdict("another", words, other.invoice_ref)


def _is_total(total: str, invoice: Invoice) -> bool:
    try:
        return abs(int(Decimal(total) * 10**schema.MONEY_SCALE)) == invoice.amount
    except (InvalidOperation, ValueError, OverflowError):
        return False
