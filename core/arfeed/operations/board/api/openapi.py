"""The OpenAPI document of the API, made from the table of its calls and from their models."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from arfeed.operations.board.access.people import PERMISSIONS
from arfeed.operations.board.access.problems import PROBLEM
from arfeed.operations.board.api.models import Problem
from arfeed.operations.board.application import Page

_SCHEMAS = "#/components/schemas/{model}"
_PROBLEMS = {
    400: "The request can't be read.",
    401: "There is no token, or it is no longer good.",
    403: "The token's role does not allow that.",
    404: "There is no such thing, or the token may not see it.",
    409: "The plan can't be approved, or no longer.",
    413: "Too much was posted.",
    415: "Something other than JSON was posted.",
    422: "What was posted is not what the plan demands.",
    503: "The feed's history or the board's database can't be read now.",
}


class Call(NamedTuple):
    """A call of the API: its page; what it answers, and with which status; what it takes, and behind the ?."""

    page: Page
    answers: type[BaseModel]
    status: int = 200
    takes: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    problems: tuple[int, ...] = ()


def make_openapi(calls: Iterable[Call]) -> dict[str, Any]:
    """Return the document, in OpenAPI 3.1."""
    described = [*calls]
    models = {each.answers for each in described} | {each.takes for each in described if each.takes} | {Problem}
    # In a fixed order, so that the document changes only if the API does.
    ordered = sorted(models, key=lambda model: model.__name__)
    _, schemas = models_json_schema([(model, "serialization") for model in ordered], ref_template=_SCHEMAS)
    paths: dict[str, dict[str, Any]] = {}
    for call in described:
        paths.setdefault(call.page.path, {})[call.page.method.lower()] = _describe(call)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "arfeed board",
            "version": version("arfeed"),
            "description": "What the pages of the board show and do, for programs. A plan is approved by a token that "
            "stands for a person: the receipt names both.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": schemas["$defs"],
        },
    }


def _describe(call: Call) -> dict[str, Any]:
    page = call.page
    names = re.findall(r"\{(\w+)\}", page.path)
    problems = {401, 503, *((404,) if names else ()), *((403,) if page.access in _held() else ()), *call.problems}
    # What the guard answers to any body, before the call sees it.
    if page.method == "POST":
        problems |= {400, 413, 415}
    responses: dict[str, Any] = {str(call.status): _response("It worked.", call.answers, "application/json")}
    responses |= {str(status): _response(_PROBLEMS[status], Problem, PROBLEM) for status in sorted(problems)}
    operation: dict[str, Any] = {
        "operationId": page.answer.__name__,
        "summary": (page.answer.__doc__ or "").strip(),
        "parameters": [
            *(_parameter(name, "path") for name in names),
            *(_parameter(name, "query") for name in call.query),
        ],
        "responses": responses,
    }
    if call.takes:
        content = {"application/json": {"schema": {"$ref": _SCHEMAS.format(model=call.takes.__name__)}}}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def _held() -> set[str]:
    return {permission for permissions in PERMISSIONS.values() for permission in permissions}


def _parameter(name: str, where: str) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path", "schema": {"type": "string"}}


def _response(words: str, model: type[BaseModel], kind: str) -> dict[str, Any]:
    return {
        "description": words,
        "content": {kind: {"schema": {"$ref": _SCHEMAS.format(model=model.__name__)}}},
    }
