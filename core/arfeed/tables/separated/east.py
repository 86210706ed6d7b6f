"""Which encoding of Japan, China, Taiwan or Korea some bytes are in, where a letter has two bytes and not one.

Such bytes are often valid in the encodings of Europe as well. What tells them apart: they decode to the letters that
texts there consist of, which stand beside each other and not among Latin ones.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

_KANA = re.compile(r"[\u3041-\u30fe]")
_HALF_WIDTH = re.compile(r"[\uff66-\uff9f]")
_IDEOGRAPH = re.compile(r"[\u4e00-\u9fff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_FOREIGN = re.compile(r"[^\x00-\x7f]")
_AMONG_LATIN = re.compile(
    r"(?<=[A-Za-z])[\u3041-\u9fff\uac00-\ud7a3\uff66-\uff9f]|[\u3041-\u9fff\uac00-\ud7a3](?=[a-z])"
)
_STRANGE = re.compile(r"[\x80-\x9f\ue000-\uf8ff\ufffd]")
_FEWEST = 4
_MOST = 0.9
_SOME = 0.03


class Guess(NamedTuple):
    """An encoding, where it is used, and the text that the bytes are in it."""

    encoding: str
    region: str
    text: str


def find_east_asian(data: bytes) -> Guess | None:
    """Return the encoding of East Asia that bytes which are not UTF-8 seem to be in; None if it is none of these.

    The last letter may be cut.
    """
    for encoding, (region, fits) in _KNOWN.items():
        text = _decode(data, encoding)
        if text is not None and fits(text, encoding):
            return Guess(encoding, region, text)
    return None


def _decode(data: bytes, encoding: str) -> str | None:
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(data)
    except UnicodeDecodeError:
        return None
    foreign = len(_FOREIGN.findall(text))
    if foreign < _FEWEST or _STRANGE.search(text) or 5 * len(_AMONG_LATIN.findall(text)) > foreign:
        return None
    return text


def _is_escaped(text: str, encoding: str) -> bool:
    del encoding
    return len(_KANA.findall(text)) + len(_IDEOGRAPH.findall(text)) >= _FEWEST


def _is_japanese(text: str, encoding: str) -> bool:
    """Whether there are kana of full width, or common ideographs only, or kana of half width as a bank writes them."""
    wide, narrow, signs = (len(each.findall(text)) for each in (_KANA, _HALF_WIDTH, _IDEOGRAPH))
    if narrow > wide + signs:
        # Capitals of Cyrillic and Greek have the bytes of the last kana, and hardly any of the first.
        return not signs and 4 * len(re.findall(r"[\uff71-\uff7f]", text)) > narrow
    if narrow and wide < narrow:
        return False
    return wide > _SOME * (wide + signs) or _are_common(text, encoding, range(0x88, 0x98))


def _is_korean(text: str, encoding: str) -> bool:
    del encoding
    return len(_HANGUL.findall(text)) > _MOST * len(re.findall(r"[^\W\d_a-zA-Z]", text))


def _is_of_taiwan(text: str, encoding: str) -> bool:
    return _are_common(text, encoding, range(0xA4, 0xC7))


def _is_of_china(text: str, encoding: str) -> bool:
    return not _KANA.search(text) and _are_common(text, encoding, range(0xB0, 0xD8))


def _are_common(text: str, encoding: str, leads: range) -> bool:
    """Whether ideographs are nearly all among the common ones, which an encoding keeps together."""
    signs = _IDEOGRAPH.findall(text)
    common = sum(sign.encode(encoding)[0] in leads for sign in signs)
    return len(signs) >= _FEWEST and common > _MOST * len(signs)


_KNOWN: Mapping[str, tuple[str, Callable[[str, str], bool]]] = {
    "iso2022_jp": ("Japan", _is_escaped),
    "cp932": ("Japan", _is_japanese),
    "euc_jp": ("Japan", lambda text, _: len(_KANA.findall(text)) > _SOME * len(_FOREIGN.findall(text))),
    "cp949": ("Korea", _is_korean),
    "big5": ("Taiwan", _is_of_taiwan),
    "gb18030": ("China", _is_of_china),
}
