"""The invoices' PDFs: find them by name, and stage the ones to be sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.errors import ArfeedError, SourceError
from arfeed.intake.files import label
from arfeed.interfaces import Connector
from arfeed.isolation import own
from arfeed.schema import table_frame, text_array

if TYPE_CHECKING:
    import pandas as pd

_ILLEGAL = r'[/\\:*?"<>|]'
_STANDS_FOR_ILLEGAL = ("_", "-")
_TAIL = 1024

Read = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Found:
    """The PDFs there are: a frame of source, source_ref, version; how to read each; files that fit several invoices."""

    table: pd.DataFrame
    readers: Mapping[tuple[str, str], Read]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Staged:
    """A PDF copied to the staging folder, complete and checked."""

    path: Path
    size: int
    sha256: str


def find(connectors: Sequence[Connector], invoices: pd.DataFrame, folder: Path) -> Found:
    """Look for the PDF of every invoice; cheap, nothing is read. Raise `SourceError` for a folder that is not there.

    `folder` is that of plugins.toml, where relative paths in the column `document` start.
    """
    import pandas as pd

    tables: list[pd.DataFrame] = []
    readers: dict[tuple[str, str], Read] = {}
    ambiguous: dict[str, tuple[str, ...]] = {}
    for connector in connectors:
        mine = invoices[invoices["source"] == connector.source]
        for found in (
            _by_template(connector, mine),
            _by_column(connector, mine, folder),
            _by_connector(connector, mine),
        ):
            tables.append(found.table)
            readers.update(found.readers)
            ambiguous.update(found.ambiguous)
    if not tables:
        return nothing_found()
    table = pd.concat(tables, ignore_index=True).drop_duplicates(["source", "source_ref"])
    return Found(table, readers, ambiguous)


def nothing_found() -> Found:
    """Return what `find` returns where there are no sources to ask."""
    columns = {name: pa.array([], pa.large_string()) for name in ("source", "source_ref", "version")}
    return Found(table_frame(pa.table(columns)), {})


def _by_template(connector: Connector, invoices: pd.DataFrame) -> Found:
    """Match the setting `documents` against a listing of its folder, made once."""
    template = connector.settings.documents
    if template is None or invoices.empty:
        return _found(connector, [], [], {})
    import fsspec

    folder, name = _split(template)
    fs, base = fsspec.core.url_to_fs(folder)
    if not fs.isdir(base):
        raise SourceError(
            f"{connector.source}: the folder of `documents` is not there: {label(folder)}; make it, or mend `documents`"
        )
    entries = (
        fs.find(base, detail=True) if "/" in name else {entry["name"]: entry for entry in fs.ls(base, detail=True)}
    )
    names = pa.array([path[len(base.rstrip("/")) + 1 :] for path in entries], pa.large_string())
    places = _matches(name, invoices, pc.utf8_normalize(names, form="NFC"))
    refs = text_array(invoices["source_ref"]).filter(pc.is_valid(places)).to_pylist()
    infos = list(entries.values())
    chosen = [infos[place] for place in places.drop_null().to_pylist()]
    ambiguous = _claimed_twice(refs, [info["name"] for info in chosen])
    versions = [_version(info) for info in chosen]
    readers = {ref: cast("Read", _Reader(fs, info["name"])) for ref, info in zip(refs, chosen, strict=True)}
    keep = {ref for ref in refs if not any(ref in claimed for claimed in ambiguous.values())}
    pairs = [(ref, version) for ref, version in zip(refs, versions, strict=True) if ref in keep]
    return _found(connector, [ref for ref, _ in pairs], [version for _, version in pairs], readers, ambiguous)


def _split(template: str) -> tuple[str, str]:
    """Split a template into its fixed folder and the rest, which depends on the invoice."""
    fixed = template[: template.index("{")]
    cut = fixed.rfind("/")
    return fixed[:cut] or "/", template[cut + 1 :]


def _matches(name: str, invoices: pd.DataFrame, listing: pa.Array) -> pa.Array:
    """Return the position of each invoice's file in the listing, or null.

    A character that no file name can hold, such as the slash of INV/2026/0042, may stand as _ or - in it.
    """
    positions = pc.index_in(_names(name, invoices, None), value_set=listing)
    for stand_in in _STANDS_FOR_ILLEGAL:
        positions = pc.coalesce(positions, pc.index_in(_names(name, invoices, stand_in), value_set=listing))
    return positions


def _names(name: str, invoices: pd.DataFrame, stand_in: str | None) -> pa.Array:
    """Fill the template for every invoice; `{invoice_ref}` is the number as the source wrote it."""
    pieces = []
    for number, piece in enumerate(re.split(r"\{(\w+)\}", name)):
        if number % 2 == 0:
            pieces.append(pa.scalar(piece, pa.large_string()))
            continue
        texts = text_array(invoices["source_ref" if piece == "invoice_ref" else piece])
        pieces.append(texts if stand_in is None else pc.replace_substring_regex(texts, _ILLEGAL, stand_in))
    return pc.utf8_normalize(pc.binary_join_element_wise(*pieces, pa.scalar("", pa.large_string())), form="NFC")


def _claimed_twice(refs: Sequence[str], paths: Sequence[str]) -> dict[str, tuple[str, ...]]:
    claims: dict[str, list[str]] = {}
    for ref, path in zip(refs, paths, strict=True):
        claims.setdefault(path, []).append(ref)
    return {label(path): tuple(claimed) for path, claimed in claims.items() if len(claimed) > 1}


def _by_column(connector: Connector, invoices: pd.DataFrame, folder: Path) -> Found:
    """Take the files named by the canonical column `document`, where the source knows them."""
    named = invoices[invoices["document"] != ""]
    if named.empty:
        return _found(connector, [], [], {})
    import fsspec

    readers, versions = {}, {}
    for ref, place in zip(named["source_ref"], named["document"], strict=True):
        fs, path = fsspec.core.url_to_fs(place if "://" in place else str(folder / place))
        if fs.isfile(path):
            readers[ref], versions[ref] = _Reader(fs, path), _version(fs.info(path))
    return _found(connector, list(versions), list(versions.values()), readers)


def _by_connector(connector: Connector, invoices: pd.DataFrame) -> Found:
    try:
        refs = own(invoices[["source_ref"]])["source_ref"]
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
) -> Found:
    source = pa.repeat(pa.scalar(connector.source, pa.large_string()), len(refs))
    columns = [source, pa.array(refs, pa.large_string()), pa.array(versions, pa.large_string())]
    table = table_frame(pa.table(columns, names=["source", "source_ref", "version"]))
    return Found(table, {(connector.source, ref): read for ref, read in readers.items()}, ambiguous or {})


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads one file; one object a file instead of a closure keeps a hundred thousand of them small."""

    fs: object
    path: str

    def __call__(self) -> bytes:
        return cast("bytes", self.fs.cat_file(self.path))  # type: ignore[attr-defined]


