"""docs/architecture.md: every room has its paragraph, and every file and name it mentions exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE = ROOT / "core" / "arfeed"
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
MENTIONED = sorted(set(re.findall(r"`([\w/]+\.py):(\w+)`", PAGE)))


def file_of(path: str) -> Path:
    return ROOT / "connectors" / path if path.startswith("arfeed_connectors/") else CORE / path


def defined(file: Path) -> set[str]:
    """Return the names of a file's functions, methods and classes, and of its constants."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    nodes = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    targets = [target for node in tree.body if isinstance(node, ast.Assign) for target in node.targets]
    targets += [node.target for node in tree.body if isinstance(node, ast.AnnAssign)]
    return nodes | {target.id for target in targets if isinstance(target, ast.Name)}


def test_the_page_mentions_files_and_names() -> None:
    assert len(MENTIONED) > 30


@pytest.mark.parametrize(("path", "name"), MENTIONED, ids=[f"{path}:{name}" for path, name in MENTIONED])
def test_what_the_page_mentions_exists(path: str, name: str) -> None:
    assert name in defined(file_of(path))


def test_every_room_has_a_paragraph_and_a_floor() -> None:
    rooms = {folder.name for folder in CORE.iterdir() if (folder / "__init__.py").exists()}
    picture = PAGE.partition("```")[2].partition("```")[0]
    assert set(re.findall(r"^\*\*(\w+)\*\*", PAGE, re.MULTILINE)) == rooms
    assert {word for word in re.findall(r"\w+", picture) if word in rooms} == rooms


def test_no_folder_holds_more_than_fifteen_files_and_few_names_stand_at_the_top() -> None:
    folders = {file.parent for file in CORE.rglob("*.py") if "template" not in file.parts}
    crowded = {folder.name: count for folder in folders if (count := len([*folder.glob("*.py")])) > 15}
    assert crowded == {}
    assert len([folder for folder in CORE.iterdir() if (folder / "__init__.py").exists()]) <= 13
    assert len(list(CORE.glob("*.py"))) <= 3
