"""Columns that bear the name of one of arfeed's, that nobody named, and that come after the first delivery."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.meaning.doubts.case import Case, list_words
from arfeed.intake.meaning.doubts.columns import doubtful_customers
from arfeed.intake.meaning.doubts.days import due_before_issue
from arfeed.model import arrow
from arfeed.model.results import Doubt
from arfeed.model.settings import FileSettings, SourceSettings
from arfeed.tables.values.amounts import MONEY

_DECIDING: Sequence[str] = ("status", "kind", "currency", "due_on", "customer_id")


def find_late(
    settings: SourceSettings, headers: Mapping[str, str], known: Callable[[], Collection[str] | None]
) -> dict[str, str]:
    """Return the headings, by canonical name, of deciding columns that are read by their name alone, and were not then.

    An export may gain one of them on any day; a setting that names a column is somebody's decision. `known` returns the
    columns that were read for the last delivery, None if it does not say which.
    """
    if not isinstance(settings, FileSettings):
        return {}
    taken = {name: headers[name] for name in _DECIDING if name in headers and name not in settings.columns}
    then = known() if taken else None
    return {} if then is None else {name: header for name, header in taken.items() if name not in then}


def find_late_doubts(case: Case, late: Mapping[str, str]) -> Iterator[Doubt]:
    """Yield what columns change that have come since the last delivery: `late` has their headings by canonical name.

    The case has all rows that the source lists.
    """
    if "status" in late:
        yield from _name_words(case, "status", late["status"], _find_closed(case))
    if "kind" in late:
        payment = pc.equal(arrow.to_text_array(case.rows["kind"]), "payment")
        yield from _name_words(case, "kind", late["kind"], pc.and_(case.owed, payment))
    if "currency" in late and case.settings.currency:
        other = pc.not_equal(arrow.to_text_array(case.rows["currency"]), case.settings.currency)
        yield from _name_words(case, "currency", late["currency"], pc.and_(case.owed, other))
    if "due_on" in late:
        yield from (doubt._replace(column=late["due_on"]) for doubt in due_before_issue(case))
    if "customer_id" in late:
        yield from (doubt._replace(column=late["customer_id"]) for doubt in doubtful_customers(case))


def _find_closed(case: Case) -> pa.Array:
    """Return where only the status says that nothing is owed, beside a balance."""
    closed = pc.not_equal(arrow.to_text_array(case.rows["status"]), "open")
    if not pc.any(closed).as_py():
        return closed
    owed = pc.not_equal(case.money("balance"), pa.scalar(0, MONEY))
    return pc.and_(closed, owed)


_SAID = {
    "status": "of what has a balance, which is therefore not reported as owed",
    "kind": "of what is open, which a destination may leave out as a payment",
    "currency": "of what is reported as owed, which would be in another currency without it",
}


def _name_words(case: Case, name: str, header: str, where: pa.Array) -> Iterator[Doubt]:
    # As the file words it; a heading that is the name itself has arfeed's own words.
    found = case.count(header if header in case.rows.columns else name, where, bool)
    if found:
        yield Doubt(
            f"the column {header!r} was not there at the last delivery, and is read as the {name} because of its "
            f"heading. It says {list_words(found)} {_SAID[name]}. If it means something else, set "
            f"values.{name} = false",
            header,
            frozenset(found),
        )
