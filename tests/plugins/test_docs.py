"""The pages for authors of plugins are true: the tutorial runs, every hook is there, the reference is up to date."""

from __future__ import annotations

import inspect
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from arfeed.model.hooks import Hooks
from arfeed.testing import ArfeedProject
from support.plugins.environment import Environment
from support.plugins.strangers import install

DOCS = Path(__file__).parents[2] / "docs" / "plugins"
HOOKS = [name for name in vars(Hooks) if name.startswith("arfeed_")]
CSV = "invoice_ref,customer_name,currency,issued_on,balance\nINV-1,ada ltd,EUR,2026-04-07,1.00\n"
FOLDER = {"use": "folder", "path": "erp.csv"}


def sections() -> dict[str, str]:
    parts = re.split(r"^## `", DOCS.joinpath("hooks.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    return {part.partition("(")[0]: part for part in parts}


def test_every_hook_has_a_section_with_its_signature() -> None:
    assert [*sections()] == HOOKS
    for name, text in sections().items():
        signature = inspect.signature(getattr(Hooks, name))
        arguments = ", ".join(f"{each.name}: {each.annotation}" for each in [*signature.parameters.values()][1:])
        assert text.startswith(f"{name}({arguments}) -> {signature.return_annotation}`")


def test_every_hook_is_tested_here_by_name() -> None:
    assert {f"test_{name}" for name in HOOKS} <= set(globals())


@pytest.fixture
def project(
    arfeed_project: ArfeedProject, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> ArfeedProject:
    """A feed of one CSV file, with the example of the hook that the test is named for installed as `example`."""
    hook = request.function.__name__.removeprefix("test_")
    (source,) = re.findall(r"```python\n(.*?)```", sections()[hook], re.DOTALL)
    monkeypatch.syspath_prepend(install(tmp_path / hook, "example", source, module=f"example_of_{hook}"))
    arfeed_project.write({"erp.csv": CSV})
    arfeed_project.configure(["example", "folder"], {"erp": FOLDER})
    return arfeed_project


def test_arfeed_connectors(project: ArfeedProject) -> None:
    project.configure(["example"], {"till": {"use": "till", "currency": "EUR"}})
    assert project.deliver().json()["plan"]["totals"][0]["balance"] == "12.5000"


def test_arfeed_transforms(project: ArfeedProject) -> None:
    project.configure(["example", "folder"], {"erp": FOLDER}, [{"use": "tidy"}])
    assert project.deliver().code == 0
    assert b"Ada Ltd" in b"".join(project.server.values())


def test_arfeed_destinations(project: ArfeedProject) -> None:
    project.configure(["example", "folder"], {"erp": FOLDER}, destination={"use": "ledger", "url": "receiver"})
    assert project.deliver().code == 0
    assert [name.startswith("in/open-") for name in project.server] == [True]


CONFORMANCE = """
from arfeed.testing import DestinationConformance, TransformConformance
from example_of_arfeed_destinations import Ledger
from example_of_arfeed_transforms import Tidy

pytest_plugins = ["arfeed.testing"]

class TestLedger(DestinationConformance):
    plugin = "ledger"
    destination = Ledger

class TestTidy(TransformConformance):
    plugin = "tidy"
    transform = Tidy
"""


def test_the_plugins_of_this_page_pass_the_kit(tmp_path: Path) -> None:
    site = tmp_path / "site"
    for name, hook in (("ledger", "arfeed_destinations"), ("tidy", "arfeed_transforms")):
        (source,) = re.findall(r"```python\n(.*?)```", sections()[hook], re.DOTALL)
        install(site, name, source, module=f"example_of_{hook}")
    tmp_path.joinpath("test_kit.py").write_text(CONFORMANCE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_kit.py"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_arfeed_notifiers(project: ArfeedProject) -> None:
    slate = {"use": "slate", "file": "told.txt", "on": ["delivered"]}
    project.configure(["example", "folder"], {"erp": FOLDER}, notifiers={"wall": slate})
    assert project.run("sync").code == 3
    assert not project.folder.joinpath("told.txt").exists()
    (name,) = [project.deliver().json()["receipt"]["report"]["name"]]
    assert project.folder.joinpath("told.txt").read_text() == f"delivered {name}"


def test_arfeed_review(project: ArfeedProject) -> None:
    outcome = project.run("plan", "--json")
    assert outcome.code == 3
    assert "too-early" in [objection["code"] for objection in outcome.json()["objections"]]


def test_arfeed_delivered(project: ArfeedProject) -> None:
    (name,) = [project.deliver().json()["receipt"]["report"]["name"]]
    assert project.folder.joinpath("told.txt").read_text() == f"delivered {name}"


def test_arfeed_refused(project: ArfeedProject) -> None:
    assert project.run("sync").code == 3
    assert project.folder.joinpath("told.txt").read_text() == "refused unknown-baseline"


def test_arfeed_reconciled(project: ArfeedProject) -> None:
    assert project.deliver().code == 0
    project.folder.joinpath("open.csv").write_text("invoice_ref,balance\nINV-1,7.00\n")
    done = project.run("reconcile", "open.csv")
    assert done.code == 3, done.err
    assert project.folder.joinpath("told.txt").read_text() == "differs: 1"


def test_arfeed_failed(project: ArfeedProject) -> None:
    project.folder.joinpath("erp.csv").unlink()
    assert project.run("sync").code == 4
    assert project.folder.joinpath("told.txt").read_text() == "failed 4"


def test_the_reference_pages_are_what_make_docs_writes() -> None:
    pages = runpy.run_path(str(DOCS / "generate.py"))["pages"]()
    written = {file.stem: file.read_text(encoding="utf-8") for file in DOCS.joinpath("reference").glob("*.md")}
    assert written == pages, "run `make docs`"


@pytest.mark.timeout(900)  # each runs a whole kit of tests
@pytest.mark.parametrize("page", ["write-a-connector.md", "destinations.md"])
def test_the_tutorial_runs_word_by_word(tmp_path: Path, environment: Environment, page: str) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    for language, block in re.findall(r"```(\w+)\n(.*?)```", text(page), re.DOTALL):
        if language != "console":
            name, _, content = block.partition("\n")
            folder.joinpath(name.removeprefix("# ")).write_text(content, encoding="utf-8")
            continue
        for command, output in commands(block):
            if command.startswith("cd "):
                folder /= command.removeprefix("cd ")
                continue
            done = environment.run(folder, "sh", "-c", command)
            assert [line for line in output if line not in done.stdout] == [], f"$ {command}\n{done.stdout}"


def commands(block: str) -> Iterator[tuple[str, list[str]]]:
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *output = part.rstrip().split("\n")
        yield command, output


def text(name: str) -> str:
    return DOCS.joinpath(name).read_text(encoding="utf-8")
