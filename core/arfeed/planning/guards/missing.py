"""Objections to what a report no longer lists: nothing explains it, its source still calls it open, and the like."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model import arrow
from arfeed.model.results import Objection, Plan
from arfeed.planning.evidence.reasons import (
    CONTRADICTORY,
    GONE,
    REMOVED_BY,
    SETTLED,
    SOURCE_REMOVED,
    STILL_OPEN,
    ZEROED,
)
from arfeed.planning.wording import largest, name_first, name_largest, pluralize, pluralize_with_verb, refs_of

_NO_SOURCE = "an adopted report"
"""What to call the unknown source of rows that `adopt` took."""


def object_to_empty_reports(plan: Plan) -> Iterator[Objection]:
    """Object to a report that lists nothing, or to a source that lists nothing if its absences count as payments."""
    if plan.report.empty:
        yield Objection(
            "empty-report",
            f"the report lists nothing: the receiver would mark every invoice as paid, {len(plan.missing):,} of the "
            "last report. Look at the sources; approve if really nothing is open",
        )
        return
    emptied = plan.missing[plan.missing["source"].isin([*_find_emptied(plan)])]
    # What is unexplained is objected to by itself, and what is proven or balanced needs no question.
    emptied = emptied[emptied["evidence"] == "asserted"]
    if len(emptied):
        sources = name_first(sorted(emptied["source"].unique()))
        yield Objection(
            "empty-report",
            f"nothing is open any more in {sources}, where {pluralize(len(emptied), 'invoice')} stood in the last "
            f"report and nothing proves that {'it is' if len(emptied) == 1 else 'they are'} paid: "
            f"{name_largest(emptied)}. Look at the source; approve if really nothing is open there",
            refs_of(emptied),
        )


def _find_emptied(plan: Plan) -> Iterator[str]:
    """Yield the sources that were read and no longer list anything open."""
    listed = set(plan.report["source"].unique())
    yield from (source.source for source in plan.sources if not source.failed and source.source not in listed)


def object_to_unexplained(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that are gone, or owe nothing, without any evidence; a list that was counted explains none."""
    # Other unexplained reasons, such as still open, have their own objections, which name what to fix.
    unexplained = plan.missing["evidence"] == "unexplained"
    missing = plan.missing[plan.missing["reason"].isin([GONE, SOURCE_REMOVED]) & unexplained]
    # If it is most of a source's, that is objected to by itself.
    zeroed = plan.missing[(plan.missing["reason"] == ZEROED) & unexplained]
    zeroed = zeroed[~zeroed["source"].isin([*find_zeroed(plan)])]
    parts = [*_describe_gone(plan, missing), *_describe_zeroed(zeroed)]
    if parts:
        yield Objection("unexplained", " ".join(parts), refs_of(pd.concat([missing, zeroed])))


def object_to_unproven_closings(plan: Plan) -> Iterator[Objection]:
    """Object to sending invoices as closed without proof: to such a receiver, leaving them open does no harm."""
    if plan.absence == "closes":
        return
    unproven = plan.missing[plan.missing["evidence"].isin(["balanced", "asserted"])]
    if len(unproven):
        degrees = " or ".join(sorted(unproven["evidence"].unique()))
        yield Objection(
            "unproven-closing",
            f"{pluralize(len(unproven), 'invoice')} would be sent as closed on {degrees} evidence alone: "
            f"{name_largest(unproven)}. This receiver leaves open what is not sent as closed, so nothing is lost by "
            "waiting for proof. Check that they are settled, then approve; a source that lists what is closed, or can "
            "be asked, proves it next time",
            refs_of(unproven),
        )


def _describe_gone(plan: Plan, missing: pd.DataFrame) -> Iterator[str]:
    if len(missing):
        silent = {*missing["source"]}
        sources = name_first(sorted(source or _NO_SOURCE for source in silent))
        counted_all = [source for source in plan.sources if source.complete.controlled and source.source in silent]
        whole = " That the list was read to its end does not say why they are not on it." if counted_all else ""
        yield (
            f"{pluralize_with_verb(len(missing), 'invoice')} no longer listed by {sources}, which does not say what "
            f"became of {'it' if len(missing) == 1 else 'them'}: {name_largest(missing)}.{whole} Check that the export "
            "is complete; approve if they are settled. `arfeed check` names what would explain them: "
            f"{_name_remedies(plan, silent)}"
        )


