"""How a run ended, left in the history for whoever looks later."""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.exc import SQLAlchemyError

from arfeed.history.receipts import plan_document
from arfeed.history.records import OutcomeRecord
from arfeed.model.errors import ArfeedError
from arfeed.model.results import Plan
from arfeed.model.text.secrets import mask_secrets
from arfeed.runs.addresses import name_in_history
from arfeed.runs.context import RunContext, open_history


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended: with which exit code, the masked message of an error, and the plan if that was refused."""

    ending: Literal["delivered", "refused", "failed"]
    exit_code: int = 0
    message: str = ""
    plan: Plan | None = None


def leave_outcome(context: RunContext, outcome: Outcome) -> None:
    """Record how a run ended; if that fails, only warn, since the run is over."""
    plan = None
    if outcome.plan is not None:
        text = json.dumps(plan_document(outcome.plan), ensure_ascii=False)
        plan = zlib.compress(mask_secrets(text, context.project.secrets).encode())
    try:
        with open_history(context.project) as history:
            history.note_outcome(
                OutcomeRecord(
                    destination=name_in_history(context.project, history),
                    feed=context.project.feed.name,
                    run=context.run,
                    at=context.clock(),
                    ending=outcome.ending,
                    exit_code=outcome.exit_code,
                    message=outcome.message,
                    plan=plan,
                )
            )
    except (ArfeedError, SQLAlchemyError) as exc:
        # If the history can't be opened, the run most likely failed because of that, and reported it.
        if outcome.ending != "failed":
            context.progress.warn(f"how this run ended could not be recorded: {exc}")
