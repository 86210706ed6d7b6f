"""A column that tells invoices from credit notes and payments, which must not become debts unnoticed."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from arfeed.model import arrow, schema
from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import name_some
from arfeed.operations.init.answers import Answers, Asker
from arfeed.tables.headings.contents import count_settled, is_settled_header
from arfeed.tables.headings.document_words import (
    find_document_types,
    is_kind_column,
    kind_of,
    other_than_invoices,
)

if TYPE_CHECKING:
    import pandas as pd

_MOST_WORDS = 4
NEGATIVE = r"[-−–(]|(?i:cr\.?$)"
"""What shows that an amount is below 0, in whatever notation."""
_CHOICES = {
    "credits": "they are credit notes or payments, and lower what customers owe, though they have no minus sign",
    "stop": "they do not belong in this report: stop, and I will export again without them",
    "debts": "the customers owe them, like invoices",
    "others": "they are something else, such as bills that you owe: report only rows of the other types",
}

_KINDS = {
    "invoice": "the customer owes it",
    "credit_note": "a credit note, which lowers what the customer owes",
    "payment": "a payment that is not used yet, which lowers what the customer owes",
}
_SAMPLE = 1_000
_MOST_KINDS = 12

_SETTLED = {
    "stop": "they are paid: stop, and I will export open invoices only, or add a status or the open balance",
    "debts": "the customers still owe the balance",
}


@dataclass(slots=True)
class DocumentTypes:
    """What a column of document types means.

    `only` has, by heading, the types that alone are reported. `header` is the column of kinds and `kinds` the meaning
    of its words, if credits have to be told apart; `credits_positive` is whether these have no sign.
    """

    only: dict[str, list[str]] = field(default_factory=dict)
    header: str | None = None
    kinds: Mapping[str, str] = field(default_factory=dict)
    credits_positive: bool = False


def check_document_types(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> DocumentTypes:  # fmt: skip
    """Ask whether documents that seem not to be invoices, and have no minus sign, are debts or credits.

    `chosen` are headings by column, `read` reads the sample from its start. Raise `ConfigError` if they are neither,
    or if nobody has answered.
    """
    found = DocumentTypes()
    _check_only(headers, answers)
    owed = (chosen.get("balance", "balance"), *([chosen["credit"]] if "credit" in chosen else []))
    # Somebody said which column it is, so no other is looked at.
    if "kind" in chosen:
        return _as_kinds(chosen["kind"], owed, read, answers, asker)
    free = [name for name in headers if name not in chosen.values()]
    for header in dict.fromkeys([*find_document_types(free), *_called_kinds(next(read()), free), *answers.only]):
        positive, negative = _find_other_values(read(), header, owed)
        if header in answers.only:
            found.only[header] = _choose_types(header, answers.only[header], read(), asker)
        elif _are_kinds(positive, negative, _words(read(), header), answers):
            return _as_kinds(header, owed, read, answers, asker)
        elif positive:
            kept = [word for word in _words(read(), header) if word not in positive]
            answer = _ask(header, positive, kept, answers, asker)
            if answer == "credits":
                return _as_kinds(header, owed, read, answers, asker)
            if answer == "others":
                found.only[header] = _choose_types(header, kept, read(), asker)
        elif negative:
            asker.found(
                f"the column {header!r} also has {_list_words(negative)}, each with a minus sign, as it should be"
            )
    return found


def _check_only(headers: Sequence[str], answers: Answers) -> None:
    for header in answers.only:
        if header not in headers:
            raise ConfigError(f"--only {header}=…: the file has no such heading; found {', '.join(headers)}")


def _are_kinds(positive: Sequence[str], negative: Sequence[str], words: Sequence[str], answers: Answers) -> bool:
    """Whether a column is that of kinds without a question: somebody said so, or all of its words are known.

    `positive` and `negative` are its words for other documents than invoices, by the sign of their amounts. What has
    no minus sign is asked about, known or not: it may be a debt under that name.
    """
    if answers.prefixes or {*answers.kinds} & {*positive}:
        return True
    return bool(negative) and not positive and all(map(kind_of, words))


def _as_kinds(
    header: str, owed: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]], answers: Answers, asker: Asker
) -> DocumentTypes:
    """Return a column as that of kinds. Its words are said, known, or asked for."""
    words = _words(read(), header)
    kinds = {} if all(word.lower() in schema.KINDS for word in words) else _kinds(header, words, answers, asker)
    positive, _ = _find_other_values(read(), header, owed)
    # Credit notes without a minus would be delivered as debts, which is the worst that a kind can do.
    unsigned = [word for word in positive if kinds.get(word, word.lower()) != "invoice"]
    if unsigned:
        asker.found(f"credits_positive: amounts of {_list_words(unsigned)} have no sign, and lower what is owed")
    return DocumentTypes(header=header, kinds=kinds, credits_positive=bool(unsigned))


def _called_kinds(rows: pd.DataFrame, headers: Sequence[str]) -> list[str]:
    """Return the columns whose words in the first rows are those of kinds of documents, whatever their headings."""
    first = rows.head(_SAMPLE)
    words = {name: [word for word in first[name].str.strip().unique() if word] for name in headers}
    return [name for name, some in words.items() if 0 < len(some) <= _MOST_KINDS and is_kind_column(name, some)]


def _kinds(header: str, words: Sequence[str], answers: Answers, asker: Asker) -> Mapping[str, str]:
    """Return the kind of document that each word of a column means, as was said or as the person says."""
    for word, kind in answers.kinds.items():
        if kind not in schema.KINDS:
            raise ConfigError(f"--kind {word}={kind}: a kind is one of {', '.join(schema.KINDS)}")
        if word not in words:
            raise ConfigError(
                f"--kind {word}={kind}: the column {header!r} has no such word; it has {_list_words(words)}"
            )
    meanings: dict[str, str] = {}
    for word in words:
        meanings[word] = (
            answers.kinds.get(word)
            or kind_of(word)
            or asker.choose(f"What is {word!r} in {header!r}?", f"--kind {word}=KIND", _KINDS)
        )
    asker.found(f"kind: {', '.join(f'{word!r} is {kind}' for word, kind in meanings.items())}")
    return meanings


def _choose_types(header: str, wanted: Sequence[str], tables: Iterator[pd.DataFrame], asker: Asker) -> list[str]:
    """Return the wanted types, and report which are left out. Raise `ConfigError` for one that is not there."""
    words = _words(tables, header)
    for word in wanted:
        if word not in words:
            raise ConfigError(f"--only {header}={word}: the column has no such type; it has {_list_words(words)}")
    left = [word or "nothing" for word in words if word not in wanted]
    asker.found(
        f"only rows with {_list_words(wanted)} in {header!r} are reported; left out: {_list_words(left) or 'nothing'}"
    )
    return [*wanted]


def _words(tables: Iterator[pd.DataFrame], header: str) -> list[str]:
    import pyarrow.compute as pc

    found = (pc.unique(pc.utf8_trim_whitespace(arrow.to_text_array(rows[header]))).to_pylist() for rows in tables)
    # A row of totals has none; that of an invoice will be refused, since only the file can say what it is.
    return list(dict.fromkeys(word for words in found for word in words if word))


def _find_other_values(tables: Iterator[pd.DataFrame], header: str, owed: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the column's values other than invoices: of amounts above 0, and of amounts below.

    `owed` is the heading of the balance, or those of debit and credit.
    """
    positive: dict[str, None] = {}
    negative: dict[str, None] = {}
    for rows in tables:
        above, below = words_by_sign(rows, header, owed[0])
        for credit in owed[1:]:
            credited, more = words_by_sign(rows, header, credit)
            above, below = [*above, *more], [*below, *credited]
        positive.update(dict.fromkeys(other_than_invoices(above)))
        negative.update(dict.fromkeys(other_than_invoices(below)))
    return [*positive], [*negative]


