"""The guards that can be understood without odds: too much money, too large a share, an older list, returned rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.planning.habits.case import Case, count_days
from arfeed.planning.habits.chances import Chances, compute_odds
from arfeed.planning.traces import FILE, FIRST_IN

MONEY_PART, _MONEY_SHARE = 1 / 4, 0.1
"""Rows rarer than the first part of the mean may hold at most the second share of all open money."""

_USUAL_CAUTION = 20
_SHARE_OVER_EXPECTED = 3
_AT_LEAST = 2
_SHARE_OF_NEW = 0.8
_SHARE_RETURNED = 0.1
_NEARLY_ALL = 0.8
_FEW = 3


@dataclass(frozen=True, slots=True)
class Money:
    """How much of all that was owed in one currency is gone."""

    currency: str
    gone: Decimal
    owed: Decimal
    rows: np.ndarray


def find_rare_money(chances: Chances) -> Iterator[Money]:
    """Yield the currencies in which too much money was in rows that are rarely paid at their age."""
    case = chances.case
    rare = case.unproven & (chances.each < MONEY_PART * chances.mean)
    if not rare.any():
        return
    encoded = pc.dictionary_encode(arrow.to_text_array(case.before["currency"]), null_encoding="encode")
    balances = pa.table(
        {"currency": encoded.indices, "balance": pc.abs(arrow.as_single_chunk(pa.array(case.before["balance"])))}
    )
    owed, gone = _sum_by_currency(balances), _sum_by_currency(balances.filter(pa.array(rare)))
    # By the square root, so that five times the usual caution allows about twice the share.
    most = _MONEY_SHARE * (case.caution / _USUAL_CAUTION) ** 0.5
    for code, lost in gone.items():
        if owed[code] and lost / owed[code] > most:
            mine = np.flatnonzero(rare & (np.asarray(encoded.indices) == code))
            yield Money(encoded.dictionary[code].as_py(), lost, owed[code], mine)


def _sum_by_currency(balances: pa.Table) -> dict[int, Decimal]:
    """Return the sum of balances by the number of their currency."""
    sums = balances.group_by("currency", use_threads=False).aggregate([("balance", "sum")])
    return dict(zip(sums["currency"].to_pylist(), sums["balance_sum"].to_pylist(), strict=True))


@dataclass(frozen=True, slots=True)
class Share:
    """How many rows are gone, of how many, and how many were to be expected."""

    gone: int
    of: int
    expected: float


def find_large_share(chances: Chances) -> Share | None:
    """Return the share that is gone if it is too large, whoever the customers are."""
    case = chances.case
    share = Share(int(case.unproven.sum()), len(case.before), float(chances.each.sum()))
    # Both, since after a long pause a large share may be just what was to be expected.
    if share.gone <= case.missing_share * share.of or share.gone <= _SHARE_OVER_EXPECTED * share.expected:
        return None
    return share if share.gone > case.missing_floor or _is_strange_in_a_small_feed(chances, share) else None


def _is_strange_in_a_small_feed(chances: Chances, share: Share) -> bool:
    """Whether nearly all of a few rows are gone, or more customers than ever pay on one day, by the odds."""
    customer = chances.rows.customer
    customers = len(np.unique(customer[chances.case.unproven]))
    expected = float(-np.expm1(-np.bincount(customer, chances.each)).sum())
    strange = compute_odds(customers, expected) < 1 / chances.caution
    whole = share.gone >= max(_NEARLY_ALL * share.of, chances.case.missing_floor)
    return share.gone >= _FEW and (strange or whole)


@dataclass(frozen=True, slots=True)
class Older:
    """Evidence that a list is older than the last one: gone are rows issued after its latest, or rows new last time."""

    rows: np.ndarray
    latest: date | None
    new_last_time: int


def find_older_list(chances: Chances) -> Older | None:
    """Return the evidence that a list is older than the last one, if any. Rows dated ahead don't count."""
    case = chances.case
    today = (case.on - date(1970, 1, 1)).days
    listed, known = count_days(case.report, "issued_on")
    # One invoice dated ahead would otherwise be the latest of the list, and make any list look new.
    past = listed[known & (listed <= today)]
    if len(past):
        issued, dated = count_days(case.before, "issued_on")
        later = np.flatnonzero(case.unproven & dated & (issued > past.max()) & (issued <= today))
        if len(later) >= _AT_LEAST and _is_unlikely(chances, later):
            return Older(later, date.fromordinal(date(1970, 1, 1).toordinal() + int(past.max())), 0)
    return _find_new_ones_gone(chances)


