"""What makes the reading of a file doubtful at its first delivery: columns that nobody has named, and odd values.

Each doubt is a sentence that names the column or the rows and what to set. `check` shows them, and the first plan
objects to them; later plans are compared with a delivery that somebody has approved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import pandas as pd

from arfeed.intake.meaning.doubts import amounts, columns, days, letters
from arfeed.intake.meaning.doubts.case import Case
from arfeed.model.parts import Transform
from arfeed.model.results import Doubt
from arfeed.model.settings import FileSettings, SourceSettings

_KINDS: Sequence[Callable[[Case], Iterator[Doubt]]] = (
    columns.unread_columns,
    columns.untold_signs,
    columns.credits_by_text,
    columns.doubtful_customers,
    amounts.other_units,
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


def find_doubts(rows: pd.DataFrame, settings: SourceSettings, headers: Mapping[str, str]) -> tuple[Doubt, ...]:
    """Return what is doubtful about the rows of a file; `headers` are its headings by canonical name."""
    if not isinstance(settings, FileSettings) or rows.empty:
        return ()
    case = Case(rows, settings, headers)
    return tuple(doubt for find in _KINDS for doubt in find(case))


def drop_settled(doubts: Sequence[Doubt], transforms: Iterable[Transform]) -> tuple[Doubt, ...]:
    """Return the doubts without those about columns by which a transform sorts rows out."""
    known = {name for step in transforms for name in step.settings.model_extra or ()}
    return tuple(doubt for doubt in doubts if doubt.column not in known)
