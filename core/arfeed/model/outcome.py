"""What a receiver says became of a delivery: what plugins are handed to find out, and what they answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from glob import escape
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from arfeed.model.errors import DestinationError

if TYPE_CHECKING:
    from arfeed.model.rest.client import RestClient
    from arfeed.model.results import DeliveredFile
    from arfeed.model.settings import OutcomeSettings

_LARGEST_LOG = 32_000_000
"""Bytes of an import log that are read; a longer one is not a list of rejected rows."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """Something that the receiver did not take: an invoice, or, without a number, a whole file."""

    reason: str
    invoice_ref: str | None = None
    file: str | None = None


@dataclass(frozen=True, slots=True)
class ReceiverOutcome:
    """What became of a delivery: taken, though `rejected` may name invoices; rejected as a whole; or not known yet."""

    state: Literal["taken", "rejected", "pending"]
    rejected: Sequence[Rejection] = ()


@dataclass(frozen=True, slots=True)
class DeliveredRun:
    """A delivery whose outcome is asked for, and the way to ask.

    `files` are those of the report in their order, the last of them committed it. `invoice_refs` were sent as open, and
    `closed_refs` are missing from it, so that they count as paid or were sent as closed. `list_files` returns the names
    and sizes in a folder below the root, `read_file` the content of a file there. `api` is that of a receiver that is
    one.
    """

    id: str
    at: datetime
    files: Sequence[DeliveredFile]
    invoice_refs: Sequence[str]
    closed_refs: Sequence[str]
    list_files: Callable[[str], Mapping[str, int]]
    read_file: Callable[[str, str], bytes]
    api: RestClient | None = None


def look_up_outcome(run: DeliveredRun, settings: OutcomeSettings) -> ReceiverOutcome:
    """Find out by the folders and logs that the settings name what became of each file of a delivery.

    A file is taken once it lies where processed ones do, with the size that it was sent with, and its log is there, as
    far as the settings name these. One that failed makes the whole delivery rejected: no receiver states which part of
    the others it still took.
    """
    wanted = [file for file in run.files if fnmatchcase(file.name, settings.files)]
    if not wanted:
        # Nothing to look for would be nothing that failed.
        raise DestinationError(f"destination.outcome: no file of run {run.id} matches files = {settings.files!r}")
    looking = _Looking(run, settings)
    failed = [Rejection(f"it lies in {place}", file=file.name) for file in wanted for place in looking.failed(file)]
    damaged = [found for file in wanted for found in looking.damaged(file)]
    rows = [row for file in wanted for row in looking.rejected_rows(file)]
    if failed or damaged:
        return ReceiverOutcome("rejected", (*failed, *damaged, *rows))
    return ReceiverOutcome("taken" if all(map(looking.is_taken, wanted)) else "pending", tuple(rows))


class _Looking:
    """What lies at the receiver, each folder listed once."""

    def __init__(self, run: DeliveredRun, settings: OutcomeSettings) -> None:
        self._run, self._settings = run, settings
        self._listed: dict[str, Mapping[str, int]] = {}

    def failed(self, file: DeliveredFile) -> Iterator[str]:
        """Yield where a file lies that failed."""
        yield from (f"{folder}/{name}".lstrip("/") for folder, name, _ in self._find(self._settings.failed, file))

    def damaged(self, file: DeliveredFile) -> Iterator[Rejection]:
        """Yield a rejection for a processed file that is not as long as the one sent: that is what was read of it."""
        found = [*self._find(self._settings.processed, file)]
        if found and all(size != file.size for _, _, size in found):
            folder, name, size = found[0]
            reason = f"{folder}/{name} has {size:,} bytes, and {file.size:,} were sent".lstrip("/")
            yield Rejection(reason, file=file.name)

    def is_taken(self, file: DeliveredFile) -> bool:
        """Whether a file lies among the processed ones, and has a log, as far as there are such."""
        named = [each for each in (self._settings.processed, self._settings.log) if each]
        return all(any(self._find(each, file)) for each in named)

    def rejected_rows(self, file: DeliveredFile) -> Iterator[Rejection]:
        """Yield what a file's log says of single invoices."""
        if not self._settings.rejected:
            return
        pattern = re.compile(self._settings.rejected.replace("{name}", re.escape(file.name)))
        for folder, name, size in self._find(self._settings.log, file):
            if size > _LARGEST_LOG:
                raise DestinationError(
                    f"{folder}/{name} has {size:,} bytes; destination.outcome.log names one too long"
                )
            for line in self._run.read_file(folder, name).decode("utf-8-sig", "replace").splitlines():
                if found := pattern.search(line):
                    said = found.groupdict()
                    yield Rejection((said.get("reason") or line).strip(), said["ref"].strip(), file.name)

    def _find(self, pattern: str | None, file: DeliveredFile) -> Iterator[tuple[str, str, int]]:
        if pattern is None:
            return
        stem = PurePosixPath(file.name).stem
        folder, _, wanted = pattern.rpartition("/")
        # A name may hold brackets, which must not become a pattern.
        form = wanted.replace("{name}", escape(file.name)).replace("{stem}", escape(stem))
        if folder not in self._listed:
            self._listed[folder] = self._run.list_files(folder)
        for name, size in self._listed[folder].items():
            if fnmatchcase(name, form):
                yield folder, name, size
