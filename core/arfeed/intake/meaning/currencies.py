"""A column of currencies that nobody named, if one currency is set for all rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from arfeed.intake.meaning.doubts.case import Case, list_words
from arfeed.intake.meaning.doubts.currencies import find_other_currencies, is_code
from arfeed.model.errors import SourceError
from arfeed.model.text.legible import quote

if TYPE_CHECKING:
    import pandas as pd

    from arfeed.model.settings import FileSettings


def refuse_other_currencies(
    rows: pd.DataFrame, settings: FileSettings, headers: Mapping[str, str], source: str
) -> None:
    """Raise `SourceError` if a column that nobody named says of what is owed that it is in another currency.

    `headers` are the headings in use by canonical name. Without that, the amounts would be reported as if they were in
    the one currency that is set.
    """
    if not settings.currency or "currency" in headers or settings.values.get("currency") is False or rows.empty:
        return
    for name, found in find_other_currencies(Case(rows, settings, headers), settings.currency).items():
        sign = next((word for word in found if not is_code(word)), None)
        meant = f', with values.currency = {{ {quote(sign)} = "…" }}' if sign else ""
        raise SourceError(
            f"{source}: every row is read as {settings.currency}, because `currency` is set and no column is mapped to "
            f"it, but the column {name!r} has {list_words(found)} in open rows. If that is the currency of the "
            f"invoices, set columns.currency = {quote(name)}{meant} in [sources.{source}]; if it is something else, "
            "values.currency = false"
        )
