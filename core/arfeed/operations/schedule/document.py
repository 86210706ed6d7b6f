"""The files that make up a schedule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Document:
    """A file of a schedule: its name and its text."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Schedule:
    """The files of a schedule, and what a person must do with them, one step a line."""

    documents: tuple[Document, ...]
    steps: tuple[str, ...]
