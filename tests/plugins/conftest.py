"""An environment that all tests of generated packages share; making one, and reading pandas' stubs, takes long."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.plugins.environment import Environment, make_environment


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Environment:
    cache: Path = pytestconfig.cache.mkdir("mypy")
    return make_environment(tmp_path_factory.mktemp("shared") / "venv", cache)
