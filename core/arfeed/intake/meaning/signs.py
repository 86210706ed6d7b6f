"""What is owed, sign included, where a file says it in another way than by one signed column."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.intake.columns import Columns
from arfeed.model import schema
from arfeed.model.errors import SourceError
from arfeed.model.settings import FileSettings, SignSettings, SourceSettings
from arfeed.tables.values.amounts import MONEY
from arfeed.tables.values.parsed import Parsed, is_blank

_ZERO = pa.scalar(0, MONEY)


def find_owed(
    table: Columns, amounts: Mapping[str, Parsed], kind: pa.Array, settings: SourceSettings
) -> dict[str, pa.Array]:
    """Return amount and balance as what is owed: put together, with their sign, credits negative.

    Where the balance is made of parts, it replaces the column `balance` of the table.
    """
    owed = {name: amounts[name].values for name in schema.MONEY if name in amounts}
    if "balance" not in owed:
        made, header = _put_together(amounts)
        owed["balance"] = made
        table.put("balance", header, made)
    if not isinstance(settings, FileSettings):
        return owed
    if settings.sign:
        owed = _apply_sign(table, owed, settings.sign)
    # After the sign column: a ledger from the customer's side may have both.
    if settings.owed_is == "negative":
        owed = _turn(owed)
    if settings.credits_positive:
        credit = pc.not_equal(kind, "invoice")
        owed = {name: pc.if_else(credit, pc.negate(values), values) for name, values in owed.items()}
    return owed


def clear_closed(owed: Mapping[str, pa.Array], status: pa.Array, settings: SourceSettings) -> dict[str, pa.Array]:
    """Return amount and balance; if the balance is read from documents' totals, what is not open owes nothing."""
    if not isinstance(settings, FileSettings) or settings.balance_is != "total":
        return dict(owed)
    balance = owed["balance"]
    cleared = pc.if_else(pc.equal(status, "open"), balance, _ZERO)
    amount = pc.coalesce(owed["amount"], balance) if "amount" in owed else balance
    return {**owed, "amount": amount, "balance": cleared}


def sign_words(table: Columns, settings: SourceSettings) -> frozenset[str]:
    """Return the words of the column `sign` that its setting does not name."""
    sign = settings.sign if isinstance(settings, FileSettings) else None
    # With both lists of words a strange one is a problem of its row; with one, it is a note, since it may be positive.
    if not sign or sign.positive:
        return frozenset()
    known = {word.strip().casefold() for word in sign.negative}
    words = pc.unique(table.raw_text(sign.column)).to_pylist()
    return frozenset(word for word in words if word and word.casefold() not in known)


def _put_together(amounts: Mapping[str, Parsed]) -> tuple[pa.Array, str]:
    """Return the balance as debit less credit, or amount less paid; null if nothing says what is owed."""
    if "debit" in amounts:
        more, header = amounts["debit"].values, "debit"
        less = amounts["credit"].values if "credit" in amounts else pa.nulls(len(more), MONEY)
        blank = pc.and_(pc.is_null(more), pc.is_null(less))
        header = "debit less credit"
    else:
        more, less = amounts["amount"].values, amounts["paid"].values
        blank, header = pc.is_null(more), "amount less paid"
    _refuse_negative(less, header)
    difference = pc.subtract(pc.fill_null(more, _ZERO), pc.fill_null(less, _ZERO))
    # Subtracting widens the type by a digit, which only an amount near the limit needs.
    try:
        return pc.if_else(blank, None, pc.cast(difference, MONEY)), header
    except pa.ArrowInvalid as exc:
        raise SourceError(f"{header} is more than an amount can be: {exc}") from exc


def _refuse_negative(less: pa.Array, header: str) -> None:
    """Raise `SourceError` if what is taken off is written negative: taking it off would add it to the debt."""
    if (pc.min(less).as_py() or 0) < 0 and (pc.max(less).as_py() or 0) <= 0:
        raise SourceError(
            f"the balance is {header}, but what is taken off is negative in every row, so that it would be added; "
            "export it without its sign, or name a column with the balance"
        )


def _apply_sign(table: Columns, owed: Mapping[str, pa.Array], sign: SignSettings) -> dict[str, pa.Array]:
    header = sign.column
    if header not in table.raw.column_names:
        found = ", ".join(name for name in table.raw.column_names if name != "origin")
        raise SourceError(f"{table.source}: `sign` names the header {header!r}, which is not there; found {found}")
    table.columns = {**table.columns, header: header}
    texts = pc.utf8_lower(table.raw_text(header))
    negative = pc.is_in(texts, value_set=_find_lowered(sign.negative))
    known = pc.or_(negative, pc.is_in(texts, value_set=_find_lowered(sign.positive))) if sign.positive else None
    known = pc.invert(is_blank(texts)) if known is None else known
    # Rows that owe nothing may leave the sign blank; a wrong one would change nothing there.
    counts = pc.not_equal(pc.fill_null(owed["balance"], _ZERO), _ZERO)
    table.add_unknown_words(
        header, pc.and_(counts, pc.invert(known)), "does not say the sign; name its words in `sign`", None
    )
    for name in owed:
        twice = pc.and_(negative, pc.less(owed[name], _ZERO))
        table.add_problem(
            name,
            twice,
            f"is negative already, and {header} marks it as negative too; remove `sign` if that is so in every row",
        )
    return {name: pc.if_else(negative, pc.negate(values), values) for name, values in owed.items()}


def _turn(owed: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
    """Turn the balance, and the amount unless it has the right sign already."""
    balance, amount = owed["balance"], owed.get("amount")
    turned = {"balance": pc.negate(balance)}
    if amount is not None:
        # Some programs turn the balance alone; turning the amount as well would make each invoice a credit note.
        apart = pc.equal(pc.less(amount, _ZERO), pc.greater(balance, _ZERO))
        apart = pc.and_(apart, pc.and_(pc.not_equal(amount, _ZERO), pc.not_equal(balance, _ZERO)))
        turned["amount"] = pc.if_else(pc.fill_null(apart, fill_value=False), amount, pc.negate(amount))
    return turned


def _find_lowered(words: tuple[str, ...]) -> pa.Array:
    return pa.array([word.strip().lower() for word in words], pa.large_string())
