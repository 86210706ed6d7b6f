"""How each feed of a folder ended last, kept in the folder for `--only failed`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, NamedTuple

from arfeed.model.errors import ConfigError
from arfeed.operations.many.outcome import Outcome

_DUE = -1
"""In the place of an exit code: the feed's turn had not come, or its run had not ended."""

_LONGEST = 4 * 1024 * 1024
"""Bytes from which the file is written anew with one line for each feed."""


class LastOutcomes:
    """A file of lines, one for each run of a feed; the last line of a feed counts, and its last delivery."""

    def __init__(self, folder: Path) -> None:
        """Keep it below `.arfeed` in the folder of the feeds."""
        self.file = folder / ".arfeed" / "last.jsonl"

    def codes(self) -> Mapping[str, int]:
        """Return the exit code with which each feed ended last, by name. Raise `ConfigError` if nothing is known."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except OSError as exc:
            raise ConfigError(
                f"--only failed: how the feeds ended last is not known, since {self.file} can't be read: "
                f"{exc.strerror}; run all of them once"
            ) from exc
        return {entry.feed: entry.code for entry in _parse(lines)}

    def delivered(self) -> Mapping[str, float]:
        """Return the Unix time at which each feed was delivered last, by name; nothing if that is not known."""
        try:
            lines = self.file.read_text(encoding="utf-8").splitlines()
        except OSError:
            return {}
        return {entry.feed: entry.at for entry in _parse(lines) if entry.code == 0}

    def begin(self, names: Iterable[str]) -> None:
        """Record that feeds are due: whatever ends this process, they were not delivered until they have an outcome."""
        self._write((name, _DUE) for name in names)

    def add(self, name: str, outcome: Outcome) -> None:
        """Record an outcome. Raise `OSError` if that can't be done."""
        self._write([(name, outcome.code)])

    def _write(self, codes: Iterable[tuple[str, int]]) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        at = datetime.now(UTC).isoformat()
        line = "\n".join(json.dumps({"feed": name, "exit_code": code, "at": at}) for name, code in codes) + "\n"
        with self.file.open("a+", encoding="utf-8") as lines, _alone(lines):
            # On its own line, also behind one that was cut off when the disk was full.
            lines.write(f"\n{line}")
            lines.flush()
            if os.fstat(lines.fileno()).st_size > _LONGEST:
                _shorten(lines)


def _shorten(lines: IO[str]) -> None:
    """Keep the last lines of each feed, in the same file: another process may have it open, too."""
    lines.seek(0)
    entries = [*_parse(lines)]
    kept = {entry.feed: entry for entry in entries if entry.code == 0}
    last = {entry.feed: entry for entry in entries}
    lines.truncate(0)
    # The last delivery first, since the last line counts.
    for entry in (*kept.values(), *(entry for entry in last.values() if entry.code)):
        lines.write(f"{entry.line}\n")
    lines.flush()


class _Entry(NamedTuple):
    feed: str
    code: int
    at: float
    line: str


def _parse(lines: Iterable[str]) -> Iterator[_Entry]:
    for line in lines:
        try:
            entry = json.loads(line)
            at = datetime.fromisoformat(entry["at"]).timestamp()
            yield _Entry(str(entry["feed"]), int(entry["exit_code"]), at, line.strip())
        except (ValueError, TypeError, KeyError):
            continue  # a blank line, or one that was cut off


@contextmanager
def _alone(file: IO[str]) -> Iterator[None]:
    """Keep other processes out, such as that of another share of the same folder."""
    try:
        import fcntl
    except ImportError:  # Windows, where a file is appended to by one process at a time
        yield
        return
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)
