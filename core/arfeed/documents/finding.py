"""Looking for the PDF of every invoice: by name, by a column, or by asking the connector. Nothing is read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pyarrow as pa

from arfeed.documents.choice import choose, describe
from arfeed.documents.listing import list_documents
from arfeed.documents.merged import merged_files
from arfeed.documents.template import claims
from arfeed.model.arrow import filter_rows, is_in, to_frame
from arfeed.model.errors import ArfeedError, SourceError
from arfeed.model.parts import Connector
from arfeed.plugins.isolation import own, undisturbed
from arfeed.tables.files.storage import Storage, explained, is_local, label, storage

if TYPE_CHECKING:
    import pandas as pd

Read = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """The PDFs there are: a frame of source, source_ref, version; how to read each; files that fit several invoices.

    `notes` say what people should know of the others.
    """

    table: pd.DataFrame
    readers: Mapping[tuple[str, str], Read]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def find(
    connectors: Sequence[Connector], invoices: pd.DataFrame, folder: Path, others: pd.DataFrame | None = None
) -> Found:
    """Look for the PDF of every invoice. Raise `SourceError` for a folder that is not there.

    `folder` is that of plugins.toml, where relative paths in the column `document` start. `others` are further rows of
    the sources, paid ones for example: their PDFs lie in the same folder, and no open invoice may get one.
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
        {key: read for part in reversed(parts) for key, read in part.readers.items()},  # the first found is taken
        {file: refs for part in parts for file, refs in part.ambiguous.items()},
        tuple(note for part in parts for note in part.notes),
    )


def _of(connector: Connector, rows: pd.DataFrame) -> pd.DataFrame:
    return filter_rows(rows, rows["source"] == connector.source)


def nothing_found() -> Found:
    """Return what `find` returns where there are no sources to ask."""
    columns = {name: pa.array([], pa.large_string()) for name in ("source", "source_ref", "version")}
    return Found(to_frame(pa.table(columns)), {})


def look(connector: Connector) -> None:
    """See that the folder or archive of the setting `documents` is there. Raise `SourceError` if not."""
    if connector.settings.documents:
        list_documents(connector)


def _by_template(connector: Connector, invoices: pd.DataFrame, others: pd.DataFrame | None) -> Found:
    """Match the setting `documents` against a listing of its folder, made once."""
    if connector.settings.documents is None or invoices.empty:
        return _found(connector, [], [], {})
    import pandas as pd

    listing = list_documents(connector)
    theirs = invoices.iloc[:0] if others is None else _of(connector, others)
    theirs = filter_rows(theirs, ~is_in(theirs["source_ref"], invoices["source_ref"]))
    every = pd.concat([invoices, theirs], ignore_index=True) if len(theirs) else invoices
    matched = claims(listing.pattern, every, [file.name for file in listing.files])
    choice = choose(matched, len(invoices))
    refs: list[str] = every["source_ref"].tolist()
    files = {refs[number]: listing.files[file] for number, file in choice.files.items()}
    without = len(invoices) - len(files) - len({number for numbers in choice.contested.values() for number in numbers})
    notes = [*describe(choice, matched, listing, refs), *merged_files(listing, set(matched.files), without)]
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
    """Take the files named by the canonical column `document`, where the source knows them."""
    named = invoices[invoices["document"] != ""]
    readers, versions = {}, {}
    places: dict[tuple[str, str, str], Storage] = {}
    for ref, text in zip(named["source_ref"], named["document"], strict=True):
        url = str(folder / text) if is_local(text) else text
        with explained(label(url)):
            key = ("", "", "") if is_local(url) else (*urlsplit(url)[:2], url.partition("::")[2])
            place = places.get(key) or places.setdefault(key, storage(url, connector.settings))
            path = place.path(url)
            entry = place.entry(path)
        if entry:
            readers[ref], versions[ref] = partial(place.read, path), entry.version
    return _found(connector, list(versions), list(versions.values()), readers)


def _by_connector(connector: Connector, invoices: pd.DataFrame) -> Found:
    try:
        refs = own(invoices[["source_ref"]])["source_ref"]
        with undisturbed():
            found = {document.invoice_ref: document for document in connector.documents(refs)}
    except ArfeedError:
        raise
    except (Exception, SystemExit) as exc:
        raise SourceError(f"{connector.source}: its PDFs can't be listed: {type(exc).__name__}: {exc}") from exc
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
