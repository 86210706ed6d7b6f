"""A column that tells invoices from credit notes and payments, which must not become debts unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from arfeed.model import arrow
from arfeed.model.errors import ConfigError
from arfeed.operations.init.answers import Answers, Asker
from arfeed.tables.headings.contents import count_settled, is_settled_header
from arfeed.tables.headings.proposal import find_document_types, other_than_invoices

if TYPE_CHECKING:
    import pandas as pd

_MOST_WORDS = 4
_NEGATIVE = r"[-−–(]|(?i:cr\.?$)"
_CHOICES = {
    "stop": "they are credits or payments: write nothing, and export them with a minus sign or leave them out",
    "debts": "the customers owe them, as they owe invoices",
}

_SETTLED = {
    "stop": "they are paid: write nothing, and export what is open only, or with a status or the open balance",
    "debts": "the customers still owe the balance",
}


def check_document_types(
    chosen: Mapping[str, str], headers: Sequence[str], read: Callable[[], Iterator[pd.DataFrame]],
    answers: Answers, asker: Asker,
) -> None:  # fmt: skip
    """Ask whether documents that seem not to be invoices, and have no minus sign, are debts.

    `chosen` are headings by column, `read` reads the sample from its start. Raise `ConfigError` if they are not debts,
    or if nobody has answered.
    """
    if "kind" in chosen or "kind" in headers:
        return
    balance = chosen.get("balance", "balance")
    for header in find_document_types([name for name in headers if name not in chosen.values()]):
        positive, negative = _others(read(), header, balance)
        if positive:
            _ask(header, positive, answers, asker)
        elif negative:
            asker.found(f"the column {header!r} also has {_listed(negative)}, each with a minus sign, as it should be")


def _others(tables: Iterator[pd.DataFrame], header: str, balance: str) -> tuple[list[str], list[str]]:
    """Return the column's values other than invoices: of amounts above 0, and of amounts below."""
    positive: dict[str, None] = {}
    negative: dict[str, None] = {}
    for rows in tables:
        above, below = _signs(rows, header, balance)
        positive.update(dict.fromkeys(other_than_invoices(above)))
        negative.update(dict.fromkeys(other_than_invoices(below)))
    return [*positive], [*negative]


def _signs(rows: pd.DataFrame, header: str, balance: str) -> tuple[list[str], list[str]]:
    """Return the distinct values of rows above 0 and of those below, whatever notation the amounts are in."""
    import pyarrow.compute as pc

    words, amounts = (pc.utf8_trim_whitespace(arrow.to_text_array(rows[name])) for name in (header, balance))
    given, below = pc.match_substring_regex(amounts, "[1-9]"), pc.match_substring_regex(amounts, _NEGATIVE)
    above = words.filter(pc.and_(given, pc.invert(below)))
    return pc.unique(above).to_pylist(), pc.unique(words.filter(pc.and_(given, below))).to_pylist()


def _ask(header: str, words: Sequence[str], answers: Answers, asker: Asker) -> None:
    found = f"the column {header!r} also has {_listed(words)}, with balances above 0"
    if answers.all_debts:
        asker.doubt(f"{found}; taken as debts, as you said")
        return
    asker.doubt(f"{found}: as it is, these are delivered as debts. Credits and payments need a minus sign")
    if asker.choose(f"In {header!r}, what are {_listed(words)}?", "--all-debts", _CHOICES) == "stop":
        raise ConfigError(
            f"{found}, and they are not debts, so nothing was written; export credits and payments with a minus sign, "
            "or without them, and type `arfeed init` again"
        )


def _listed(words: Sequence[str]) -> str:
    more = f" and {len(words) - _MOST_WORDS} more" if len(words) > _MOST_WORDS else ""
    return ", ".join(words[:_MOST_WORDS]) + more


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
