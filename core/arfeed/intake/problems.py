"""Describing problems in lines that a bookkeeper can act on: the file's own line and header, the value, and why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from arfeed.intake.columns import Problem
from arfeed.model.errors import SourceError
from arfeed.model.parts import Connector
from arfeed.model.settings import FileSettings
from arfeed.tables.dbase import is_dbase
from arfeed.tables.files.search import find_files
from arfeed.tables.separated.text import physical_lines
from arfeed.tables.workbook.sheets import is_workbook

MOST_LINES = 50
_MOST_ALIKE = 5
"""Lines of one kind of problem: whoever has seen five need not see the sixth."""


def describe_problems(problems: Sequence[tuple[Connector, list[Problem]]]) -> list[str]:
    """Return the problems of all sources in at most 50 lines, at most five of each kind, and count the rest."""
    groups = [(connector, problem) for connector, found in problems for problem in found]
    total = sum(problem.count for _, problem in groups)
    advised = sum(bool(problem.advice) for _, problem in groups)
    room = MOST_LINES - 2 - min(advised, MOST_LINES // 5)
    shown = groups[: room // 2]
    share = min(room // len(shown) - 1, _MOST_ALIKE)
    lines = [f"{total} value{'s' if total != 1 else ''} can't be taken, so nothing is delivered:"]
    for connector, problem in shown:
        lines += _group(connector, problem, share)
    if len(groups) > len(shown):
        lines.append(f"… and {len(groups) - len(shown)} more kinds of problem")
    return lines


def _group(connector: Connector, problem: Problem, share: int) -> list[str]:
    examples = problem.examples[:share]
    places = _places(connector, [origin for origin, _ in examples])
    lines = [
        f"{place}, column {problem.column}: {value!r} {problem.why}{_in_rows(problem, value)}"
        for place, (_, value) in zip(places, examples, strict=True)
    ]
    more = problem.count - sum(problem.words.get(value, 1) for _, value in examples)
    lines += [f"… and {more} more like it in {connector.source}"] if more else []
    return [*lines, f"… {problem.advice}"] if problem.advice else lines


def _in_rows(problem: Problem, value: str) -> str:
    count = problem.words.get(value, 1)
    return f" ({count} rows have it)" if count > 1 else ""


def _places(connector: Connector, origins: Sequence[str]) -> list[str]:
    """Turn `file#7` into `file line 9` or `file row 7` if the file can still be read; leave other origins unchanged."""
    records: defaultdict[str, set[int]] = defaultdict(set)
    for origin in origins:
        file, _, record = origin.rpartition("#")
        if file and record.isdigit():
            records[file].add(int(record))
    lines = {file: _lines(connector, file, numbers) for file, numbers in records.items()}
    return [_place(origin, lines) for origin in origins]


def _lines(connector: Connector, file: str, records: set[int]) -> dict[int, int]:
    settings = connector.settings
    # Only files have lines; other origins are legible as they are.
    if not isinstance(settings, FileSettings):
        return {}
    try:
        # Not the name alone, but the FoundFile, which has the login of its server.
        found = next((each for each in find_files(settings) if each == file), file)
        if is_dbase(found) or is_workbook(found):
            return {}
        return physical_lines(found, records, encoding=settings.encoding, delimiter=settings.delimiter)
    # The file may be gone by now, and the problem matters more than its line.
    except SourceError:
        return {}


def _place(origin: str, lines: dict[str, dict[int, int]]) -> str:
    file, _, record = origin.rpartition("#")
    line = lines.get(file, {}).get(int(record)) if record.isdigit() else None
    if line:
        return f"{file} line {line}"
    return f"{file} row {record}" if file.lower().endswith((".xlsx", ".xlsm", ".dbf")) and record.isdigit() else origin
