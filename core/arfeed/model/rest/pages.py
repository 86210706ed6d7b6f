"""How the pages of a list follow each other, in the three ways that APIs have."""

from __future__ import annotations

import re
from collections.abc import Mapping

from arfeed.model.rest.answers import Answer, Follow, find_at


def follow_link(at: str | None = None) -> Follow:
    """Follow the address at a place of the answer, such as `links.next`; without one, the header Link (RFC 8288)."""

    def further(answer: Answer, count: int) -> str | None:
        del count
        if at is not None:
            link = find_at(answer.json(), at)
            return str(link) if link else None
        match = re.search(r'<([^>]*)>[^,]*;\s*rel="?next"?', answer.headers.get("link", ""))
        return match[1] if match else None

    return further


def follow_cursor(at: str, param: str) -> Follow:
    """Pass what is at a place of the answer on as a parameter; no such value is the end."""

    def further(answer: Answer, count: int) -> Mapping[str, str] | None:
        del count
        cursor = find_at(answer.json(), at)
        return {param: str(cursor)} if cursor else None

    return further


def follow_number(param: str, size: int, *, first: int = 1) -> Follow:
    """Count pages in a parameter; a page of fewer than `size` records is the last."""

    def further(answer: Answer, count: int) -> Mapping[str, str] | None:
        return {param: str(int(answer.params.get(param, first)) + 1)} if count >= size else None

    return further
