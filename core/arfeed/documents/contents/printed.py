"""What the text of a PDF prints of invoices: their numbers, their money and their customers."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property, lru_cache

from arfeed.documents.contents import customers
from arfeed.documents.contents.amounts import find_amounts, find_whole_amounts
from arfeed.documents.contents.known import Invoice, Known
from arfeed.documents.contents.mentions import Role, find_roles, label_role, may_mention, mentions_apart
from arfeed.documents.contents.numbers import Number, find_places, find_variants, finds, make_number
from arfeed.documents.contents.titles import Title, find_labelled_numbers, find_titles, is_first, is_number_label
from arfeed.documents.contents.words import close_short_lines, close_up, fold, is_spaced, squeeze, strip_accents
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

    def __init__(self, pages: Sequence[Page], known: Known, labelled: Sequence[tuple[str, str]] = ()) -> None:
        """Nothing is looked for before the first question. `labelled` are values behind what labels them."""
        self.pages, self.known = pages, known
        self._labelled = labelled
        self._amounts, self._role = cache(self._find_amounts), cache(self._find_role)

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
        odd = _make_odd_pattern((invoice.amount or invoice.balance) // scale)
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

    def may_hide_number(self, own: Invoice, others: Sequence[Invoice]) -> bool:
        """Whether, beside the others', an invoice's number may be there after all, in a way that was not understood."""
        squeezed = self.squeezed
        keys = (squeeze(fold(number)) for other in others for number in other.numbers)
        for key in sorted(keys, key=len, reverse=True):
            squeezed = squeezed.replace(key, "|")
        mine = map(squeeze, map(fold, own.numbers))
        return any(len(number) >= _FEWEST_STRONG and number in squeezed for number in mine)

    def role_of(self, invoice: Invoice) -> Role:
        """Return what an invoice's number stands there for at best; as `listed` if only its pieces were found.

        What stands beside or above it on the page counts more than what the file has before it.
        """
        return self._role(invoice)

    def _find_role(self, invoice: Invoice) -> Role:
        role = max((role for *_, role in self._roles(invoice)), default=Role.LISTED)
        if role == Role.NAMED:
            return role
        labelled = self._label_of(invoice, default=role)
        # The heading of a list names all that is listed below.
        return min(role, labelled) if role == Role.LISTED else labelled

    def _label_of(self, invoice: Invoice, default: Role) -> Role:
        """Return the role that the labels on the page give an invoice's number at best."""
        roles = {
            label_role(f"{label} {value[:start]}")
            for number in _numbers(invoice)
            for label, value in self._values
            for start, _ in [*find_places(number, value), *find_variants(number, value, self.known.has_number)]
        }
        return max((role for role in roles if role is not None), default=default)

    def find_other_kind(self, own: Invoice) -> str | None:
        """Return what kind of document prints an invoice's number, if it calls itself none that it may be of."""
        found = kind = None
        for page in self.pages:
            text = next((text for text in page.texts if find_titles(text)), page.texts[0])
            titles = find_titles(text)
            if titles or page.number == ATTACHED:
                kind = self._find_kind(own, titles, self._line_of(own, text))
            if not self._is_on(own, page):
                continue
            if kind is None or self._is_called(own, page, kind):
                return None
            found = kind
        return found

    def is_credit_note(self) -> bool:
        """Whether any page calls itself a credit note."""
        return any(title.kind == "credit note" for text in self._texts for title in find_titles(text))

    def _line_of(self, own: Invoice, text: str) -> float:
        """Return before how many lines of a text, blank ones left out, an invoice's number comes first."""
        places = [start for number in _numbers(own) for start, _ in find_places(number, text)]
        return len([line for line in text[: min(places)].splitlines() if line.strip()]) if places else math.inf

    def _find_kind(self, own: Invoice, titles: Sequence[Title], line: float) -> str | None:
        """Return what a page with these titles is; None for an invoice, and where that is not clear.

        On its line, counted so, the invoice's number is; what is called a statement below that is none.
        """
        for title in titles:
            if title.kind == "invoice" or title.line > line:
                return None
            if title.is_strong or (title.line == 0 and not self._is_field(title)):
                return title.kind
            # Fields of an invoice may have such names as well, before its number.
            if title.is_alone and not self._is_field(title):
                return title.kind
            if (is_first(title) and titles[-1].kind == title.kind) or self.role_of(own) == Role.MENTIONED:
                return title.kind
        return None

    def _is_field(self, title: Title) -> bool:
        """Whether a title has a value beside it on the page, but not on its line of text."""
        return any(label.startswith(title.label) for label, _ in self._plain_values)

    @cached_property
    def _plain_values(self) -> list[tuple[str, str]]:
        return [(strip_accents(label), strip_accents(value)) for label, value in self._values]

    def _is_on(self, invoice: Invoice, page: Page) -> bool:
        numbers = _numbers(invoice)
        if any(finds(number, text, _no_other) for number in numbers for text in page.texts):
            return True
        return any(self._has_variant(number, page.texts) for number in numbers)

    def _is_called(self, own: Invoice, page: Page, kind: str) -> bool:
        """Whether an invoice's number is the credit note's own, such as one that a customer has drawn up."""
        if kind != "credit note":
            return False
        labels = [(title.label, title.rest) for title in find_titles(page.texts[0]) if title.kind == kind]
        labels += [each for each in self._plain_values if any(title.kind == kind for title in find_titles(each[0]))]
        return own.is_credit or any(
            is_number_label(f"{label} {value[:start]}")
            for label, value in labels
            for number in _numbers(own)
            for start, _ in find_places(number, value)
        )

    def find_named(self, own: Invoice) -> str | None:
        """Return a number that is called the invoice's number and is not this invoice's."""
        texts = [*self._texts, *(f"{label} {value}" for label, value in self._values)]
        # In a narrow column the number itself goes over several lines.
        texts += [f"{label} {value.replace(_BREAK, '')}" for label, value in self._values if _BREAK in value]
        mine = {squeeze(fold(number)).lstrip("0") for number in own.numbers}
        for named in (named for text in texts for named in find_labelled_numbers(text)):
            number = squeeze(named)
            if not any(number in each or each in number for each in mine):
                return named.upper()
        return None

    def may_mention_apart(self) -> bool:
        """Whether a label may stand apart from its value that names another document."""
        spaced = (close_up(text) for text in self._texts if is_spaced(text))
        return any(map(mentions_apart, self._texts)) or any(map(may_mention, spaced))

    @cached_property
    def _values(self) -> list[tuple[str, str]]:
        return [(fold(label), fold(value)) for label, value in self._labelled]

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
_BREAK = "\n"


def _numbers(invoice: Invoice) -> list[Number]:
    return [number for number in map(make_number, invoice.numbers) if number is not None]


def _no_other(_: str) -> bool:
    return False


def _scale(decimals: int) -> int:
    return int(10 ** (schema.MONEY_SCALE - decimals))


@lru_cache(maxsize=1_000)
def _make_odd_pattern(amount: int) -> re.Pattern[str]:
    """Return a pattern of an amount with whatever mark between its digits, as where a font lacks the blank."""
    digits = str(amount)
    if len(digits) < _FEWEST_STRONG:
        return _NEVER
    mark = r"[^\w\s]"
    return re.compile(rf"(?<!\d)(?<!\d{mark}){f'{mark}?'.join(digits)}(?!\d)(?!{mark}\d)")


_NEVER = re.compile(r"(?!)")