def words_by_sign(rows: pd.DataFrame, header: str, balance: str) -> tuple[list[str], list[str]]:
    """Return the distinct values of rows above 0 and of those below, whatever notation the amounts are in."""
    import pyarrow.compute as pc

    words, amounts = (pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in (header, balance))
    given, below = pc.match_substring_regex(amounts, "[1-9]"), pc.match_substring_regex(amounts, NEGATIVE)
    above = words.filter(pc.and_(given, pc.invert(below)))
    return pc.unique(above).to_pylist(), pc.unique(words.filter(pc.and_(given, below))).to_pylist()


def _ask(header: str, words: Sequence[str], kept: Sequence[str], answers: Answers, asker: Asker) -> str:
    """Return what these words are: debts, credits, or others, so that only the types `kept` are to be reported."""
    found = f"the column {header!r} also has {_list_words(words)}, with balances above 0"
    if answers.all_debts:
        asker.doubt(f"{found}; taken as debts, as you said")
        return "debts"
    asker.doubt(f"{found}: otherwise these are delivered as debts")
    kinds = " ".join(f"--kind {shlex.quote(word)}={_kind_or(word, 'KIND')}" for word in words[:_MOST_WORDS])
    option = f"--all-debts if customers owe them; {kinds} if they are credits, where KIND is {', '.join(schema.KINDS)}"
    option += f"; --only {shlex.quote(header)}=TYPE to leave them out" if kept else ""
    choices = _CHOICES if kept else {name: what for name, what in _CHOICES.items() if name != "others"}
    answer = asker.choose(f"In {header!r}, what are {_list_words(words)}?", option, choices)
    if answer == "stop":
        raise ConfigError(
            f"{found}, and they are not for this report, so nothing was written; export without them, and type `arfeed "
            "init` again"
        )
    return answer


def _kind_or(word: str, otherwise: str) -> str:
    """Return the kind of credit that a word means."""
    kind = kind_of(word)
    return kind if kind not in (None, "invoice") else otherwise


def _list_words(words: Sequence[str]) -> str:
    return name_some(words, _MOST_WORDS)


def check_settled(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> None:  # fmt: skip
    """Ask whether rows that seem to be settled, and have no status, are owed. Raise `ConfigError` if they are not."""
    if "status" in chosen:
        return
    # A list of paid invoices may keep their amounts; a day of payment is then all that tells.
    for header in (name for name in headers if name not in chosen.values() and is_settled_header(name)):
        count = sum(count_settled(rows, header, chosen["balance"]) for rows in read())
        if not count:
            continue
        rows = f"{count:,} row{'s have' if count != 1 else ' has'}"
        found = f"{rows} an entry in the column {header!r}, and a balance in {chosen['balance']!r}"
        if answers.all_debts:
            asker.doubt(f"{found}; taken as debts, as you said")
            continue
        asker.doubt(f"{found}: otherwise these are delivered as debts, though they may be paid")
        if asker.choose(f"What are the rows with an entry in {header!r}?", "--all-debts", _SETTLED) == "stop":
            raise ConfigError(
                f"{found}, and they are paid, so nothing was written; export what is open only, or with a status or "
                "the open balance, and type `arfeed init` again"
            )
