"""How the run of one feed among many ended, and what to do next."""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

OUTCOMES: Mapping[int, str] = {
    0: "delivered",
    1: "failed: a bug",
    2: "wrong configuration",
    3: "refused",
    4: "a source failed",
    5: "the destination failed",
    6: "locked by another run",
}
"""What the exit codes of a run mean."""

Ended = Literal["time", "memory", "killed", "stopped", "silent"]
"""Why a run did not end by itself: it reached a limit, its process was killed, arfeed was stopped, or it ended
without the document that belongs to its exit code, as when a plugin ends the process."""

_ENDED: Mapping[Ended, str] = {
    "time": "ended: took too long",
    "memory": "ended: took too much memory",
    "killed": "failed: it was killed",
    "stopped": "ended with all others",
    "silent": "failed: it broke off",
}
_NEXT: Mapping[Ended, str] = {
    "time": "it was ended after {limit}, as [feed] time_limit or --time-limit says; find out what it waited for",
    "memory": "it was ended at {limit}, as [feed] memory_limit or --memory-limit says; find out what it read",
    "killed": "its process was ended by signal {limit}; see what it printed above",
    "stopped": "stopped with arfeed; the next run settles what it left",
    "silent": "its process ended with {limit} without a result, as if a plugin had ended it; the next run settles it",
}


def pack(out: bytes) -> bytes:
    """Return what a feed printed as an `Outcome` keeps it: there may be thousands of them."""
    return zlib.compress(out, 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one feed's run ended, and after how many seconds.

    `packed` is what its `sync --json` printed, by `pack`, and `text` what it printed for people. `ended` says why it
    did not end by itself, with the limit or signal.
    """

    config: Path
    code: int
    seconds: float
    packed: bytes = field(default=b"", repr=False)
    text: str = field(default="", repr=False)
    ended: tuple[Ended, str] | None = None

    @property
    def document(self) -> dict[str, Any] | None:
        """The document that was printed; None for a run that was killed, or met a bug, and printed none."""
        try:
            document = json.loads(zlib.decompress(self.packed)) if self.packed else None
        except ValueError:
            return None
        return document if isinstance(document, dict) else None

    @property
    def name(self) -> str:
        """What happened, in a few words."""
        return _ENDED[self.ended[0]] if self.ended else OUTCOMES[self.code]

    @property
    def next(self) -> str:
        """What was wrong, or what to type next; blank if it was delivered."""
        document = self.document or {}
        if self.code == 0:
            return ""
        if self.ended:
            why, limit = self.ended
            return _NEXT[why].format(limit=limit)
        if approval := document.get("plan", {}).get("approval"):
            config = shlex.quote(str(self.config))
            return f"read the plan above; if it is right: arfeed sync --config {config} --approve {approval}"
        message = str(document.get("error", {}).get("message", ""))
        first, *others = [line for line in message.splitlines() if line.strip()] or ["see what it printed above"]
        # "3 values can't be taken, so nothing is delivered:" says nothing without the first of them.
        return f"{first} {others[0]}" if others and first.endswith(":") else first

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many documents are open, and how many would be, or were, marked as paid; None without a plan."""
        plan = (self.document or {}).get("plan")
        return (sum(total["count"] for total in plan["totals"]), plan["counts"]["missing"]) if plan else None


def highest(outcomes: Iterable[Outcome]) -> int:
    """Return the highest exit code; 0 if nothing was run."""
    # A scheduler sees one code; any other choice could hide a feed that was not delivered.
    return max((outcome.code for outcome in outcomes), default=0)
