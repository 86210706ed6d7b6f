"""How the run of one feed among many ended, and what to do next."""

from __future__ import annotations

import json
import shlex
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from arfeed.model.text.commands import with_destination

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
    def documents(self) -> Mapping[str, dict[str, Any]]:
        """What was printed for each destination, by name; that of a feed's only one has a blank name."""
        document = self.document or {}
        several = document.get("destinations")
        return several if isinstance(several, dict) else {"": document}

    @property
    def name(self) -> str:
        """What happened, in a few words."""
        return _ENDED[self.ended[0]] if self.ended else OUTCOMES[self.code]

    @property
    def next(self) -> str:
        """What was wrong, or what to type next; blank if it was delivered."""
        if self.code == 0:
            return ""
        if self.ended:
            why, limit = self.ended
            return _NEXT[why].format(limit=limit)
        waiting = {name: each for name, each in self.documents.items() if not each.get("delivered")}
        return "; ".join(self._next(name, each) for name, each in waiting.items())

    def _next(self, name: str, document: Mapping[str, Any]) -> str:
        """Return what to type next for a destination that got nothing."""
        about = f"{name}: " if name else ""
        if approval := document.get("plan", {}).get("approval"):
            command, config = with_destination("arfeed sync", name), shlex.quote(str(self.config))
            return f"{about}read the plan above; if it is right: {command} --config {config} --approve {approval}"
        message = str(document.get("error", {}).get("message", ""))
        first, *others = [line for line in message.splitlines() if line.strip()] or ["see what it printed above"]
        # "3 values can't be taken, so nothing is delivered:" says nothing without the first of them.
        return about + (f"{first} {others[0]}" if others and first.endswith(":") else first)

    @property
    def counts(self) -> tuple[int, int] | None:
        """How many documents are open, and how many would be, or were, marked as paid; None without a plan.

        Of a feed with several destinations, over all plans: each of them says that to its own receiver.
        """
        plans = [plan for document in self.documents.values() if (plan := document.get("plan"))]
        if not plans:
            return None
        opened = sum(total["count"] for plan in plans for total in plan["totals"])
        return opened, sum(plan["counts"]["missing"] for plan in plans)
