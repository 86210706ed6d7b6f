"""The page of a receiver: what it shows, what it switches, and whom it does not answer."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

from arfeed.delivery.rehearsal.books import Books, write_books
from arfeed.delivery.rehearsal.faults import Faults
from arfeed.delivery.rehearsal.page import MOST_ROWS
from arfeed.delivery.rehearsal.receiver import Receiver, receiver
from arfeed.delivery.rehearsal.switches import Switches, switch
from arfeed.delivery.rehearsal.web import MOST_BYTES, Panel, serving
from support.servers.standing import Page

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
COUNTERS = {"requests", "written"}


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    with receiver("demo", tmp_path_factory.mktemp("rehearsal")) as started:
        yield started


@pytest.fixture
def faults() -> Faults:
    return Faults(requests=7, written=1000)


@pytest.fixture
def page(at: Receiver, faults: Faults) -> Iterator[Page]:
    with serving(Panel("demo", at, faults)) as port:
        yield Page(f"http://127.0.0.1:{port}/")


def form(page: Page, **fields: str) -> str:
    (token,) = re.findall(r'name="token" value="([^"]+)"', page.get().text)
    return urlencode({"token": token, **fields})


def test_every_fault_can_be_switched() -> None:
    switchable = {name.replace("every", "at") for name in Switches.model_fields}
    assert switchable == set(Faults.__slots__) - COUNTERS


def test_the_form_switches_and_switches_off(page: Page, faults: Faults) -> None:
    body = form(
        page, do="switch", refuse_rename="true", disk_full_after="50", permission_denied=".pdf, x", most_handles=""
    )
    answer = page.post("/faults", body, FORM, Origin=page.url.rstrip("/"))
    assert (answer.status, answer.headers["Location"]) == (303, "/#faults")
    assert (faults.refuse_rename, faults.disk_full_after, faults.most_handles) == (True, 1050, None)
    assert list(faults.permission_denied) == [".pdf", "x"]
    shown = page.get().text
    assert 'name="refuse_rename" value="true" checked' in shown
    assert 'name="permission_denied" value=".pdf, x"' in shown

    assert page.post("/faults", form(page, do="off", refuse_rename="true"), FORM).status == 303
    assert faults == Faults(requests=7, written=1000)


def test_a_box_that_is_no_longer_ticked_is_off(page: Page, faults: Faults) -> None:
    page.switch(refuse_rename=True, take_away=True)
    page.post("/faults", form(page, do="switch", take_away="true"), FORM)
    assert (faults.refuse_rename, faults.take_away) == (False, True)


def test_json_switches_only_what_it_names(page: Page, faults: Faults) -> None:
    page.switch(refuse_rename=True)
    assert page.switch(disk_full_after=0)["refuse_rename"] is True
    faults.written += 10
    page.switch(take_away=True)
    assert (faults.refuse_rename, faults.disk_full_after) == (True, 1000)
    assert page.get("/faults.json").json()["disk_full_after"] == 0


def test_every_so_many_requests_are_counted_from_now() -> None:
    faults = Faults(requests=7)
    switch(faults, Switches(), Switches(stall_every=3))
    assert [number for number in range(20) if number in faults.stall_at] == [10, 13, 16, 19]


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('{"refuse_renam": true}', "refuse_renam: Extra inputs"),
        ('{"stall_every": 0}', "stall_every: Input should be greater than 0"),
        ('{"take_away": "perhaps"}', "take_away: Input should be a valid boolean"),
        ("[]", "Send an object"),
        ("{", "That is not JSON"),
    ],
)
def test_what_there_is_not_is_refused_and_nothing_is_switched(page: Page, faults: Faults, body: str, why: str) -> None:
    answer = page.post("/faults.json", body, JSON)
    assert answer.status == 400
    assert why in answer.text
    assert faults == Faults(requests=7, written=1000)


@pytest.mark.parametrize(
    ("path", "kind", "headers", "status"),
    [
        pytest.param("/faults", FORM, {}, 403, id="no token"),
        pytest.param("/faults.json", FORM, {}, 415, id="a form for JSON"),
        pytest.param("/faults.json", "text/plain", {}, 415, id="plain text, which needs no asking"),
        pytest.param("/faults.json", JSON, {"Origin": "http://example.com"}, 403, id="another site"),
        pytest.param("/faults.json", JSON, {"Origin": "null"}, 403, id="a file or frame"),
        pytest.param("/faults.json", JSON, {"Host": "example.com"}, 421, id="another host"),
        pytest.param("/faults.json", JSON, {"Host": "127.0.0.1"}, 421, id="another port"),
        pytest.param("/faults.json", JSON, {"Content-Length": "x"}, 411, id="no length"),
        pytest.param("/faults.json", JSON, {"Content-Length": str(MOST_BYTES + 1)}, 413, id="too long"),
        pytest.param("/elsewhere", JSON, {}, 404, id="elsewhere"),
    ],
)
def test_another_site_switches_nothing(
    page: Page, faults: Faults, path: str, kind: str, headers: dict[str, str], status: int
) -> None:
    assert page.post(path, '{"refuse_rename": true}', kind, **headers).status == status
    assert faults == Faults(requests=7, written=1000)


def test_a_form_with_another_token_switches_nothing(page: Page, faults: Faults) -> None:
    body = urlencode({"token": "é", "refuse_rename": "true"})
    assert page.post("/faults", body, FORM).status == 403
    assert faults == Faults(requests=7, written=1000)


@pytest.mark.parametrize("path", ["/", "/books.json", "/faults.json"])
def test_a_name_that_was_made_to_lead_here_shows_nothing(page: Page, path: str) -> None:
    assert page.get(path, Host="rebound.example.com").status == 421
    assert page.get(path, Host=page.host.replace("127.0.0.1", "localhost")).status == 200


def test_nothing_may_be_run_embedded_or_kept(page: Page) -> None:
    headers = page.get().headers
    assert headers["Content-Security-Policy"].startswith("default-src 'none'; style-src 'self'; form-action 'self'")
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")


def test_browsers_tell_the_forms_origin(page: Page) -> None:
    assert page.get().headers["Referrer-Policy"] == "same-origin"  # no-referrer would make it null


def test_other_addresses_are_not_found(page: Page) -> None:
    assert page.get("/../../etc/passwd").status == 404


def test_hostile_numbers_are_shown_as_text(page: Page, at: Receiver) -> None:
    ref = "</td><script>alert(1)</script>"
    write_books(at.folder, Books(open={ref: Decimal(1)}, rejected={"<b>.csv": "<img>"}))
    shown = page.get().text
    assert "<script" not in shown
    assert "<img" not in shown
    assert "&lt;/td&gt;&lt;script&gt;alert(1)&lt;/script&gt;" in shown


def test_a_hundred_thousand_invoices_are_shown_in_short(page: Page, at: Receiver) -> None:
    write_books(at.folder, Books(open={f"INV-{number}": Decimal("1.50") for number in range(100_000)}))
    began = time.monotonic()
    shown = page.get().text
    assert time.monotonic() - began < 10
    assert len(shown) < 100_000
    assert f"and {100_000 - MOST_ROWS} more" in shown
    assert len(page.books()["open"]) == 100_000


class Outline(HTMLParser):
    """What a reader that can't see the page goes by."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.inputs: list[dict[str, str | None]] = []
        self.labels: set[str | None] = set()
        self.headings: list[int] = []
        self.tags: list[str] = []
        self.language: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.language = given.get("lang", self.language)
        if tag == "input" and given["type"] != "hidden":
            self.inputs.append(given)
        if tag == "label":
            self.labels.add(given["for"])
        if re.fullmatch(r"h\d", tag):
            self.headings.append(int(tag[1]))


def test_the_page_can_be_read_aloud(page: Page, at: Receiver) -> None:
    write_books(at.folder, Books(open={"INV-1": Decimal(1)}, paid_by_absence={"INV-2": "day2.csv"}))
    outline = Outline(page.get().text)
    assert outline.language == "en"
    assert {given["id"] for given in outline.inputs} == outline.labels == set(Switches.model_fields)
    assert outline.headings == [1, *[2] * (len(outline.headings) - 1)]
    assert outline.tags.count("caption") == outline.tags.count("table") > 2
    assert {"main", "title", "fieldset", "legend"} <= set(outline.tags)


def test_the_server_ends_while_a_client_is_connected(at: Receiver, faults: Faults) -> None:
    with serving(Panel("demo", at, faults)) as port:
        silent = socket.create_connection(("127.0.0.1", port))
        assert Page(f"http://127.0.0.1:{port}/").get().status == 200
        began = time.monotonic()
    assert time.monotonic() - began < 5
    silent.close()
