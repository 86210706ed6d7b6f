"""The question about an export's columns that nothing accounts for: asked once for all, with what to write."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import quote
from arfeed.planning.wording import pluralize
from arfeed.runs.reconciliation.meaning.evidence import DISAGREES, count_true
from arfeed.runs.reconciliation.meaning.ignored import MOST_WORDS, is_harmless, list_words, make_line
from arfeed.runs.reconciliation.meaning.kinds import unknown_kinds
from arfeed.runs.reconciliation.meaning.notation import NO_DAY, begin_no_day
from arfeed.runs.reconciliation.meaning.sent import Sent
from arfeed.runs.reconciliation.meaning.words import COMPARED, PAID
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.values.amounts import parse_money
from arfeed.tables.values.dates import ORDERS, parse_dates

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.closing import Closing
    from arfeed.runs.reconciliation.meaning.search import Search

_SHOWN = 3
_LONGEST = 30
_NONE = "none of them"


@dataclass(frozen=True, slots=True)
class Question:
    """What a question about columns is asked by: what closes rows by each, and the words that are new in each."""

    search: Search
    sent: Sent
    closing: Mapping[str, Closing]
    new: Mapping[str, Sequence[str]]


def ask(asked: Question, headers: Sequence[str]) -> None:
    """Ask once about all columns that are not accounted for; raise `ConfigError` if one says what is open."""
    search = asked.search
    every = list(dict.fromkeys([*headers, *asked.closing, *asked.new]))
    lines = [f"  {header!r}{_describe(asked, header)}" for header in every]
    question = (
        f"{pluralize(len(every), 'column')} with data that was not sent, and that may say an invoice is "
        "paid, closed or another one there:\n" + "\n".join(lines) + "\n"
        "Does any of them say whether an invoice is open, or what is owed?"
    )
    advice = {header: _advise(asked, header) for header in every}
    choices = {_NONE: "they are left out", **{name: f"say {each}" for name, each in advice.items()}}
    answer = search.asker.choose(question, _word_question(asked, headers, advice), choices)
    if answer != _NONE:
        raise ConfigError(f"{answer!r}: say {advice[answer]}")
    taken = [name for name in headers if name in search.found.columns.values()]
    spare = [name for name in every if name not in taken]
    kept = [make_line(search, spare)] if spare else []
    kept += ['values.status = { "" = "open" }'] if taken else []
    search.found.left.append(
        f"left out, as you said; to keep that, write {' and '.join(kept)} in [destination.reconcile]"
    )


def _word_question(asked: Question, headers: Sequence[str], advice: Mapping[str, str]) -> str:
    """Return what to write for each column, and the line to paste for those that can hardly say anything."""
    search = asked.search
    taken = [name for name in headers if name in search.found.columns.values()]
    spare = [name for name in advice if name not in asked.closing and name not in taken]
    plain = [name for name in spare if name not in asked.new and is_harmless(search, name)]
    more = {name: _how_to_ignore(asked, name) for name in spare}
    said = [f"for {name!r}, {each}{more.get(name, '')}" for name, each in advice.items() if name not in plain]
    if plain:
        said.append(f"for those that don't, in [destination.reconcile],\n  {make_line(search, plain)}\n")
    return "; ".join(said) + _find_misspelled(search, headers)


def _how_to_ignore(asked: Question, header: str) -> str:
    """Return how a column is passed over; its words have to be written by somebody who has looked at them."""
    if header in asked.new:
        return ""
    if list_words(asked.search, header):
        return f'; or ignore = {{ {quote(header)} = ["…"] }} with those of its words that close nothing'
    return "; or name it in ignore once you have seen that it closes nothing"


def _count_values(search: Search, header: str) -> dict[str, int]:
    """Return how many rows have each value, the rarest first."""
    counted_values = pc.value_counts(search.evidence.texts[header]).to_pylist()
    counts = {each["values"]: each["counts"] for each in counted_values if each["values"]}
    return dict(sorted(counts.items(), key=lambda each: each[1]))


def _describe(asked: Question, header: str) -> str:
    """Return what a column holds, and what that may mean."""
    search, sent, closing = asked.search, asked.sent, asked.closing.get(header)
    evidence = search.evidence
    counts = _count_values(search, header)
    # The rarest first: of what is closed there is least.
    given = [(text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", counts[text]) for text in [*counts][:_SHOWN]]
    few = len(counts) <= MOST_WORDS and len({*counts.values()}) > 1
    shown = ", ".join(f"{text} ({pluralize(count, 'row')})" if few else text for text, count in given)
    hint = ""
    balance = search.found.columns.get("balance")
    if closing:
        hint = f"; it closes {pluralize(closing.count, 'row')} whose balance is not 0"
    elif words := asked.new.get(header):
        hint = f"; `ignore` does not name {', '.join(map(repr, words[:_SHOWN]))}"
    elif unknown := _unknown(search, header):
        hint = f"; unknown: {', '.join(map(repr, unknown[:_SHOWN]))}"
    elif begin_no_day(evidence.texts[header]):
        hint = f"; timestamps {NO_DAY}"
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
        hint = f"; different from {balance!r} in {pluralize(len(same) - count_true(same), 'row')}"
    return f": {shown}{hint}"


def _unknown(search: Search, header: str) -> list[str]:
    words = search.evidence.few_words(header, MOST_WORDS)
    return unknown_kinds(header, words, search.settings.values.get("kind") or {})


def _advise(asked: Question, header: str) -> str:
    """Return what the settings have to say if a column says what is open or owed."""
    search, sent = asked.search, asked.sent
    if closing := asked.closing.get(header):
        return closing.advise(search)
    if header in asked.new:
        if isinstance(search.passes_over(header), list):
            return "in [destination.reconcile] add them to its words in ignore if they close nothing"
        return (
            f'ignore = {{ {quote(header)} = ["…"] }} in [destination.reconcile] with those of its words that close '
            'nothing, or "anything" if none ever will'
        )
    if header == search.found.columns.get("status"):
        return 'values.status = { "" = "…" } in [destination.reconcile], open or paid, as what has none is'
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
    return _advise_by_values(search, header)


def _advise_by_values(search: Search, header: str) -> str:
    texts = search.evidence.filled(header)
    if any(not count_true(parse_dates(texts, order, declared=True).wrong) for order in ORDERS):
        return f"columns.due_on = {quote(header)} in [destination.reconcile] if it is the due date"
    if search.evidence.agreement("balance", header) is not None:
        return (
            f"columns.balance = {quote(header)} in [destination.reconcile] if it is what is open, not what was billed"
        )
    return _usual_advice(header)


def _usual_advice(header: str) -> str:
    return f"columns.balance or columns.status = {quote(header)} in [destination.reconcile]"


def _find_misspelled(search: Search, headers: Sequence[str]) -> str:
    """Return which names in `ignore` no column has, if they resemble one that is asked about."""
    absent = [name for name in search.settings.passed_over if not search.has(name)]
    pairs = ((name, difflib.get_close_matches(name, headers, 1)) for name in absent)
    said = [f"`ignore` has {name!r}, and the export {close[0]!r}" for name, close in pairs if close]
    return f" ({'; '.join(said)})" if said else ""
