"""Describe settings from their pydantic models: as tables, an example for plugins.toml, pages for the docs."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from arfeed.model.errors import ConfigError
from arfeed.model.fields import json_schema
from arfeed.model.parts import PARTS, Part, PartKind
from arfeed.plugins.loading import PluginInfo, Registry

_HEADS: Mapping[PartKind, str] = {
    "connector": "[sources.{name}]",
    "transform": "[[transforms]]",
    "destination": "[destination]",
    "notifier": "[notifiers.{name}]",
}
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")

JsonSchema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting in words. `default` and `example` are written as in TOML; `default` is blank if there is none."""

    name: str
    type: str
    default: str
    required: bool
    meaning: str
    example: str


def settings_in_words(part: Part) -> list[Setting]:
    """Return the settings of a part, the required ones first."""
    schema = json_schema(part.Settings)
    described = _describe(schema, schema)
    # Some parts take any key, such as a transform whose keys are columns; they are described once.
    others = schema.get("additionalProperties")
    if isinstance(others, dict):
        # The description of the whole model, since there is no field to describe.
        meaning = schema.get("description", "")
        described.append(Setting("any other name", _type(others, schema), "", False, meaning, ""))
    return sorted(described, key=lambda setting: not setting.required)


def _describe(table: JsonSchema, schema: JsonSchema) -> list[Setting]:
    """Return the settings of a table, which may be nested in another one."""
    return [
        Setting(
            name=name,
            type=_type(field, schema),
            default=toml_value(field["default"]) if field.get("default") is not None else "",
            required=name in table.get("required", []),
            meaning=field.get("description", ""),
            example=toml_value(_example(name, field)),
        )
        for name, field in table.get("properties", {}).items()
    ]


def _nested_settings(part: Part) -> Iterator[Setting]:
    """Yield the settings of the tables within a part's own, such as `control_account.path`."""
    schema = json_schema(part.Settings)
    for name, field in schema.get("properties", {}).items():
        # An optional table is an `anyOf` of the table and null.
        for each in (field, *field.get("anyOf", ())):
            table = schema.get("$defs", {}).get(str(each.get("$ref", "")).rpartition("/")[2], {})
            for setting in _describe(table, schema):
                yield replace(setting, name=f"{name}.{setting.name}")


def example(kind: PartKind, part: Part) -> str:
    """Return a table of plugins.toml that is valid as it is; optional settings are commented out.

    A value is the field's first `examples`, or its default; if several settings must agree, the model's own
    `json_schema_extra={"examples": [{…}]}` states which are given.
    """
    chosen: Mapping[str, object] = json_schema(part.Settings).get("examples", [{}])[0]
    lines = [_HEADS[kind].format(name=part.name), f"use = {toml_value(part.name)}"]
    lines += [f"{toml_key(name)} = {toml_value(value)}" for name, value in chosen.items()]
    for setting in settings_in_words(part):
        if setting.name not in chosen and setting.example:
            lines.append(f"{'' if setting.required else '# '}{toml_key(setting.name)} = {setting.example}")
    return "\n".join(lines) + "\n"


def parts_of(registry: Registry, info: PluginInfo) -> Iterator[tuple[PartKind, Part]]:
    """Yield what a plugin provides."""
    for kind, parts in registry.parts.items():
        yield from ((kind, part) for name, part in parts.items() if f"{kind} {name}" in info.provides)


def page(registry: Registry, info: PluginInfo) -> str:
    """Return the plugin's page for the docs, in Markdown."""
    head = [f"# {info.name}", f'Enabled with `plugins = ["{info.name}"]`; from the distribution `{info.distribution}`.']
    hooks = [f"It implements {', '.join(f'`{hook}`' for hook in info.hooks)}."]
    parts = [section(kind, part) for kind, part in parts_of(registry, info)]
    return "\n\n".join([*head, *hooks, *parts]) + "\n"


