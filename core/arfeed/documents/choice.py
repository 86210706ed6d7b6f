"""Choosing one file for each invoice among those it claims. A file that others may claim too is assigned to none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from arfeed.model.text.legible import name_some

if TYPE_CHECKING:
    from arfeed.documents.listing import Listing
    from arfeed.documents.template import Claims

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The file of each invoice, the older ones it was preferred to, and files that no invoice gets.

    Invoices and files are given by index. `contested` files are claimed by several open invoices, `doubtful` ones by
    an open invoice and by another document.
    """

    files: Mapping[int, int]
    older: Mapping[int, list[int]]
    contested: Mapping[int, list[int]]
    doubtful: Mapping[int, list[int]]


def choose(matched: Claims, count: int) -> Choice:
    """Give each of the first `count` invoices its newest file, which is the one listed first; the rest are not open."""
    claimants: dict[int, list[int]] = {}
    for number, file in zip(matched.invoices, matched.files, strict=True):
        claimants.setdefault(file, []).append(number)
    own: dict[int, list[int]] = {}
    contested, doubtful = {}, {}
    for file, numbers in sorted(claimants.items()):
        mine = [number for number in sorted(numbers) if number < count]
        # Certain only if nobody else claims the file and its name means nothing else.
        if len(numbers) == 1 and file not in matched.strange:
            for number in mine:
                own.setdefault(number, []).append(file)
        elif len(mine) > 1:
            contested[file] = mine
        # Files that only closed documents claim concern nobody.
        elif mine:
            doubtful[file] = numbers
    # Files are listed newest first, and were added in that order.
    files = {number: candidates[0] for number, candidates in sorted(own.items())}
    older = {number: candidates[1:] for number, candidates in own.items() if len(candidates) > 1}
    return Choice(files, older, contested, doubtful)


def describe_choice(choice: Choice, matched: Claims, listing: Listing, refs: Sequence[str]) -> Iterator[str]:
    """Yield notes on the PDFs that were not chosen, and why."""
    if choice.older:
        examples = [
            f"{refs[number]}: {listing.files[choice.files[number]].label}, not {listing.files[older[0]].label}"
            for number, older in choice.older.items()
        ]
        yield f"invoices with several PDFs; the newest is used: {_name_examples(examples)}"
    if choice.doubtful:
        examples = [
            f"{listing.files[file].label} ({', '.join([refs[number] for number in numbers] + matched.strange[file])})"
            for file, numbers in choice.doubtful.items()
        ]
        yield (
            f"PDFs whose names also match another invoice, so none of them is sent: {_name_examples(examples)}; make "
            "the "
            "pattern in `documents` more specific about where the number is, as in "
            '"Invoice_{invoice_ref}_from_*.pdf", or give the files names that only one number can have'
        )


def _name_examples(examples: Sequence[str]) -> str:
    return name_some(examples, _MOST_NAMED, "; ")
