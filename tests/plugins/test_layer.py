"""The plugin layer stays small, and the kit alone knows pytest."""

from __future__ import annotations

import ast
import io
import tokenize
from pathlib import Path

import pytest

from arfeed.planning.approval import OUR_CODES

CORE = Path(__file__).parents[2] / "core" / "arfeed"


def lines_of_code(file: Path) -> int:
    """Count the lines that hold code: no blank ones, no comments, no docstrings."""
    source = file.read_text(encoding="utf-8")
    told = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr)]
    docs = {line for node in told if isinstance(node.value, ast.Constant) for line in _span(node)}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    empty = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)
    code = {line for token in tokens if token.type not in empty for line in range(token.start[0], token.end[0] + 1)}
    return len(code - docs)


def _span(node: ast.Expr) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def test_loader_hooks_and_registry_are_at_most_200_lines_of_code() -> None:
    assert sum(lines_of_code(CORE / name) for name in ("plugins/loading.py", "model/hooks.py")) <= 200


def test_what_holds_a_plugin_to_the_contract_is_at_most_90_lines_of_code() -> None:
    assert lines_of_code(CORE / "plugins" / "contract.py") <= 90


@pytest.mark.parametrize("file", sorted(CORE.rglob("*.py")), ids=lambda file: str(file.relative_to(CORE)))
def test_only_the_kit_imports_pytest(file: Path) -> None:
    if CORE / "testing" not in file.parents:
        assert "import pytest" not in file.read_text(encoding="utf-8")


def test_the_kit_knows_the_codes_of_our_own_objections() -> None:
    documented = (CORE.parents[1] / "docs" / "objections.md").read_text(encoding="utf-8")
    assert all(code in documented for code in OUR_CODES)
    sources = "".join(file.read_text(encoding="utf-8") for file in CORE.joinpath("planning").glob("*.py"))
    assert all(f'"{code}"' in sources for code in OUR_CODES)
