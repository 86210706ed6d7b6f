"""`arfeed init` without its command: what it would write for a table, with somebody who answers or with nobody."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from arfeed.operations.init.answers import Answers, Asker, Unattended
from arfeed.operations.init.interview import interview


@dataclass
class Interview:
    """Makes drafts in a folder; `reported` is what the last one said, each with its mark."""

    folder: Path
    reported: list[str] = field(default_factory=list)

    def source(self, table: str, asker: Asker | None = None, **said: Any) -> dict[str, Any]:
        """Return the table of the source that would be written for an export."""
        (source,) = self.feed(table, asker, **said)["sources"].values()
        return dict(source)

    def transforms(self, table: str, asker: Asker | None = None, **said: Any) -> list[dict[str, Any]]:
        """Return the transforms that would be written for an export."""
        return list(self.feed(table, asker, **said).get("transforms", []))

    def feed(self, table: str, asker: Asker | None = None, **said: Any) -> dict[str, Any]:
        """Return the whole feed that would be written for an export."""
        self.reported.clear()
        sample = self.folder / "export.csv"
        sample.write_text(table, encoding="utf-8")
        known = {"documents": "", "to": "rehearsal", "currency": "EUR", "sample": str(sample)} | said
        asked = asker or Unattended(lambda mark, text: self.reported.append(f"{mark} {text}"))
        draft = interview(Answers(config=self.folder / "plugins.toml", **known), asked)
        return tomllib.loads(draft.text())


class Person(Unattended):
    """Somebody who answers by the option that would have answered, and is asked nothing else."""

    def __init__(self, answers: Mapping[str, str], report: Callable[[str, str], None] = lambda *_: None) -> None:
        super().__init__(report)
        self.answers = dict(answers)
        self.asked: list[str] = []

    def choose(self, question: str, option: str, choices: Mapping[str, str], default: str | None = None) -> str:
        self.asked.append(question)
        answer = next((self.answers[key] for key in self.answers if option.startswith(key)), default)
        assert answer is not None
        assert answer in choices, f"{question} has no answer for {option}: {answer}"
        return answer
