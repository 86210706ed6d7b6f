"""JSON-like records as invoices: which field means what, and the last record of each key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from arfeed import SOURCE_COLUMNS, SourceError, SourceSettings
from arfeed_connectors.combined import any_closed

if TYPE_CHECKING:
    import pandas as pd

_FRAME = 50_000
_CREDITS = ["credit_note", "payment"]
_SHORTEST_SECRET = 4
_MIDNIGHT = r"[T ]00:00(:00(\.0+)?)?(Z|[+-]00:?00)$"
"""What systems that know only points in time put behind a date. Any other time of day is left to `dates`."""


class RecordSettings(SourceSettings):
    """Settings of a source of records."""

    values: dict[Literal["status", "kind"], dict[str, str]] = Field(
        default_factory=dict, description='What the source\'s words mean, e.g. { status = { AUTHORISED = "open" } }.'
    )
    kind: Literal["invoice", "credit_note", "payment"] | None = Field(
        default=None, description="What all documents of this source are, if no field says it."
    )
    credits_positive: bool = Field(
        default=False, description="Whether credit notes and payments come as positive amounts, to be negated."
    )
    leave_out: dict[str, list[str]] = Field(
        default_factory=dict, description='Records that are not sales documents, by field, e.g. { Type = ["ACCPAY"] }.'
    )
    extra: list[str] = Field(default_factory=list, description="Fields to take along that `columns` does not name.")

    @model_validator(mode="after")
    def _one_word_on_the_kind(self) -> Self:
        if self.kind and ("kind" in self.columns or "kind" in self.values):
            raise ValueError("`kind` says what every document is, so neither `columns` nor `values` can say it too")
        return self


@contextmanager
def named(source: str) -> Iterator[None]:
    """Name the source in what is raised."""
    try:
        yield
    except SourceError as exc:
        raise SourceError(f"{source}: {exc}") from exc


def texts(value: object) -> Iterator[str]:
    """Yield every text in a configuration that is long enough to be a secret: which are, only its owner knows."""
    if isinstance(value, str) and len(value) >= _SHORTEST_SECRET:
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts(item)


class Records:
    """The last record of each key, in the order in which the keys came, as texts of the fields that are needed."""

    def __init__(self, settings: RecordSettings) -> None:
        """Keep the settings; `columns` may reach into objects by paths with dots."""
        self.settings = settings
        self._headers = {name: settings.columns.get(name, name) for name in SOURCE_COLUMNS}
        paths = dict.fromkeys([*self._headers.values(), *settings.extra, *settings.leave_out])
        self._paths = {path: path.split(".") for path in paths}
        self._found: set[str] = set()
        self._rows: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._versions: dict[tuple[str, ...], int] = {}
        self._taken = 0
        self.lists_closed = False
        """Whether any of the frames yielded so far had a document that is paid or void."""

    def put(self, stream: str, keys: Sequence[str], record: Mapping[str, Any], version: int | None = None) -> None:
        """Take a record; it replaces an earlier one of its key. Without keys every record stands for itself."""
        self._taken += 1
        key = (stream, *(_key(stream, name, record) for name in keys)) if keys else (stream, f"record {self._taken}")
        if version is not None:
            # A tap may send a record of an older version late; the newer one stands.
            if version < self._versions.get(key, version):
                return
            self._versions[key] = version
        self._rows[key] = tuple([self._text(path, parts, record) for path, parts in self._paths.items()])

    def activate(self, stream: str, version: int) -> None:
        """Drop a stream's records of older versions: the source says that they are no longer there."""
        ours = [key for key in self._rows if key[0] == stream]
        # Dropping what names no version would drop invoices that are open; keeping it could list paid ones.
        if any(key not in self._versions for key in ours):
            raise SourceError(
                f"{stream}: version {version} is activated, but records name none, so it is not clear which are current"
            )
        for key in ours:
            if self._versions[key] < version:
                del self._rows[key], self._versions[key]

    def notes(self) -> tuple[str, ...]:
        """Return which fields the settings name although no record has them."""
        named = {**self.settings.columns, **{f"extra {path}": path for path in self.settings.extra}}
        absent = {path: name for name, path in named.items() if self._rows and path not in self._found}
        return tuple(f"no record has the field {path!r} ({name})" for path, name in absent.items())

    def frames(self) -> Iterator[pd.DataFrame]:
        """Yield what was kept, as text under the paths; fields that nobody named are there only if they exist."""
        rows = iter(self._rows.items())
        while chunk := list(islice(rows, _FRAME)):
            frame = self._shape(self._frame(chunk))
            self.lists_closed = self.lists_closed or any_closed(frame, self._headers["status"])
            yield frame

    def _frame(self, chunk: Sequence[tuple[tuple[str, ...], tuple[str, ...]]]) -> pd.DataFrame:
        import pandas as pd

        settings = self.settings
        said = [self._headers[name] for name in settings.values]
        wanted = {*self._found, *said, *settings.columns.values(), *settings.leave_out}
        fields = zip(*(texts for _, texts in chunk), strict=True)
        columns = {path: pd.Series(texts, dtype="str") for path, texts in zip(self._paths, fields, strict=True)}
        columns = {path: texts for path, texts in columns.items() if path in wanted}
        return pd.DataFrame({**columns, "origin": pd.Series([" ".join(key) for key, _ in chunk], dtype="str")})

    def _shape(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Leave out, translate, cut midnight off dates and negate credits, as the settings say."""
        settings, headers = self.settings, self._headers
        for path, texts in settings.leave_out.items():
            frame = frame[~frame[path].isin(texts)]
        # The rows left have to be numbered anew, or `mask` below would align them by their old numbers.
        frame = frame.reset_index(drop=True)
        for name, words in settings.values.items():
            found = frame[headers[name]]
            frame[headers[name]] = found.map(words).fillna(found).astype("str")
        if settings.kind:
            frame["kind"] = settings.kind
        for header in {headers["issued_on"], headers["due_on"]} & {*frame.columns}:
            frame[header] = frame[header].str.replace(_MIDNIGHT, "", regex=True)
        if settings.credits_positive and headers["kind"] in frame:
            credit = frame[headers["kind"]].isin(_CREDITS)
            for header in {headers["amount"], headers["balance"]} & {*frame.columns}:
                frame[header] = frame[header].mask(credit, _negate(frame[header]))
        return frame

    def _text(self, path: str, parts: Sequence[str], record: Mapping[str, Any]) -> str:
        value = record.get(path)
        if value is None and len(parts) > 1:
            value = _inside(record, parts)
        if value is None:
            return ""
        self._found.add(path)
        return value if type(value) is str else _as_text(path, value)


def _inside(record: Any, parts: Sequence[str]) -> Any:
    for part in parts:
        if not isinstance(record, Mapping):
            return None
        record = record.get(part)
    return record


def _key(stream: str, name: str, record: Mapping[str, Any]) -> str:
    value = record.get(name)
    if value is None or value == "":
        raise SourceError(f"{stream}: a record has no {name!r}, which is its key, so the last of each can't be told")
    return _as_text(name, value)


def _as_text(path: str, value: object) -> str:
    # Before int, which bool is a kind of: JSON's true would come out as 1.
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    # Not even if it prints well: a sum of floats such as 0.1 + 0.2 is a cent off sooner or later.
    if isinstance(value, float):
        raise SourceError(f"{path} is the float {value!r}, which loses cents; give text or a Decimal")
    kind = "an object" if isinstance(value, Mapping) else f"a {type(value).__name__}"
    raise SourceError(f'{path} is {kind}, not a plain value; name a field inside of it, such as "{path}.name"')


def _negate(amounts: pd.Series[str]) -> pd.Series[str]:
    plain = amounts.str.strip()
    return plain.mask(plain != "", "-" + plain).str.replace(r"^--", "", regex=True)
