"""Finding the PDF of every invoice: by name, by a column, or by asking the connector. No file is read yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa

from arfeed.documents.choice import choose, describe_choice
from arfeed.documents.listing import list_documents
from arfeed.documents.merged import find_merged
from arfeed.documents.template import match_names
from arfeed.model.arrow import filter_rows, is_in, to_frame
from arfeed.model.errors import ArfeedError, SourceError
from arfeed.model.parts import Connector
from arfeed.plugins.isolation import isolated_copy, undisturbed
from arfeed.tables.files.reach import reach
from arfeed.tables.files.storage import Storage, display_path, is_local, translate_errors

if TYPE_CHECKING:
    import pandas as pd

Read = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """The PDFs that exist: a frame of source, source_ref, version; how to read each; files that fit several invoices.

    `notes` are for people, about files that were not taken.
    """

    table: pd.DataFrame
    readers: Mapping[tuple[str, str], Read]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(
    connectors: Sequence[Connector], invoices: pd.DataFrame, folder: Path, others: pd.DataFrame | None = None
) -> Found:
    """Find the PDF of every invoice. Raise `SourceError` for a folder that does not exist.

    `folder` is that of plugins.toml, where relative paths in the column `document` start. `others` are further rows of
    the sources, such as paid ones: their PDFs are in the same folder, and an open invoice must not get one of them.
    """
    import pandas as pd

    parts: list[Found] = []
    for connector in connectors:
        mine = _of(connector, invoices)
        parts += (
            _by_template(connector, mine, others),
            _by_column(connector, mine, folder),
            _by_connector(connector, mine),
        )
    if not parts:
        return nothing_found()
    return Found(
        pd.concat([part.table for part in parts], ignore_index=True).drop_duplicates(["source", "source_ref"]),
        # Reversed, so that the first one wins, as in `table`.
        {key: read for part in reversed(parts) for key, read in part.readers.items()},
        {file: refs for part in parts for file, refs in part.ambiguous.items()},
        tuple(note for part in parts for note in part.notes),
    )


def _of(connector: Connector, rows: pd.DataFrame) -> pd.DataFrame:
    return filter_rows(rows, rows["source"] == connector.source)


def nothing_found() -> Found:
    """Return what `find` returns for no sources."""
    columns = {name: pa.array([], pa.large_string()) for name in ("source", "source_ref", "version")}
    return Found(to_frame(pa.table(columns)), {})


def check_listing(connector: Connector) -> None:
    """Raise `SourceError` unless the folder or archive of the setting `documents` exists."""
    if connector.settings.documents:
        list_documents(connector)


def _by_template(connector: Connector, invoices: pd.DataFrame, others: pd.DataFrame | None) -> Found:
    """Find files whose names match the setting `documents`, in one listing of its folder."""
    if connector.settings.documents is None or invoices.empty:
        return _found(connector, [], [], {})
    import pandas as pd

    listing = list_documents(connector)
    # Documents that are not open claim files too: the PDF of a paid invoice must not go to an open one.
    theirs = invoices.iloc[:0] if others is None else _of(connector, others)
    theirs = filter_rows(theirs, ~is_in(theirs["source_ref"], invoices["source_ref"]))
    every = pd.concat([invoices, theirs], ignore_index=True) if len(theirs) else invoices
    matched = match_names(listing.pattern, every, [file.name for file in listing.files])
    choice = choose(matched, len(invoices))
    refs: list[str] = every["source_ref"].tolist()
    files = {refs[number]: listing.files[file] for number, file in choice.files.items()}
    without = len(invoices) - len(files) - len({number for numbers in choice.contested.values() for number in numbers})
    notes = [*describe_choice(choice, matched, listing, refs), *find_merged(listing, set(matched.files), without)]
    return _found(
        connector,
        list(files),
        [file.entry.version for file in files.values()],
        {ref: file.content for ref, file in files.items()},
        {
            listing.files[file].label: tuple(refs[number] for number in numbers)
            for file, numbers in choice.contested.items()
        },
        [f"{connector.source}: {note}" for note in notes],
    )


def _by_column(connector: Connector, invoices: pd.DataFrame, folder: Path) -> Found:
    """Find the files that the canonical column `document` names."""
    named = invoices[invoices["document"] != ""]
    readers, versions = {}, {}
    # One connection for each server and archive, not one for each file.
    storages: dict[tuple[str, str, str], Storage] = {}
    for ref, text in zip(named["source_ref"], named["document"], strict=True):
        url = str(folder / text) if is_local(text) else text
        with translate_errors(display_path(url)):
            key = ("", "", "") if is_local(url) else (*urlsplit(url)[:2], url.partition("::")[2])
            storage = storages.get(key) or storages.setdefault(key, reach(url, connector.settings))
            path = storage.path(url)
            entry = storage.entry(path)
        # A file that is not there leaves its invoice without a PDF, which the plan counts.
        if entry:
            readers[ref], versions[ref] = partial(storage.read, path), entry.version
    return _found(connector, list(versions), list(versions.values()), readers)


def _by_connector(connector: Connector, invoices: pd.DataFrame) -> Found:
    try:
        # A plugin may change what it is given, and the report is made of the same frame.
        refs = isolated_copy(invoices[["source_ref"]])["source_ref"]
        with undisturbed():
            found = {document.invoice_ref: document for document in connector.documents(refs)}
    except ArfeedError:
        raise
    # SystemExit too: a plugin that calls sys.exit() must not end the run without a message.
    except (Exception, SystemExit) as exc:
        raise SourceError(f"{connector.source}: its PDFs can't be listed: {type(exc).__name__}: {exc}") from exc
    # A plugin's version may be a number or a time; versions are kept and compared as texts.
    versions = [str(document.version) for document in found.values()]
    return _found(connector, list(found), versions, {ref: document.read for ref, document in found.items()})


def _found(
    connector: Connector,
    refs: list[str],
    versions: list[str],
    readers: Mapping[str, Read],
    ambiguous: Mapping[str, tuple[str, ...]] | None = None,
    notes: Sequence[str] = (),
) -> Found:
    source = pa.repeat(pa.scalar(connector.source, pa.large_string()), len(refs))
    columns = [source, pa.array(refs, pa.large_string()), pa.array(versions, pa.large_string())]
    table = to_frame(pa.table(columns, names=["source", "source_ref", "version"]))
    return Found(table, {(connector.source, ref): read for ref, read in readers.items()}, ambiguous or {}, tuple(notes))
