"""The types of values that settings have: paths, database URLs, spans of time; and their JSON Schema."""

from __future__ import annotations

import glob
import re
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaWarningKind


def _below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a path, or the archive at the end of a chain, against the folder of plugins.toml; leave URLs alone."""
    # fsspec chains URLs by "::", as in zip://invoices.csv::exports/all.zip; only the last link is a place on disk.
    chain, link, value = value.rpartition("::")
    if link:
        return f"{chain}::{_below_the_folder(value, info)}"
    if "://" in value:
        return value
    folder = (info.context or {}).get("folder", Path())
    # absolute() and not resolve(): a link such as exports/latest must be followed when it is read, not when it is
    # named.
    return str(Path(folder, Path(value).expanduser()).absolute())


Location = Annotated[str, AfterValidator(_below_the_folder)]
"""A path, relative to the folder of plugins.toml, or any fsspec URL."""


def _pattern_below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a pattern; brackets in the folder's name are taken literally."""
    if "://" in value or "::" in value or Path(value).expanduser().is_absolute():
        return _below_the_folder(value, info)
    folder = Path((info.context or {}).get("folder", Path())).absolute()
    return str(Path(glob.escape(str(folder)), value))


Pattern = Annotated[str, AfterValidator(_pattern_below_the_folder)]
"""A path with wildcards, relative to the folder of plugins.toml, or an fsspec URL with wildcards."""


def _database_below_the_folder(url: SecretStr, info: ValidationInfo) -> SecretStr:
    """Resolve the file of an SQLite URL against the folder of plugins.toml."""
    # Three slashes and no fourth: SQLAlchemy takes four for an absolute path.
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):///(?!/)(.+)", url.get_secret_value())
    if not match or match[2] == ":memory:":
        return url
    return SecretStr(f"{match[1]}:///{Path((info.context or {}).get('folder', Path()), match[2]).absolute()}")


DatabaseUrl = Annotated[SecretStr, AfterValidator(_database_below_the_folder)]
"""An SQLAlchemy URL, which may hold a password; the file of an SQLite URL is relative to the folder of plugins.toml."""


def check_date_order(order: str | None) -> str | None:
    """Raise `ValueError` unless it is an order of dates that arfeed knows, or a strptime format."""
    if order is not None and order not in ("DMY", "MDY", "YMD", "excel", "excel-1904") and "%" not in order:
        raise ValueError('give "DMY", "MDY", "YMD", "excel", "excel-1904" or a format such as "%d.%m.%Y"')
    if order is not None and "%" in order and not all(_states_day(order, day) for day in _SOME_DAYS):
        raise ValueError(f'{order!r} does not say year, month and day, as a format such as "%d.%m.%Y" does')
    return order


_SOME_DAYS = (date(1999, 11, 28), date(2026, 4, 7))


def _states_day(form: str, day: date) -> bool:
    """Whether a strptime format says all of a day: reading what it writes gives the same."""
    try:
        return datetime.strptime(day.strftime(form), form).date() == day  # noqa: DTZ007 - a date has no time zone
    except ValueError:
        return False


def check_address(url: str) -> str:
    """Raise `ValueError` for an address that looks right and would lead elsewhere."""
    # In file://srv/out "srv" is a host to the standard, and a folder to some libraries.
    if url.startswith("file://") and not url.startswith("file:///"):
        raise ValueError("a file URL has three slashes, as in file:///srv/out; for a folder here give its path alone")
    if url.startswith("rehearsal://") and not re.fullmatch(r"rehearsal://[\w-]+", url):
        raise ValueError("give the rehearsed receiver a plain name, as in rehearsal://demo")
    return url


_SPAN = re.compile(r"(\d+)\s*(h|hours?|d|days?)")


def _span(value: object) -> object:
    """Read "36h" or "7 days"; a bare number is refused, since its unit is unknown."""
    if isinstance(value, timedelta):
        return value
    match = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise ValueError('give hours or days, such as "36h" or "7 days"')
    return timedelta(hours=int(match[1])) if match[2].startswith("h") else timedelta(days=int(match[1]))


Span = Annotated[timedelta, BeforeValidator(_span), WithJsonSchema({"type": "string", "pattern": f"^{_SPAN.pattern}$"})]
"""A span of time as people write it: "36h", "7 days"."""


def one_or_several(value: object) -> object:
    """Accept a single text where a list is expected; None becomes an empty list."""
    return [] if value is None else [value] if isinstance(value, str) else value


TEXTS = WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
"""How the schema of plugins.toml describes what `one_or_several` takes."""


# pydantic would warn about such a default each time the settings are described.
class _JsonSchema(GenerateJsonSchema):
    ignored_warning_kinds: set[JsonSchemaWarningKind] = {"non-serializable-default"}  # noqa: RUF012 - as in its base


def json_schema(model: type[BaseModel], ref_template: str = DEFAULT_REF_TEMPLATE) -> dict[str, Any]:
    """Return the JSON Schema of settings; a default that is a secret is left out silently."""
    return model.model_json_schema(ref_template=ref_template, schema_generator=_JsonSchema)
