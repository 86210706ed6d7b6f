"""Audit the history: whether receipts, their runs and the reports that are kept agree."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from arfeed.history.receipts import verify
from arfeed.history.records import ARRIVED, ReconciliationRecord, RunRecord
from arfeed.model import arrow
from arfeed.model.errors import ConfigError

if TYPE_CHECKING:
    from arfeed.history.reading import Reader


def audit(history: Reader, only: str | None = None) -> Iterator[str]:
    """Yield a line for each run or reconciliation that disagrees with its receipt, of all or of `only` one.

    Runs that `adopt` made have no receipt, and unfinished ones have none yet.
    """
    for run in history.runs():
        if only in (None, run.id) and run.kind != "adopt" and run.state in ARRIVED:
            wrong = _check_run(history, run)
            if wrong:
                yield f"run {run.id}: {wrong}"
    for record in history.reconciliations():
        if only in (None, record.id) and (wrong := _check_reconciliation(record)):
            yield f"reconciliation {record.id}: {wrong}"


def make_tampering_error(wrong: Iterable[str]) -> ConfigError:
    """Return the error that lists what `audit` found."""
    return ConfigError(*wrong, "the history was changed from outside; restore a backup of it")


def _check_run(history: Reader, run: RunRecord) -> str | None:
    if run.receipt is None:
        return "its receipt is gone"
    if not verify(run.receipt):
        return "its receipt was changed"
    document = json.loads(run.receipt)
    approval = document["approval"] or {"code": None, "by": None}
    # A receipt's hash covers the receipt alone; who approved what is in columns beside it too, which could be changed
    # there.
    stated = (document["run"], document["report"]["name"], document["counts"]["missing"])
    if (*stated, approval["code"], approval["by"]) != (
        run.id, run.report_name, run.missing_count, run.approval, run.approved_by,
    ):  # fmt: skip
        return "it differs from its receipt"
    return _check_report(history, run, document["totals"]) if history.keeps_report(run.id) else None


def _check_reconciliation(record: ReconciliationRecord) -> str | None:
    if not verify(record.receipt):
        return "its receipt was changed"
    document = json.loads(record.receipt)
    stated = (document["run"], document["outcome"], document["compared_with"]["run"], document["export"]["name"])
    if (*stated, document["by"]) != (record.id, record.outcome, record.baseline, record.export, record.by):
        return "it differs from its receipt"
    return None


def _check_report(history: Reader, run: RunRecord, totals: list[dict[str, Any]]) -> str | None:
    try:
        kept = arrow.sum_balances(history.report(run.id, run.destination)).to_dict("records")
    except ConfigError as exc:
        return str(exc)
    # Compared as text, exactly as the receipt wrote the sums.
    found = [{**group, "balance": str(group["balance"])} for group in kept]
    return None if found == totals else "the report that is kept does not sum to its receipt"
