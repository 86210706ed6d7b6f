"""The built-in steps: exclude, keep, rename, set."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, model_validator

from arfeed import Transform, TransformSettings, hookimpl

if TYPE_CHECKING:
    import pandas as pd

ARFEED_CONTRACT = 1


class MatchSettings(TransformSettings):
    """Text columns as keys, each with the values that match: `customer_name = ["Acme Holdings"]`."""

    # The keys are columns, which differ by source; the type below still requires lists of texts as values.
    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [{"customer_name": ["Acme Holdings"]}]})
    __pydantic_extra__: dict[str, list[str]] = Field(init=False)

    @model_validator(mode="after")
    def _names_a_column(self) -> MatchSettings:
        if not self.__pydantic_extra__:
            raise ValueError('name a column and its values, such as customer_name = ["Acme Holdings"]')
        return self


def _matching(invoices: pd.DataFrame, wanted: dict[str, list[str]]) -> pd.Series[bool]:
    """Return where every named column has one of its values, ignoring case and surrounding white space."""
    import pandas as pd

    result = pd.Series(data=True, index=invoices.index)
    for column, values in wanted.items():
        texts = _texts(invoices, column)
        # People type names as they read them; a filter that misses "ACME Ltd " would report a debt that was to be
        # left out.
        result &= texts.str.strip().str.casefold().isin([value.strip().casefold() for value in values])
    return result


def _texts(invoices: pd.DataFrame, column: str) -> pd.Series[str]:
    # A misspelt column would match nothing: `keep` would then drop every invoice.
    if column not in invoices.columns:
        raise ValueError(f"there is no column {column!r}; there are {', '.join(invoices.columns)}")
    # As text, a date or an amount could be written in many ways, and a match would depend on luck.
    if invoices[column].dtype != "str":
        raise ValueError(f"column {column!r} is not text; dates and money can't be matched here")
    return invoices[column]


class Exclude(Transform):
    """Removes the invoices that match."""

    name = "exclude"
    Settings = MatchSettings
    settings: MatchSettings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices that do not match."""
        # Core records what is dropped as removed by this step, so that an invoice delivered before is asked about.
        return invoices[~_matching(invoices, self.settings.__pydantic_extra__)]


class Keep(Transform):
    """Keeps the invoices that match and removes all others."""

    name = "keep"
    Settings = MatchSettings
    settings: MatchSettings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices that match."""
        return invoices[_matching(invoices, self.settings.__pydantic_extra__)]


def _compiles(pattern: str | None) -> str | None:
    try:
        re.compile(pattern or "")
    except re.error as exc:
        raise ValueError(f"it is not a valid regular expression: {exc}") from exc
    return pattern


class Rename(Transform):
    """Changes invoice references, for example by a prefix for each entity, so that two sources never share one."""

    name = "rename"

    class Settings(TransformSettings):
        """Settings of the step `rename`: a prefix, or a pattern and its replacement."""

        model_config = ConfigDict(json_schema_extra={"examples": [{"prefix": "UK-"}]})

        prefix: str = Field(default="", examples=["UK-"], description="Put before every reference.")
        pattern: Annotated[str | None, AfterValidator(_compiles)] = Field(
            default=None, examples=["^0+"], description="Regular expression searched in the reference."
        )
        replace: str = Field(default="", description=r"What takes its place; \1 is the first group.")

        @model_validator(mode="after")
        def _does_something(self) -> Rename.Settings:
            if not self.prefix and self.pattern is None:
                raise ValueError('name a prefix, or a pattern and its replacement: prefix = "UK-"')
            return self

    settings: Settings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices with their new `invoice_ref`; `source_ref` stays."""
        refs = invoices["invoice_ref"]
        if self.settings.pattern is not None:
            # The pattern first, so that it sees the source's own number and never the prefix.
            refs = refs.str.replace(self.settings.pattern, self.settings.replace, regex=True)
        return invoices.assign(invoice_ref=(self.settings.prefix + refs).astype("str"))


class Set(Transform):
    """Sets text columns to fixed values."""

    name = "set"

    class Settings(TransformSettings):
        """Settings of the step `set`."""

        values: dict[str, str] = Field(examples=[{"memo": "UK entity"}], description="Column = value.")
        only_blank: bool = Field(default=False, description="Whether to keep values that are set already.")

    settings: Settings

    def __init__(self, settings: Settings) -> None:
        """Declare those of the columns set that a step may change only if it declares them."""
        super().__init__(settings)
        # By the settings, not by the class: a step that sets a memo must not have the right to change who owes.
        self.changes = {"currency", "customer_id", "customer_name"} & settings.values.keys()

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices with the columns set; a column that does not exist yet is added."""
        import pandas as pd

        columns: dict[str, Any] = {}
        for column, value in self.settings.values.items():
            # With the invoices' index, since pandas aligns by it, and rows need not be numbered from 0.
            fixed = pd.Series([value] * len(invoices), index=invoices.index, dtype="str")
            keeps = self.settings.only_blank and column in invoices.columns
            columns[column] = _texts(invoices, column).where(invoices[column] != "", fixed) if keeps else fixed
        return invoices.assign(**columns)


@hookimpl
def arfeed_transforms() -> Iterable[type[Transform]]:
    """Return the built-in steps."""
    return [Exclude, Keep, Rename, Set]
