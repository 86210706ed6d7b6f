from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty history database, of both kinds that feeds use."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new/history.db"
    url: str = request.getfixturevalue("postgresql")
    return url
