"""What documents are there, by columns of kinds or of signs all of whose words are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from arfeed.tables.headings.document_words import DOCUMENT_TYPES, are_yes_and_no, is_kind_column, kind_of
from arfeed.tables.headings.normalize import normalize_header
from arfeed.tables.headings.sign_words import are_signs, find_lowering_letters, find_negative_words


def find_credits(header: str, words: Sequence[str], told: Mapping[str, str]) -> dict[str, bool] | None:
    """Return for each word whether such a document lowers what is owed; None if a word is not known, or tells another.

    `told` says what kinds the words are, letter case aside.
    """
    said = {theirs.strip().casefold(): ours for theirs, ours in told.items()}
    if _are_answers(header, words, said):
        return None
    kinds = {word: said.get(word.strip().casefold()) or kind_of(word) for word in words}
    if all(kinds.values()):
        return {word: kind != "invoice" for word, kind in kinds.items()}
    lowering = find_negative_words(header, words) or find_lowering_letters(words)
    if lowering or are_signs(header, words):
        return {word: word in lowering for word in words}
    return None


def unknown_kinds(header: str, words: Sequence[str], told: Mapping[str, str]) -> list[str]:
    """Return the words of a column of kinds that are not known; none if it is no such column."""
    if not is_kind_column(header, words) or _are_answers(header, words, told):
        return []
    said = {theirs.strip().casefold() for theirs in told}
    return [word for word in words if word.strip().casefold() not in said and kind_of(word) is None]


def _are_answers(header: str, words: Sequence[str], told: Mapping[str, str]) -> bool:
    """Whether the words are a yes or no and no kinds: `Si` is also short for a sales invoice."""
    named = normalize_header(header) in DOCUMENT_TYPES or told
    return not named and are_yes_and_no(word for word in words if word)