def _version(info: Mapping[str, object]) -> str:
    """Tell versions of a file apart without reading it."""
    changed = info.get("ETag") or info.get("mtime") or info.get("LastModified") or info.get("created") or ""
    return f"{info.get('size')}-{changed}"


def stage(send: pd.DataFrame, found: Found, folder: Path) -> Iterator[tuple[str, Staged | str]]:
    """Copy the PDFs of `send` (columns name, source, source_ref) into a folder, each checked.

    Yields each file's name with the staged copy, or with what is wrong with it.
    """
    for name, source, ref in zip(send["name"], send["source"], send["source_ref"], strict=True):
        try:
            content = found.readers[source, ref]()
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a connector's failure concerns this document only
            yield name, f"it can't be read: {exc}"
            continue
        if not isinstance(content, bytes):
            yield name, f"its connector returned {type(content).__name__}, not bytes"
            continue
        wrong = _no_pdf(content)
        if wrong:
            yield name, wrong
            continue
        path = folder / hashlib.sha256(name.encode()).hexdigest()[:32]
        path.write_bytes(content)
        yield name, Staged(path, len(content), hashlib.sha256(content).hexdigest())


def _no_pdf(content: bytes) -> str | None:
    """Say what is wrong with a PDF: head and end as ISO 32000-1, 7.5.2 and 7.5.5, and readers' tolerance have them."""
    if not content:
        return "the file is empty"
    if b"%PDF-" not in content[:_TAIL]:
        kind = "a web page" if content.lstrip()[:1] == b"<" else "no PDF"
        return f"the file is {kind}: it does not begin with %PDF-"
    if b"%%EOF" not in content[-_TAIL:]:
        return "the PDF is cut off: it does not end with %%EOF"
    return None
