"""Selecting the PDFs to send: named by the destination's rule, without collisions, and only if new or changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import pandas as pd
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.errors import DestinationError
from arfeed.model.results import DocumentPlan, SentDocument

KEY = ["source", "source_ref"]
_LONGEST_NAME = 255
"""In bytes: the limit of ext4, XFS and others. OpenSSH answers a longer name with a mere "Failure"."""
_SENT = ["invoice_ref", *KEY, "name", "version"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The PDFs to stage: `send` as in `DocumentPlan`, and what the plan reports of the others."""

    send: pd.DataFrame
    present: int
    without: pd.Series[str]
    colliding: Mapping[str, tuple[str, ...]]
    broken: Mapping[str, str] = field(default_factory=dict)


def select(
    report: pd.DataFrame,
    found: pd.DataFrame,
    name_of: Callable[[str], str],
    known: Mapping[str, SentDocument],
    claimed: Mapping[str, tuple[str, ...]] | None = None,
) -> Selection:
    """Select PDFs by name and version, without reading them. `found` has source, source_ref and version.

    `name_of` is the destination's rule for a name, `known` holds what was sent before, by name. Two invoices of the
    report whose names differ in letter case only collide, whether or not they have PDFs: the receiver could not tell
    whose PDF it is. So do invoices that claim the same file at the source, which `claimed` lists. A PDF that was sent
    before counts as present even if the source no longer has it.
    """
    rows = report[["invoice_ref", *KEY]]
    if found.empty and not known:
        return Selection(pd.DataFrame(columns=[*_SENT, "change"], dtype="str"), 0, rows["invoice_ref"], claimed or {})
    named = rows.assign(name=_text([_check_name(name_of(ref)) for ref in rows["invoice_ref"]]).set_axis(rows.index))
    folded = arrow.fold(named["name"])
    # Validated, since two PDFs of one document would double its row.
    merged = named.assign(folded=folded, double=folded.duplicated(keep=False)).merge(
        found, on=KEY, how="left", validate="many_to_one"
    )
    # Colliding names are reported as that, however long they are.
    too_long = _too_long(merged["name"]) & merged["version"].notna() & ~merged["double"]
    broken, merged = merged[too_long], merged[~too_long].reset_index(drop=True)
    has = merged["version"].notna()
    pairs = zip(merged["name"], merged["invoice_ref"], strict=True)
    ours = pd.Series([name in known and known[name].invoice_ref == ref for name, ref in pairs], dtype=bool)
    sent = ours & ~merged["double"]
    candidates = merged[has & ~merged["double"]]
    before = _text([known[name].version if name in known else None for name in candidates["name"]])
    fresh = candidates[~ours[candidates.index] | (before.set_axis(candidates.index) != candidates["version"])]
    change = _text(["changed" if name in known else "new" for name in fresh["name"]])
    send = fresh[_SENT].assign(change=change.set_axis(fresh.index))
    return Selection(
        send.reset_index(drop=True),
        len(candidates) - len(fresh) + int((sent & ~has).sum()),
        merged["invoice_ref"][~has & ~sent].reset_index(drop=True),
        {**_collisions(merged[merged["double"]], has), **(claimed or {})},
        dict.fromkeys(_refs(broken), f"its file name would be longer than {_LONGEST_NAME} bytes; shorten its number"),
    )


def _refs(rows: pd.DataFrame) -> tuple[str, ...]:
    return tuple(arrow.to_text_array(rows["invoice_ref"]).to_pylist())


def _too_long(names: pd.Series[str]) -> pd.Series[bool]:
    sizes = pc.binary_length(arrow.to_text_array(names))
    return pd.Series(pc.greater(sizes, _LONGEST_NAME), index=names.index, dtype=bool)


def _check_name(name: str) -> str:
    # The plugin may be a stranger's, and a name with a path would be written elsewhere.
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise DestinationError(
            f"the destination names a PDF {name!r}, which is not a bare file name; its plugin must be fixed"
        )
    return name


def _collisions(double: pd.DataFrame, has: pd.Series[bool]) -> dict[str, tuple[str, ...]]:
    """Return the refs that share a name, by that name, if any of them has a PDF."""
    # Two names without a PDF harm nobody until one of them gets one.
    groups = [rows for _, rows in double.groupby("folded", sort=False) if has[rows.index].any()]
    return {rows["name"].iloc[0]: _refs(rows) for rows in groups}


def _text(values: list[str] | list[str | None]) -> pd.Series[str]:
    return pd.Series(values, dtype="str")


def settle(
    selection: Selection, hashes: Mapping[str, str], broken: Mapping[str, str], known: Mapping[str, SentDocument]
) -> DocumentPlan:
    """Complete the plan with the results of staging: `hashes` of the good PDFs by name, and why others are `broken`.

    A file whose version changed, but whose bytes are those sent before, counts as present.
    """
    send = selection.send
    same = send["name"].map(lambda name: name in known and known[name].sha256 == hashes.get(name)).astype(bool)
    bad = send["name"].isin(list(broken))
    refs = send.set_index("name")["invoice_ref"]
    return DocumentPlan(
        send=send[~same & ~bad].reset_index(drop=True),
        present=selection.present + int(same.sum()),
        without=selection.without,
        colliding=selection.colliding,
        broken={**selection.broken, **{refs[name]: why for name, why in broken.items()}},
    )


def find_touched(selection: Selection, hashes: Mapping[str, str], known: Mapping[str, SentDocument]) -> dict[str, str]:
    """Return the new versions, by name, of files whose bytes were sent before, so that they need not be read again."""
    send = selection.send
    return {
        name: version
        for name, ref, version in zip(send["name"], send["invoice_ref"], send["version"], strict=True)
        if name in known and known[name].sha256 == hashes.get(name) and known[name].invoice_ref == ref
    }
