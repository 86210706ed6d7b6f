"""What an export's signs and words for currencies mean: what can mean one only is taken, the rest is asked for."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from arfeed.model.currencies import minor_digits
from arfeed.model.errors import ConfigError
from arfeed.model.text.legible import quote
from arfeed.runs.reconciliation.meaning.words import POUNDS, SYMBOLS
from arfeed.tables.values.amounts import find_claims, may_be

if TYPE_CHECKING:
    from arfeed.runs.reconciliation.meaning.search import Search

_MOST_NAMED = 5


def take_called(search: Search, header: str) -> None:
    """Take a column of currencies whose values are not codes, if it is known what they mean.

    Raise `ConfigError` if that is open for one of them.
    """
    words = [word for word in search.evidence.words(header) if word]
    meant, unknown = _meanings(search, words)
    if unknown:
        search.excused.add(header)  # what it is, is known
        raise ConfigError(
            f"{header!r} holds {', '.join(map(repr, unknown[:_MOST_NAMED]))}, which may be one of several currencies: "
            + _advise(meant, unknown)
        )
    if words:
        search.take("currency", header, _explain(meant) or "by values.currency")
        search.found.currencies = meant


def find_symbols(search: Search) -> None:
    """Find what the codes and symbols beside the amounts mean, if no column names the currencies.

    Raise `ConfigError` if that is open for one of them.
    """
    if "currency" in search.found.columns or search.settings.values.get("currency") is False:
        return
    header = next((search.found.columns[name] for name in AMOUNTS if name in search.found.columns), None)
    if header not in search.evidence.texts:
        return
    claims = [claim for claim in find_claims(search.evidence.texts[header]).unique().to_pylist() if claim]
    meant, unknown = _meanings(search, claims)
    if said := search.settings.currency:
        meant = {**meant, **{claim: said for claim in unknown if may_be(claim, said)}}
    elif unknown:
        raise ConfigError(
            f"the amounts in {header!r} are written with {', '.join(map(repr, unknown[:_MOST_NAMED]))}, which may be "
            "one of several currencies: " + _advise(meant, unknown) + '. currency = "…" there says '
            "what all amounts without another sign are in"
        )
    if claims:
        search.found.currencies = meant
        search.found.evidence["currency"] = f"beside the amounts in {header!r}: {_explain(meant) or 'codes'}"


AMOUNTS = ("balance", "debit", "amount")
"""The columns beside whose amounts a currency may stand, the first that there is."""


def _meanings(search: Search, words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return what these words mean, codes aside, and those that may mean several currencies."""
    said = search.settings.values.get("currency") or {}
    said = {theirs.strip().lower(): ours for theirs, ours in said.items()}
    codes = minor_digits()
    meant = {word: said.get(word.lower()) or _only(word, _list_sent(search)) for word in words}
    meant = {word: code for word, code in meant.items() if word.lower() in said or word.upper() not in codes}
    return {word: code for word, code in meant.items() if code}, [word for word, code in meant.items() if not code]


def _only(word: str, sent: Collection[str]) -> str | None:
    """Return the one currency that a word or symbol can mean; None if there are several, or none is known."""
    plain = word.strip().rstrip(".").lower()
    # Egypt and others write £, too: where their pounds were sent it is open which ones these are.
    if plain == "£" and POUNDS & {*sent}:
        return None
    return SYMBOLS.get(plain)


def _list_sent(search: Search) -> list[str]:
    return list(search.evidence.delivered["currency"].unique().tolist())


def _advise(meant: dict[str, str], unknown: Sequence[str]) -> str:
    # Not even the only one that was sent is proposed, nor that none is compared: whoever pastes that would not see that
    # another was booked.
    listed = ", ".join(f'{quote(word)} = "{code}"' for word, code in {**meant, **dict.fromkeys(unknown, "…")}.items())
    return f"say what that means by values.currency = {{ {listed} }} in [destination.reconcile]"


def _explain(meant: dict[str, str]) -> str:
    return ", ".join(f"{word} is {code}" for word, code in meant.items())


def codes_of(texts: pa.Array, meant: dict[str, str], default: str) -> pa.Array:
    """Return the code of the currency beside each amount, what is unknown as it is; `default` if there is none."""
    claims = find_claims(texts)
    if not meant:
        return pc.fill_null(claims, default)
    theirs, ours = pa.array([*meant], claims.type), pa.array([*meant.values()], claims.type)
    return pc.fill_null(pc.coalesce(ours.take(pc.index_in(claims, value_set=theirs)), claims), default)
