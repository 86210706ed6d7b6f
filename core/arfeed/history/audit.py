"""Whether the history still says what was written: receipts, the runs they belong to, and the reports that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from arfeed.history.receipts import verify
from arfeed.history.records import RunRecord
from arfeed.history.store import History
from arfeed.model import arrow
from arfeed.model.errors import ConfigError

_ARRIVED = ("delivered", "unverified")


def audit(history: History, only: str | None = None) -> Iterator[str]:
    """Yield what does not agree, a line a run, of all runs or of `only` one.

    Runs that `adopt` made have no receipt, and unfinished ones none yet.
    """
    for run in history.runs():
        if only in (None, run.id) and run.kind != "adopt" and run.state in _ARRIVED:
            wrong = _wrong(history, run)
            if wrong:
                yield f"run {run.id}: {wrong}"


def changed(wrong: Iterable[str]) -> ConfigError:
    """Return the error for what `audit` found."""
    return ConfigError(*wrong, "the history was changed from outside; restore a backup of it")


def _wrong(history: History, run: RunRecord) -> str | None:
    if run.receipt is None:
        return "its receipt is gone"
    if not verify(run.receipt):
        return "its receipt was changed"
    document = json.loads(run.receipt)
    approval = document["approval"] or {"code": None, "by": None}
    said = (document["run"], document["report"]["name"], document["counts"]["missing"])
    if (*said, approval["code"], approval["by"]) != (
        run.id, run.report_name, run.missing_count, run.approval, run.approved_by,
    ):  # fmt: skip
        return "it differs from its receipt"
    return _wrong_report(history, run, document["totals"]) if history.keeps_report(run.id) else None


def _wrong_report(history: History, run: RunRecord, totals: list[dict[str, Any]]) -> str | None:
    try:
        kept = arrow.sum_balances(history.report(run.id, run.destination)).to_dict("records")
    except ConfigError as exc:
        return str(exc)
    found = [{**group, "balance": str(group["balance"])} for group in kept]
    return None if found == totals else "the report that is kept does not sum to its receipt"
