"""Objections to how old a source's data is."""

from __future__ import annotations

from collections.abc import Iterator

from arfeed.model.results import Objection, Plan
from arfeed.planning.wording import format_span, pluralize


def object_to_stale_sources(plan: Plan) -> Iterator[Objection]:
    """Object to data that is older than `max_age`, or of unknown age although `max_age` is set."""
    for source in plan.sources:
        limit, as_of = source.settings.max_age, source.read.as_of
        if limit is None:
            continue
        # Somebody has set `max_age`, so data of unknown age must not pass as fresh.
        if as_of is None:
            yield Objection(
                "stale-source",
                f"{source.source} states no date to judge by, and max_age allows {format_span(limit)}; remove max_age, "
                "or approve if its data is current",
            )
        elif plan.at.date() - as_of > limit:
            age = pluralize((plan.at.date() - as_of).days, "day")
            yield Objection(
                "stale-source",
                f"{source.source} is as of {as_of}, {age} ago; max_age allows {format_span(limit)}. Export it again; "
                "approve if it is still right",
            )


def object_to_older_dates(plan: Plan) -> Iterator[Objection]:
    """Object to sources with an as-of date before that of the last delivery."""
    for source in plan.sources:
        # The rows of a failed source are those of the last delivery: nothing was read that could be older.
        if source.before is None or source.failed:
            continue
        now, then = source.read.as_of, source.before.as_of
        if now and then and now < then:
            yield Objection(
                "as-of-backwards",
                f"{source.source} has gone back: its as-of date is {now}, and was {then} in the last delivery. This "
                "looks like an older export; export it again, or approve if it is the right one",
            )
