"""What was delivered, kept for the next comparison."""

from arfeed.history.receipts import make_receipt
from arfeed.history.store import Baseline, DeliveredDocument, History, RunRecord

__all__ = ["Baseline", "DeliveredDocument", "History", "RunRecord", "make_receipt"]
