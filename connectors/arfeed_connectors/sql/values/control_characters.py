"""Characters that nobody can see: a NUL is refused; others are noted, since they come from a wrong charset."""

from __future__ import annotations

from typing import TYPE_CHECKING

from arfeed import SourceError

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_NUL = "\x00"
# Without tab and line ends, which names of customers do have. In UTF-8, U+0080 to U+009F begin with the byte C2.
_UNSEEN = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x{80}-\x{9f}]"
_FIRST_VISIBLE, _LEADS_TO_C1 = 0x20, 0xC2


class Controls:
    """Looks at the columns that say which document and whose it is, batch by batch."""

    def __init__(self, source: str, columns: tuple[str, ...]) -> None:
        """Keep the names that the frames give these columns."""
        self.source = source
        self._columns = columns
        self._found: dict[str, str] = {}

    def look(self, frame: pd.DataFrame) -> None:
        """Raise `SourceError` for a NUL, behind which many programs see nothing: two numbers would be one."""
        import pyarrow as pa
        import pyarrow.compute as pc

        for name in self._columns:
            texts = pa.array(frame[name]) if name in frame else None
            if texts is None or not _may_hold_any(texts):
                continue
            found = pc.drop_null(texts.filter(pc.match_substring_regex(texts, _UNSEEN)))
            if not len(found):
                continue
            # One example of each column is enough for a note.
            self._found.setdefault(name, str(found[0]))
            wrong = found.filter(pc.match_substring(found, _NUL))
            if len(wrong):
                raise SourceError(
                    f"{self.source}: column {name!r} holds a NUL, in {str(wrong[0])!r}, where many programs end a "
                    "text; correct it there, or use REPLACE in the query"
                )

    def note(self) -> str | None:
        """Return where such characters are, None if there are none."""
        if not self._found:
            return None
        named = ", ".join(f"{name} ({text!r})" for name, text in self._found.items())
        return f"characters that nobody can see are in {named}; often the charset of the connection is another"


def _may_hold_any(texts: pa.Array) -> bool:
    """Look at all bytes at once, which takes next to no time; most columns hold no such character."""
    import numpy as np
    import pyarrow as pa

    if not (pa.types.is_string(texts.type) or pa.types.is_large_string(texts.type)):
        return False
    # The whole buffer, even if `texts` is a slice of it: at worst a column is searched in vain.
    content = texts.buffers()[2]
    if content is None or not content.size:
        return False
    held = np.frombuffer(content, np.uint8)
    return bool(held.min() < _FIRST_VISIBLE or (held == _LEADS_TO_C1).any() or (held == 0x7F).any())
