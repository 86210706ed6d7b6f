"""`arfeed plan`: what would be delivered, and what that would mean."""

from __future__ import annotations

from arfeed.cli.options import DEFAULT_CONFIG, Config, Json, typed
from arfeed.cli.output import console, print_json, refuse
from arfeed.cli.progress import progress


def plan(config: Config = DEFAULT_CONFIG, as_json: Json = False) -> None:
    """Show what sync would deliver and mark as paid. Sends nothing; ends as sync would."""
    from arfeed import pipeline
    from arfeed.cli.masking import read_feed
    from arfeed.cli.show import plan_as_data, show_plan

    project = read_feed(config)
    with progress() as steps:
        result = pipeline.plan(project, steps)
    show_plan(result.plan, console(beside_json=as_json), typed("arfeed sync", config))
    if as_json:
        print_json(plan_as_data(result.plan))
    if result.plan.objections:
        refuse("Refused: sync would deliver nothing.")
