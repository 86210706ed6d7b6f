"""The house: which arrows there are. Each rule is broken on purpose, and import-linter must fail for it."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

from arfeed.cli.catalog import COMMANDS

ROOT = Path(__file__).parents[1]
PACKAGES = ("core/arfeed", "connectors/arfeed_connectors", "transforms/arfeed_transforms")

LAYERS = "Arrows run one way, and rooms of one floor do not know each other"
REHEARSAL = "The receiver to rehearse with does not know how arfeed delivers"
DELIVERY = "How arfeed delivers does not know the receiver to rehearse with"
CIRCLES = "No circle, at any depth"
PLUGINS = "Plugins reach the public API only"
FACE = "The framework does not import its own public face"
NO_PLUGIN = "The framework imports no plugin"


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the packages and the contracts."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def broken_contracts(house: Path) -> set[str]:
    paths = [str((house / package).parent) for package in PACKAGES]
    ran = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=house,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    broken = set(re.findall(r"^(.+) BROKEN$", ran.stdout, re.MULTILINE))
    assert (ran.returncode == 0) == (not broken), ran.stdout
    assert re.search(r"^Contracts: \d+ kept, \d+ broken\.$", ran.stdout, re.MULTILINE), ran.stdout + ran.stderr
    return broken


def test_the_house_stands_as_the_contracts_say(house: Path) -> None:
    assert broken_contracts(house) == set()


@pytest.mark.parametrize(
    ("module", "line", "contract"),
    [
        pytest.param("core/arfeed/model/schema.py", "import arfeed.sftp.keys", LAYERS, id="model→sftp"),
        pytest.param("core/arfeed/sftp/keys.py", "import arfeed.delivery.store", LAYERS, id="sftp→delivery"),
        pytest.param("core/arfeed/delivery/store.py", "import arfeed.history.tables", LAYERS, id="delivery→history"),
        pytest.param("core/arfeed/history/tables.py", "import arfeed.tables.read", LAYERS, id="history→tables"),
        pytest.param("core/arfeed/tables/read.py", "import arfeed.plugins.config", LAYERS, id="tables→plugins"),
        pytest.param("core/arfeed/plugins/config.py", "import arfeed.intake.extract", LAYERS, id="plugins→intake"),
        pytest.param("core/arfeed/intake/columns.py", "import arfeed.planning.report", LAYERS, id="intake→planning"),
        pytest.param("core/arfeed/planning/report.py", "import arfeed.documents.choice", LAYERS, id="planning→PDFs"),
        pytest.param("core/arfeed/documents/choice.py", "import arfeed.runs.context", LAYERS, id="documents→runs"),
        pytest.param(
            "core/arfeed/runs/context.py", "import arfeed.operations.init.draft", LAYERS, id="runs→operations"
        ),
        pytest.param("core/arfeed/operations/documents.py", "import arfeed.cli.options", LAYERS, id="operations→cli"),
        pytest.param("core/arfeed/cli/options.py", "import arfeed.testing.parts", LAYERS, id="cli→testing"),
        pytest.param(
            "core/arfeed/delivery/rehearsal/books.py",
            "import arfeed.delivery.store",
            REHEARSAL,
            id="rehearsal→delivery",
        ),
        pytest.param(
            "core/arfeed/delivery/store.py",
            "import arfeed.delivery.rehearsal.books",
            DELIVERY,
            id="delivery→rehearsal",
        ),
        pytest.param("core/arfeed/tables/grid.py", "import arfeed.tables.read", CIRCLES, id="circle in a room"),
        pytest.param(
            "connectors/arfeed_connectors/folder.py", "from arfeed.model import schema", PLUGINS, id="connector→schema"
        ),
        pytest.param(
            "connectors/arfeed_connectors/folder.py", "import arfeed.tables.read", PLUGINS, id="connector→intake"
        ),
        pytest.param(
            "transforms/arfeed_transforms/steps.py",
            "from arfeed.model.errors import SourceError",
            PLUGINS,
            id="step→errors",
        ),
        pytest.param("core/arfeed/planning/report.py", "from arfeed import Complete", FACE, id="core→public face"),
        pytest.param("core/arfeed/cli/app.py", "import arfeed_connectors.xero", NO_PLUGIN, id="core→plugin"),
    ],
)
def test_a_forbidden_import_breaks_its_contract(house: Path, module: str, line: str, contract: str) -> None:
    file = house / module
    file.write_text(file.read_text(encoding="utf-8") + f"\n\n{line}\n", encoding="utf-8")
    assert contract in broken_contracts(house)


def test_a_module_without_a_place_in_the_house_breaks_the_contract(house: Path) -> None:
    house.joinpath("core/arfeed/helpers.py").write_text('"""Odds and ends."""\n')
    assert broken_contracts(house) == {LAYERS}


def test_an_import_for_type_checking_counts_too(house: Path) -> None:
    file = house / "core/arfeed/planning/report.py"
    line = "\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from arfeed.documents.choice import Found\n"
    file.write_text(file.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert LAYERS in broken_contracts(house)


def test_the_contracts_between_delivery_and_rehearsal_name_every_module_of_delivery() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    named = {contract["name"]: contract for contract in contracts}
    folder = ROOT / "core/arfeed/delivery"
    modules = {f"arfeed.delivery.{file.stem}" for file in folder.glob("*.py") if file.stem != "__init__"}
    modules |= {f"arfeed.delivery.{file.parent.name}" for file in folder.glob("*/__init__.py")} - {
        "arfeed.delivery.rehearsal"
    }
    assert {*named[REHEARSAL]["forbidden_modules"]} == {*named[DELIVERY]["source_modules"]} == modules


CHAIN = 12
"""Modules in the longest chain of imports from the command line, `cli.app` and the last one included."""


def longest_chain(graph: grimp.ImportGraph, module: str) -> tuple[str, ...]:
    @functools.cache
    def chain(module: str) -> tuple[str, ...]:
        further = (chain(imported) for imported in sorted(graph.find_modules_directly_imported_by(module)))
        return (module, *max(further, key=len, default=()))

    return chain(module)


def test_the_longest_chain_of_imports_from_the_command_line_is_as_long_as_decided() -> None:
    """At run time: without what is imported for annotations, with the commands, which are imported by name."""
    graph = grimp.build_graph("arfeed", exclude_type_checking_imports=True, cache_dir=None)
    for module in {command.place.rpartition(".")[0] for command in COMMANDS.values()}:
        graph.add_import(importer="arfeed.cli.app", imported=f"arfeed.cli.commands.{module}")
    chain = longest_chain(graph, "arfeed.cli.app")
    # Exactly: whoever shortens it lowers the number, so that it can't grow back unnoticed.
    assert len(chain) == CHAIN, " > ".join(chain)
