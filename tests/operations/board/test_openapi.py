"""The OpenAPI document and the board that really runs: nothing that fits the one is answered otherwise by the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from arfeed.operations.board.api.openapi import make_openapi
from arfeed.operations.board.api.table import CALLS
from support.people.boards import Board, add_person, add_token, refused_feed, running_board

DOCUMENT: dict[str, Any] = json.loads(json.dumps(make_openapi(CALLS)))
schema = schemathesis.openapi.from_dict(DOCUMENT)


@dataclass(frozen=True)
class Place:
    """A board over one feed, whose plan is refused; the tokens by role; what is there, by its name in addresses."""

    board: Board
    tokens: dict[str, str]
    there: dict[str, str]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("feeds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ARFEED_STATE", str(folder / "state"))
        feed = refused_feed(folder)
        feed.sync()
        add_person(folder, "every", "approver:*", "operator:*")
        with running_board(folder) as board, feed.records() as history:
            tokens = {role: add_token(folder, "every", role, role) for role in ("approver", "operator")}
            plan = board.program(tokens["approver"]).read("/api/v1/feeds")["feeds"][0]["waiting_plan"]
            yield Place(board, tokens, {"feed": "acme", "plan": plan, "run": history.runs()[0].id})


CALLED = [(path, method) for path, methods in DOCUMENT["paths"].items() for method in methods]


@pytest.mark.parametrize(("path", "method"), CALLED)
def test_no_request_is_answered_otherwise_than_described(place: Place, path: str, method: str) -> None:
    operation = schema[path][method.upper()]
    role = "approver" if path.endswith("/approval") else "operator"

    @seed(2611)
    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(data=st.data())
    def ask(data: st.DataObject) -> None:
        wanted = data.draw(st.sampled_from([*schemathesis.GenerationMode]))
        case = data.draw(operation.as_strategy(generation_mode=wanted))
        # Half of the addresses lead somewhere.
        if data.draw(st.booleans()):
            case.path_parameters = {name: place.there.get(name, "none") for name in case.path_parameters or ()}
        # What stands behind the ? and means nothing is passed over, as everywhere on the web; and a schema can't say
        # how many invoices a plan would mark as paid.
        passed_over: list[Any] = [negative_data_rejection if method == "get" else positive_data_acceptance]
        sent = {"Authorization": f"Bearer {place.tokens[role]}"}
        case.call_and_validate(base_url=place.board.origin, excluded_checks=passed_over, headers=sent, timeout=30)

    ask()


def test_the_document_is_served_and_describes_every_call(place: Place) -> None:
    served = json.loads(place.board.visitor().get("/api/v1/openapi.json").text)
    assert served == DOCUMENT
    described = {(method.upper(), path) for path, methods in served["paths"].items() for method in methods}
    assert described == {(call.page.method, call.page.path) for call in CALLS}
