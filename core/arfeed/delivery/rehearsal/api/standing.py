"""A receiver with an API for as long as a run needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from arfeed.delivery.rehearsal.api.server import ApiServer, serving
from arfeed.delivery.rehearsal.receiver import lock_folder
from arfeed.model.shipping.api import ApiRule


@contextmanager
def at_hand(name: str, folder: Path, rule: ApiRule) -> Iterator[ApiServer]:
    """Start the receiver of a folder, which serves one run at a time: raise `LockedError` if another has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with lock_folder(name, folder), serving(folder, rule) as one:
        yield one
