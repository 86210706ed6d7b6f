"""`arfeed plugins new`: a package that builds, installs, passes its tests and type-checks as it is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from arfeed.testing import settings_section
from arfeed.testing.commands import run_command
from arfeed_connectors.kolleno import Kolleno
from support.feeds.command import Cli
from support.plugins.environment import Environment, build_wheel
from support.plugins.strangers import install

KINDS = ("connector", "transform", "destination", "notifier", "reviewer")
SHAPES = ("files", "archive", "api")
"""Of a destination, beside the one file that it is without --shape."""

MADE = [*((kind,) for kind in KINDS), *(("destination", "--shape", shape) for shape in SHAPES)]
IDS = [*KINDS, *SHAPES]


@pytest.fixture
def here() -> Cli:
    return run_command


@pytest.mark.parametrize("kind", MADE, ids=IDS)
def test_the_package_builds_installs_passes_its_tests_and_type_checks(
    here: Cli, tmp_path: Path, environment: Environment, kind: Sequence[str]
) -> None:
    name = f"pear-{kind[-1]}"
    assert here(tmp_path, "plugins", "new", name, "--kind", *kind).code == 0
    package = tmp_path / f"arfeed-{name}"
    environment.install(build_wheel(package, package / "dist"))
    environment.run(package, "python", "-m", "pytest", "-q")
    environment.run(package, "python", "-m", "mypy")
    shown = environment.run(package, "arfeed", "plugins", "show", name)
    assert f"{name} (arfeed-{name} 0.1.0)" in shown.stdout


@pytest.mark.parametrize("kind", MADE, ids=IDS)
def test_the_package_is_whole(here: Cli, tmp_path: Path, kind: Sequence[str]) -> None:
    here(tmp_path, "plugins", "new", "larch", "--kind", *kind)
    files = {path.relative_to(tmp_path / "arfeed-larch").as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    wanted = {"pyproject.toml", "README.md", "LICENSE", ".gitignore", ".github/workflows/ci.yml", "tests/conftest.py"}
    assert wanted | {"src/arfeed_larch/__init__.py", "src/arfeed_larch/py.typed"} <= files
    text = "".join(file.read_text() for file in tmp_path.rglob("*") if file.is_file())
    assert "PACKAGE" not in text
    assert "$name" not in text


def test_a_shape_is_of_a_destination(here: Cli, tmp_path: Path) -> None:
    done = here(tmp_path, "plugins", "new", "larch", "--shape", "api")
    assert done.code == 2
    assert "--shape is about destinations, and this is a connector" in done.err
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_exists_is_left_alone(here: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("arfeed-larch").mkdir()
    done = here(tmp_path, "plugins", "new", "larch")
    assert done.code == 2
    assert "arfeed-larch: there is something of that name already" in done.err
    assert not [*tmp_path.joinpath("arfeed-larch").iterdir()]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Pear Tree", "use lower-case letters, digits and hyphens; 'pear-tree' would do"),
        ("pear_tree", "'pear-tree' would do"),
        ("1", "'1' is not a name for a plugin: use lower-case letters, digits and hyphens"),
        ("true", "its class would be called True, which is taken"),
        ("path", "its class would be called Path, which is taken"),
        ("arfeed-larch", "leave the prefix out: 'larch' becomes the package 'arfeed-larch'"),
        ("xero", "a plugin 'xero' is installed already, by arfeed "),
    ],
)
def test_a_name_that_cannot_be_used_is_refused_with_what_would_do(
    here: Cli, tmp_path: Path, name: str, said: str
) -> None:
    done = here(tmp_path, "plugins", "new", name)
    assert done.code == 2
    assert said in done.err
    assert not [*tmp_path.iterdir()]


def test_a_strangers_plugin_of_that_name_is_named(here: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(install(tmp_path / "site", "larch", ""))
    assert "is installed already, by arfeed-larch 1.2" in here(tmp_path, "plugins", "new", "larch").err


def test_the_settings_in_a_readme_are_renewed_and_the_rest_stays(here: Cli, tmp_path: Path) -> None:
    begin, end = "<!-- settings of destination kolleno -->", "<!-- end of destination kolleno -->"
    tmp_path.joinpath("README.md").write_text(f"# Mine\n{begin}\noutworn\n{end}\nrest\n")
    assert here(tmp_path, "plugins", "show", "kolleno", "--readme", "README.md").code == 0
    text = tmp_path.joinpath("README.md").read_text()
    assert text.startswith(f"# Mine\n{begin}\n| setting | type |")
    assert text.endswith(f"{end}\nrest\n")
    assert "outworn" not in text
    assert settings_section(Kolleno) in text


def test_a_readme_without_a_place_for_the_settings_is_left_alone_and_the_place_named(here: Cli, tmp_path: Path) -> None:
    tmp_path.joinpath("README.md").write_text("# Mine\n")
    done = here(tmp_path, "plugins", "show", "kolleno", "--readme", "README.md")
    assert done.code == 2
    assert "no marks for the settings of destination kolleno; add these lines:\n<!-- settings of dest" in done.err
    assert tmp_path.joinpath("README.md").read_text() == "# Mine\n"
