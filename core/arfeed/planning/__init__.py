"""From invoices and a baseline to a plan."""

from arfeed.planning.adoption import adoption_code, dropped
from arfeed.planning.approval import content_hash, settled_by
from arfeed.planning.compare import compare
from arfeed.planning.documents import select, settle, touched
from arfeed.planning.facts import summed
from arfeed.planning.reasons import with_reasons
from arfeed.planning.receivers import says_same_receiver
from arfeed.planning.report import ReportFile, write_report
from arfeed.planning.review import reviewed
from arfeed.planning.texts import unseen_notes
from arfeed.planning.wording import counted, largest, named

__all__ = [
    "ReportFile",
    "adoption_code",
    "compare",
    "content_hash",
    "counted",
    "dropped",
    "largest",
    "named",
    "reviewed",
    "says_same_receiver",
    "select",
    "settle",
    "settled_by",
    "summed",
    "touched",
    "unseen_notes",
    "with_reasons",
    "write_report",
]
