"""Which PDFs are to be sent: names by the destination's rule, collisions found before anything is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from arfeed.errors import DestinationError
from arfeed.interfaces import DocumentPlan, SentDocument

KEY = ["source", "source_ref"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The PDFs to look at: `send` as in `DocumentPlan`, and what the plan will say of the others."""

    send: pd.DataFrame
    present: int
    without: tuple[str, ...]
    colliding: Mapping[str, tuple[str, ...]]


def select(
    report: pd.DataFrame, found: pd.DataFrame, name_of: Callable[[str], str], known: Mapping[str, SentDocument]
) -> Selection:
    """Choose by name and version; nothing is read. `found` has source, source_ref and version.

    Two invoices of the report whose names are equal but for the case of letters collide, with or without PDFs:
    the receiver could not tell whose PDF it is.
    """
    if found.empty:
        empty = report[["invoice_ref", *KEY]].iloc[:0]
        return Selection(empty.assign(name=_text([]), version=_text([]), change=_text([])), 0, (), {})
    named = report[["invoice_ref", *KEY]].copy()
    named["name"] = _text([_checked(name_of(ref)) for ref in named["invoice_ref"]])
    folded = named["name"].str.casefold()
    double = folded.duplicated(keep=False)
    merged = named.merge(found, on=KEY, how="left", validate="many_to_one")
    has = merged["version"].notna()
    colliding = _collisions(named[double], set(merged.loc[has & double, "name"].str.casefold()))
    candidates = merged[has & ~double]
    before = candidates["name"].map(lambda name: known[name].version if name in known else None)
    fresh = candidates[before != candidates["version"]]
    change = _text(["changed" if name in known else "new" for name in fresh["name"]])
    send = fresh.assign(change=change.set_axis(fresh.index)).reset_index(drop=True)
    return Selection(send, len(candidates) - len(fresh), tuple(merged.loc[~has, "invoice_ref"]), colliding)


def _checked(name: str) -> str:
    if not name or name in (".", "..") or "/" in name or "\\" in name or "\0" in name:
        raise DestinationError(
            f"the destination names a PDF {name!r}, which is no bare file name; its plugin must mend that"
        )
    return name


def _collisions(named: pd.DataFrame, with_file: set[str]) -> dict[str, tuple[str, ...]]:
    groups = named.groupby(named["name"].str.casefold(), sort=False)
    return {rows["name"].iloc[0]: tuple(rows["invoice_ref"]) for key, rows in groups if key in with_file}


def _text(values: list[str]) -> pd.Series[str]:
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
    refs = dict(zip(send["name"], send["invoice_ref"], strict=True))
    return DocumentPlan(
        send=send[~same & ~bad].reset_index(drop=True),
        present=selection.present + int(same.sum()),
        without=selection.without,
        colliding=selection.colliding,
        broken={refs[name]: why for name, why in broken.items()},
    )
