"""Plugins are found, and only the enabled ones imported; whatever is wrong with one is said by its name."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

from arfeed.plugins import load
from arfeed.reference import example, parts_of
from feeds import Done, Here, run, write
from strangers import install

Listed = Callable[..., dict[str, Any]]
Planned = Callable[..., Done]

OURS = sorted(point.name for point in entry_points(group="arfeed") if point.dist and point.dist.name == "arfeed")
GOOD = """
from arfeed import Complete, Connector, hookimpl
ARFEED_CONTRACT = 1
class Shop(Connector):
    name = "shop"
@hookimpl
def arfeed_connectors():
    return [Shop]
"""
BROKEN = {
    "no contract": ("x = 1", "states no ARFEED_CONTRACT; this arfeed speaks contract 1"),
    "another contract": ("ARFEED_CONTRACT = 2", "is written for plugin contract 2; this arfeed speaks contract 1"),
    "import error": ("import no_such", "cannot be imported: ModuleNotFoundError: No module named 'no_such'"),
    "syntax error": ("def", "cannot be imported: SyntaxError: "),
    "cancels": ("import asyncio\nraise asyncio.CancelledError", "cannot be imported: CancelledError: "),
    "settings that are none": (
        "import arfeed\nARFEED_CONTRACT = 1\n\n"
        "class Shop(arfeed.Connector):\n    name = 'shop'\n    Settings = None\n\n"
        "@arfeed.hookimpl\ndef arfeed_connectors():\n    return [Shop]\n",
        "Shop.Settings is no subclass of arfeed.SourceSettings",
    ),
    "exits": ("raise SystemExit(7)", "cannot be imported: SystemExit: 7"),
    "unknown hook": (
        GOOD + "@hookimpl\ndef arfeed_reviev(plan): ...\n",
        "has a hook that does not fit the contract: unknown hook 'arfeed_reviev'",
    ),
    "wrong arguments": (
        GOOD + "@hookimpl\ndef arfeed_review(plan, application): ...\n",
        "has a hook that does not fit the contract: ",
    ),
    "unmarked hook": (
        GOOD + "def arfeed_review(plan): ...\n",
        "its function arfeed_review is not marked as a hook; put @arfeed.hookimpl above it",
    ),
    "no class": (GOOD.replace("[Shop]", "[Shop('a', None)]"), "which is no named subclass of arfeed.Connector"),
    "nameless": (GOOD.replace('    name = "shop"', "    pass"), "which is no named subclass of arfeed.Connector"),
    "another kind": (GOOD.replace("arfeed_connectors", "arfeed_transforms"), "no named subclass of arfeed.Transform"),
    "hook raises": (GOOD.replace("return [Shop]", "1 / 0"), "ZeroDivisionError: division by zero"),
    "twins": (
        GOOD.replace("return [Shop]", "return [Shop, type('Shop2', (Shop,), {})]"),
        "its classes Shop and Shop2 are both",
    ),
}  # fmt: skip


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where strangers' plugins are installed; what is imported from there is forgotten again."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    yield tmp_path / "site"
    for name, module in [*sys.modules.items()]:
        if str(getattr(module, "__file__", None) or "").startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Here:
    return Here(monkeypatch, capsys)


@pytest.fixture
def listed(here: Here, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What `arfeed plugins list` says where these are enabled, by name."""

    def listed(*enabled: str) -> dict[str, Any]:
        write(tmp_path, f"plugins = {[*enabled]}")
        done = here(tmp_path, "plugins", "list", "--json")
        assert done.code == 0, done.err
        return {plugin["name"]: plugin for plugin in done.json()}

    return listed


@pytest.fixture
def planned(here: Here, tmp_path: Path) -> Callable[..., Done]:
    """How `arfeed plan` ends where these are enabled."""

    def planned(*enabled: str) -> Done:
        write(tmp_path, f"plugins = {[*enabled]}\n[sources.a]\nuse = 'shop'\n[destination]\nuse = 'kolleno'\n")
        return here(tmp_path, "plan")

    return planned


def test_the_built_in_plugins_are_installed_like_any_other(listed: Listed) -> None:
    plugins = listed("xero")
    assert {"xero", "folder", "transforms", "kolleno"} <= set(plugins)
    assert plugins["xero"]["provides"] == ["connector xero"]
    assert (plugins["xero"]["distribution"], plugins["xero"]["enabled"]) == ("arfeed", True)


def test_a_plugin_that_is_not_enabled_is_listed_and_never_imported(listed: Listed, tmp_path: Path, site: Path) -> None:
    install(site, "mine", f"import pathlib\npathlib.Path({str(tmp_path / 'imported')!r}).touch()\n{GOOD}")
    plugins = listed("xero")
    assert plugins["mine"]["enabled"] is False
    assert plugins["mine"]["broken"] is None
    assert not tmp_path.joinpath("imported").exists()
    listed("mine")
    assert tmp_path.joinpath("imported").exists()