def _describe_zeroed(zeroed: pd.DataFrame) -> Iterator[str]:
    if len(zeroed):
        sources = name_first(sorted(zeroed["source"].unique()))
        yield (
            f"{pluralize_with_verb(len(zeroed), 'invoice')} listed by {sources} with a balance of 0, where nothing "
            f"settled was listed before, and no status confirms it: {name_largest(zeroed)}. Look at the column of "
            "balances in the export; approve if they are settled: from then on, a balance of 0 counts as settled there"
        )


def _name_remedies(plan: Plan, silent: set[str]) -> str:
    """Name what would explain them next time, for sources that list closed documents and for those that do not."""
    listing = {source.source for source in plan.sources if source.complete.lists_closed}
    if silent <= listing:
        return "a longer period in the export, so that what was closed is still listed, or a control_account"
    if any(source.complete.capped for source in plan.sources if source.source in silent):
        return "an export that is not cut, a list of what is closed, or a control_account"
    return "a list of what is closed, a control_account, or absent_means_paid = true if the source drops what is paid"


def object_to_still_open(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that their source still calls open, even to a single one."""
    reasons = plan.missing["reason"]
    removed = plan.missing[reasons.str.startswith(REMOVED_BY)]
    answered = plan.missing[reasons == STILL_OPEN]
    if removed.empty and answered.empty:
        return
    parts = []
    if len(removed):
        by = name_first(sorted(removed["reason"].str.removeprefix(REMOVED_BY).unique()))
        parts.append(
            f"{pluralize_with_verb(len(removed), 'invoice')} still open at the source but removed by {by}: "
            f"{name_largest(removed)}. Fix that step"
        )
    if len(answered):
        sources = name_first(sorted(answered["source"].unique()))
        parts.append(
            f"{pluralize_with_verb(len(answered), 'invoice')} no longer listed as owed by {sources}, which answers "
            f"that {'it is' if len(answered) == 1 else 'they are'} still open: {name_largest(answered)}. Its list has "
            f"lost {'it' if len(answered) == 1 else 'them'}, or shows a balance of 0; fix the query or the export"
        )
    refs = refs_of(pd.concat([removed, answered]))
    yield Objection("still-open", f"{'; '.join(parts)}. Approve only if the receiver should take them as paid", refs)


def object_to_contradictions(plan: Plan) -> Iterator[Objection]:
    """Object to invoices that their source calls open and lists with a balance of 0."""
    missing = plan.missing[plan.missing["reason"] == CONTRADICTORY]
    if len(missing):
        sources = name_first(sorted(missing["source"].unique()))
        yield Objection(
            "contradiction",
            f"{pluralize_with_verb(len(missing), 'invoice')} called open by {sources}, and listed there with a balance "
            f"of 0: {name_largest(missing)}. One of the two is wrong: look at the balances of the export; approve if "
            "they are settled",
            refs_of(missing),
        )


def object_to_balances_of_zero(plan: Plan) -> Iterator[Objection]:
    """Object if most of a source's balances have become 0 at once and it states no status that would confirm it."""
    for source, whole in find_zeroed(plan).items():
        mine = plan.missing[find_unconfirmed(plan) & (plan.missing["source"] == source)]
        yield Objection(
            "contradiction",
            f"{len(mine):,} of {pluralize(whole, 'invoice')} of {source} are listed with a balance of 0 all at once: "
            f"{name_largest(mine)}. Look at the column of balances in the export; approve if all of them were settled",
            refs_of(mine),
        )


def find_unconfirmed(plan: Plan) -> pd.Series[bool]:
    """Return which missing rows are listed with a balance of 0 by a source without a status that would confirm it."""
    # A source with a status contradicts itself by a single open row of 0, which another guard objects to.
    stating = [source.source for source in plan.sources if source.states_status]
    return plan.missing["reason"].isin([SETTLED, ZEROED]) & ~plan.missing["source"].isin(stating)


def find_zeroed(plan: Plan) -> dict[str, int]:
    """Return the sources of which most balances have become 0 without a status, with their rows in the last report."""
    if plan.before is None:
        return {}
    counts = Counter[str](plan.missing["source"][find_unconfirmed(plan)])
    wholes = {source: int((plan.before["source"] == source).sum()) for source in counts}
    floor, share = plan.guards.missing_floor, plan.guards.missing_share
    return {source: whole for source, whole in wholes.items() if counts[source] > max(floor, share * whole)}


def object_to_renumbered(plan: Plan) -> Iterator[Objection]:
    """Object to missing invoices that are in the report under new numbers."""
    missing = plan.missing[plan.missing["evidence"] != "proven"]
    if missing.empty:
        return
    # Only among new rows: an invoice that is in both reports can't be the missing one under another number.
    new = plan.report[plan.report["change"] == "new"]
    likes, new_likes = _find_likenesses(missing), _find_likenesses(new)
    amended = _find_amended(missing, likes, new, new_likes)
    # What NAME-1 amends is NAME alone; another one that agrees with both has been paid, or is another new one.
    taken = new["invoice_ref"].isin(amended.dropna())
    places = pc.index_in(likes, value_set=new_likes.filter(pa.array(~taken)))
    others = new["invoice_ref"][~taken].to_numpy()
    same = [None if place is None else others[place] for place in places.to_pylist()]
    now = amended.combine_first(pd.Series(same, missing.index, "str"))
    found = now.notna().to_numpy()
    if found.any():
        pairs = missing.assign(now=now.to_numpy())[found]
        changes = [f"{row['invoice_ref']} → {row['now']}" for row in largest(pairs).to_dict("records")]
        yield Objection(
            "renamed",
            f"{pluralize(len(pairs), 'missing invoice')} and new ones agree in source, customer, currency, amount and "
            f"date, as if renumbered: {'; '.join(changes)}{'; …' * (len(pairs) > len(changes))}. The old number would "
            "be marked as paid and the new one be owed. Look at the numbers; approve if that is intended",
            refs_of(pairs),
        )


def _find_amended(missing: pd.DataFrame, likes: pa.Array, new: pd.DataFrame, new_likes: pa.Array) -> pd.Series[str]:
    """Return for each missing invoice NAME the new one that agrees with it and is called NAME-1, as amended."""
    stems = pc.replace_substring_regex(arrow.to_text_array(new["invoice_ref"]), r"-\d{1,2}$", "")
    stemmed = [pa.array(new_likes), stems]
    places = pc.index_in(
        arrow.join_keys([likes, arrow.to_text_array(missing["invoice_ref"])]), value_set=arrow.join_keys(stemmed)
    )
    refs = new["invoice_ref"].to_numpy()
    return pd.Series([None if place is None else refs[place] for place in places.to_pylist()], missing.index, "str")


def _find_likenesses(rows: pd.DataFrame) -> pa.Array:
    """Return what two numbers of one invoice would agree in. If a source states no amounts, balances are compared."""
    amounts = pc.coalesce(pa.array(rows["amount"]), pa.array(rows["balance"]))
    # A blank equals a blank here: two credit notes without a date are alike if everything else is.
    others = [pa.array(rows[name]) for name in ("source", "customer_id", "currency", "issued_on")]
    return arrow.join_keys([amounts, *others])


def object_to_changed_configuration(plan: Plan) -> Iterator[Objection]:
    """Object to missing invoices that a change of the configuration or of a plugin may have dropped."""
    missing = _find_dropped_by_the_feed(plan)
    if plan.settings_changed and len(missing):
        yield Objection(
            "config-changed",
            "the configuration or a plugin's version has changed since the last delivery, and "
            f"{pluralize_with_verb(len(missing), 'invoice')} missing and not known to be closed: "
            f"{name_largest(missing)}. Check whether the change was meant to drop them; approve if so",
            refs_of(missing),
        )


def _find_dropped_by_the_feed(plan: Plan) -> pd.DataFrame:
    """Return the missing rows that a change of the feed's own configuration may have dropped."""
    reasons = plan.missing["reason"]
    # Proven rows are closed, whatever the configuration says. Rows that a step removed always count: that step may be
    # what has changed.
    silent = reasons.isin([GONE, ZEROED, SOURCE_REMOVED, STILL_OPEN, CONTRADICTORY]) & (
        plan.missing["evidence"] != "proven"
    )
    return plan.missing[silent | reasons.str.startswith(REMOVED_BY)]
