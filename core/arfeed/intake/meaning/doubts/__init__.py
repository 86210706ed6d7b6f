"""What makes the reading of a file doubtful at its first delivery: columns that nobody has named, and odd values.

Each doubt is a sentence that names the column or the rows and what to set. `check` shows them, and the first plan
objects to them. Later plans are compared with a delivery that somebody has approved, and object only to columns, or
words in them, that were not doubtful then: an export may gain a column, and a column a word, on any day.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pandas as pd

from arfeed.intake.meaning.doubts import amounts, columns, currencies, days, letters
from arfeed.intake.meaning.doubts.case import Case
from arfeed.model.parts import Transform
from arfeed.model.results import Doubt
from arfeed.model.settings import FileSettings, SourceSettings

_KINDS: Sequence[Callable[[Case], Iterator[Doubt]]] = (
    columns.unread_columns,
    columns.settled_debts,
    columns.ended_debts,
    columns.untold_signs,
    columns.called_by_number,
    columns.credits_by_text,
    columns.doubtful_customers,
    currencies.second_currencies,
    amounts.other_units,
    amounts.hundredfold,
    amounts.without_cents,
    amounts.parts_by_age,
    amounts.amounts_of_lines,
    amounts.unused_deductions,
    amounts.negative_debts,
    amounts.foreign_headings,
    amounts.running_balances,
    days.due_before_issue,
    amounts.sides_apart,
    days.very_old,
    letters.misread_names,
)


_OF_COLUMNS: Sequence[Callable[[Case], Iterator[Doubt]]] = (
    columns.unread_columns,
    columns.settled_debts,
    columns.ended_debts,
    columns.untold_signs,
    columns.credits_by_text,
    currencies.second_currencies,
    amounts.unused_deductions,
    amounts.sides_apart,
)
"""Those about a column that nobody has named."""


def find_doubts(
    rows: pd.DataFrame, settings: SourceSettings, headers: Mapping[str, str], *, whole: bool = False
) -> tuple[Doubt, ...]:
    """Return what is doubtful about the rows of a file; `headers` are its headings by canonical name.

    `whole` is whether none of its amounts is written with decimals.
    """
    if not isinstance(settings, FileSettings) or rows.empty:
        return ()
    case = Case(rows, settings, headers, whole=whole)
    return tuple(doubt for find in _KINDS for doubt in find(case))


def find_new_doubts(
    rows: pd.DataFrame, before: Callable[[], pd.DataFrame], settings: SourceSettings, headers: Mapping[str, str]
) -> tuple[Doubt, ...]:
    """Return what is doubtful about columns of what a source reports, and was not in what it reported `before`.

    The earlier rows are asked for only if something is doubtful, which is so on few days.
    """
    found = _find_of_columns(rows, settings, headers)
    if not found:
        return ()
    # By word and not by column alone: a column known for harmless words may have a new one that closes.
    known: dict[str, frozenset[str]] = {}
    for doubt in _find_of_columns(before(), settings, headers):
        known[doubt.column] = known.get(doubt.column, frozenset()) | doubt.words
    return tuple(doubt for doubt in found if doubt.column not in known or doubt.words - known[doubt.column])


def _find_of_columns(rows: pd.DataFrame, settings: SourceSettings, headers: Mapping[str, str]) -> list[Doubt]:
    if not isinstance(settings, FileSettings) or rows.empty:
        return []
    case = Case(rows, settings, headers)
    return [doubt for find in _OF_COLUMNS for doubt in find(case) if doubt.column]


def drop_settled(doubts: Sequence[Doubt], transforms: Iterable[Transform]) -> tuple[Doubt, ...]:
    """Return the doubts without those about columns by which a transform sorts rows out."""
    # Whoever sorts rows out by a column has named it, and knows what its words mean.
    known = {name for step in transforms for name in step.settings.model_extra or ()}
    return tuple(doubt for doubt in doubts if doubt.column not in known)
