"""Lay rows out under a receiver's headings and in its words, as settings state them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


def lay_out(
    rows: pd.DataFrame, columns: dict[str, str], words: Mapping[Any, dict[str, str]], *, proves_status: bool
) -> tuple[pd.DataFrame, dict[str, str]]:
    """Return the frame of a `TableFile`, and by canonical column the heading by which core proves it.

    `columns` are headings with the canonical column of each, `words` the receiver's words by canonical column. These
    can't be compared with ours, but for those of a status, which core sees to be different, if `proves_status`.
    """
    worded = {name: some for name, some in words.items() if name in rows.columns}
    said = rows.assign(**{name: rows[name].replace(some) for name, some in worded.items()})
    frame = said[[*columns.values()]].set_axis([*columns], axis="columns")
    own = {*worded} - ({"status"} if proves_status else set())
    # The first of several headings that are made from one column.
    return frame, {name: head for head, name in reversed(columns.items()) if name and name not in own}


def restore_names(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a report that was read back; without names of customers their numbers stand for them."""
    if "customer_name" in frame or "customer_id" not in frame:
        return frame
    return frame.assign(customer_name=frame["customer_id"])
