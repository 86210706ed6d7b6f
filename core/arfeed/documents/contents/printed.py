"""What the text of a PDF prints of invoices: their numbers, their money and their customers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property, lru_cache

from arfeed.documents.contents import customers
from arfeed.documents.contents.amounts import find_amounts, find_whole_amounts
from arfeed.documents.contents.known import Invoice, Known
from arfeed.documents.contents.mentions import Role, find_roles
from arfeed.documents.contents.numbers import Number, find_places, find_variants, finds, make_number
from arfeed.documents.contents.words import close_short_lines, close_up, fold, is_spaced, squeeze
from arfeed.model import schema

_FEWEST_STRONG = 5
"""This many letters and digits are hardly in a PDF by chance."""

ATTACHED = 0
"""The number of a page of an attached PDF."""


class Found(IntEnum):
    """How surely a PDF prints a number.

    It may be written `otherwise`; it `maybe` stands there for something else, or as the head of a longer known one.
    """

    NOT = 0
    OTHERWISE = 1
    MAYBE = 2
    SURE = 3


@dataclass(frozen=True, slots=True)
class Page:
    """A page's number, and its text in every way in which it was read, the best one first."""

    number: int
    texts: tuple[str, ...]


def make_page(number: int, texts: Sequence[str]) -> Page:
    """Fold the texts of a page, and add them without the breaks of very short lines."""
    folded = [fold(text) for text in texts]
    return Page(number, tuple(dict.fromkeys([*folded, *map(close_short_lines, folded)])))


