"""How each feed of a folder ended last, kept in the folder for `--only failed`."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from arfeed.model.errors import ConfigError
from arfeed.operations.many.outcome import Outcome

_LONGEST = 4 * 1024 * 1024
"""Bytes from which the file is written anew with one line for each feed."""


class LastOutcomes:
    """A file of lines, one for each run of a feed; the last line of a feed counts."""

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
        return {name: code for name, code, _ in _parsed(lines)}

    def add(self, name: str, outcome: Outcome) -> None:
        """Record an outcome. Raise `OSError` if that can't be done."""
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        line = json.dumps({"feed": name, "exit_code": outcome.code, "at": datetime.now(UTC).isoformat()}) + "\n"
        with self.file.open("a+", encoding="utf-8") as lines, _alone(lines):
            # On a line of its own, also behind one that was cut off when the disk was full.
            lines.write(f"\n{line}")
            lines.flush()
            if os.fstat(lines.fileno()).st_size > _LONGEST:
                _shorten(lines)


def _shorten(lines: IO[str]) -> None:
    """Keep the last line of each feed, in the same file: another process may have it open, too."""
    lines.seek(0)
    last = {name: text for name, _, text in _parsed(lines)}
    lines.truncate(0)
    lines.write("".join(f"{text}\n" for text in last.values()))
    lines.flush()


def _parsed(lines: Iterator[str] | IO[str] | list[str]) -> Iterator[tuple[str, int, str]]:
    for line in lines:
        try:
            entry = json.loads(line)
            yield str(entry["feed"]), int(entry["exit_code"]), line.strip()
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
