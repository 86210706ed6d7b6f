"""Which PDFs are to be sent: names by the destination's rule, collisions found before anything is sent."""

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
"""In bytes: what ext4, XFS, NTFS and others take; OpenSSH answers anything longer with a bare failure."""
_SENT = ["invoice_ref", *KEY, "name", "version"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The PDFs to look at: `send` as in `DocumentPlan`, and what the plan will say of the others."""

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
    """Choose by name and version; nothing is read. `found` has source, source_ref and version.

    Two invoices of the report whose names are equal but for the case of letters collide, with or without PDFs:
    the receiver could not tell whose PDF it is. So do those that claim one file at the source, which `claimed` names.
    A PDF that was sent before is there, whether or not the source still has it.
    """
    rows = report[["invoice_ref", *KEY]]
    if found.empty and not known:
        return Selection(pd.DataFrame(columns=[*_SENT, "change"], dtype="str"), 0, rows["invoice_ref"], claimed or {})
    named = rows.assign(name=_text([_checked(name_of(ref)) for ref in rows["invoice_ref"]]).set_axis(rows.index))
    folded = arrow.fold(named["name"])
    merged = named.assign(folded=folded, double=folded.duplicated(keep=False)).merge(
        found, on=KEY, how="left", validate="many_to_one"
    )
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


def _checked(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise DestinationError(
            f"the destination names a PDF {name!r}, which is no bare file name; its plugin must mend that"
        )
    return name


def _collisions(double: pd.DataFrame, has: pd.Series[bool]) -> dict[str, tuple[str, ...]]:
    """Return the refs by the name they share, where any of them has a PDF."""
    groups = [rows for _, rows in double.groupby("folded", sort=False) if has[rows.index].any()]
    return {rows["name"].iloc[0]: _refs(rows) for rows in groups}


def _text(values: list[str] | list[str | None]) -> pd.Series[str]:
    return pd.Series(values, dtype="str")


def settle(
    selection: Selection, hashes: Mapping[str, str], broken: Mapping[str, str], known: Mapping[str, SentDocument]
) -> DocumentPlan:
    """Finish the plan with what staging found: by name, the SHA-256 of the good ones and what is wrong with others.

    A file that was only touched, with the bytes that were sent before, counts as present.
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


def touched(selection: Selection, hashes: Mapping[str, str], known: Mapping[str, SentDocument]) -> dict[str, str]:
    """Return the new versions, by name, of files that hold what was sent before: nobody need read them again."""
    send = selection.send
    return {
        name: version
        for name, ref, version in zip(send["name"], send["invoice_ref"], send["version"], strict=True)
        if name in known and known[name].sha256 == hashes.get(name) and known[name].invoice_ref == ref
    }
