"""Templates are compiled once; what was kept counts only for exactly what would be compiled again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from arfeed.runs.page.compiled import CompiledTemplates


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's cache folder, with nothing in it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "arfeed" / "templates"


def rendered(text: str, *, maker: str = __file__, autoescape: bool = False) -> tuple[str, bool]:
    """Return what the template gives, and whether it had to be compiled."""
    room = Environment(loader=DictLoader({"a": text}), bytecode_cache=CompiledTemplates(maker), autoescape=autoescape)
    compiled: list[object] = []
    compiling: Callable[..., object] = room.compile
    room.compile = lambda *given, **named: compiled.append(1) or compiling(*given, **named)  # type: ignore[assignment,func-returns-value]
    return room.get_template("a").render(x="<"), bool(compiled)


def test_a_template_is_compiled_once_and_again_when_its_text_changes(cache: Path) -> None:
    assert rendered("1 {{ x }}") == ("1 <", True)
    assert rendered("1 {{ x }}") == ("1 <", False)
    assert rendered("2 {{ x }}") == ("2 <", True)


def test_another_maker_s_work_is_not_taken(cache: Path, tmp_path: Path) -> None:
    other = tmp_path / "rendering.py"
    other.write_text("autoescape = True")
    assert rendered("{{ x }}") == ("<", True)
    assert rendered("{{ x }}", maker=str(other), autoescape=True) == ("&lt;", True)


@pytest.mark.parametrize("damage", [b"", b"x", b"\x00" * 500], ids=["empty", "short", "zeros"])
def test_a_damaged_file_is_compiled_over(cache: Path, damage: bytes) -> None:
    rendered("owed {{ x }}")
    (file,) = cache.iterdir()
    whole = file.read_bytes()
    # The last one would be run without an error.
    for content in (damage, whole[:-1], whole.replace(b"owed ", b"paid ")):
        file.write_bytes(content)
        assert rendered("owed {{ x }}") == ("owed <", True)
        assert file.read_bytes() == whole


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows has no such rights")
def test_a_folder_that_others_may_write_is_not_used(cache: Path) -> None:
    rendered("{{ x }}")
    cache.chmod(0o777)
    assert rendered("{{ x }}") == ("<", True)