def _find_new_ones_gone(chances: Chances) -> Older | None:
    case = chances.case
    if not case.last_run or FIRST_IN not in case.before:
        return None
    # The other sign of an older list, which needs no issue dates: it lacks what the last report added.
    first = pc.fill_null(pc.equal(arrow.to_text_array(case.before[FIRST_IN]), case.last_run), False)
    new = np.asarray(first, bool) & ~(case.missing & ~case.unproven)
    gone = np.flatnonzero(new & case.unproven)
    # If all rows were new last time, as after a first delivery, their absence says nothing about the list's age.
    if len(gone) < max(_AT_LEAST, _SHARE_OF_NEW * new.sum()) or new.all() or not _is_unlikely(chances, gone):
        return None
    return Older(gone, None, int(new.sum()))


def find_returned(chances: Chances) -> np.ndarray | None:
    """Return the places in the report of new rows that had been closed, if there are too many.

    Of those that had been proven to be, only if they are of several customers and nearly all that was proven since the
    first of them: banks return single payments, an old list brings back everything.
    """
    new = np.flatnonzero(np.asarray(chances.case.report["change"] == "new", bool))
    if len(new) < _AT_LEAST or not len(chances.learned.references):
        return None
    refs = arrow.to_text_array(arrow.fold(chances.case.report["invoice_ref"].iloc[new]))
    places = pc.index_in(refs, value_set=chances.learned.references)
    known = np.asarray(pc.is_valid(places), bool)
    back: np.ndarray = new[known]
    # A single returned debit is ordinary business.
    if len(back) < max(_AT_LEAST, _SHARE_RETURNED * len(new)):
        return None
    learned, there = chances.learned, np.asarray(places.drop_null())
    if not learned.proven[there].all():
        return back
    customers = chances.case.report["customer_id"].iloc[back].nunique()
    since = int((learned.proven & (learned.gone >= learned.gone[there].min())).sum())
    return back if customers >= _AT_LEAST and len(back) >= _NEARLY_ALL * since else None


def _is_unlikely(chances: Chances, rows: np.ndarray) -> bool:
    """Whether the customers of these rows hardly ever all pay at once; of each, the likeliest row counts."""
    customers, inverse = np.unique(chances.rows.customer[rows], return_inverse=True)
    likeliest = np.zeros(len(customers))
    np.maximum.at(likeliest, inverse, chances.each[rows])
    return float(likeliest.prod()) < 1 / chances.caution


@dataclass(frozen=True, slots=True)
class GoneFile:
    """A file of the last reading and its rows that are missing without proof.

    `unread` means that the file itself was not read again; otherwise none of its rows is listed any longer.
    """

    name: str
    rows: np.ndarray
    unread: bool = False


def find_gone_files(chances: Chances) -> Iterator[GoneFile]:
    """Yield the files of the last reading that were not read again, and those with no rows left.

    If all names differ, as with a dated export every day, they say nothing. A file that was read, or may have been, is
    yielded only if its rows are hardly ever paid at once: one or two may have been all that it held.
    """
    case = chances.case
    if FILE not in case.before or FILE not in case.report or not case.unproven.any():
        return
    encoded = pc.dictionary_encode(arrow.to_text_array(case.before[FILE]))
    names, code = encoded.dictionary, np.asarray(pc.fill_null(encoded.indices, len(encoded.dictionary)))
    unread = _find_unread(case, names, code)
    listed = np.asarray(pc.is_in(names, value_set=arrow.to_text_array(case.report[FILE])), bool)
    stayed = np.bincount(code[~case.missing], minlength=len(names))[: len(names)]
    # None of its rows may be anywhere: of a file whose rows now stand in another one, nothing is lost.
    empty = ~listed & (stayed == 0) & listed.any()
    for place in np.flatnonzero(unread | empty):
        rows = np.flatnonzero((code == place) & case.unproven)
        if len(rows) and (unread[place] or _is_unlikely(chances, rows)):
            yield GoneFile(names[int(place)].as_py(), rows, bool(unread[place]))


def _find_unread(case: Case, names: pa.Array, code: np.ndarray) -> np.ndarray:
    """Return which files were not read again while others were, except those that were renamed.

    A file was renamed if rows of it are now in a file that was not there last time.
    """
    if case.read is None:
        return np.zeros(len(names), bool)
    again = np.asarray(pc.is_in(names, value_set=pa.array([*case.read])))
    unread: np.ndarray = ~again & again.any() & np.asarray(pc.not_equal(names, ""))
    if unread.any():
        rows = np.flatnonzero(code < len(names))  # those that are missing stand in no file now
        refs, listed = (arrow.to_text_array(frame["invoice_ref"]) for frame in (case.before, case.report))
        places = pc.index_in(refs.take(pa.array(rows)), value_set=listed)
        files = arrow.to_text_array(case.report[FILE]).take(places)
        # A row whose file is not known now does not show that its old file was renamed.
        known = pc.or_(pc.is_in(files, value_set=names), pc.equal(pc.fill_null(files, ""), ""))
        unread[code[rows[~np.asarray(known)]]] = False
    return unread
