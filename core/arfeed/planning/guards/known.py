"""What a review knows beside the plan itself: what was approved lately, and answers that were given in advance."""

from __future__ import annotations

from dataclasses import dataclass, field

from arfeed.model.results import Expectation, Objection
from arfeed.planning.guards.budget import Unproven
from arfeed.planning.habits.case import Source
from arfeed.planning.habits.memory import Habits


@dataclass(frozen=True, slots=True)
class Known:
    """What a review knows beside the plan.

    `approved` is what people approved without proof within the last 30 days; `expectations` are the answers given in
    advance that hold today; `habits` is what was learned of the feed, `sources` what of each is judged by it; `stated`
    are objections to what the sources listed, of which the plan no longer has all rows.
    """

    approved: tuple[Unproven, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    habits: Habits = field(default_factory=Habits.none)
    sources: tuple[Source, ...] = ()
    stated: tuple[Objection, ...] = ()
