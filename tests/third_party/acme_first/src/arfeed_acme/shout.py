"""A step that shouts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from arfeed import Transform, TransformSettings

if TYPE_CHECKING:
    import pandas as pd


class Shout(Transform):
    """Writes customers' names in capitals."""

    name = "shout"

    class Settings(TransformSettings):
        """Settings of the step `shout`."""

        mark: str = Field(default="!", description="What stands behind the name.")

    settings: Settings

    def apply(self, invoices: pd.DataFrame) -> pd.DataFrame:
        """Return the invoices with loud names."""
        return invoices.assign(customer_name=(invoices["customer_name"].str.upper() + self.settings.mark).astype("str"))
