"""Every column of an export is accounted for, or somebody is asked: what says nothing new does so by its values."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import quote
from arfeed.planning.wording import pluralize
from arfeed.runs.reconciliation.meaning.closing import (
    Closing,
    find_closings,
    find_owed,
    find_part_paid,
    is_flag,
    meant_status,
)
from arfeed.runs.reconciliation.meaning.computed import find_computed
from arfeed.runs.reconciliation.meaning.evidence import DISAGREES, count_true
from arfeed.runs.reconciliation.meaning.kinds import find_credits, unknown_kinds
from arfeed.runs.reconciliation.meaning.notation import NO_DAY, begin_no_day
from arfeed.runs.reconciliation.meaning.sent import Match, Sent, differences
from arfeed.runs.reconciliation.meaning.words import COMPARED, PAID
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.synonyms import FLAGS
from arfeed.tables.values.amounts import parse_money
from arfeed.tables.values.dates import means_none

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

_MOST_WORDS = 30
_SHOWN = 3
_LONGEST = 30
_NOTHING = pa.array(["", "-", "–", "—", "n/a", "N/A", "null", "NULL"], pa.large_string())
"""What a column holds that says nothing."""

_NONE = "none of them"

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
    doubtful = [*open_still, *(name for name, each in why.items() if each in _BY_WORDS), *search.ignored()]
    closing = {each.header: each for each in find_closings(search, doubtful)}
    if open_still or closing:
        _ask(search, sent, open_still, closing)
    _note(search, why)
    _collect(search, sent, found, matches)
    return found


def _is_blank_for_some(search: Search, header: str, owed: pa.Array) -> bool:
    """Whether a status is blank for some of what is open there, and nobody has said what that means."""
    blank = bool(_blanks(search, header, owed)) and header in search.found.columns.values()
    return blank and not _is_blank(search, header, owed) and not meant_status(search, "")


def _is_blank(search: Search, header: str, owed: pa.Array) -> bool:
    """Whether a column says nothing of whatever is open there."""
    texts = search.evidence.texts[header].filter(owed)
    return bool(pc.all(pc.or_(pc.is_in(texts, value_set=_NOTHING), means_none(texts))).as_py())


def _by_words(search: Search, header: str, found: Accounts, owed: pa.Array) -> str | None:
    """Return what a column says by words all of which are known; None if one is not, or if there are many.

    Blank among words is one of them, as far as it stands beside what is open there.
    """
    words = search.evidence.few_words(header, _MOST_WORDS)
    if not words:
        return None
    if normalize_header(header) in FLAGS and is_flag(search, header):
        return _FLAGS
    words += _blanks(search, header, owed)
    if (credit := find_credits(header, words, search.settings.values.get("kind") or {})) is not None:
        found.credits[header] = credit
        return _KINDS
    if all(meant_status(search, word) for word in words):
        found.states.append(header)
        return _STATES
    return None


def _blanks(search: Search, header: str, owed: pa.Array) -> list[str]:
    """Return a blank as a word, if a column is blank in a row that is open there."""
    return [""] if pc.any(pc.equal(search.evidence.texts[header].filter(owed), "")).as_py() else []


def _note(search: Search, why: Mapping[str, str]) -> None:
    if why:
        search.found.evidence["other columns"] = "; ".join(f"{name!r}: {each}" for name, each in why.items())
    if ignored := search.ignored():
        search.found.left.append(f"not looked at, as `ignore` says: {', '.join(ignored)}")


def _collect(search: Search, sent: Sent, found: Accounts, matches: Sequence[tuple[str, Match]]) -> None:
    """Note the rows in which a column has something else than was sent."""
    evidence = search.evidence
    for row, what in differences(matches, evidence):
        found.others.setdefault(row, []).append(what)
    lowers = (evidence.invoices_of("kind") != "invoice").to_numpy(dtype=bool)
    for header, words in found.credits.items():
        texts = evidence.paired(header)
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


# --- the question ---------------------------------------------------------------------------------------------------


def _ask(search: Search, sent: Sent, headers: Sequence[str], closing: Mapping[str, Closing]) -> None:
    """Ask once about all columns that are not accounted for; raise `ConfigError` if one says what is open."""
    every = list(dict.fromkeys([*headers, *closing]))
    lines = [f"  {header!r}{_describe(search, sent, header, closing.get(header))}" for header in every]
    question = (
        f"{pluralize(len(every), 'column')} with data that was not sent, and that may say an invoice is paid, closed "
        "or another one there:\n" + "\n".join(lines) + "\n"
        "Does any of them say whether an invoice is open, or what is owed?"
    )
    taken = [name for name in headers if name in search.found.columns.values()]
    spare = [name for name in headers if name not in closing and name not in taken]
    advice = {header: _advise(search, sent, header, closing.get(header)) for header in every}
    # Columns that look like amounts, days or kinds, or that fill few rows (as closings do), are not in the line
    # that can be pasted without a look.
    plain = [name for name in spare if advice[name] == _usual_advice(name) and not _is_rarely_said(search, name)]
    more = dict.fromkeys(spare, "; or add it to ignore")
    said = [f"for {name!r}, {each}{more.get(name, '')}" for name, each in advice.items() if name not in plain]
    if plain:
        said.append(f"for those that don't, in [destination.reconcile],\n  {_line(search, plain)}\n")
    option = "; ".join(said) + _misspelled(search, headers)
    choices = {
        _NONE: "they are left out",
        **{name: f"say {each}" for name, each in advice.items()},
    }
    answer = search.asker.choose(question, option, choices)
    if answer != _NONE:
        raise ConfigError(f"{answer!r}: say {advice[answer]}")
    kept = [_line(search, [*spare, *closing])] if spare or closing else []
    kept += ["values.status = false"] if closing else ['values.status = { "" = "open" }'] if taken else []
    search.found.left.append(
        f"left out, as you said; to keep that, write {' and '.join(kept)} in [destination.reconcile]"
    )


def _is_rarely_said(search: Search, header: str) -> bool:
    """Whether a column says something of less than half of the rows, or one of its few words of less than a tenth."""
    texts = search.evidence.texts[header]
    blank = pc.is_in(texts, value_set=_NOTHING)
    if count_true(blank) * 2 > len(texts):
        return True
    counts = _count_values(search, header)
    return 1 < len(counts) <= _MOST_WORDS and min(counts.values()) * 10 < len(texts)


def _count_values(search: Search, header: str) -> dict[str, int]:
    """Return how many rows have each value, the rarest first."""
    counted_values = pc.value_counts(search.evidence.texts[header]).to_pylist()
    counts = {each["values"]: each["counts"] for each in counted_values if each["values"]}
    return dict(sorted(counts.items(), key=lambda each: each[1]))


def _line(search: Search, headers: Sequence[str]) -> str:
    """Return the line that has these columns ignored as well."""
    return f"ignore = [{', '.join(map(quote, dict.fromkeys([*search.settings.ignore, *headers])))}]"


def _describe(search: Search, sent: Sent, header: str, closing: Closing | None) -> str:
    """Return what a column holds, and what that may mean."""
    evidence = search.evidence
    counts = _count_values(search, header)
    # Rarest first: few invoices are closed.
    given = [(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", counts[text]) for text in [*counts][:_SHOWN]]
    few = len(counts) <= _MOST_WORDS and len({*counts.values()}) > 1
    shown = ", ".join(f"{text} ({pluralize(count, 'row')})" if few else text for text, count in given)
    hint = ""
    balance = search.found.columns.get("balance")
    if closing:
        hint = f"; it closes {pluralize(closing.count, 'row')} whose balance is not 0"
    elif unknown := _unknown(search, header):
        hint = f"; not known is {', '.join(map(repr, unknown[:_SHOWN]))}"
    elif begin_no_day(evidence.texts[header]):
        hint = f"; moments {NO_DAY}"
    elif header == search.found.columns.get("status"):
        hint = "; it is blank in some rows that are open"
    elif normalize_header(header) in PAID:
        hint = "; it may be what was paid of another column"
    elif name := sent.doubts.get(header):
        hint = f"; in every row it has {name} as sent, and may be something else"
    elif balance in evidence.texts and evidence.agreement("balance", header) is not None:
        mark = search.found.decimal
        mine, other = (pc.abs(parse_money(evidence.texts[name], mark).values) for name in (balance, header))
        same = pc.fill_null(pc.equal(mine, other), fill_value=False)
        hint = f"; another amount than {balance!r} in {pluralize(len(same) - count_true(same), 'row')}"
    return f": {shown}{hint}"


def _unknown(search: Search, header: str) -> list[str]:
    words = search.evidence.few_words(header, _MOST_WORDS)
    return unknown_kinds(header, words, search.settings.values.get("kind") or {})


def _advise(search: Search, sent: Sent, header: str, closing: Closing | None) -> str:
    """Return what the settings have to say if a column says what is open or owed."""
    if closing:
        return closing.advise(search)
    if header == search.found.columns.get("status"):
        return 'values.status = { "" = "open" } in [destination.reconcile] if what has none is open'
    if unknown := _unknown(search, header):
        listed = ", ".join(f'{quote(word)} = "…"' for word in unknown)
        return f"values.kind = {{ {listed} }} in [destination.reconcile], each invoice, credit_note or payment"
    balance = search.found.columns.get("balance")
    if normalize_header(header) in PAID and balance:
        return (
            f"columns = {{ amount = {quote(balance)}, paid = {quote(header)} }} in [destination.reconcile] if what is "
            "open is the one less the other"
        )
    if (name := sent.doubts.get(header)) in COMPARED:
        return f"columns.{name} = {quote(header)} in [destination.reconcile] if it is that"
    if (search.evidence.agreement("balance", header) or 0) >= DISAGREES:
        return f"columns.balance = {quote(header)} in [destination.reconcile] if that is what is open"
    return _usual_advice(header)


def _usual_advice(header: str) -> str:
    return f"columns.balance or columns.status = {quote(header)} in [destination.reconcile]"


def _misspelled(search: Search, headers: Sequence[str]) -> str:
    """Return which names in `ignore` no column has, if they resemble one that is asked about."""
    absent = [name for name in search.settings.ignore if not search.has(name)]
    pairs = ((name, difflib.get_close_matches(name, headers, 1)) for name in absent)
    said = [f"`ignore` has {name!r}, and the export {close[0]!r}" for name, close in pairs if close]
    return f" ({'; '.join(said)})" if said else ""
