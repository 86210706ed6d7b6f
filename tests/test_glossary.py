"""The glossary of CONTRIBUTING.md, as far as a pattern can hold it: in code, messages, docstrings and docs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("core", "connectors", "transforms", "docs")
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "RELEASING.md", ROOT / "SECURITY.md")
KINDS = {".py", ".md", ".sql", ".j2", ".tmpl"}

BANS = {
    "this many, or that many": r"\bso many\b",
    "is available, is not available": r"\bcan(?:no|')?t? be had\b",
    "own: its own process": r"(?<!place )\bof (?:its|their|our) own\b(?=[^\w\s]|$| (?:and|or|is|are|beside|nowhere)\b)",
    "is not an X": r"(?<!there )(?<!There )\b(?:is|are|was|were) no "
    r"(?!longer|such|other|more|matter|reason|need|news|question|one\b|problem|evidence\b|way|doubt|room|time\b)\w",
    "fix": r"\bmend(?:s|ed|ing)?\b",
    "a name or a noun: its name is X": r"\bcalled (?:so|otherwise)\b",
    "name who says it": r"\b[Ii]t is said\b",
    "a verb: report, log, raise, notify": r"def _?(?:tell|told|said|say|hear|narrat|speak)\w*\(",
}
"""What to write, and the pattern of what not to."""

EXCEPTIONS = {
    ("CONTRIBUTING.md", 'Write "is not an X", not "is no X"'): "the glossary itself",
    ("CONTRIBUTING.md", '"fix", not "mend"'): "the glossary itself",
    ("core/arfeed/runs/reconciliation/meaning/words.py", "def says_closed("): "a predicate: what a heading says",
    ("core/arfeed/testing/notifiers.py", "def heard("): "public: plugins' tests override it",
    ("core/arfeed/operations/scaffold/template/notifier/tests/test_conformance.py.tmpl", "def heard("): "as above",
}
"""Lines that stay, by file and a part of the line, each with its reason."""


def files() -> Iterator[Path]:
    yield from PAGES
    for folder in FOLDERS:
        yield from (file for file in sorted((ROOT / folder).rglob("*")) if file.suffix in KINDS)


def excepted(name: str, line: str) -> bool:
    return any(name == file and part in line for file, part in EXCEPTIONS)


@pytest.mark.parametrize(("instead", "pattern"), [*BANS.items()], ids=[*BANS])
def test_the_glossary_holds(instead: str, pattern: str) -> None:
    found = [
        f"{name}:{number}: {line.strip()}"
        for file in files()
        for name in [file.relative_to(ROOT).as_posix()]
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(pattern, line) and not excepted(name, line)
    ]
    assert not found, "\n".join([f"write {instead}:", *found])


@pytest.mark.parametrize(("file", "part"), [*EXCEPTIONS], ids=[part for _, part in EXCEPTIONS])
def test_each_exception_is_still_needed(file: str, part: str) -> None:
    lines = [line for line in (ROOT / file).read_text(encoding="utf-8").splitlines() if part in line]
    needed = any(re.search(pattern, line) for line in lines for pattern in BANS.values())
    assert needed, "remove this exception"


@pytest.mark.parametrize(
    "line",
    [
        '"""So many bytes, and so many rows."""',
        "Port 22 can't be had.",
        "# Each has a process of its own.",
        "it is no workbook",
        "mend it, or remove it",
        "no feed is called so",
        "It is said once.",
        "def told(self) -> None:",
        "def _tell_plugins(context: object) -> None:",
    ],
)
def test_the_patterns_find_what_they_are_for(line: str) -> None:
    assert any(re.search(pattern, line) for pattern in BANS.values())