class Printed:
    """The pages of a PDF, asked about invoices among all that are known."""

    def __init__(self, pages: Sequence[Page], known: Known) -> None:
        """Nothing is looked for before the first question."""
        self.pages, self.known = pages, known
        self._amounts = cache(self._find_amounts)

    @cached_property
    def squeezed(self) -> str:
        """The letters and digits of all pages."""
        return "".join(map(squeeze, self._texts))

    @cached_property
    def _texts(self) -> list[str]:
        return [text for page in self.pages for text in page.texts]

    def amounts(self, invoice: Invoice) -> set[int]:
        """Return all amounts that are printed with the decimals of an invoice's currency, in its units."""
        return self._amounts(invoice.decimals)

    def _find_amounts(self, decimals: int) -> set[int]:
        scale = _scale(decimals)
        return {amount * scale for text in self._texts for amount in find_amounts(text, decimals)}

    def has_customer(self, invoice: Invoice) -> bool:
        """Whether an invoice's customer is printed."""
        return customers.is_printed(invoice.customer, self.squeezed)

    def has_money(self, invoice: Invoice) -> bool:
        """Whether an invoice's amount or balance is printed, in whatever notation."""
        if not invoice.money.isdisjoint(self.amounts(invoice)):
            return True
        decimals, scale = invoice.decimals, _scale(invoice.decimals)
        for text in self._texts:
            closed = close_up(text) if is_spaced(text) else text
            printed = find_whole_amounts(text, decimals) | (find_amounts(closed, decimals) if closed != text else set())
            if not invoice.money.isdisjoint(amount * scale for amount in printed):
                return True
        odd = _oddly((invoice.amount or invoice.balance) // scale)
        return any(odd.search(text) for text in self._texts)

    def ends_with(self, invoice: Invoice) -> bool:
        """Whether the last amount that is printed is the invoice's."""
        scale = _scale(invoice.decimals)
        for page in reversed(self.pages):
            lines = page.texts[0].splitlines()
            for place in reversed(range(len(lines))):
                if last := find_amounts("\n".join(lines[place:]), invoice.decimals):
                    return not invoice.money.isdisjoint(amount * scale for amount in last)
        return False

    def find(self, invoice: Invoice) -> Found:
        """Return how surely an invoice's number is printed."""
        best = Found.NOT
        for number in _numbers(invoice):
            for text in self._texts:
                sure = finds(number, text, self.known.has_number)
                if sure == 2 and not number.is_weak:
                    return Found.SURE
                best = max(best, Found.MAYBE if sure else Found.NOT)
        if best == Found.NOT and any(self._has_variant(number, self._texts) for number in _numbers(invoice)):
            return Found.OTHERWISE
        return best

    def _has_variant(self, number: Number, texts: Sequence[str]) -> bool:
        return any(next(find_variants(number, text, self.known.has_number), None) for text in texts)

    def page_of(self, invoice: Invoice) -> int | None:
        """Return the page that prints an invoice's number, as it is or written otherwise; None if there is none."""
        for number in _numbers(invoice):
            for page in self.pages:
                # Turned round, it has no place that could be named.
                if any(next(find_places(number, text), None) or finds(number, text, _no_other) for text in page.texts):
                    return page.number
                if self._has_variant(number, page.texts):
                    return page.number
        return None

    def find_others(self, own: Invoice) -> list[Invoice]:
        """Return the other invoices whose number, money and customer are all printed."""
        seen = {fold(number) for number in own.numbers}
        found = []
        for other in self._by_money(own):
            strange = seen.isdisjoint(map(fold, other.numbers)) and self.has_customer(other)
            # The pattern is expensive, and many invoices share an amount: most are ruled out first.
            if strange and self._may_have(other) and self.page_of(other) is not None:
                seen.update(map(fold, other.numbers))
                found.append(other)
        return found

    def _by_money(self, own: Invoice) -> Iterator[Invoice]:
        for decimals in self.known.decimals:
            for other in self.known.by_money(self._amounts(decimals)):
                if other.decimals == decimals and (other.source, other.source_ref) != (own.source, own.source_ref):
                    yield other

    def _may_have(self, invoice: Invoice) -> bool:
        """Whether all pieces of its number are there: as a whole, or turned round beside Hebrew or Arabic."""
        return any(all(piece in self.squeezed for piece in each.core or each.pieces) for each in _numbers(invoice))

    def hides(self, own: Invoice, others: Sequence[Invoice]) -> bool:
        """Whether, beside the others', an invoice's number may be there after all, in a way that was not understood."""
        squeezed = self.squeezed
        keys = (squeeze(fold(number)) for other in others for number in other.numbers)
        for key in sorted(keys, key=len, reverse=True):
            squeezed = squeezed.replace(key, "|")
        mine = map(squeeze, map(fold, own.numbers))
        return any(len(number) >= _FEWEST_STRONG and number in squeezed for number in mine)

    def role_of(self, invoice: Invoice) -> Role:
        """Return what an invoice's number stands there for at best; as `listed` if only its pieces were found."""
        return max((role for *_, role in self._roles(invoice)), default=Role.LISTED)

    def first_place(self, invoice: Invoice) -> tuple[int, int]:
        """Return where an invoice's number comes first: which page it is, and where on it."""
        return min(((place, start) for place, start, _ in self._roles(invoice)), default=(0, 0))

    def _roles(self, invoice: Invoice) -> Iterator[tuple[int, int, Role]]:
        scale = _scale(invoice.decimals)

        def prints_money(text: str) -> bool:
            return not invoice.money.isdisjoint(amount * scale for amount in find_amounts(text, invoice.decimals))

        for number in _numbers(invoice):
            for place, page in enumerate(self.pages):
                for text in page.texts:
                    roles = [*find_roles(number, text, self.known.has_number, prints_money)]
                    yield from ((place, start, role) for start, role in roles)
                    if roles:
                        break


def is_weak(invoice: Invoice) -> bool:
    """Whether an invoice's number may stand in any PDF as a quantity, a year or a customer's number."""
    return all(number.is_weak for number in _numbers(invoice))


def has_long_core(invoice: Invoice) -> bool:
    """Whether an invoice's number is long enough without its letters and zeros, beside its very amount."""
    return any(sum(map(len, number.core)) >= _LONG_CORE for number in _numbers(invoice))


_LONG_CORE = 4


def _numbers(invoice: Invoice) -> list[Number]:
    return [number for number in map(make_number, invoice.numbers) if number is not None]


def _no_other(_: str) -> bool:
    return False


def _scale(decimals: int) -> int:
    return int(10 ** (schema.MONEY_SCALE - decimals))


@lru_cache(maxsize=1_000)
def _oddly(amount: int) -> re.Pattern[str]:
    """Return a pattern of an amount with whatever mark between its digits, as where a font lacks the blank."""
    digits = str(amount)
    if len(digits) < _FEWEST_STRONG:
        return _NEVER
    mark = r"[^\w\s]"
    return re.compile(rf"(?<!\d)(?<!\d{mark}){f'{mark}?'.join(digits)}(?!\d)(?!{mark}\d)")


_NEVER = re.compile(r"(?!)")
