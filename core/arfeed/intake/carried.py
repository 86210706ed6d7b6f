"""Rows of an earlier report, used again unchanged: carried forward, resent, or read back."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime

import pandas as pd

from arfeed.intake.normalize import Frame, Normalizer
from arfeed.intake.problems import describe_problems
from arfeed.model import schema
from arfeed.model.arrow import to_frame
from arfeed.model.errors import ProblemsError, SourceError
from arfeed.model.figures import Complete
from arfeed.model.parts import Connector
from arfeed.model.results import SourceRead, SourceReport
from arfeed.model.settings import SourceSettings


def as_invoices(report: pd.DataFrame, origin: str) -> pd.DataFrame:
    """Return rows of a stored report with the columns that are not stored: all were open, and come from `origin`."""
    fixed = {"status": "open", "document": "", "origin": origin}
    columns = {name: pd.Series([value] * len(report), index=report.index, dtype="str") for name, value in fixed.items()}
    whole = report.assign(**columns)
    extras = [name for name in whole.columns if name not in schema.NAMES and not name.startswith(schema.OURS)]
    return whole[[*schema.NAMES, *extras]].reset_index(drop=True)


def carry_forward(
    connector: Connector, why: SourceError, baseline: pd.DataFrame | None, last: SourceRead | None, now: datetime
) -> tuple[pd.DataFrame, SourceReport]:
    """Return a failed source's rows in the baseline. Raise `SourceError` if there are none, or they are too old."""
    settings = connector.settings
    # What was delivered and not what was read: only that is at the receiver.
    rows = None if baseline is None else baseline[baseline["source"] == connector.source]
    if rows is None or rows.empty or last is None:
        raise SourceError(f"{why} (and there are no rows of {connector.source} to carry forward)") from why
    if now - last.at > settings.carry_forward_max_age:
        raise SourceError(
            f"{why} (its rows can't be carried forward any longer: it was last read {last.at:%Y-%m-%d %H:%M} UTC, and "
            f"carry_forward_max_age is {settings.carry_forward_max_age})"
        ) from why
    invoices = as_invoices(rows, f"carried forward from {last.at:%Y-%m-%d %H:%M} UTC")
    count = len(invoices)
    # An empty Complete: totals and control account of an earlier day prove nothing today.
    report = SourceReport(
        connector.source, connector.name, settings, count, count, Complete(), last, before=last, failed=str(why)
    )
    return invoices, report


class _Report(Connector):
    """A report at the destination, as if it were a source."""

    name = "report"

    def invoices(self) -> Generator[pd.DataFrame, None, Complete]:
        """Yield nothing: its rows are given to `read_back`."""
        yield from ()
        return Complete()


def read_back(report: pd.DataFrame, name: str) -> pd.DataFrame:
    """Type the rows of a report that was read back as text. Raise `ProblemsError` for invalid values.

    Their sources are unknown: `source` is blank.
    """
    # arfeed wrote the report itself, and writes dates with the year first.
    connector = _Report("", SourceSettings(dates="YMD"))
    normalizer = Normalizer(connector)
    rows = to_frame(normalizer.accept(normalizer.type_frame(Frame(report, 0))))
    if normalizer.problems:
        raise ProblemsError(
            [f"the report {name} can't be taken as baseline:", *describe_problems([(connector, normalizer.problems)])]
        )
    return rows
