"""Texts for people. What comes from outside is made safe: nothing moves a cursor, reverses a line or is invisible."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]")
"""Control characters (ISO 6429, which a terminal obeys), line separators, Unicode's embeddings, overrides and isolates
of direction, what is invisible but joins no letters, and lone surrogates. Marks that names in Hebrew, Arabic or Persian
need are not among them."""


def make_legible(text: str, keep: str = "") -> str:
    r"""Return a text with such characters as escapes, `\x1b` or `\u202e`, except those in `keep`."""
    return _UNSAFE.sub(lambda found: found[0] if found[0] in keep else escape_character(found[0]), text)


def escape_character(character: str) -> str:
    """Write a character as Python does."""
    return repr(character)[1:-1]


def escape_json(document: str) -> str:
    r"""Return an equal JSON document with such characters, except line feeds, as JSON's escapes, such as `\u009b`."""
    # Outside of its texts a JSON document has none of them but line feeds, so every other one may become an escape.
    return _UNSAFE.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", document)


def name_some(items: Sequence[str], most: int, separator: str = ", ") -> str:
    """Name the first few and count the rest: "A, B and 1,200 more"."""
    more = f" and {len(items) - most:,} more" if len(items) > most else ""
    return separator.join(items[:most]) + more


def list_some(lines: Sequence[str], most: int = 10) -> str:
    """List the first few below each other, indented, and count the rest in one more line."""
    more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join(f"  {line}" for line in [*lines[:most], *more])


def quote(text: str) -> str:
    """Write a text as it may be typed into plugins.toml."""
    return json.dumps(text, ensure_ascii=False)
