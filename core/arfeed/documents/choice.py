"""Choosing one file for each invoice among those that it claims; what others may claim as well is nobody's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from arfeed.documents.listing import Listing
from arfeed.documents.template import Claims

_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """The file of each invoice, what was passed over for it, and files whose name leaves open whose they are.

    `contested` ones are claimed by several open invoices, `doubtful` ones by one that is open and somebody else.
    """

    files: Mapping[int, int]
    older: Mapping[int, list[int]]
    contested: Mapping[int, list[int]]
    doubtful: Mapping[int, list[int]]


def choose(matched: Claims, count: int) -> Choice:
    """Give each of the first `count` invoices its file: the newest of its own, which is listed first."""
    claimants: dict[int, list[int]] = {}
    for number, file in zip(matched.invoices, matched.files, strict=True):
        claimants.setdefault(file, []).append(number)
    own: dict[int, list[int]] = {}
    contested, doubtful = {}, {}
    for file, numbers in sorted(claimants.items()):
        mine = [number for number in sorted(numbers) if number < count]
        if len(numbers) == 1 and file not in matched.strange:
            for number in mine:
                own.setdefault(number, []).append(file)
        elif len(mine) > 1:
            contested[file] = mine
        elif mine:
            doubtful[file] = numbers
    files = {number: having[0] for number, having in sorted(own.items())}
    older = {number: having[1:] for number, having in own.items() if len(having) > 1}
    return Choice(files, older, contested, doubtful)


def describe(choice: Choice, matched: Claims, listing: Listing, refs: Sequence[str]) -> Iterator[str]:
    """Say which PDFs were passed over, and why."""
    if choice.older:
        said = [
            f"{refs[number]}: {listing.files[choice.files[number]].label}, not {listing.files[older[0]].label}"
            for number, older in choice.older.items()
        ]
        yield f"invoices with several PDFs, of which the newest is taken: {_few(said)}"
    if choice.doubtful:
        said = [
            f"{listing.files[file].label} ({', '.join([refs[number] for number in numbers] + matched.strange[file])})"
            for file, numbers in choice.doubtful.items()
        ]
        yield (
            f"PDFs whose names could mean another invoice too, so they are not sent: {_few(said)}; let `documents` say "
            'more exactly where the number stands, as in "Invoice_{invoice_ref}_from_*.pdf"'
        )


def _few(said: Sequence[str]) -> str:
    more = f" and {len(said) - _MOST_NAMED} more" if len(said) > _MOST_NAMED else ""
    return "; ".join(said[:_MOST_NAMED]) + more
