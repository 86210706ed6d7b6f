"""The types of values that settings have: paths, database URLs, spans of time, words; and their JSON Schema."""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import SplitResult

from pydantic import AfterValidator, BaseModel, BeforeValidator, SecretStr, ValidationInfo, WithJsonSchema
from pydantic.json_schema import DEFAULT_REF_TEMPLATE, GenerateJsonSchema, JsonSchemaWarningKind

from arfeed.model import schema
from arfeed.model.currencies import minor_digits


def _below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a path, or the archive at the end of a chain, against the folder of plugins.toml; leave URLs alone."""
    # fsspec chains URLs by "::", as in zip://invoices.csv::exports/all.zip; only the last link is a place on disk.
    chain, link, value = value.rpartition("::")
    if link:
        return f"{chain}::{_below_the_folder(value, info)}"
    if "://" in value:
        return value
    # absolute() and not resolve(): a link such as exports/latest must be followed when it is read, not when it is
    # named.
    return str(Path(_folder(info), Path(value).expanduser()).absolute())


def _folder(info: ValidationInfo) -> Path:
    """Return the folder of the file that states a setting: plugins.toml, or one that it extends."""
    context = info.context or {}
    found: Path = context.get("folders", {}).get(info.field_name, context.get("folder", Path()))
    return found


Location = Annotated[str, AfterValidator(_below_the_folder)]
"""A path, relative to the folder of plugins.toml, or any fsspec URL."""


def _pattern_below_the_folder(value: str, info: ValidationInfo) -> str:
    """Resolve a pattern; brackets in the folder's name are taken literally."""
    if "://" in value or "::" in value or Path(value).expanduser().is_absolute():
        return _below_the_folder(value, info)
    folder = _folder(info).absolute()
    return str(Path(glob.escape(str(folder)), value))


Pattern = Annotated[str, AfterValidator(_pattern_below_the_folder)]
"""A path with wildcards, relative to the folder of plugins.toml, or an fsspec URL with wildcards."""


def _database_below_the_folder(url: SecretStr, info: ValidationInfo) -> SecretStr:
    """Resolve the file of an SQLite URL against the folder of plugins.toml."""
    # Three slashes and no fourth: SQLAlchemy takes four for an absolute path.
    match = re.fullmatch(r"(sqlite(?:\+\w+)?):///(?!/)(.+)", url.get_secret_value())
    if not match or match[2] == ":memory:":
        return url
    return SecretStr(f"{match[1]}:///{Path(_folder(info), match[2]).absolute()}")


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


def is_private(parts: SplitResult) -> bool:
    """Whether nobody on the way can read what a web address is sent: by https, or by http on this machine."""
    local = parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1", "::1")
    return bool(parts.hostname) and (parts.scheme == "https" or local)


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


_DURATION = re.compile(r"(\d+)\s*(s|seconds?|m|min|minutes?|h|hours?)")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(MB|GB)", re.IGNORECASE)


def parse_duration(value: object) -> object:
    """Read "90 s", "30 min" or "2 h" as a timedelta of more than 0. Raise `ValueError` for anything else."""
    if isinstance(value, timedelta):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if not match or not int(match[1]):
        raise ValueError('give seconds, minutes or hours, such as "90 s", "30 min" or "2 h"')
    return timedelta(seconds=int(match[1]) * {"s": 1, "m": 60, "h": 3600}[match[2][0]])


def parse_size(value: object) -> object:
    """Read "500 MB" or "2 GB" as bytes. Raise `ValueError` for anything else."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = _SIZE.fullmatch(value) if isinstance(value, str) else None
    if not match or not float(match[1]):
        raise ValueError('give megabytes or gigabytes, such as "500 MB" or "2 GB"')
    return round(float(match[1]) * (10**6 if match[2].upper() == "MB" else 10**9))


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    WithJsonSchema({"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["30 min"]}),
]
"""A short time as people write it: "90 s", "30 min", "2 h"."""

Size = Annotated[
    int, BeforeValidator(parse_size), WithJsonSchema({"type": "string", "pattern": r"^\d+(\.\d+)?\s*(MB|GB)$"})
]
"""An amount of memory in bytes, written as "500 MB" or "2 GB"."""


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


PARTS_OF_BALANCE = ("debit", "credit", "paid")
"""What `columns` of a file may name instead of a balance: debit less credit, or what was paid of the amount."""

_HEADING = re.compile(r"\{([^{}]+)\}")


def template_headers(text: str) -> list[str]:
    """Return the headings in the braces of a template such as `{No}-{Year}`; none if the text is a heading itself."""
    return [header.strip() for header in _HEADING.findall(text)]


def template_pieces(text: str) -> list[str]:
    """Return the fixed texts and the headings of a template in turn, beginning and ending with a fixed text."""
    return [piece.strip() if number % 2 else piece for number, piece in enumerate(_HEADING.split(text))]


def headings_of(columns: Mapping[str, str]) -> list[str]:
    """Return every heading that the setting `columns` names, those within a template one by one."""
    named = [template_headers(header) or [header] for header in columns.values()]
    return list(dict.fromkeys(header for headers in named for header in headers))


def check_words(values: dict[str, dict[str, str] | Literal[False]]) -> dict[str, dict[str, str] | Literal[False]]:
    """Raise `ValueError` for a column that has no words, or a word that arfeed does not have."""
    allowed: Mapping[str, Sequence[str]] = {
        "status": schema.STATUSES,
        "kind": schema.KINDS,
        "currency": tuple(minor_digits()),
    }
    for name, words in values.items():
        if name not in schema.SOURCE_COLUMNS:
            raise ValueError(f"{name!r} is not a column of an invoice; there are {', '.join(schema.SOURCE_COLUMNS)}")
        if words is False:
            continue
        if name not in allowed:
            raise ValueError(
                f"the words of {', '.join(allowed)} can be given a meaning; {name} can only be left alone, by false"
            )
        for theirs, ours in words.items():
            if ours not in allowed[name]:
                known = "ISO 4217 codes" if name == "currency" else ", ".join(allowed[name])
                raise ValueError(f"{theirs!r} can't mean {ours!r}; a {name} is one of {known}")
    return values


def check_file_columns(columns: dict[str, str]) -> dict[str, str]:
    """Raise `ValueError` for what is not a column of an invoice or a part of its balance, and for a wrong template."""
    known = (*schema.SOURCE_COLUMNS, *PARTS_OF_BALANCE)
    for name, header in columns.items():
        if name not in known:
            raise ValueError(f"{name!r} is not a column of an invoice; there are {', '.join(known)}")
        if name != "invoice_ref" and template_headers(header):
            raise ValueError(f"only invoice_ref can be made of several columns, and {name} is {header!r}")
    if "balance" in columns and (more := [name for name in PARTS_OF_BALANCE if name in columns]):
        raise ValueError(f"balance and {more[0]} both say what is owed; name one of them")
    if "credit" in columns and "debit" not in columns:
        raise ValueError("credit is what is taken off debit; name the column of debit as well")
    if "paid" in columns and ("amount" not in columns or "debit" in columns):
        raise ValueError("paid is what is taken off amount; name the column of amount, and no debit")
    return columns


def known_word(words: Mapping[str, str], word: str) -> str:
    """Return arfeed's word for one of the source's, letter case and blanks around it aside; else the word itself."""
    return next((ours for theirs, ours in words.items() if theirs.strip().lower() == word), word)
