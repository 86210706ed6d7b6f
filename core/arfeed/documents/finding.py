"""Finding the PDF of every invoice: by name, by a column, or by asking the connector. No file is read yet."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pyarrow as pa

from arfeed.documents.choice import choose, describe_choice
from arfeed.documents.listing import list_documents
from arfeed.documents.merged import find_merged
from arfeed.documents.template import match_names
from arfeed.model.arrow import filter_rows, is_in, to_frame
from arfeed.model.errors import ArfeedError, SourceError
from arfeed.model.parts import Connector
from arfeed.plugins.isolation import isolated_copy, restore_process_state
from arfeed.tables.files.reach import reach
from arfeed.tables.files.storage import Storage, display_path, is_local, translate_errors

if TYPE_CHECKING:
    import pandas as pd

Read = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """The PDFs that exist: a frame of source, source_ref, version; how to read each; files that fit several invoices.

    `notes` are for people, about files that were not taken. `files` are the addresses of those that were, if they are
    files; `claims` are all files that documents claim by their names, whether or not they got them.
    """

    table: pd.DataFrame
    readers: Mapping[tuple[str, str], Read]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: Mapping[tuple[str, str], str] = field(default_factory=dict)
    claims: Sequence[Claim] = ()


class Claim(NamedTuple):
    """A document's claim on a file: its address, and what tells the document from another of its number."""

    file: str
    source: str
    source_ref: str
    customer: str
    issued_on: date | None


def find(
    connectors: Sequence[Connector], invoices: pd.DataFrame, folder: Path, others: pd.DataFrame | None = None
) -> Found:
    """Find the PDF of every invoice. Raise `SourceError` for a folder that does not exist.

    `folder` is that of plugins.toml, where relative paths in the column `document` start. `others` are further rows of
    the sources, such as paid ones: their PDFs are in the same folder, and an open invoice must not get one of them.
    """

    parts: list[Found] = []
    for connector in connectors:
        mine = _of(connector, invoices)
        parts += (
            *_by_templates(connector, mine, others),
            _by_column(connector, mine, folder),
            _by_connector(connector, mine),
        )
    if not parts:
        return nothing_found()
    return _leave_out_shared(_join(parts))


def _join(parts: Sequence[Found]) -> Found:
    import pandas as pd

    return Found(
        pd.concat([part.table for part in parts], ignore_index=True).drop_duplicates(["source", "source_ref"]),
        # Reversed, so that the first one wins, as in `table`.
        {key: read for part in reversed(parts) for key, read in part.readers.items()},
        {file: refs for part in parts for file, refs in part.ambiguous.items()},
        tuple(note for part in parts for note in part.notes),
        {key: file for part in reversed(parts) for key, file in part.files.items()},
        [claim for part in parts for claim in part.claims],
    )


def _leave_out_shared(found: Found) -> Found:
    """Give nobody a file that documents of two sources claim, or that two invoices name: one PDF is one invoice's.

    `choose` has settled the claims within a source. Another source's document that is not reported claims a file too,
    unless it is this very invoice, which two exports may list.
    """
    claims: dict[str, dict[tuple[str, str], Claim]] = {}
    for claim in found.claims:
        claims.setdefault(claim.file, {})[claim.source, claim.source_ref] = claim
    shared: dict[str, set[Claim]] = {}
    for key, file in found.files.items():
        mine = claims[file][key]
        rivals = {
            rival
            for other, rival in claims[file].items()
            if other != key
            and (found.files.get(other) == file or (rival.source != mine.source and not _is_same(rival, mine)))
        }
        if rivals:
            shared.setdefault(file, set()).update({mine, *rivals})
    if not shared:
        return found
    taken = {key for key, file in found.files.items() if file in shared}
    keys = zip(found.table["source"], found.table["source_ref"], strict=True)
    kept = found.table[[key not in taken for key in keys]].reset_index(drop=True)
    refs = {display_path(file): _name_claims(rivals) for file, rivals in shared.items()}
    readers = {key: read for key, read in found.readers.items() if key not in taken}
    return replace(found, table=kept, readers=readers, ambiguous={**found.ambiguous, **refs})


def _name_claims(claims: Collection[Claim]) -> tuple[str, ...]:
    several = len({claim.source for claim in claims}) > 1
    return tuple(sorted(f"{claim.source_ref} ({claim.source})" if several else claim.source_ref for claim in claims))


def _is_same(one: Claim, other: Claim) -> bool:
    return (one.source_ref, one.customer, one.issued_on) == (other.source_ref, other.customer, other.issued_on)


def _of(connector: Connector, rows: pd.DataFrame) -> pd.DataFrame:
    return filter_rows(rows, rows["source"] == connector.source)


def nothing_found() -> Found:
    """Return what `find` returns for no sources."""
    columns = {name: pa.array([], pa.large_string()) for name in ("source", "source_ref", "version")}
    return Found(to_frame(pa.table(columns)), {})


def check_listing(connector: Connector) -> None:
    """Raise `SourceError` unless the folders and archives of the setting `documents` exist."""
    for template in connector.settings.documents:
        list_documents(connector, template)


