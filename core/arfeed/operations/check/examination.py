"""All checks of a feed, one after another."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from arfeed.documents.contents.checking import choose_mode
from arfeed.model.errors import ArfeedError
from arfeed.model.results import OUTCOMES
from arfeed.operations.check import destination, notifiers, sources
from arfeed.operations.check.finding import Finding, doubt, make_failure, ok, under_name
from arfeed.planning.wording import name_first
from arfeed.plugins.config import Project, resolved_settings
from arfeed.plugins.fingerprint import plugin_versions
from arfeed.runs.addresses import name_in_history
from arfeed.runs.context import Clock, open_history


def examine(project: Project, clock: Clock, *, probe: bool = False, quick: bool = False) -> Iterator[Finding]:
    """Yield findings as they are made. `quick` leaves the rows of the sources unread."""
    names = ", ".join(plugin_versions(project))
    count = len(project.sources)
    yield ok(
        "configuration",
        f"{project.path.name} is valid: {count} source{'s' if count != 1 else ''}, plugins {names}",
        file=str(project.path),
        plugins=plugin_versions(project),
    )
    yield from _describe_shared(project)
    histories = [_history(each) for each in project.each()]
    for each, history in zip(project.each(), histories, strict=True):
        yield from under_name(each.chosen, [history, _verification(each)])
    # Whatever was found so far: whoever sets up a feed wants all its mistakes in one go.
    yield from sources.examine_sources(project, clock, quick=quick)
    for each, history in zip(project.each(), histories, strict=True):
        there = history.state != "failed"
        found = destination.examine_destination(each, clock, history_is_there=there, probe=probe)
        yield from under_name(each.chosen, found)
    yield from notifiers.examine_notifiers(project)


def _describe_shared(project: Project) -> Iterator[Finding]:
    """Report what comes from the files that plugins.toml extends, and what all of it is together."""
    files: dict[Path, list[str]] = {}
    for key, file in project.shared.items():
        # A table is named by its keys; one that has none was written to be there.
        if not any(other.startswith(f"{key}.") for other in project.shared):
            files.setdefault(file, []).append(key)
    if files:
        said = "; ".join(
            f"{os.path.relpath(file, project.folder)} gives {', '.join(keys)}" for file, keys in files.items()
        )
        shared = {str(file): keys for file, keys in files.items()}
        yield ok("shared settings", said, files=shared, resolved=resolved_settings(project.path))


def _verification(project: Project) -> Finding:
    """Report whether PDFs are verified, and what those showed themselves to be that were read for this destination."""
    what = "verifying PDFs"
    try:
        mode = choose_mode(project.destination.settings.documents_verify)
        with open_history(project) as history:
            readings = history.document_readings(name_in_history(project, history))
    except ArfeedError as exc:
        return make_failure(what, exc)
    found = Counter(reading.outcome for reading in readings.values())
    read = ", ".join(f"{found[outcome]:,} {words}" for outcome, words in OUTCOMES.items() if found[outcome])
    others = [f"{name}: {each.words}" for name, each in readings.items() if each.outcome == "another"]
    facts: dict[str, object] = {"mode": mode, "read": dict(found), "others": others}
    if mode == "off":
        unset = project.destination.settings.documents_verify is None
        return ok(what, "off" + (': needs pip install "arfeed[pdf]"' if unset else ""), **facts)
    if others:
        return doubt(what, f"{mode}; read: {read}", f"put the right PDFs in their place: {name_first(others)}", **facts)
    return ok(what, f"{mode}; read: {read or 'none yet'}", **facts)


def _history(project: Project) -> Finding:
    """Check that the history can be opened, and report what it knows of this destination."""
    try:
        with open_history(project) as history:
            where = name_in_history(project, history)
            delivered = next((run for run in history.runs() if run.destination == where), None)
            holder = history.lock_holder(where)
    except ArfeedError as exc:
        return make_failure("history", exc)
    if holder:
        said = f"the run {holder} holds the lock of this destination now"
        return doubt(
            "history", said, "wait for it to end; the lock of a run that has died expires by itself", lock=holder
        )
    if delivered is None:
        said = "nothing has been delivered to this destination yet; the first plan has to be approved"
        return ok("history", said, last=None)
    said = f"last delivery {delivered.id}, {delivered.open_count} open"
    return ok("history", said, last=delivered.id, open=delivered.open_count)
