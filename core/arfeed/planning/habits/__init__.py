"""What is usual in a feed, learned from its own deliveries, and what of a new report is not.

Only rows that are missing without proof are judged. The unit is the customer, not the row: whoever pays, pays several
invoices at once.
"""

from arfeed.planning.habits.case import Case
from arfeed.planning.habits.judgement import Figures, figures, judged, objections
from arfeed.planning.habits.memory import Habits

__all__ = ["Case", "Figures", "Habits", "figures", "judged", "objections"]