def _by_templates(connector: Connector, invoices: pd.DataFrame, others: pd.DataFrame | None) -> Iterator[Found]:
    """Find files whose names match the setting `documents`: each template gets what those before it did not find."""
    import pandas as pd

    theirs = invoices.iloc[:0] if others is None else _of(connector, others)
    rest = invoices
    for template in connector.settings.documents:
        if rest.empty:
            return
        # Documents that are not open claim files too: the PDF of a paid invoice must not go to an open one. Neither
        # must that of an invoice whose PDF is known already.
        found = _by_template(
            connector, template, rest, pd.concat([theirs, invoices]) if rest is not invoices else theirs
        )
        rest = filter_rows(rest, ~is_in(rest["source_ref"], found.table["source_ref"]))
        yield found


def _by_template(connector: Connector, template: str, invoices: pd.DataFrame, theirs: pd.DataFrame) -> Found:
    """Find files whose names match a template, in one listing of its folder."""
    import pandas as pd

    listing = list_documents(connector, template)
    theirs = filter_rows(theirs, ~is_in(theirs["source_ref"], invoices["source_ref"]))
    every = pd.concat([invoices, theirs], ignore_index=True) if len(theirs) else invoices
    matched = match_names(listing.pattern, every, [file.name for file in listing.files])
    choice = choose(matched, len(invoices))
    refs: list[str] = every["source_ref"].tolist()
    files = {refs[number]: listing.files[file] for number, file in choice.files.items()}
    without = len(invoices) - len(files) - len({number for numbers in choice.contested.values() for number in numbers})
    notes = [*describe_choice(choice, matched, listing, refs), *find_merged(listing, set(matched.files), without)]
    return _find_by_connector(
        connector,
        list(files),
        [file.entry.version for file in files.values()],
        {ref: file.content for ref, file in files.items()},
        {
            listing.files[file].label: tuple(refs[number] for number in numbers)
            for file, numbers in choice.contested.items()
        },
        [f"{connector.source}: {note}" for note in notes],
        {ref: _address(file.url) for ref, file in files.items()},
        _claims([_address(listing.files[file].url) for file in matched.files], every.iloc[matched.invoices]),
    )


def _claims(files: Sequence[str], rows: pd.DataFrame) -> list[Claim]:
    """Return the claims of these rows on these files, one each."""
    columns = (rows[name].tolist() for name in ("source", "source_ref", "customer_name", "issued_on"))
    return [Claim(*claim) for claim in zip(files, *columns, strict=True)]


def _address(url: str) -> str:
    """Return one address for a file, by whatever path it was reached."""
    inside, link, place = url.rpartition("::")
    if not is_local(place):
        return url
    folder, name = os.path.split(place)
    return f"{inside}{link}{os.path.join(_resolve(folder), name)}"  # noqa: PTH118 - for tens of thousands of files


@cache
def _resolve(folder: str) -> str:
    return os.path.realpath(folder)


def _by_column(connector: Connector, invoices: pd.DataFrame, folder: Path) -> Found:
    """Find the files that the canonical column `document` names."""
    named = invoices[invoices["document"] != ""]
    readers, versions, files = {}, {}, {}
    named_files: list[tuple[int, str]] = []
    # One connection for each server and archive, not one for each file.
    storages: dict[tuple[str, str, str], Storage] = {}
    for place, (ref, text) in enumerate(zip(named["source_ref"], named["document"], strict=True)):
        url = str(folder / text) if is_local(text) else text
        with translate_errors(display_path(url)):
            key = ("", "", "") if is_local(url) else (*urlsplit(url)[:2], url.partition("::")[2])
            storage = storages.get(key) or storages.setdefault(key, reach(url, connector.settings))
            path = storage.path(url)
            entry = storage.entry(path)
        # A file that is not there leaves its invoice without a PDF, which the plan counts.
        if entry:
            readers[ref], versions[ref] = partial(storage.read, path), entry.version
            files[ref] = _address(storage.url(path))
            named_files.append((place, files[ref]))
    claims = _claims([file for _, file in named_files], named.iloc[[place for place, _ in named_files]])
    return _find_by_connector(connector, list(versions), list(versions.values()), readers, files=files, claims=claims)


def _by_connector(connector: Connector, invoices: pd.DataFrame) -> Found:
    try:
        # A plugin may change what it is given, and the report is made of the same frame.
        refs = isolated_copy(invoices[["source_ref"]])["source_ref"]
        with restore_process_state():
            found = {document.invoice_ref: document for document in connector.documents(refs)}
    except ArfeedError:
        raise
    # SystemExit too: a plugin that calls sys.exit() must not end the run without a message.
    except (Exception, SystemExit) as exc:
        raise SourceError(f"{connector.source}: its PDFs can't be listed: {type(exc).__name__}: {exc}") from exc
    # A plugin's version may be a number or a time; versions are kept and compared as texts.
    versions = [str(document.version) for document in found.values()]
    return _find_by_connector(connector, list(found), versions, {ref: document.read for ref, document in found.items()})


def _find_by_connector(
    connector: Connector,
    refs: list[str],
    versions: list[str],
    readers: Mapping[str, Read],
    ambiguous: Mapping[str, tuple[str, ...]] | None = None,
    notes: Sequence[str] = (),
    files: Mapping[str, str] | None = None,
    claims: Sequence[Claim] = (),
) -> Found:
    source = pa.repeat(pa.scalar(connector.source, pa.large_string()), len(refs))
    columns = [source, pa.array(refs, pa.large_string()), pa.array(versions, pa.large_string())]
    table = to_frame(pa.table(columns, names=["source", "source_ref", "version"]))
    return Found(
        table,
        {(connector.source, ref): read for ref, read in readers.items()},
        ambiguous or {},
        tuple(notes),
        {(connector.source, ref): file for ref, file in (files or {}).items()},
        claims,
    )
