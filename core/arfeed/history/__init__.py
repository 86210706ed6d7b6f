"""What was delivered, kept for the next comparison."""

from arfeed.history.lease import whoami
from arfeed.history.receipts import make_receipt, plan_facts, recovered, verify
from arfeed.history.recovery import Verdict, judge, parts_of, proven
from arfeed.history.store import INTERRUPTED, Baseline, History, PlannedDocument, RunRecord

__all__ = [
    "INTERRUPTED",
    "Baseline",
    "History",
    "PlannedDocument",
    "RunRecord",
    "Verdict",
    "judge",
    "make_receipt",
    "parts_of",
    "plan_facts",
    "proven",
    "recovered",
    "verify",
    "whoami",
]
