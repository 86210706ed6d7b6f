"""What was delivered, kept for the next comparison."""

from arfeed.history.audit import audit, changed
from arfeed.history.lease import Lease, whoami
from arfeed.history.packing import pack_table, packed
from arfeed.history.receipts import documents_of, make_receipt, plan_document, receipt_hash, recovered, verify
from arfeed.history.records import Baseline, Closing, Memory, PlannedDocument, RunRecord
from arfeed.history.recovery import Verdict, judge, parts_of, proven
from arfeed.history.store import History

__all__ = [
    "Baseline",
    "Closing",
    "History",
    "Lease",
    "Memory",
    "PlannedDocument",
    "RunRecord",
    "Verdict",
    "audit",
    "changed",
    "documents_of",
    "judge",
    "make_receipt",
    "pack_table",
    "packed",
    "parts_of",
    "plan_document",
    "proven",
    "receipt_hash",
    "recovered",
    "verify",
    "whoami",
]
