"""The docs can't lie: every TOML block is a valid configuration, every command line one that arfeed takes."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest
import typer

from arfeed.cli.app import assemble
from arfeed.model.errors import ConfigError
from arfeed.plugins.config import read_project
from arfeed.plugins.toml_text import toml_value

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
OURS = sorted(point.name for point in entry_points(group="arfeed") if point.dist and point.dist.name == "arfeed")
ELSEWHERE = {"write-a-connector.md": "the tutorial is run word by word"}

DESTINATION = {"use": "kolleno", "mode": "open-ar", "url": "rehearsal://docs"}
SOURCE = {"use": "folder", "path": "erp.csv"}
PLACES: dict[str, dict[str, Any]] = {
    "[destination]": {"destination": DESTINATION},
    "[sources.NAME] of files": {"sources": {"erp": SOURCE}},
    "[sources.NAME] of a database": {"sources": {"erp": {"use": "sql", "url": "sqlite:///a.db", "query": "SELECT 1"}}},
    "[sources.NAME] of a preset": {"sources": {"erp": {"use": "sql", "url": "sqlite:///a.db", "preset": "odoo"}}},
}
"""Where lines without a table may have their place."""


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def blocks(page: Path, *languages: str) -> Iterator[str]:
    for indent, language, block in re.findall(r"^( *)```(\w*)\n(.*?)^ *```", text(page), re.MULTILINE | re.DOTALL):
        if language in languages:
            yield re.sub(rf"^{indent}", "", block, flags=re.MULTILINE)


def configurations() -> Iterator[Any]:
    for page in PAGES:
        for number, block in enumerate(blocks(page, "toml"), 1):
            # What is shared by feeds is half a configuration each, and tested together below.
            if page.name not in ELSEWHERE and "[project" not in block and not block.startswith("# feeds/"):
                yield pytest.param(block, id=f"{page.relative_to(ROOT)}-{number}")


@pytest.mark.parametrize("block", [*configurations()])
def test_every_configuration_is_valid(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in re.findall(r"\$\{(\w+)\}", block):
        monkeypatch.setenv(name, "postgresql://arfeed@db.example.com/erp" if name.endswith("URL") else "set")
    monkeypatch.setattr(
        "arfeed.plugins.config.look_up", lambda name: "postgresql://db/erp" if name.endswith("URL") else "x"
    )
    mistakes = {where: _mistakes(document, tmp_path) for where, document in _placed(tomllib.loads(block))}
    assert [] in mistakes.values(), mistakes


def test_a_feed_and_what_it_shares_are_valid_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAT_URL", "https://chat.example.com/hooks/abcdefgh")
    shown = [block for block in blocks(ROOT / "docs/operations.md", "toml") if block.startswith("# feeds/")]
    for block in shown:
        file = tmp_path / block.splitlines()[0].removeprefix("# ")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(block, encoding="utf-8")
    project = read_project(tmp_path / "feeds/acme/plugins.toml")
    assert len(shown) == 2
    assert project.destination.settings.private_key == (str(tmp_path / "feeds/keys/arfeed_ed25519"),)
    assert [notifier.notifier for notifier in project.notifiers] == ["chat"]


def _placed(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Complete what a block shows to whole files: as it stands, or where lines of it may have their place."""
    whole = {"plugins": OURS, "sources": {"erp": SOURCE}}
    whole |= {} if "destinations" in document else {"destination": DESTINATION}
    if "use" not in document.get("destination", ("use",)):  # a table below it, such as [destination.outcome]
        document = {**document, "destination": {**DESTINATION, **document["destination"]}}
    if document.keys() & {*whole, "destinations", "feed", "guards", "transforms", "notifiers", "schedule"}:
        plugins = sorted({*document.get("plugins", ()), *([] if document.keys() >= whole.keys() else OURS)})
        yield "as it stands", {**whole, **document, "plugins": plugins}
        return
    for where, place in PLACES.items():
        ((table, inner),) = place.items()
        filled = {"erp": {**inner["erp"], **document}} if table == "sources" else {**inner, **document}
        yield where, {**whole, table: filled}


