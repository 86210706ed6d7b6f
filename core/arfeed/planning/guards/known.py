"""What a review knows in addition to the plan: what was approved lately, and answers that were given in advance."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from arfeed.history.records import OutcomeOfDelivery
from arfeed.model.results import Expectation, Objection
from arfeed.planning.guards.budget import Unproven
from arfeed.planning.habits.case import Source
from arfeed.planning.habits.memory import Habits


@dataclass(frozen=True, slots=True)
class Known:
    """What a review knows in addition to the plan.

    `approved` is what people approved without proof within the last 30 days; `expectations` are the answers given in
    advance that hold today; `habits` is what was learned about the feed, `sources` what of each source is judged by
    it; `stated` are objections to what the sources listed, raised earlier since the plan no longer has all those rows.
    `reconciled` is when the receiver's list was last compared, None if it never was; `first` is when the first report
    arrived there, None if that is not known. `rejections` are what the receiver rejected and no delivery has answered.
    """

    approved: tuple[Unproven, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    habits: Habits = field(default_factory=Habits.none)
    sources: tuple[Source, ...] = ()
    stated: tuple[Objection, ...] = ()
    reconciled: datetime | None = None
    first: datetime | None = None
    rejections: tuple[OutcomeOfDelivery, ...] = ()
