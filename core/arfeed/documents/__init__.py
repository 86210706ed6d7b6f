"""The invoices' PDFs: find them by name, and stage the ones to be sent."""

from arfeed.documents.finding import Found, find, look, nothing_found
from arfeed.documents.staging import Staged, stage

__all__ = ["Found", "Staged", "find", "look", "nothing_found", "stage"]
