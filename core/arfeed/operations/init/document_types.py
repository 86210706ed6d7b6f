"""A column that tells invoices from credit notes and payments, which must not become debts unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.model.legible import name_some
from arfeed.operations.init.answers import Answers, Asker
from arfeed.tables.headings.contents import count_settled, is_settled_header
from arfeed.tables.headings.document_words import find_document_types, other_than_invoices

if TYPE_CHECKING:
    import pandas as pd

_MOST_WORDS = 4
NEGATIVE = r"[-−–(]|(?i:cr\.?$)"
"""What shows that an amount is below 0, in whatever notation."""
_CHOICES = {
    "stop": "they are credits or payments: write nothing, and export them with a minus sign or leave them out",
    "debts": "the customers owe them, as they owe invoices",
    "others": "they are something else, such as bills that you owe: report only rows of the other types",
}

_SETTLED = {
    "stop": "they are paid: write nothing, and export what is open only, or with a status or the open balance",
    "debts": "the customers still owe the balance",
}


def check_document_types(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> dict[str, list[str]]:  # fmt: skip
    """Ask whether documents that seem not to be invoices, and have no minus sign, are debts.

    `chosen` are headings by column, `read` reads the sample from its start. Return, by heading, the types that alone
    are to be reported. Raise `ConfigError` if the others are credits, or if nobody has answered.
    """
    only: dict[str, list[str]] = {}
    for header in answers.only:
        if header not in headers:
            raise ConfigError(f"--only {header}=…: the file has no such heading; found {', '.join(headers)}")
    if "kind" in chosen:
        return only
    balance = chosen.get("balance", "balance")
    types = find_document_types([name for name in headers if name not in chosen.values()])
    for header in dict.fromkeys([*types, *answers.only]):
        positive, negative = _others(read(), header, balance)
        if header in answers.only:
            only[header] = _only(header, answers.only[header], read(), asker)
        elif positive:
            kept = [word for word in _words(read(), header) if word not in positive]
            if _ask(header, positive, kept, answers, asker):
                only[header] = _only(header, kept, read(), asker)
        elif negative:
            asker.found(f"the column {header!r} also has {_listed(negative)}, each with a minus sign, as it should be")
    return only


def _only(header: str, wanted: Sequence[str], tables: Iterator[pd.DataFrame], asker: Asker) -> list[str]:
    """Return the wanted types, and report which are left out. Raise `ConfigError` for one that is not there."""
    words = _words(tables, header)
    for word in wanted:
        if word not in words:
            raise ConfigError(f"--only {header}={word}: the column has no such type; it has {_listed(words)}")
    left = [word or "nothing" for word in words if word not in wanted]
    asker.found(f"only rows with {_listed(wanted)} in {header!r} are reported; left out: {_listed(left) or 'nothing'}")
    return [*wanted]


def _words(tables: Iterator[pd.DataFrame], header: str) -> list[str]:
    import pyarrow.compute as pc

    found = (pc.unique(pc.utf8_trim_whitespace(arrow.to_text_array(rows[header]))).to_pylist() for rows in tables)
    return list(dict.fromkeys(word for words in found for word in words))


def _others(tables: Iterator[pd.DataFrame], header: str, balance: str) -> tuple[list[str], list[str]]:
    """Return the column's values other than invoices: of amounts above 0, and of amounts below."""
    positive: dict[str, None] = {}
    negative: dict[str, None] = {}
    for rows in tables:
        above, below = words_by_sign(rows, header, balance)
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


def _ask(header: str, words: Sequence[str], kept: Sequence[str], answers: Answers, asker: Asker) -> bool:
    """Return whether only the types `kept` are to be reported, not these words."""
    found = f"the column {header!r} also has {_listed(words)}, with balances above 0"
    if answers.all_debts:
        asker.doubt(f"{found}; taken as debts, as you said")
        return False
    asker.doubt(f"{found}: as it is, these are delivered as debts. Credits and payments need a minus sign")
    option = f"--all-debts, or --only {header}=TYPE" if kept else "--all-debts"
    choices = _CHOICES if kept else {name: what for name, what in _CHOICES.items() if name != "others"}
    answer = asker.choose(f"In {header!r}, what are {_listed(words)}?", option, choices)
    if answer == "stop":
        raise ConfigError(
            f"{found}, and they are not debts, so nothing was written; export credits and payments with a minus sign, "
            "or without them, and type `arfeed init` again"
        )
    return answer == "others"


def _listed(words: Sequence[str]) -> str:
    return name_some(words, _MOST_WORDS)


def check_settled(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> None:  # fmt: skip
    """Ask whether rows with a day of payment, and no status, are still owed. Raise `ConfigError` if they are not."""
    if "status" in chosen:
        return
    for header in (name for name in headers if name not in chosen.values() and is_settled_header(name)):
        count = sum(count_settled(rows, header, chosen["balance"]) for rows in read())
        if not count:
            continue
        rows = f"{count:,} row{'s have' if count != 1 else ' has'}"
        found = f"{rows} a date in the column {header!r}, and a balance in {chosen['balance']!r}"
        if answers.all_debts:
            asker.doubt(f"{found}; taken as debts, as you said")
            continue
        asker.doubt(f"{found}: as it is, these are delivered as debts, though they may be paid")
        if asker.choose(f"What are the rows with a date in {header!r}?", "--all-debts", _SETTLED) == "stop":
            raise ConfigError(
                f"{found}, and they are paid, so nothing was written; export what is open only, or with a status or "
                "the open balance, and type `arfeed init` again"
            )
