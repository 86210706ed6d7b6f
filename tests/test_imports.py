"""What starts quickly, since it imports none of the heavy libraries."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {"pandas", "pyarrow", "sqlalchemy", "asyncssh", "numpy", "sshfs"}
PROGRAM = """
import json, sys
from arfeed.cli.app import main
sys.argv = ["arfeed", *sys.argv[1:]]
try:
    main()
finally:
    print("\\n" + json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def imported_by(*arguments: str, folder: Path) -> set[str]:
    ran = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], cwd=folder, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return set(json.loads(ran.stderr.splitlines()[-1]))


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["sync", "--help"], ["plugins", "list"], ["plugins", "list", "--json"], ["plugins", "show", "xero"]],
    ids=" ".join,
)
def test_what_only_informs_imports_nothing_heavy(tmp_path: Path, arguments: list[str]) -> None:
    tmp_path.joinpath("plugins.toml").write_text('plugins = ["xero", "folder", "transforms", "kolleno"]\n')
    modules = imported_by(*arguments, folder=tmp_path)
    assert "arfeed.cli.app" in modules
    assert not HEAVY & modules


def test_the_public_api_and_the_built_in_plugins_import_nothing_heavy(tmp_path: Path) -> None:
    program = "import json, sys, arfeed, arfeed_connectors.xero, arfeed_connectors.kolleno, arfeed_transforms.steps;"
    program += "print(json.dumps(sorted(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert not HEAVY & set(json.loads(ran.stdout))
