"""The page for authors of connectors says all there is, and its API with pages is read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import fields
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, urlsplit

import pytest

from arfeed import Complete
from arfeed.model.schema import COLUMNS
from arfeed.testing import ArfeedProject, ConnectorConformance
from arfeed.testing.parts import PartConformance
from support.plugins.strangers import install

PAGE = Path(__file__).parents[2].joinpath("docs", "plugins", "connectors.md").read_text(encoding="utf-8")
INVOICES = [
    {"number": f"00{number}", "client": "Ada Ltd", "currency": "EUR", "date": "2026-04-07", "due": "", "open": 10.10}
    for number in range(1, 6)
]
PDF = b"%PDF-1.4\ntrailer<</Root 1 0 R>>\n%%EOF\n"


class Birch(BaseHTTPRequestHandler):
    """The API: two invoices a page, and one PDF; `lost` leaves a page out."""

    lost = False

    def log_message(self, *_: object) -> None: ...

    def do_GET(self) -> None:
        if self.headers["Authorization"] != "Bearer beech-4711":
            self.send_error(401)
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.answer())

    def answer(self) -> bytes:
        url = urlsplit(self.path)
        if url.path == "/pdfs":
            return json.dumps({"pdfs": [{"number": "002", "etag": "1", "path": "/pdf/2"}]}).encode()
        if url.path == "/pdf/2":
            return PDF
        page, size = (int(parse_qs(url.query)[name][0]) for name in ("page", "size"))
        some = [] if self.lost and page == 2 else INVOICES[(page - 1) * size : page * size]
        return json.dumps({"count": len(INVOICES), "pages": -(-len(INVOICES) // size), "invoices": some}).encode()


@pytest.fixture
def project(arfeed_project: ArfeedProject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ArfeedProject]:
    (source,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    monkeypatch.syspath_prepend(install(tmp_path / "site", "birch", source, module="birch_of_the_page"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Birch)
    thread = Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    table = {"use": "birch", "url": url, "token": "beech-4711", "page_size": 2}
    arfeed_project.configure(["birch"], {"billing": table})
    yield arfeed_project
    server.shutdown()
    thread.join()
    server.server_close()


def test_all_pages_and_the_pdf_are_delivered(project: ArfeedProject) -> None:
    plan = project.deliver().json()["plan"]
    assert plan["totals"][0] | {"count": 5, "balance": "50.5000"} == plan["totals"][0]
    assert PDF in project.server.values()


def test_a_lost_page_is_noticed(project: ArfeedProject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Birch, "lost", True)
    outcome = project.run("plan")
    assert outcome.code == 4
    assert "billing: the source reports 5 rows, but 2 were read" in outcome.err


def test_a_wrong_token_is_said_and_not_shown(project: ArfeedProject) -> None:
    file = project.folder / "plugins.toml"
    file.write_text(file.read_text().replace("beech-4711", "oak-12345"))
    outcome = project.run("plan")
    assert outcome.code == 4
    assert "the server answered 401" in outcome.err
    assert "oak-12345" not in outcome.out + outcome.err


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.name)
def test_every_column_is_told(column: object) -> None:
    assert f"| `{column.name}` | {column.type} | {column.meaning} |" in PAGE  # type: ignore[attr-defined]


def test_every_field_of_complete_and_all_that_the_kit_asks_is_told() -> None:
    own = {*vars(ConnectorConformance), *ConnectorConformance.__annotations__} - {*vars(PartConformance)}
    asked = {name for name in own if not name.startswith(("_", "test_"))} - {"part", "kind", "connector"}
    told = {*re.findall(r"^\| `(\w+)(?:\(.*?\))?` \|", PAGE, re.MULTILINE)}
    assert {field.name for field in fields(Complete)} | asked <= told
