"""What a feed's destination says of the comparison: its settings, and the cells of a report in its layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from arfeed.intake.carried import as_invoices
from arfeed.model.settings import ReconcileSettings

if TYPE_CHECKING:
    from arfeed.plugins.config import Project


def settings_of(project: Project) -> ReconcileSettings:
    """Return [destination.reconcile], or what holds if there is none."""
    return project.destination.settings.reconcile or ReconcileSettings()


def cells_sent(project: Project, report: pd.DataFrame) -> pd.DataFrame:
    """Return a report in the destination's layout; no columns if it can't say."""
    try:
        return project.destination.report(as_invoices(report, "")).rename(columns=str)
    except Exception:  # noqa: BLE001 - a plugin's own code, and the layout may have changed since
        return pd.DataFrame(index=report.index)