@pytest.mark.parametrize(("source", "why"), [*BROKEN.values()], ids=[*BROKEN])
def test_a_broken_plugin_is_named_with_its_distribution_and_the_others_are_listed(
    listed: Listed, site: Path, source: str, why: str
) -> None:
    install(site, "mine", source)
    plugins = listed("mine", "xero")
    assert why in plugins["mine"]["broken"]
    assert (plugins["mine"]["distribution"], plugins["mine"]["version"]) == ("arfeed-mine", "1.2")
    assert plugins["xero"]["provides"] == ["connector xero"]


@pytest.mark.parametrize("mistake", ["no contract", "import error", "unmarked hook"])
def test_a_broken_plugin_that_the_feed_enables_is_fatal(planned: Planned, site: Path, mistake: str) -> None:
    source, why = BROKEN[mistake]
    install(site, "mine", source)
    done = planned("mine")
    assert (done.code, done.out) == (2, "")
    assert f"plugins.toml: plugins: plugin mine (arfeed-mine 1.2): {why}" in done.err


def test_all_broken_plugins_are_told_at_once(planned: Planned, site: Path) -> None:
    install(site, "mine", "import no_such_library")
    install(site, "yours", "x = 1")
    done = planned("mine", "yours", "xerox")
    assert "plugin mine (arfeed-mine 1.2): cannot be imported" in done.err
    assert "plugin yours (arfeed-yours 1.2): states no ARFEED_CONTRACT" in done.err
    assert "there is no plugin 'xerox' installed; did you mean 'xero'?" in done.err


def test_two_distributions_that_offer_one_plugin_are_both_named(listed: Listed, site: Path) -> None:
    install(site, "mine", GOOD, distribution="first", module="first")
    install(site, "mine", GOOD, distribution="second", module="second")
    broken = listed("mine")["mine"]["broken"]
    assert "two distributions offer it: " in broken
    assert "first 1.2" in broken
    assert "second 1.2" in broken


def test_two_plugins_that_offer_one_connector_are_both_named(planned: Planned, listed: Listed, site: Path) -> None:
    install(site, "mine", GOOD)
    install(site, "yours", GOOD)
    plugins = listed("mine", "yours")
    assert plugins["yours"]["broken"] == (
        "its connector 'shop' is also offered by arfeed_mine.Shop of plugin mine (arfeed-mine 1.2); "
        "enable one of the two"
    )
    assert planned("mine", "yours").code == 2


def test_a_stranger_may_not_take_the_name_of_ours_silently(listed: Listed, site: Path) -> None:
    install(site, "mine", GOOD.replace('"shop"', '"xero"'))
    plugins = listed("mine", "xero")
    assert "also offered by arfeed_mine.Shop of plugin mine (arfeed-mine 1.2)" in plugins["xero"]["broken"]


def test_a_broken_plugin_offers_nothing(listed: Listed, site: Path) -> None:
    install(site, "mine", GOOD + "@hookimpl\ndef arfeed_reviev(plan): ...\n")
    assert listed("mine")["mine"]["provides"] == []


def test_the_settings_of_a_plugin_are_shown(tmp_path: Path) -> None:
    schemas = run(tmp_path, "plugins", "show", "kolleno", "--json").json()
    assert "mode" in schemas["destination kolleno"]["required"]
    shown = run(tmp_path, "plugins", "show", "xero")
    assert 'use = "xero"' in shown.out
    assert "columns" in shown.out


@pytest.mark.parametrize("plugin", OURS)
def test_every_line_of_an_example_is_valid(plugin: str) -> None:
    registry = load([plugin])
    for kind, part in parts_of(registry, registry.infos[plugin]):
        lines = example(kind, part).splitlines()[2:]
        given = [line for line in lines if not line.startswith("# ")]
        for line in given if plugin == "sql" else lines:  # of sql's settings some exclude each other
            table = tomllib.loads("\n".join(dict.fromkeys([*given, line.removeprefix("# ")])))
            assert part.Settings.model_validate(table)


def test_the_settings_are_shown_with_type_default_and_meaning(tmp_path: Path) -> None:
    shown = run(tmp_path, "plugins", "show", "kolleno").out
    assert re.search(r"^mode +\"open-ar\" +required +\"open-ar\": the report lists", shown, re.MULTILINE)
    assert re.search(r"^publish +\"rename\" or \"direct\" +\"rename\" +Upload under", shown, re.MULTILINE)
    assert '[destination]\nuse = "kolleno"\n' in shown


def test_a_plugin_that_is_not_installed_is_answered_with_a_close_match(tmp_path: Path) -> None:
    done = run(tmp_path, "plugins", "show", "kollen")
    assert (done.code, done.out) == (2, "")
    assert "there is no plugin 'kollen' installed; did you mean 'kolleno'?" in done.err
