"""The JSON Schema of plugins.toml: with it an editor completes keys, explains them and marks mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from arfeed.model.fields import json_schema
from arfeed.model.parts import Part, PartKind
from arfeed.model.settings import GuardSettings, Settings
from arfeed.plugins.feed import DESTINATION_NAME, BoardSettings, FeedSettings, ScheduleSettings

if TYPE_CHECKING:
    from arfeed.plugins.loading import Registry

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_VARIABLE: Schema = {"type": "string", "pattern": r"\$\{[^}]*\}", "description": "${NAME}: from the environment."}


def plugins_toml_schema(registry: Registry) -> Schema:
    """Return the schema of a feed that enables the registry's plugins; any that is installed may be named."""
    definitions: Schema = {}
    tables = {kind: _choice(definitions, kind, parts) for kind, parts in registry.parts.items()}
    plugins = {
        "type": "array",
        "items": {"enum": sorted({info.name for info in registry.installed if info.name})},
        "uniqueItems": True,
        "minItems": 1,
        "description": "The plugins this feed uses; only these are imported.",
    }
    return {
        "$schema": _DIALECT,
        "title": "plugins.toml",
        "description": "A feed of arfeed: many sources, one or several destinations.",
        "type": "object",
        "additionalProperties": False,
        "required": ["sources"],
        "anyOf": [
            {"required": ["plugins", "destination"]},
            {"required": ["plugins", "destinations"]},
            {"required": ["extends"]},
        ],
        "not": {"required": ["destination", "destinations"]},
        "properties": {
            "extends": {"type": "string", "minLength": 1, "description": "A file whose settings this feed shares."},
            "plugins": plugins,
            "feed": _table(definitions, "feed", FeedSettings),
            "sources": {"type": "object", "minProperties": 1, "additionalProperties": tables["connector"]},
            "transforms": {"type": "array", "items": tables["transform"]},
            "guards": _table(definitions, "guards", GuardSettings),
            "destination": tables["destination"],
            "destinations": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": f"^{DESTINATION_NAME}$"},
                "additionalProperties": tables["destination"],
            },
            "board": _table(definitions, "board", BoardSettings),
            "schedule": _table(definitions, "schedule", ScheduleSettings),
            "notifiers": {"type": "object", "additionalProperties": tables["notifier"]},
        },
        "$defs": definitions,
    }


def _choice(definitions: Schema, kind: PartKind, parts: Mapping[str, Part]) -> Schema:
    """Return a table of any of these parts, which `use` distinguishes."""
    choices = [_table(definitions, f"{kind}-{name}", part.Settings, use=name) for name, part in sorted(parts.items())]
    table = {"type": "object", "required": ["use"], "properties": {"use": {"enum": sorted(parts)}}}
    # `oneOf` and not `if` with `then`: editors complete keys only below the former.
    return choices[0] if len(choices) == 1 else {**table, "oneOf": choices} if choices else table


def _table(definitions: Schema, name: str, model: type[Settings], use: str | None = None) -> Schema:
    """Define the settings of a model as a table, with what may come from the environment, and refer to it."""
    template = f"#/$defs/{name}-{{model}}"
    table = json_schema(model, template)
    for inner, definition in table.pop("$defs", {}).items():
        # Prefixed, since two parts may have models of one name.
        definitions[f"{name}-{inner}"] = definition
    properties = {key: _or_variable(field) for key, field in table.get("properties", {}).items()}
    if use is not None:
        properties = {"use": {"const": use, "description": table.get("description", "")}, **properties}
        table["required"] = ["use", *table.get("required", [])]
    definitions[name] = {**table, "properties": properties}
    return {"$ref": f"#/$defs/{name}"}


def _or_variable(field: Schema) -> Schema:
    """Return a field that may also be written as ${NAME}, and never as null, which TOML does not have."""
    kept = {key: field[key] for key in ("title", "description", "default", "examples") if field.get(key) is not None}
    bare = {key: value for key, value in field.items() if key not in (*kept, "default", "anyOf")}
    choices = [each for each in field.get("anyOf", [bare]) if each.get("type") != "null"]
    # A field that takes any text takes a reference already.
    plain = any(each.get("type") == "string" and not each.keys() & {"enum", "pattern", "const"} for each in choices)
    return {**kept, "anyOf": choices if plain else [*choices, _VARIABLE]}
