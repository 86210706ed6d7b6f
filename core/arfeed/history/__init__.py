"""What was delivered, kept for the next comparison."""

from arfeed.history.audit import audit, changed
from arfeed.history.lease import Lease, whoami
from arfeed.history.packing import packed
from arfeed.history.receipts import documents_of, make_receipt, plan_document, receipt_hash, recovered, verify
from arfeed.history.records import Baseline, PlannedDocument, RunRecord
from arfeed.history.recovery import Verdict, judge, parts_of, proven
from arfeed.history.store import History

__all__ = [
    "Baseline",
    "History",
    "Lease",
    "PlannedDocument",
    "RunRecord",
    "Verdict",
    "audit",
    "changed",
    "documents_of",
    "judge",
    "make_receipt",
    "packed",
    "parts_of",
    "plan_document",
    "proven",
    "receipt_hash",
    "recovered",
    "verify",
    "whoami",
]
