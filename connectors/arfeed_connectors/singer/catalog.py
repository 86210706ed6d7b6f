"""A tap's catalog: the wanted streams are selected, and incremental ones are found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from arfeed import SourceError

FULL_TABLE = "FULL_TABLE"


def select(catalog: object, streams: Sequence[str]) -> dict[str, Any]:
    """Return the catalog with just these streams selected, with all their fields but those that it deselects itself."""
    entries = catalog.get("streams") if isinstance(catalog, dict) else None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise SourceError('this is not a catalog: it has no list "streams"')
    known = [_id(entry) for entry in entries]
    for name in streams:
        if known.count(name) != 1:
            raise SourceError(f"the catalog has {known.count(name)} streams {name!r}; it has {', '.join(known)}")
    # The others stay in it, deselected: many taps have streams that are selected by default.
    return {**catalog, "streams": [_select(entry, wanted=_id(entry) in streams) for entry in entries]}  # type: ignore[dict-item]


def message_names(catalog: Mapping[str, Any], streams: Sequence[str]) -> tuple[str, ...]:
    """Return what the tap's messages call these streams; the catalog's ids may be longer."""
    return tuple(entry.get("stream", _id(entry)) for entry in catalog["streams"] if _id(entry) in streams)


def incremental(catalog: Mapping[str, Any], streams: Sequence[str]) -> list[str]:
    """Return the catalog's entries by which a stream is read in parts: `invoices: forced-replication-method = …`."""
    wanted = [entry for entry in catalog["streams"] if _id(entry) in streams]
    return [f"{_id(entry)}: {said}" for entry in wanted for said in _methods(entry)]


def is_bookmarked(state: object, stream: str) -> bool:
    """Whether a STATE message remembers how far a stream was read, for which a whole table has no use."""
    if not isinstance(state, dict):
        return False
    # Some taps write their bookmarks without the level around them.
    bookmarks = state.get("bookmarks", state)
    return _remembers(bookmarks.get(stream)) if isinstance(bookmarks, dict) else False


_OF_FULL_TABLES = {"version", "initial_full_table_complete", "last_pk_fetched", "max_pk_values", "context"}
"""What taps remember of a full table while they read it, and the Singer SDK of each of its parts."""


def _remembers(bookmark: object) -> bool:
    if isinstance(bookmark, dict):
        parts = bookmark.get("partitions")
        rest = {key: value for key, value in bookmark.items() if key not in (*_OF_FULL_TABLES, "partitions")}
        # What is left may be a date, or a page, under a name of the tap's choice: anything counts.
        known = rest.pop("last_replication_method", FULL_TABLE)
        return known != FULL_TABLE or any(rest.values()) or any(map(_remembers, parts or ()))
    return bool(bookmark)


def _id(entry: Mapping[str, Any]) -> str:
    return str(entry.get("tap_stream_id") or entry.get("stream"))


def _methods(entry: Mapping[str, Any]) -> Iterator[str]:
    root: Mapping[str, Any] = next((item["metadata"] for item in entry["metadata"] if not item.get("breadcrumb")), {})
    said = {
        "replication_method": entry.get("replication_method"),
        **{name: root.get(name) for name in ("replication-method", "forced-replication-method")},
    }
    return (f"{name} = {method}" for name, method in said.items() if method not in (None, FULL_TABLE))


def _select(entry: Mapping[str, Any], *, wanted: bool) -> dict[str, Any]:
    metadata = [{**item, "metadata": {**item.get("metadata", {})}} for item in entry.get("metadata") or ()]
    if not any(not item.get("breadcrumb") for item in metadata):
        metadata.append({"breadcrumb": [], "metadata": {}})
    for item in metadata:
        if not item.get("breadcrumb"):
            item["metadata"]["selected"] = wanted
            # Only if the catalog is silent: what it states is looked at by `incremental`.
            item["metadata"].setdefault("replication-method", FULL_TABLE)
        elif wanted:
            item["metadata"].setdefault("selected", True)
    return {**entry, "metadata": metadata}