def _mistakes(document: dict[str, Any], folder: Path) -> list[str]:
    file = folder / "plugins.toml"
    file.write_text("\n".join(f"{key} = {toml_value(value)}" for key, value in document.items()), encoding="utf-8")
    try:
        read_project(file)
    except ConfigError as exc:
        return [*exc.mistakes]
    return []


def command_lines() -> Iterator[Any]:
    for page in PAGES:
        if page.name == "CONTRIBUTING.md":  # its blocks draw the house
            continue
        shown = [line for block in blocks(page, "", "console", "sh") for line in block.splitlines()]
        spans = re.findall(r"`(arfeed [^`]+)`", text(page))
        lines = [found for line in [*shown, *spans] for found in _commands(line)]
        yield from (pytest.param(line, id=f"{page.name}: {line}") for line in dict.fromkeys(lines))


def _commands(line: str) -> Iterator[str]:
    """Yield the commands of arfeed in a line of a shell, without comments, prompts, folders and what follows them."""
    for part in re.split(r"&&|\|\||[;|>`(]|(?:^| )#", line.strip()):
        words = part.removeprefix("$ ").split(" ")
        while words and re.fullmatch(r"[A-Z_]+=\S*|\d|\*|[\d,*-]+|[34]\)", words[0] or "0"):
            words.pop(0)
        if len(words) > 1 and Path(words[0]).name == "arfeed" and not words[1].startswith("("):
            yield " ".join(["arfeed", *words[1:]]).strip()


@pytest.mark.parametrize("line", [*command_lines()])
def test_every_command_line_is_one_that_arfeed_takes(line: str) -> None:
    command: Any = typer.main.get_command(assemble())
    words = [word for word in shlex.split(line)[1:] if word not in ("…", "\\")]
    arguments = 0
    while words:
        word = words.pop(0)
        if word.startswith("-"):
            name, _, value = word.partition("=")
            option = next((each for each in command.params if name in (*each.opts, "--help")), None)
            assert option, f"{command.name} has no option {name}"
            if not (value or name == "--help" or getattr(option, "is_flag", False)) and words:
                words.pop(0)
        elif word in getattr(command, "commands", {}):
            command = command.commands[word]
        else:
            assert not getattr(command, "commands", {}), f"arfeed has no command {word}"
            arguments += 1
    takes = [each.nargs for each in command.params if each.param_type_name == "argument"]
    expected = sum(takes)
    assert -1 in takes or arguments <= expected, f"{command.name} takes {expected} arguments"


def test_every_commands_help_ends_with_an_example_that_it_takes() -> None:
    commands: dict[str, Any] = typer.main.get_command(assemble()).commands  # type: ignore[attr-defined]
    alone = {name: command for name, command in commands.items() if not getattr(command, "commands", {})}
    assert len(alone) > 10
    for name, command in alone.items():
        example = str(command.epilog).removeprefix("Example: ")
        assert example.startswith(f"arfeed {name}"), f"{name} has no example"
        test_every_command_line_is_one_that_arfeed_takes(example.partition(" > ")[0])


def test_there_are_command_lines_and_configurations() -> None:
    assert len([*command_lines()]) > 60
    assert len([*configurations()]) > 20


def test_every_page_is_in_the_table_of_contents() -> None:
    index = text(ROOT / "docs" / "index.md")
    pages = [page.relative_to(ROOT / "docs").with_suffix("").as_posix() for page in PAGES if "docs" in page.parts]
    listed = set(re.findall(r"^[\w/-]+$", index, re.MULTILINE)) | {"index"}
    assert [page for page in pages if page not in listed and not page.startswith("plugins/reference/")] == []


def test_no_page_of_the_site_links_outside_of_it() -> None:
    pages = [page for page in PAGES if "docs" in page.parts]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text(page))]
    outside = [
        f"{page.name}: {link}" for page, link in links if ROOT / "docs" not in (page.parent / link).resolve().parents
    ]
    assert outside == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_keys_are_made_by_one_command(page: Path) -> None:
    assert "ssh-keygen -t" not in text(page)
