"""What a schedule is written down in."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a schedule: what it is called, and what is in it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The files of a schedule, and what a person has to do with them, a step a line."""

    documents: tuple[Document, ...]
    steps: tuple[str, ...]
