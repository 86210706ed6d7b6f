"""Names: a feed's, of plain letters only, the pattern that finds tomorrow's export."""

from __future__ import annotations

import glob
import re
import unicodedata
from collections.abc import Sequence
from pathlib import Path

_SPELLED = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d"})


def slug(text: str) -> str:
    """Return a name in small letters, digits and hyphens; `feed` if none of it can be written that way."""
    # Composed first, since the table below knows ä as one character; macOS writes names decomposed.
    composed = unicodedata.normalize("NFC", text).casefold().translate(_SPELLED)
    letters = unicodedata.normalize("NFKD", composed)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or "feed"


def check_name(name: str) -> str | None:
    """Return what is wrong with a feed's name, or None."""
    if not name.strip() or not name.isprintable():
        return "a name is a single line of letters, such as acme-uk"
    return None


DATED = "its name contains a date, so the next one will differ"
_DATED = re.compile(r"^(.*?\D)[-_ .]?(?:\(\d+\)|\d{4}[-_. ]?\d{2}[-_. ]?\d{2}.*|\d{2}[-_. ]\d{2}[-_. ]\d{4}.*|\d{6,})$")


def find_next_pattern(sample: Path, folder: Path) -> tuple[str, str]:
    """Return a pattern, relative to a folder, that will find the next export of this name, and the reason for it."""
    absolute = sample.absolute()
    near = absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
    match = _DATED.match(sample.stem)
    if not match:
        # Escaped: a name such as "Open [UK].csv" would otherwise be a pattern that never fits itself.
        return glob.escape(str(near)), "the next export has to go under the same name"
    return glob.escape(str(near.with_name(match[1]))) + "*" + sample.suffix, DATED


def find_common_pattern(files: Sequence[Path], folder: Path) -> str:
    """Return a pattern, relative to a folder, that fits all of these files of one folder."""
    stems = [file.stem for file in files]
    before = _common_beginning(stems)
    after = _common_beginning([stem[len(before) :][::-1] for stem in stems])[::-1]
    absolute = files[0].absolute().parent
    near = absolute.relative_to(folder) if absolute.is_relative_to(folder) else absolute
    name = f"{glob.escape(before)}*{glob.escape(after)}{files[0].suffix}"
    return str(Path(glob.escape(str(near))) / name)


def _common_beginning(texts: Sequence[str]) -> str:
    length = next((at for at, letters in enumerate(zip(*texts, strict=False)) if len({*letters}) > 1), None)
    return min(texts, key=len)[:length]
