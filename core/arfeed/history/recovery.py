"""Judge by what the server holds now what became of an interrupted run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from arfeed.history.records import PlannedDocument, RunRecord
from arfeed.model.results import SentDocument

Verdict = Literal["arrived", "lost", "unknown"]


def judge(run: RunRecord, reports: Mapping[str, int], parts: Iterable[str]) -> Verdict:
    """Judge whether an interrupted run's report arrived.

    `reports` are the names and sizes in the report folder, `parts` the names of all uploads under way. A run that
    never asked to publish has not arrived. One that did has arrived if its report is there with its full size, and
    has not if its upload still waits under its other name. If neither is there, the receiver may have taken it:
    unknown.
    """
    if run.state == "running":
        return "lost"
    # The name is this run's alone, and a whole file gets it; another size is a file that was cut off under publish =
    # "direct".
    if reports.get(run.report_name) == run.report_size:
        return "arrived"
    if any(name.startswith(f".{run.report_name}.") for name in parts_of(run.id, parts)):
        return "lost"
    return "unknown"


def parts_of(run: str, names: Iterable[str]) -> list[str]:
    """Return the names of a run's uploads under way."""
    return [name for name in names if name.startswith(".") and name.endswith(f".{run}.part")]


def find_arrived(
    planned: Iterable[PlannedDocument], there: Mapping[str, int], known: Mapping[str, SentDocument]
) -> list[PlannedDocument]:
    """Return the planned PDFs that did arrive.

    A file is published only when it is whole, so a name that was new and is there with its size has arrived. One that
    replaces a file of the same size can't be told from it, and does not count as arrived.
    """
    return [
        document
        for document in planned
        if there.get(document.name) == document.size
        and (document.name not in known or known[document.name].size != document.size)
    ]
