"""Every column of an export is accounted for, or somebody is asked: what says nothing new does so by its values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.planning.wording import pluralize
from arfeed.runs.reconciliation.meaning.closing import (
    find_closings,
    find_owed,
    find_part_paid,
    is_flag,
    meant_status,
)
from arfeed.runs.reconciliation.meaning.computed import find_computed
from arfeed.runs.reconciliation.meaning.ignored import MOST_WORDS, NOTHING, find_new_words
from arfeed.runs.reconciliation.meaning.kinds import find_credits
from arfeed.runs.reconciliation.meaning.question import Question, ask
from arfeed.runs.reconciliation.meaning.sent import Match, Sent, differences
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import FLAGS
from arfeed.tables.values.dates import means_none

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

_KINDS, _STATES, _FLAGS = _BY_WORDS = ("kinds or signs, each known", "states, each known", "yes or no, each known")


@dataclass(slots=True)
class Accounts:
    """What the other columns of an export say.

    `credits` has for each column of kinds or signs what each of its words lowers. `others` are differences in columns
    that are compared with what was sent, by row. `states` are the columns of states.
    """

    credits: dict[str, dict[str, bool]] = field(default_factory=dict)
    others: dict[int, list[str]] = field(default_factory=dict)
    states: list[str] = field(default_factory=list)


def account(search: Search, layout: Callable[[], pd.DataFrame]) -> Accounts:
    """Account for every column that has no meaning yet.

    Raise `ConfigError` if one says what was not sent, the settings do not pass over it, and nobody says that it is
    nothing. `layout` is what was sent in the destination's layout.
    """
    found = Accounts()
    # Of another ledger, which is refused for that, nothing is worth a question.
    if not len(search.evidence.rows):
        return found
    if (status := search.found.columns.get("status")) in search.evidence.texts:
        found.states.append(str(status))
    sent, matches = Sent(search.evidence, search.found, layout()), []
    why: dict[str, str] = {}
    owed = find_owed(search)
    left = [name for name in search.free() if not _is_blank(search, name, owed)]
    for name in left:
        if (match := sent.match(name)) and match.whole:
            why[name] = f"{match.name} as sent"
        elif by_words := _by_words(search, name, found, owed):
            why[name] = by_words
        elif match:
            matches.append((name, match))
            why[name] = f"{match.name} as sent, but in {pluralize(int((~match.same).sum()), 'row')}"
    why |= find_computed(search, sent, [name for name in left if name not in why])
    open_still = [name for name in left if name not in why]
    if found.states and _is_blank_for_some(search, found.states[0], owed):
        open_still.insert(0, found.states[0])
    # What was ignored when it said something else may close invoices by now.
    doubtful = [*open_still, *(name for name, each in why.items() if each in _BY_WORDS), *search.list_ignored()]
    closing = {each.header: each for each in find_closings(search, doubtful)}
    new = {name: words for name, words in find_new_words(search, owed).items() if name not in closing}
    if open_still or closing or new:
        ask(Question(search, sent, closing, new), open_still)
    _note(search, why)
    _collect(search, sent, found, matches)
    return found


def _is_blank_for_some(search: Search, header: str, owed: pa.Array) -> bool:
    """Whether a status is blank for some of what is open there, and nobody has said what that means."""
    blank = bool(_blanks(search, header, owed)) and header in search.found.columns.values()
    return blank and not _is_blank(search, header, owed) and not meant_status(search, "", header)


def _is_blank(search: Search, header: str, owed: pa.Array) -> bool:
    """Whether a column says nothing of whatever is open there."""
    texts = search.evidence.texts[header].filter(owed)
    return bool(pc.all(pc.or_(pc.is_in(texts, value_set=NOTHING), means_none(texts))).as_py())


def _by_words(search: Search, header: str, found: Accounts, owed: pa.Array) -> str | None:
    """Return what a column says by words all of which are known; None if one is not, or if there are many.

    Blank among words is one of them, as far as it stands beside what is open there.
    """
    words = search.evidence.few_words(header, MOST_WORDS)
    if not words:
        return None
    if normalize_header(header) in FLAGS and is_flag(search, header):
        return _FLAGS
    words += _blanks(search, header, owed)
    if (credit := find_credits(header, words, search.settings.values.get("kind") or {})) is not None:
        found.credits[header] = credit
        return _KINDS
    if all(meant_status(search, word, header) for word in words):
        found.states.append(header)
        return _STATES
    return None


def _blanks(search: Search, header: str, owed: pa.Array) -> list[str]:
    """Return a blank as a word, if a column is blank in a row that is open there."""
    return [""] if pc.any(pc.equal(search.evidence.texts[header].filter(owed), "")).as_py() else []


def _note(search: Search, why: Mapping[str, str]) -> None:
    if why:
        search.found.evidence["other columns"] = "; ".join(f"{name!r}: {each}" for name, each in why.items())
    if ignored := search.list_ignored():
        search.found.left.append(f"not looked at, as `ignore` says: {', '.join(ignored)}")


def _collect(search: Search, sent: Sent, found: Accounts, matches: Sequence[tuple[str, Match]]) -> None:
    """Note the rows in which a column has something else than was sent."""
    evidence = search.evidence
    for row, what in differences(matches, evidence):
        found.others.setdefault(row, []).append(what)
    lowers = (evidence.invoices_of("kind") != "invoice").to_numpy(dtype=bool)
    for header, words in found.credits.items():
        texts = evidence.take_paired(header)
        credit = np.asarray(pc.is_in(texts, value_set=_words(words, meaning=True)))
        debit = np.asarray(pc.is_in(texts, value_set=_words(words, meaning=False)))
        for place in np.flatnonzero((credit & ~lowers) | (debit & lowers)).tolist():
            kind = "credit" if lowers[place] else "invoice"
            found.others.setdefault(int(evidence.rows[place]), []).append(f"{header} {kind} → {texts[place].as_py()}")
    for header in found.states:
        for row, what in find_part_paid(search, sent, header):
            found.others.setdefault(row, []).append(what)


def _words(words: Mapping[str, bool], *, meaning: bool) -> pa.Array:
    return pa.array([word for word, credit in words.items() if credit is meaning], pa.large_string())
