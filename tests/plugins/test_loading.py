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

from arfeed.plugins.loading import load
from arfeed.plugins.reference import example, parts_of
from arfeed.testing import Outcome
from arfeed.testing.commands import run_command
from support.feeds.command import Cli, run, write
from support.plugins.strangers import install

Listed = Callable[..., dict[str, Any]]
Planned = Callable[..., Outcome]

OURS = sorted(point.name for point in entry_points(group="arfeed") if point.dist and point.dist.name == "arfeed")
GOOD = """
from arfeed import Complete, Connector, hookimpl
ARFEED_CONTRACT = 1
class Shop(Connector):
    name = "shop"
    def invoices(self):
        yield None
        return Complete()
@hookimpl
def arfeed_connectors():
    return [Shop]
"""
BROKEN = {
    "no contract": ("x = 1", "states no ARFEED_CONTRACT; this arfeed has contracts 1 and 2"),
    "a contract that only looks like one": (
        "ARFEED_CONTRACT = True",
        "is written for plugin contract True; this arfeed has contracts 1 and 2",
    ),
    "another contract": ("ARFEED_CONTRACT = 3", "is written for plugin contract 3; this arfeed has contracts 1 and 2"),
    "import error": ("import no_such", "cannot be imported: ModuleNotFoundError: No module named 'no_such'"),
    "syntax error": ("def", "cannot be imported: SyntaxError: "),
    "cancels": ("import asyncio\nraise asyncio.CancelledError", "cannot be imported: CancelledError:"),
    "settings that are none": (
        "import arfeed\nARFEED_CONTRACT = 1\n\n"
        "class Shop(arfeed.Connector):\n    name = 'shop'\n    Settings = None\n    def invoices(self): ...\n\n"
        "@arfeed.hookimpl\ndef arfeed_connectors():\n    return [Shop]\n",
        "Shop.Settings is not a subclass of arfeed.SourceSettings",
    ),
    "exits": ("raise SystemExit(7)", "cannot be imported: SystemExit: 7"),
    "unknown hook": (
        GOOD + "@hookimpl\ndef arfeed_reviev(plan): ...\n",
        "has a hook that does not fit the contract: unknown hook 'arfeed_reviev'",
    ),
    "unknown optional hook": (
        GOOD + "@hookimpl(optionalhook=True)\ndef arfeed_reviews(plan): ...\n",
        "unknown hook 'arfeed_reviews'; there are arfeed_connectors, arfeed_transforms, ",
    ),
    "unknown optional hook by another name": (
        GOOD + "@hookimpl(optionalhook=True, specname='arfeed_reviews')\ndef rule(plan): ...\n",
        "unknown hook 'arfeed_reviews'; there are",
    ),
    **{
        f"a {option}": (
            GOOD + f"@hookimpl({option}=True)\ndef arfeed_review(plan): yield\n",
            f"its hook arfeed_review is a wrapper, which arfeed never calls; leave out {option}=True",
        )
        for option in ("wrapper", "hookwrapper")
    },
    **{
        f"a setting that is arfeed's, {how}": (
            GOOD.replace(
                "    def invoices", f"    class Settings(arfeed.SourceSettings):\n        {line}\n    def invoices"
            ).replace("from arfeed", "import arfeed\nfrom arfeed", 1),
            f"Shop.Settings redeclares {name!r}, a setting of arfeed that plugins.toml sets; leave it out",
        )
        for how, name, line in (
            ("switched on", "absent_means_paid", "absent_means_paid: bool = True"),
            ("allowed", "allow_empty", "allow_empty: bool = True"),
            ("of one value", "allow_empty", "allow_empty: __import__('typing').Literal[True] = True"),
            ("a constant", "allow_empty", "allow_empty: __import__('typing').ClassVar[bool] = True"),
            ("a property", "absent_means_paid", "absent_means_paid = property(lambda self: True)"),
        )
    },
    "wrong arguments": (
        GOOD + "@hookimpl\ndef arfeed_review(plan, application): ...\n",
        "has a hook that does not fit the contract: ",
    ),
    "unmarked hook": (
        GOOD + "def arfeed_review(plan): ...\n",
        "its function arfeed_review is not marked as a hook; put @arfeed.hookimpl above it",
    ),
    "no class": (GOOD.replace("[Shop]", "[Shop('a', None)]"), "not a named subclass of arfeed.Connector"),
    "no list": (GOOD.replace("return [Shop]", "pass"), "arfeed_connectors() returned None; return a list of classes"),
    "nameless": (GOOD.replace('    name = "shop"', "    pass"), "not a named subclass of arfeed.Connector"),
    "another kind": (GOOD.replace("arfeed_connectors", "arfeed_transforms"), "not a named subclass of arfeed.Trans"),
    "hook raises": (GOOD.replace("return [Shop]", "1 / 0"), "ZeroDivisionError: division by zero"),
    "twins": (
        GOOD.replace("return [Shop]", "return [Shop, type('Shop2', (Shop,), {})]"),
        "its classes Shop and Shop2 are both",
    ),
    "no invoices": (GOOD.replace("def invoices", "def invoice"), "Shop has no invoices(); write def invoices(self)"),
    "invoices that are no method": (
        GOOD.replace("def invoices", "invoices = None\n    def other"),
        "Shop has no invoices(); write def invoices(self)",
    ),
    "async invoices": (
        GOOD.replace("def invoices", "async def invoices").replace("return Complete()", "return"),
        "Shop.invoices is async, and arfeed would never await it; write a plain def",
    ),
    "other arguments": (
        GOOD.replace("invoices(self)", "invoices(self, since)"),
        "Shop.invoices(self, since) does not fit; write def invoices(self)",
    ),
    "another beginning": (
        GOOD + "Shop.__init__ = lambda self, settings: None\n",
        "Shop.__init__(self, settings) does not fit; write def __init__(self, source, settings)",
    ),
    "no apply": (
        "from arfeed import Transform, hookimpl\nARFEED_CONTRACT = 1\nclass Tidy(Transform):\n    name = 'tidy'\n"
        "@hookimpl\ndef arfeed_transforms(): return [Tidy]\n",
        "Tidy has no apply(); write def apply(self, invoices)",
    ),
    "half a destination": (
        "from arfeed import Destination, hookimpl\nARFEED_CONTRACT = 1\nclass Out(Destination):\n    name = 'out'\n"
        "    def report(self, invoices): return invoices\n"
        "    def is_report(self, name): return True\n    def report_name(self, at): return 'a'\n"
        "    def document_name(self, ref): return ref\n"
        "@hookimpl\ndef arfeed_destinations(): return [Out]\n",
        "Out has no read_report(); write def read_report(self, file)",
    ),
    "async hook": (
        GOOD + "@hookimpl\nasync def arfeed_review(plan): return []\n",
        "arfeed_review is async, and arfeed would never await it; write a plain def",
    ),
    "hook that is no function": (GOOD + "arfeed_review = print\n", "arfeed_review is not marked as a hook"),
    **{
        f"a name with {what}": (GOOD.replace('"shop"', repr(name)), f"Shop is called {name!r}; ")
        for what, name in {"colour": "\x1b[31mshop", "a line": "shop\n", "a blank": "my shop"}.items()
    },
    "a blank name": (GOOD.replace('"shop"', "''"), "Shop is called ''; write letters, digits, dots, hyphens and"),
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
def here() -> Cli:
    return run_command


@pytest.fixture
def listed(here: Cli, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """What `arfeed plugins list` says where these are enabled, by name."""

    def listed(*enabled: str) -> dict[str, Any]:
        write(tmp_path, f"plugins = {[*enabled]}")
        done = here(tmp_path, "plugins", "list", "--json")
        assert done.code == 0, done.err
        return {plugin["name"]: plugin for plugin in done.json()}

    return listed


@pytest.fixture
def planned(here: Cli, tmp_path: Path) -> Callable[..., Outcome]:
    """How `arfeed plan` ends where these are enabled."""

    def planned(*enabled: str) -> Outcome:
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


def test_two_strangers_of_one_plugin_name_are_both_broken_and_named(here: Cli, tmp_path: Path, site: Path) -> None:
    install(site, "mine", GOOD, distribution="first", module="first")
    install(site, "mine", GOOD, distribution="second", module="second")
    write(tmp_path, "plugins = ['mine']")
    plugins = here(tmp_path, "plugins", "list", "--json").json()
    assert {plugin["distribution"]: plugin["broken"] for plugin in plugins if plugin["name"] == "mine"} == {
        "first": "its name 'mine' is also that of plugin mine (second 1.2); keep one of them",
        "second": "its name 'mine' is also that of plugin mine (first 1.2); keep one of them",
    }


def test_two_strangers_of_one_connector_are_both_broken_and_named(planned: Planned, listed: Listed, site: Path) -> None:
    install(site, "mine", GOOD)
    install(site, "yours", GOOD)
    plugins, said = listed("mine", "yours"), "its connector 'shop' is also that of arfeed_{0}.Shop of plugin {0} "
    for one, other in (("mine", "yours"), ("yours", "mine")):
        assert plugins[one]["broken"].startswith(said.format(other) + f"(arfeed-{other} 1.2); keep one")
        assert plugins[one]["provides"] == []
    assert planned("mine", "yours").code == 2


@pytest.mark.parametrize("name", ["aardvark", "zebra"])
def test_who_takes_the_name_of_a_built_in_connector_is_refused_not_ours(
    planned: Planned, listed: Listed, site: Path, name: str
) -> None:
    install(site, name, GOOD.replace('"shop"', '"xero"'))
    plugins = listed(name, "xero")
    assert plugins["xero"]["broken"] is None
    said = "its connector 'xero' is also that of arfeed_connectors.xero.Xero of plugin xero (arfeed "
    assert plugins[name]["broken"].startswith(said)
    done = planned(name, "xero")
    assert done.code == 2
    assert f"plugin {name} (arfeed-{name} 1.2): {said}" in done.err


def test_who_takes_the_name_of_a_built_in_plugin_is_refused_and_never_imported(
    here: Cli, planned: Planned, tmp_path: Path, site: Path
) -> None:
    install(site, "xero", "raise RuntimeError('never')", distribution="evil", module="evil")
    done = planned("xero")
    assert done.code == 2
    assert "plugin xero (evil 1.2): its name 'xero' is also that of plugin xero (arfeed " in done.err
    plugins = here(tmp_path, "plugins", "list", "--json").json()
    both = {plugin["distribution"]: plugin for plugin in plugins if plugin["name"] == "xero"}
    assert both["arfeed"]["broken"] is None
    assert "arfeed_connectors" not in both["evil"]["broken"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("mine = arfeed-mine", "its entry point 'arfeed-mine' names no module; write mine = \"your_module\""),
        ("mine = arfeed_mine:plugin", "its entry point 'arfeed_mine:plugin' names no module; "),
        ("mine =", "its entry point '' names no module; "),
        ("mine = arfeed_mine.sub", "cannot be imported: ModuleNotFoundError: No module named 'arfeed_mine.sub'"),
    ],
)
def test_an_entry_point_that_leads_to_no_module_is_named(listed: Listed, site: Path, line: str, why: str) -> None:
    install(site, "mine", GOOD)
    site.joinpath("arfeed_mine-1.2.dist-info", "entry_points.txt").write_text(f"[arfeed]\n{line}\n")
    plugin = listed("mine")["mine"]
    assert plugin["broken"].startswith(why)
    assert (plugin["distribution"], plugin["version"]) == ("arfeed-mine", "1.2")


def test_what_strangers_write_cannot_command_a_terminal(here: Cli, tmp_path: Path, site: Path) -> None:
    install(site, "mine", "raise ValueError('\\x1b[2J\\n\\x07gone')")
    site.joinpath("arfeed_mine-1.2.dist-info", "entry_points.txt").write_text("[arfeed]\nmi\x1b[1mne = arfeed_mine\n")
    install(site, "yours", "raise ValueError('\\x1b[2J\\n\\x07gone')")
    write(tmp_path, 'plugins = ["yours", "mi\\u001b[1mne"]')
    done = here(tmp_path, "plugins", "list")
    assert "✗ yours (arfeed-yours 1.2): cannot be imported: ValueError: \\x1b[2J \\x07gone" in done.out
    assert "mi\\x1b[1mne" in done.out
    assert not {"\x1b", "\x07"} & {*done.out, *done.err, *here(tmp_path, "plan").err}


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
        # Of sql's settings some exclude each other, of Billtrust's and table's some need another one.
        for line in given if plugin in ("sql", "billtrust", "table") else lines:
            table = tomllib.loads("\n".join(dict.fromkeys([*given, line.removeprefix("# ")])))
            assert part.Settings.model_validate(table)


def test_the_settings_are_shown_with_type_default_and_meaning(tmp_path: Path) -> None:
    shown = run(tmp_path, "plugins", "show", "kolleno").out
    modes = r"^mode +\"open-ar\" or \"connector\" +required +\"open-ar\": the report lists"
    assert re.search(modes, shown, re.MULTILINE)
    assert re.search(r"^publish +\"rename\" or \"direct\" +\"rename\" +Upload under", shown, re.MULTILINE)
    assert '[destination]\nuse = "kolleno"\n' in shown


def test_a_plugin_that_is_not_installed_is_answered_with_a_close_match(tmp_path: Path) -> None:
    done = run(tmp_path, "plugins", "show", "kollen")
    assert (done.code, done.out) == (2, "")
    assert "there is no plugin 'kollen' installed; did you mean 'kolleno'?" in done.err
