"""Values and keys as TOML writes them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    """Return a value as TOML writes it; paths and the like as text."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml_key(str(name))} = {toml_value(item)}" for name, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(
        value, ensure_ascii=False, default=str
    )  # of which TOML's texts, numbers and booleans are a superset


def toml_key(name: str) -> str:
    """Return a key as TOML writes it."""
    return name if _PLAIN_KEY.fullmatch(name) else toml_value(name)
