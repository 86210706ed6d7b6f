"""`arfeed schema`: an editor knows every key, and marks what arfeed would refuse."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from support.feeds.command import run, write

ROOT = Path(__file__).parents[2]
DEMO = ROOT.joinpath("plugins.toml").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    done = run(ROOT, "schema")
    assert done.code == 0, done.err
    return dict(done.json())


def mistakes(schema: dict[str, Any], toml: str) -> list[str]:
    found = Draft202012Validator(schema).iter_errors(tomllib.loads(toml))
    return [error.json_path for error in found]


def parts(schema: Any) -> Iterator[dict[str, Any]]:
    """Every object within a schema, itself first."""
    if isinstance(schema, dict):
        yield schema
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from parts(part)


def test_it_is_a_json_schema(schema: dict[str, Any]) -> None:
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]
    assert {*schema["properties"]} == {
        "extends", "plugins", "feed", "sources", "transforms", "guards", "destination", "destinations", "notifiers",
        "board", "schedule",
    }  # fmt: skip
    # The meta-schema takes a reference to nothing and a keyword that nobody knows.
    referred = {part["$ref"].removeprefix("#/$defs/") for part in parts(schema) if "$ref" in part}
    assert referred == {*schema["$defs"]}
    assert [name for name, table in schema["$defs"].items() if "additionalProperties" not in table] == []
    assert schema["additionalProperties"] is False


def test_the_demo_has_no_mistakes(schema: dict[str, Any]) -> None:
    assert mistakes(schema, DEMO) == []


@pytest.mark.parametrize(
    ("right", "wrong", "where"),
    [
        ('use = "xero"', 'use = "xreo"', "$.sources"),
        ('files = "newest"', 'files = "latest"', "$.sources"),
        ('dates = "DMY"', 'date = "DMY"', "$.sources"),
        ('mode = "open-ar"', "", "$.destination"),
        ('"transforms", "kolleno"', '"transforms", "kollen"', "$.plugins[3]"),
        ("[feed]", "[feeds]", "$"),
        ("[feed]", "[guards]\nmissing_share = 2\n[feed]", "$.guards"),
        ('name = "larkfield"', "lock_seconds = 0", "$.feed"),
    ],
    ids=["connector", "value", "key", "missing key", "plugin", "table", "too large", "too small"],
)
def test_a_mistake_is_marked_where_it_is(schema: dict[str, Any], right: str, wrong: str, where: str) -> None:
    assert right in DEMO
    assert any(path.startswith(where) for path in mistakes(schema, DEMO.replace(right, wrong, 1)))


@pytest.mark.parametrize(
    ("table", "where"),
    [
        ('use = "webhook"\nurl = "${HOOK}"\non = ["refused"]', []),
        ('use = "mail"\nhost = "smtp.example.com"\nsender = "a@example.com"\nto = ["b@example.com"]', []),
        ('use = "webhook"\nurl = "${HOOK}"\non = ["shipped"]', ["$.notifiers.ops"]),
        ('use = "pigeon"', ["$.notifiers.ops"]),
    ],
    ids=["webhook", "mail", "ending", "name"],
)
def test_notifiers_are_known(tmp_path: Path, table: str, where: list[str]) -> None:
    demo = DEMO.replace('"kolleno"]', '"kolleno", "notify"]')
    toml = f"{demo}\n[notifiers.ops]\n{table}\n"
    write(tmp_path, toml)
    assert sorted({path.removesuffix(".use") for path in mistakes(run(tmp_path, "schema").json(), toml)}) == where


@pytest.mark.parametrize("line", ['max_age = "3 days"', 'allow_empty = "${EMPTY}"', 'currency = "${CURRENCY}"'])
def test_what_arfeed_takes_an_editor_takes(schema: dict[str, Any], line: str) -> None:
    assert mistakes(schema, DEMO.replace('dates = "DMY"', f'dates = "DMY"\n{line}', 1)) == []


def test_several_destinations_take_the_place_of_one(schema: dict[str, Any]) -> None:
    document = tomllib.loads(DEMO)
    one = document.pop("destination")
    validator = Draft202012Validator(schema)
    assert validator.is_valid({**document, "destinations": {"a": one, "b-2": {**one, "url": "file:///tmp/b"}}})
    assert not validator.is_valid({**document, "destinations": {"a": {**one, "urn": "x"}}})
    assert not validator.is_valid({**document, "destinations": {"a b": one}})
    assert not validator.is_valid({**document, "destinations": {}})
    assert not validator.is_valid({**document, "destination": one, "destinations": {"a": one}})
    assert not validator.is_valid(document)


def test_a_broken_plugin_is_left_out_and_named(tmp_path: Path) -> None:
    from support.plugins.strangers import install

    write(tmp_path, 'plugins = ["mine", "xero"]')
    done = run(tmp_path, "schema", path=install(tmp_path / "site", "mine", "1 / 0"))
    assert done.code == 0
    assert "left out: plugin mine (arfeed-mine 1.2): cannot be imported: ZeroDivisionError" in done.err
    assert "connector-xero" in json.loads(done.out)["$defs"]
