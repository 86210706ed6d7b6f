"""From invoices and a baseline to a plan."""

from arfeed.planning.adoption import adoption_code, dropped
from arfeed.planning.approval import settled_by
from arfeed.planning.compare import Comparison, compare
from arfeed.planning.contradictions import contradictions, note_zero_balances
from arfeed.planning.documents import select, settle, touched
from arfeed.planning.evidence import with_evidence
from arfeed.planning.facts import summed
from arfeed.planning.fingerprints import content_hash
from arfeed.planning.habits import Habits
from arfeed.planning.known import BUDGET_SPAN, Known, Unproven, closings
from arfeed.planning.ledgers import compare_ledgers, ledger_states, note_ledgers, note_lost_accounts
from arfeed.planning.reasons import GONE, PROVEN, closed_beside, still_beside, with_answers, with_reasons
from arfeed.planning.receivers import says_same_receiver
from arfeed.planning.report import ReportFile, write_report
from arfeed.planning.review import reviewed
from arfeed.planning.texts import unseen_notes
from arfeed.planning.traces import kept, traced
from arfeed.planning.weighing import ASKED_OF_ABSENCE, Source, learn, replayed, sources_of
from arfeed.planning.wording import counted, largest, named

__all__ = [
    "ASKED_OF_ABSENCE",
    "BUDGET_SPAN",
    "GONE",
    "PROVEN",
    "Comparison",
    "Habits",
    "Known",
    "ReportFile",
    "Source",
    "Unproven",
    "adoption_code",
    "closed_beside",
    "closings",
    "compare",
    "compare_ledgers",
    "content_hash",
    "contradictions",
    "counted",
    "dropped",
    "kept",
    "largest",
    "learn",
    "ledger_states",
    "named",
    "note_ledgers",
    "note_lost_accounts",
    "note_zero_balances",
    "replayed",
    "reviewed",
    "says_same_receiver",
    "select",
    "settle",
    "settled_by",
    "sources_of",
    "still_beside",
    "summed",
    "touched",
    "traced",
    "unseen_notes",
    "with_answers",
    "with_evidence",
    "with_reasons",
    "write_report",
]