def section(kind: PartKind, part: Part) -> str:
    """Return what a part is, its settings as a table and an example, in Markdown."""
    summary = (part.__doc__ or "").strip().partition("\n\n")[0]
    return "\n\n".join([f"## {kind} `{part.name}`", summary, _settings(kind, part)])


def settings_section(part: Part) -> str:
    """Return the settings of a part as a table and an example, in Markdown, as `plugins show --readme` writes them."""
    return _settings(next(kind for kind, base in PARTS.items() if issubclass(part, base)), part)


def readme_block(kind: PartKind, part: Part) -> str:
    """Return the settings of a part between the marks by which `renew_readme` finds them again."""
    begin, end = _marks(kind, part)
    return f"{begin}\n{_settings(kind, part)}\n{end}"


def renew_readme(readme: str, kind: PartKind, part: Part) -> str:
    """Return a README with a part's settings as they are now. Raise `ConfigError` if it has no marks for them."""
    begin, end = _marks(kind, part)
    # By marks and not by headings, which the author may reword; both must be there, or the rest of the file would be
    # lost.
    before, found, rest = readme.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ConfigError(f"it has no marks for the settings of {kind} {part.name}; add these lines:\n{begin}\n{end}")
    return before + readme_block(kind, part) + after


def _marks(kind: PartKind, part: Part) -> tuple[str, str]:
    return f"<!-- settings of {kind} {part.name} -->", f"<!-- end of {kind} {part.name} -->"


def _settings(kind: PartKind, part: Part) -> str:
    return f"{_table(part)}\n\n```toml\n{example(kind, part)}```"


def _table(part: Part) -> str:
    rows = [
        (f"`{item.name}`", item.type, "required" if item.required else _code(item.default), item.meaning)
        for item in (*settings_in_words(part), *_nested_settings(part))
    ]
    return "\n".join(_row(row) for row in [("setting", "type", "default", "meaning"), ("---",) * 4, *rows])


def _row(cells: Sequence[str]) -> str:
    # A bar would begin another cell, even in code.
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _code(text: str) -> str:
    return f"`{text}`" if text else ""


def _type(field: JsonSchema, schema: JsonSchema) -> str:
    if "$ref" in field:
        return _type(schema["$defs"][field["$ref"].rpartition("/")[2]], schema)
    if "anyOf" in field:
        return " or ".join(_type(each, schema) for each in field["anyOf"] if each.get("type") != "null")
    if "const" in field:
        return toml_value(field["const"])
    if "enum" in field:
        return " or ".join(map(toml_value, field["enum"]))
    if field.get("type") == "array":
        return f"list of {_type(field.get('items', {}), schema)}"
    if field.get("type") == "object":
        values = field.get("additionalProperties")
        return f"table of {_type(values, schema)}" if isinstance(values, dict) else "table"
    return "secret text" if field.get("writeOnly") else _WORDS.get(str(field.get("type")), "value")


def _example(name: str, field: JsonSchema) -> object:
    choices = [field, *(each for each in field.get("anyOf", ()) if each.get("type") != "null")]
    # A secret's example is a reference, so that nobody learns to write passwords into the file.
    if "examples" not in field and any(each.get("writeOnly") for each in choices):
        return f"${{{name.upper()}}}"
    for each in choices:
        for key in ("examples", "const", "enum", "default"):
            # From the most helpful one down: an author's example, then the only value, one of several, and the
            # default.
            if each.get(key) is not None:
                return each[key] if key in ("const", "default") else each[key][0]
    empty = {"array": [], "object": {}, "boolean": False, "integer": 1, "number": 1}
    return next((empty[each["type"]] for each in choices if each.get("type") in empty), name)


def toml_value(value: object) -> str:
    """Return a value as TOML writes it; paths and the like as text."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{toml_key(str(name))} = {toml_value(item)}" for name, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(toml_value, value))}]"
    return json.dumps(
        value, ensure_ascii=False, default=str
    )  # of which TOML's texts, numbers and booleans are a superset


def toml_key(name: str) -> str:
    """Return a key as TOML writes it."""
    return name if _PLAIN_KEY.fullmatch(name) else toml_value(name)
